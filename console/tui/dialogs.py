"""Small dialogs: a notice to read, a passphrase to give, a name to type, one thing to choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from console.messages import legible


class Notice(ModalScreen[bool]):
    """Something to read: what and why, then what to do next. Esc gives False."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "dismiss(True)", "Close", show=False),
        Binding("escape", "dismiss(False)", "Close", show=False),
        Binding("up,pageup", "scroll(-1)", "Up", show=False),
        Binding("down,pagedown", "scroll(1)", "Down", show=False),
    ]

    def __init__(
        self, message: RenderableType, hint: str = "", *, title: str = "", trouble: bool = False
    ) -> None:
        super().__init__()
        self.message = legible(message) if isinstance(message, str) else message
        self.hint = legible(hint)
        self.heading = title or ("! This cannot be done" if trouble else "Notice")
        self.set_class(trouble, "trouble")

    def compose(self) -> ComposeResult:
        """Heading, message, hint, one button."""
        with VerticalGroup(classes="dialog"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(self.message, markup=False)
                if self.hint:
                    yield Static(f"→ {self.hint}", classes="hint", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Close", id="close", compact=True)

    @on(Button.Pressed)
    def close(self) -> None:
        """It was read."""
        self.dismiss(True)

    def action_scroll(self, by: int) -> None:
        """Read on, half a page at a time, while the button keeps the keyboard."""
        body = self.query_one(VerticalScroll)
        body.scroll_relative(y=by * max(body.size.height // 2, 1), animate=False)


class Passphrase(ModalScreen[bytes | None]):
    """Ask for the passphrase of a key; `complaint` says why it is asked for again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, actor: str, complaint: str = "") -> None:
        super().__init__()
        self.actor, self.complaint = actor, complaint

    def compose(self) -> ComposeResult:
        """One masked field."""
        with VerticalGroup(classes="dialog"):
            yield Label(f"Unlock the key of {self.actor}", classes="dialog-title")
            yield Static("What you do from here on is signed with it.", classes="quiet")
            if self.complaint:
                yield Static(f"! {self.complaint}", classes="complaint", markup=False)
            yield Input(password=True, placeholder="passphrase", compact=True)
            yield Static("Enter unlocks · Esc leaves it locked", classes="keys")

    @on(Input.Submitted)
    def submit(self, event: Input.Submitted) -> None:
        """Hand the passphrase over."""
        if event.value:
            self.dismiss(event.value.encode())


class TypedName(ModalScreen[bool]):
    """Confirm what cannot be undone by typing a name; Cancel has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Cancel")]

    def __init__(self, title: str, body: str, name: str, verb: str) -> None:
        super().__init__()
        self.heading, self.body, self.wanted, self.verb = title, legible(body), name, verb

    def compose(self) -> ComposeResult:
        """What happens, the field for the name, and two buttons."""
        with VerticalGroup(classes="dialog"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(self.body, markup=False)
            yield Static(f"Type {self.wanted} to confirm (Tab moves there).", classes="quiet")
            yield Input(compact=True, placeholder=self.wanted)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self.verb, id="go", compact=True, disabled=True)

    def on_mount(self) -> None:
        """The safe answer is the one at hand."""
        self.query_one("#cancel").focus()

    @on(Input.Changed)
    def compare(self, event: Input.Changed) -> None:
        """Only the exact name opens the way."""
        self.query_one("#go", Button).disabled = event.value != self.wanted

    @on(Input.Submitted)
    def submit(self, event: Input.Submitted) -> None:
        """Enter after the exact name is the deliberate act."""
        if event.value == self.wanted:
            self.dismiss(True)

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """Go on, or not."""
        self.dismiss(event.button.id == "go")


class Choice(ModalScreen[str | None]):
    """One of a few things; gives the id of the option chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(
        self, title: str, options: Sequence[Option], hint: str = "", *, note: str = ""
    ) -> None:
        super().__init__()
        self.heading, self.options, self.hint, self.note = title, options, hint, legible(note)

    def compose(self) -> ComposeResult:
        """The options, the keys below."""
        with VerticalGroup(classes="dialog wide"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            if self.note:
                yield Static(self.note, classes="quiet", markup=False)
            yield OptionList(*self.options, compact=True)
            yield Static(f"{self.hint} ↑ ↓ Enter · Esc cancel".strip(), classes="keys")

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        self.dismiss(event.option.id)
