"""How data looks: JSON as it is, or the same document as a table for people.

On a terminal tables are drawn and coloured; in a pipe they are plain, aligned and never cut off.
States are a glyph, a word and a colour; times are local on screens and UTC in JSON.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from console.messages import legible
from console.session import Session

if TYPE_CHECKING:
    from console.tui.marks import Mark
    from ledger.book import Appended

Document = dict[str, Any]
Columns = Mapping[str, str]
"""Heading by name of the field that stands under it."""

NOTHING = "\N{EN DASH}"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_WHOLE = 20  # cells up to this width, such as a time, are not broken
_UNGROUPED = frozenset({"seq", "seed", "since_seq", "kill_seq"})


class Cell(NamedTuple):
    """A text in a table, with a rich style."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Screen:
    """How stdout is written: drawn within `width` columns, or plain and as wide as it comes."""

    width: int | None
    colour: bool

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Print rows under headings; without a heading line where all are empty."""
        if self.width is not None:
            self._draw(headings, rows)
            return
        lines = [[cell.text for cell in row] for row in rows]
        if any(headings):
            lines.insert(0, list(headings))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            typer.echo("  ".join(padded).rstrip())

    def _draw(self, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        headed = any(headings)
        table = Table(
            box=box.SIMPLE_HEAD if headed else None,
            show_header=headed,
            show_edge=False,
            pad_edge=False,
            padding=(0, 1 if headed else 2, 0, 0),
        )
        for position, heading in enumerate(headings):
            longest = max((len(row[position].text) for row in rows), default=0)
            table.add_column(Text(heading), overflow="fold", no_wrap=longest <= _WHOLE)
        for row in rows:
            table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
        Console(width=self.width, no_color=not self.colour, highlight=False).print(table)


def show_list(
    session: Session,
    documents: Sequence[Document],
    columns: Columns,
    *,
    as_json: bool,
    empty: str,
) -> None:
    """Print documents as a JSON list, or as a table; `empty` is said when there are none."""
    if as_json:
        print_json(documents)
    elif documents:
        rows = [[cell(name, document[name]) for name in columns] for document in documents]
        screen_of(session).table(list(columns.values()), rows)
    else:
        session.voice.note(empty)


def show_one(session: Session, document: Document, *, as_json: bool) -> None:
    """Print one document as JSON, or as its fields one below the other."""
    if as_json:
        print_json(document)
    else:
        screen_of(session).table(["", ""], list(_lines(document)))


def show_recorded(
    session: Session, appended: Appended, *, as_json: bool, approval: str | None = None
) -> None:
    """Print what an action recorded; of a request also how a second person decides on it."""
    entry = appended.entries[-1]
    if as_json:
        print_json(
            {
                "id": appended.name,
                "kind": entry.kind,
                "subject": entry.subject,
                "seq": entry.seq,
                "time": entry.time,
                "actor": entry.actor,
                "approval": approval,
            }
        )
    else:
        typer.echo(f"{appended.name}  {entry.kind}  entry {entry.seq}")
    if approval:
        session.voice.note(f"It waits for another person: quaestor approval approve {approval}")
    if not appended.published:
        session.voice.warn("The switchboard could not be written; the next command tries again.")


def screen_of(session: Session) -> Screen:
    """How this session's stdout is written."""
    drawn = sys.stdout.isatty() and not session.settings.dumb
    return Screen(get_terminal_size().columns if drawn else None, session.settings.colour)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    import orjson

    data = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.write(data.decode())


def cell(name: str, value: Any) -> Cell:
    """A field's value as a person reads it."""
    if isinstance(value, str) and (mark := _mark(name, value)):
        return Cell(f"{mark.glyph} {mark.word}", mark.style)
    return Cell(_text(name, value))


def local(time: str) -> str:
    """An RFC 3339 time as this computer's clock shows it."""
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"


@contextmanager
def progress(
    session: Session, label: str, *, of_bytes: bool = False
) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, told how much is done of how much; nothing where that is no terminal.

    It shows the time left as the last half minute suggests it, and of bytes how many a second.
    """
    if session.voice.as_json or session.settings.dumb or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich import progress as bars
    from rich.console import Console

    rate = [bars.DownloadColumn(), bars.TransferSpeedColumn()] if of_bytes else []
    columns = (
        bars.TextColumn(label),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        *rate,
        bars.TimeRemainingColumn(),
        bars.TextColumn("left"),
    )
    console = Console(stderr=True, no_color=not session.settings.colour)
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(document: Document) -> Iterator[list[Cell]]:
    """A line for each field; fields of an object carry its name, items of a list follow it."""
    for name, value in document.items():
        heading = name.replace("_", " ")
        if isinstance(value, dict) and value:
            yield from _lines({f"{heading} {inner}": item for inner, item in value.items()})
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            for position, item in enumerate(value):
                yield [Cell("" if position else heading, "bold"), Cell(_text(name, item))]
        else:
            yield [Cell(heading, "bold"), cell(name, value)]


def _mark(name: str, value: str) -> Mark | None:
    """The mark of a state, which the console shows in the same way."""
    from console.tui import marks

    if name in {"switch", "mode"}:
        return marks.switch_mark(value)
    if name == "verdict":
        return marks.verdict_mark(value)
    if name == "severity":
        return marks.severity_mark(value)
    return marks.state_mark(value) if name in {"state", "status", "answer_state"} else None


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(name, value)
    if not value:
        return NOTHING
    if isinstance(value, list):
        return ", ".join(_text(name, item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{key} {_text(key, item)}" for key, item in value.items())
    text = legible(str(value)).strip()
    return local(text) if _TIME.fullmatch(text) else text


def _number(name: str, value: float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value) if name in _UNGROUPED else f"{value:,}"
