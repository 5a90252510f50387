"""Questions by SQL to all imported decisions: what is asked above, the answer below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Static

from console.messages import legible
from console.tui import marks
from console.tui.form import Field, Form, choices
from console.tui.listing import Cell
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.reading import Reading
from console.tui.work import Tell, Values, path_of
from ledger.book import Book
from ledger.registers.models import ModelRow

if TYPE_CHECKING:
    from ledger.logs.querying import Answer

SHOWN = 500
_WIDEST = 60
_FIRST = "SELECT model, kind, count(*) AS n FROM decisions GROUP BY ALL ORDER BY n DESC"
_HINT = "DuckDB's, one SELECT. DESCRIBE decisions lists the columns; record is the record as JSON."


@dataclass(frozen=True)
class Answered:
    """The first rows of an answer, by column, and whether there are more."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    more: bool


class QueryPage(Page):
    """SQL over the one view `decisions`; it can read nothing else, and change nothing."""

    ROOM = "models"
    HELP = (
        "Ask all imported decisions by SQL: one view, `decisions`, with a row for each record of "
        "every sealed log. Files are held against their digests first. e asks something else, "
        "Enter shows a row whole, w writes all rows of the answer to a file: .parquet, .csv or "
        ".json."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("e", "ask", "Ask"),
        Binding("w", "write", "Write to a file"),
    ]

    def __init__(self, model: str = "") -> None:
        super().__init__()
        self._values: Values = {"query": _FIRST, "model": model}
        self._answered: Answered | None = None

    def body(self) -> Iterable[Widget]:
        """The question, and its answer."""
        yield Static(id="query", classes="panel facts")
        with VerticalGroup(classes="panel"):
            yield DataTable[Cell](cursor_type="row", id="answer")

    def on_mount(self) -> None:
        """Ask at once."""
        super().on_mount()
        self.action_ask()

    def draw(self, picture: Picture) -> None:
        """An answer stays as it was given."""

    @work(exclusive=True, group="query")
    async def action_ask(self) -> None:
        """Ask by a form, and show the first rows."""
        if self.app.picture is None:
            return
        models = [row.model for row in self.app.picture.rows.where(ModelRow)]
        fields = [
            Field("query", "SQL", "long", hint=_HINT),
            Field("model", "Only of", "choice", choices=choices(models), required=False),
        ]

        def asking(values: Values, tell: Tell) -> tuple[Values, Answered]:
            return values, _answered(self.app.book, values, tell)

        found = await self.app.find_out(
            asking,
            form=lambda values: Form("Ask the decisions", fields, values, verb="Ask"),
            values=self._values,
            doing="Asking",
        )
        if found is not None:
            self._values, self._answered = found
            self._show(self._answered)
        elif self._answered is None:
            self.action_back()

    def _show(self, answered: Answered) -> None:
        text = Text(legible(self._values["query"]))
        more = ", and there are more: w writes all" if answered.more else ""
        text.append(f"\nRows: {len(answered.rows):,}{more}", style=marks.QUIET)
        self.query_one("#query", Static).update(text)
        table = self.query_one("#answer", DataTable)
        table.clear(columns=True)
        table.add_columns(*map(legible, answered.columns))
        for row in answered.rows:
            table.add_row(*(Text(_short(value)) for value in row.values()))
        table.focus()

    @on(DataTable.RowSelected)
    @work
    async def _open(self, event: DataTable.RowSelected) -> None:
        if self._answered is not None:
            row = self._answered.rows[event.cursor_row]
            text = _row_text(row)
            await self.app.push_screen_wait(Reading("One row", lambda _width: text))

    @work
    async def action_write(self) -> None:
        """Ask again, and write every row of the answer."""
        field = Field("path", "File", "path", hint="Ends in .parquet, .csv or .json.")
        asked = self._values
        written = await self.app.find_out(
            partial(_written, self.app.book, asked),
            form=lambda values: Form("Write the answer", [field], values, verb="Write"),
            doing="Writing the answer",
        )
        if written is not None:
            self.app.tell(f"{written:,} rows are written.", title="Written")


@contextmanager
def _asked(book: Book, values: Values, tell: Tell) -> Iterator[Answer]:
    """The answer, to be read inside the block."""
    from ledger.logs.querying import every_decision

    model = values["model"]
    with (
        every_decision(book, choose=lambda row: model in {"", row.model}, progress=tell) as found,
        found.ask(values["query"]) as answer,
    ):
        yield answer


def _answered(book: Book, values: Values, tell: Tell) -> Answered:
    from ledger.logs.answering import documents

    with _asked(book, values, tell) as answer:
        rows = list(documents(answer.first(SHOWN + 1)))
        return Answered(answer.columns, rows[:SHOWN], len(rows) > SHOWN)


def _written(book: Book, asked: Values, values: Values, tell: Tell) -> int:
    from ledger.logs.answering import require_written_as, write_file

    path = path_of(values["path"])
    require_written_as(path)
    with _asked(book, asked, tell) as answer:
        return write_file(answer, path)


def _row_text(row: dict[str, Any]) -> Text:
    text = Text()
    for name, value in row.items():
        text.append(f"{legible(name)}\n", style="bold").append(f"{_said(value)}\n\n")
    return text


def _short(value: Any) -> str:
    said = _said(value).replace("\n", " ")
    return said if len(said) <= _WIDEST else f"{said[: _WIDEST - 1]}…"


def _said(value: Any) -> str:
    """A value as it is: no number is rounded or grouped here."""
    if value is None:
        return "\N{EN DASH}"
    return legible(value if isinstance(value, str) else orjson.dumps(value).decode())
