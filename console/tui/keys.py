"""The help that `?` opens: what this screen is for, and every key that works on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from console.tui.page import Page

EVERYWHERE = (
    ("1 … 9", "the rooms, from Overview to Data"),
    ("↑ ↓ Enter", "move in a list, open what is under the cursor"),
    ("[ ]", "turn the tabs of a screen"),
    ("Tab", "the next list, field or button"),
    ("Esc", "back, or leave a dialog without doing anything"),
    ("^p", "commands by name, such as: kill credit-scorer"),
    ("^l", "lock your key"),
    ("^q", "quit"),
)


class KeysDialog(ModalScreen[None]):
    """Help on one screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,question_mark", "dismiss(None)", "Close", show=False)
    ]

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page

    def compose(self) -> ComposeResult:
        """Purpose, this screen's keys, everybody's keys."""
        own = [
            (self.app.get_key_display(binding), binding.description)
            for binding in type(self.page).BINDINGS
            if isinstance(binding, Binding) and binding.description != "Back"
        ]
        with VerticalGroup(classes="dialog"):
            yield Label(f"Help: {self.page.ROOM.capitalize()}", classes="dialog-title")
            with VerticalScroll(classes="dialog-body"):
                yield Static(self.page.HELP, markup=False)
                yield Static(
                    _table("Here", own),
                    classes="key-table",
                )
                yield Static(_table("Everywhere", EVERYWHERE), classes="key-table")
            yield Static("Esc close", classes="keys")


def _table(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=True, pad_edge=False, header_style="bold")
    table.add_column(title, min_width=11)
    table.add_column("")
    for key, description in rows:
        table.add_row(key, description)
    return table
