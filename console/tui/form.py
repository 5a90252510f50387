"""A form in a dialog: labelled fields that the keyboard walks through."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, HorizontalGroup, VerticalGroup, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, SelectionList, Static, TextArea

from console.tui.work import Values, path_of

_LONG_LIST = 8


@dataclass(frozen=True)
class Field:
    """One thing to fill in. A `many` field's value is its choices joined by commas.

    A `secret` is not shown as it is typed, and not stripped.
    """

    name: str
    label: str
    kind: Literal["text", "secret", "long", "path", "choice", "many"] = "text"
    value: str = ""
    choices: Sequence[tuple[str, str]] = ()
    hint: str = ""
    required: bool = True


def choices(names: Sequence[str]) -> list[tuple[str, str]]:
    """Choices that are shown as what they are."""
    return [(name, name) for name in names]


class Marked(SelectionList[str]):
    """Several to choose; what is chosen bears a mark, where Textual would only colour it."""

    def render_line(self, y: int) -> Strip:
        """`[x]` or `[ ]`, then what stands for choice."""
        strip = super().render_line(y)
        index = self.scroll_offset.y + y
        if index >= self.option_count:
            return strip
        _, _, _, *prompt = strip  # without Textual's own box
        mark = "x" if self.get_option_at_index(index).value in self.selected else " "
        return Strip([Segment(f"[{mark}]", prompt[0].style), *prompt])


class PathSuggester(Suggester):
    """Completes the path of a file from what is on the disk."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first entry of the folder that begins like this."""
        return await asyncio.to_thread(_completed, value)


def _completed(value: str) -> str | None:
    folder, slash, start = value.rpartition("/")
    try:
        names = sorted(path.name for path in path_of(folder + slash or ".").iterdir())
    except (OSError, RuntimeError):
        return None
    found = [name for name in names if name.startswith(start)] if start else []
    return f"{folder}{slash}{found[0]}" if found else None


class Form(ModalScreen[Values | None]):
    """Fields to fill in; gives their values by name, or None when the person gave up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("ctrl+s", "submit", "Enter it", priority=True),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        values: Values | None = None,
        *,
        note: str = "",
        verb: str = "Enter it",
    ) -> None:
        super().__init__()
        self.heading, self.fields, self.note, self.verb = title, fields, note, verb
        self.values = values or {}

    def compose(self) -> ComposeResult:
        """A line a field, one hint line, two buttons."""
        with VerticalGroup(classes="dialog wide"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            if self.note:
                yield Static(self.note, classes="quiet", markup=False)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                for field in self.fields:
                    with HorizontalGroup(classes="field"):
                        needed = " *" if field.required else ""
                        yield Label(field.label + needed, classes="label", markup=False)
                        yield self._widget(field)
            yield Static("", classes="hint", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self.verb, id="submit", compact=True)
                yield Button("Cancel", id="cancel", compact=True)
                yield Static("* needed · Tab next · ^s enter · Esc cancel", classes="keys")

    def _widget(self, field: Field) -> Widget:
        value = self.values.get(field.name, field.value)
        if field.kind == "choice":
            known = [key for key, _ in field.choices]
            if field.required and len(known) == 1:
                value = known[0]
            return Select(
                [(shown, key) for key, shown in field.choices],
                value=value if value in known else Select.NULL,
                prompt="choose",
                compact=True,
                id=field.name,
            )
        if field.kind == "many":
            chosen = value.split(",")
            return Marked(
                *((shown, key, key in chosen) for key, shown in field.choices),
                compact=True,
                id=field.name,
            )
        if field.kind == "long":
            area = TextArea(value, compact=True, id=field.name, tab_behavior="focus")
            area.show_line_numbers = False
            return area
        suggester = PathSuggester() if field.kind == "path" else None
        hidden = field.kind == "secret"
        return Input(value, compact=True, id=field.name, suggester=suggester, password=hidden)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the hint of the field in hand."""
        for field in self.fields:
            if field.name == event.widget.id:
                self.query_one(".hint", Static).update(field.hint)

    @on(Input.Submitted)
    def next_field(self) -> None:
        """Enter goes on to the next field."""
        self.focus_next()

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """Hand the values over, or give up."""
        if event.button.id == "submit":
            self.action_submit()
        else:
            self.dismiss(None)

    def action_submit(self) -> None:
        """Hand the values over once nothing that is needed is missing."""
        values = {field.name: self._value(field) for field in self.fields}
        for field in self.fields:
            if field.required and not values[field.name]:
                hint = self.query_one(".hint", Static)
                hint.update(f"! {field.label} is needed.")
                self.query_one(f"#{field.name}").focus()
                self.call_after_refresh(hint.update, f"! {field.label} is needed. {field.hint}")
                return
        self.dismiss(values)

    def _value(self, field: Field) -> str:
        widget = self.query_one(f"#{field.name}")
        if isinstance(widget, Select):
            return "" if widget.value is Select.NULL else str(widget.value)
        if isinstance(widget, SelectionList):
            return ",".join(sorted(widget.selected))
        if isinstance(widget, TextArea):
            return widget.text.strip()
        if isinstance(widget, Input):
            return widget.value if field.kind == "secret" else widget.value.strip()
        raise TypeError(widget)
