"""What every screen has: masthead, tabs, trouble line, job line, keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.getters import app
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static, TabbedContent

from console.tui.desk import Desk
from console.tui.masthead import JobLine, Masthead
from console.tui.picture import Picture


class Page(Screen[None]):
    """A screen that draws itself from the picture, whenever that changed.

    Subclasses give `ROOM` (the tab they stand under), `HELP` (for `?`), `body` and `draw`.
    """

    app = app(Desk)
    ROOM: ClassVar[str] = ""
    HELP = ""
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it
        (0, "-narrow"),
        (104, "-wide"),
    ]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False),
        Binding("left_square_bracket", "turn(-1)", "Tab left", show=False),
        Binding("right_square_bracket", "turn(1)", "Tab right", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The frame, with the screen's own body in it."""
        yield Masthead(self.ROOM)
        yield Static("", id="trouble", markup=False)
        yield from self.body()
        yield JobLine()
        yield Footer(compact=True, show_command_palette=False)

    def body(self) -> Iterable[Widget]:
        """The widgets between tabs and keys."""
        raise NotImplementedError

    def draw(self, picture: Picture) -> None:
        """Show the picture."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Draw what is known, and again whenever it changes."""
        self.app.changed.subscribe(self, self._redraw)
        self.call_after_refresh(self._redraw)

    def on_screen_resume(self) -> None:
        """What changed while another screen was in front was drawn already; clocks were not."""
        self._redraw()

    def _redraw(self, _: None = None) -> None:
        trouble = self.query_one("#trouble", Static)
        error = self.app.trouble
        trouble.display = error is not None
        if error is not None:
            trouble.update(Text(f"! {error.message}\n→ {error.hint}"))
        if self.app.picture is not None:
            self.draw(self.app.picture)
            self.call_after_refresh(self.focus_first)

    def focus_first(self) -> None:
        """Give the keyboard to the first list or text that can be seen, unless something has it."""
        if self.focused is not None:
            return
        for widget in self.query("DataTable, VerticalScroll"):
            if widget.focusable and all(above.display for above in widget.ancestors_with_self):
                widget.focus()
                return

    def action_back(self) -> None:
        """Leave a detail; a first screen stays."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_turn(self, by: int) -> None:
        """Turn to the next or the previous tab of this screen."""
        for tabs in self.query(TabbedContent):
            panes = [pane.id or "" for pane in tabs.query("TabPane")]
            tabs.active = panes[(panes.index(tabs.active) + by) % len(panes)]
            self.set_focus(None)
            self.call_after_refresh(self.focus_first)
