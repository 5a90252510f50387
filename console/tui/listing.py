"""A list that arrows and Enter work on, and that says what to do when it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widgets import DataTable, Static

from console.messages import legible

Cell = str | Text

_LONG = 60


class Rows(DataTable[Cell]):
    """A table whose cursor is a row: Home and End go to the first and the last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]


class Listing(VerticalGroup):
    """A table of rows by key, each `lines` high; redrawing keeps a cursor on its row."""

    def __init__(
        self,
        *columns: str,
        empty: str,
        id: str | None = None,  # noqa: A002 - Textual's name
        lines: int = 1,
        cursor: bool = True,
    ) -> None:
        super().__init__(id=id)
        self.columns, self.empty, self.lines, self.cursor = columns, empty, lines, cursor
        self._shown: list[tuple[str, tuple[Cell, ...]]] | None = None

    def compose(self) -> ComposeResult:
        """The table, and what stands there instead of it."""
        yield Rows(cursor_type="row" if self.cursor else "none")
        yield Static(self.empty, classes="empty", markup=False)

    def on_mount(self) -> None:
        """Columns are fixed; nothing is known yet."""
        self.table.add_columns(*self.columns)
        self.query_one(".empty").display = False

    @property
    def table(self) -> DataTable[Cell]:
        """The table itself."""
        return self.query_one(DataTable)

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        if not self.table.row_count:
            return None
        return self.table.coordinate_to_cell_key(self.table.cursor_coordinate).row_key.value

    def show(self, rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Draw rows, each with its key, in the order given; only if something changed."""
        shown = [(key, tuple(cells)) for key, cells in rows]
        if shown == self._shown:
            return
        self._shown = shown
        table, before, line = self.table, self.key, self.table.cursor_row
        table.clear()
        for key, cells in shown:
            table.add_row(*map(_drawn, cells), key=key, height=self.lines)
        keys = [key for key, _ in shown]
        if keys:
            at = keys.index(before) if before in keys else min(line, len(keys) - 1)
            table.move_cursor(row=max(at, 0))
        table.display = bool(keys)
        self.query_one(".empty").display = not keys

    def focus(self, scroll_visible: bool = True) -> Listing:
        """Give the table the keyboard."""
        self.table.focus(scroll_visible)
        return self


def cut(title: str) -> str:
    """A title in a list, no longer than others find place beside it; in full where it is opened."""
    return title if len(title) <= _LONG else f"{title[: _LONG - 1]}…"


def _drawn(cell: Cell) -> Text:
    """A cell on one line."""
    return cell if isinstance(cell, Text) else Text(legible(cell).replace("\n", " "))
