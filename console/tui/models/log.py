"""One sealed log: what it came to, its map, and which rows were bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.bars import bar
from console.tui.desk import Desk
from console.tui.models.looking import map_text
from console.tui.reading import Reading
from ledger.book import Book
from ledger.logs.importing import counts_of
from ledger.logs.mapping import ColumnMap
from ledger.registers.logs import LogRow

_BAD_SHOWN = 50
_BAR = 16


@dataclass(frozen=True)
class CameTo:
    """What an import came to, in counts by name."""

    rows: int
    quarantined: int
    redactions: Mapping[str, int]
    missing: Mapping[str, int]
    guardrails: Mapping[str, int]


async def read_log(desk: Desk, log: str) -> None:
    """Show a sealed log as `logs show` does."""
    row = desk.picture.rows.get(LogRow, log) if desk.picture else None
    if row is None:
        return
    book = desk.book
    kept = await desk.run_job(f"Reading {log}", lambda _tell: _kept(book, row))
    if kept is not None:
        text = _log_text(desk, row, *kept)
        await desk.push_screen_wait(Reading(f"{log}: {row.kind}", lambda _width: text))


def came_to_text(came: CameTo) -> Text:
    """Rows, bad rows, redactions, guardrails, and how much is missing of each wanted column."""
    text = Text(f"{came.rows:,} rows sealed, ")
    bad = f"{came.quarantined:,} bad rows in quarantine\n"
    text.append(bad, style=marks.WARN if came.quarantined else "")
    text.append(f"Redacted: {_counted(came.redactions) or 'nothing'}\n")
    text.append(f"Guardrails: {_counted(came.guardrails) or 'none reported'}\n")
    if came.missing and came.rows:
        text.append("\nMissing, by column\n", style="bold")
        for name, count in came.missing.items():
            share = count / came.rows
            text.append(f"{legible(name):<22} {bar(share, _BAR)} {share:>6.1%}\n")
    return text


def _kept(book: Book, row: LogRow) -> tuple[ColumnMap, list[dict[str, Any]]]:
    evidence = book.home.evidence
    mapping = ColumnMap.model_validate_json(evidence.read(row.column_map, "json"))
    lines = evidence.read(row.quarantine, "jsonl").splitlines() if row.quarantine else []
    return mapping, [orjson.loads(line) for line in lines[:_BAD_SHOWN]]


def _log_text(desk: Desk, row: LogRow, mapping: ColumnMap, bad: list[dict[str, Any]]) -> Text:
    local = desk.local
    text = Text(f"Of {row.model}, format {row.format}, imported {local.minute(row.time)} ")
    text.append(f"by {row.actor} (entry {row.seq:,})\n")
    if row.first_time:
        text.append(f"From {local.minute(row.first_time)} to {local.minute(row.last_time)}\n")
    for source in orjson.loads(row.sources):
        text.append(legible(f"{source['name']}, {source['size']:,} bytes\n"), style=marks.QUIET)
    text.append("\n")
    text.append(
        came_to_text(
            CameTo(
                row.rows,
                row.quarantined,
                counts_of(row.redactions),
                counts_of(row.missing),
                counts_of(row.guardrails),
            )
        )
    )
    text.append("\nThe column map\n", style="bold")
    text.append(map_text(mapping))
    if bad:
        text.append("\nBad rows\n", style="bold")
    for each in bad:
        text.append(legible(f"✗ {each['file']}, line {each['line']:,}: {each['reason']}\n"))
    if row.quarantined > len(bad):
        text.append(f"and {row.quarantined - len(bad):,} more\n", style=marks.QUIET)
    text.append(f"\nFile SHA-256 {row.file}\nRow tree root {row.root}\n", style=marks.QUIET)
    return text


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {legible(name)}" for name, count in counts.items())
