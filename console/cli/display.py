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
from typing import TYPE_CHECKING, Any, NamedTuple

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
_UNGROUPED = frozenset({"seq", "seed", "since_seq", "kill_seq"})


class Cell(NamedTuple):
    """A text in a table, with a rich style."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Screen:
    """How stdout is written: `drawn` on a terminal that can place text, plain elsewhere."""

    drawn: bool
    colour: bool

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """Print rows under headings; without a heading line where all are empty."""
        if self.drawn:
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
        table = Table(box=box.SIMPLE_HEAD if headed else None, show_header=headed, pad_edge=False)
        for heading in headings:
            table.add_column(Text(heading), overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell.text, style=cell.style) for cell in row))
        Console(no_color=not self.colour, highlight=False).print(table)


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
        return
    rows = [
        [Cell(name.replace("_", " "), "bold"), cell(name, value)]
        for name, value in document.items()
    ]
    screen_of(session).table(["", ""], rows)


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
        session.voice.note(f"It waits for a second person: quaestor approval approve {approval}")
    if not appended.published:
        session.voice.warn("The switchboard could not be written; the next command tries again.")


def screen_of(session: Session) -> Screen:
    """How this session's stdout is written."""
    drawn = sys.stdout.isatty() and not session.settings.dumb
    return Screen(drawn=drawn, colour=session.settings.colour)


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
    """An RFC 3339 time on this computer's clock, with its zone."""
    return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S %Z}"


@contextmanager
def progress(session: Session, label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, told how much is done of how much; nothing where that is no terminal."""
    if session.voice.as_json or session.settings.dumb or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn(label), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True, no_color=not session.settings.colour)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _mark(name: str, value: str) -> Mark | None:
    """The mark of a state, which the console shows in the same way."""
    from console.tui import marks

    if name in {"switch", "mode"}:
        return marks.switch_mark(value)
    if name == "verdict":
        return marks.verdict_mark(value)
    if name == "severity":
        return marks.severity_mark(value)
    return marks.state_mark(value) if name in {"state", "status"} else None


def _text(name: str, value: Any) -> str:
    match value:
        case None | "" | [] | {}:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value) if name in _UNGROUPED else f"{value:,}"
        case float():
            return f"{value:.3f}"
        case list():
            return ", ".join(_text(name, item) for item in value)
        case dict():
            return "; ".join(f"{key} {_text(key, item)}" for key, item in value.items())
    text = legible(str(value)).strip()
    return local(text) if _TIME.fullmatch(text) else text
