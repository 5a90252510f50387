"""A long text to read: it scrolls by the keys, and its last line says what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from console.messages import legible


class Reading(ModalScreen[bool]):
    """A text as wide as the terminal allows; gives True where Enter went on to `then`.

    `text` is drawn for the width that there is, in cells. Without `then` the dialog only closes.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Close"),
        Binding("enter", "go_on", "Go on"),
    ]

    def __init__(self, title: str, text: Callable[[int], Text], *, then: str = "") -> None:
        super().__init__()
        self.heading, self.text, self.then = legible(title), text, then

    def compose(self) -> ComposeResult:
        """Heading, text, keys."""
        with VerticalGroup(classes="dialog reading"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body"):
                yield Static()
            go_on = f"Enter {self.then} · Esc back" if self.then else "Esc close"
            yield Static(f"↑ ↓ PgUp PgDn scroll · {go_on}", classes="keys", markup=False)

    def on_mount(self) -> None:
        """The arrows scroll at once."""
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        """Draw for the width that there is."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        body = self.query_one(VerticalScroll)
        body.query_one(Static).update(self.text(body.size.width - 1))

    def action_go_on(self) -> None:
        """Enter goes on, or closes what is only read."""
        self.dismiss(bool(self.then))
