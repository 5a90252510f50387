"""Choosing a severity, with its definition and an example before one's eyes."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList, Static
from textual.widgets.option_list import Option

from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.times import span
from policies.adopting import playbook_in_force
from policies.playbook import Playbook, Severity


class SeverityDialog(ModalScreen[str | None]):
    """Gives the id of the severity chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, playbook: Playbook, title: str, present: str = "") -> None:
        super().__init__()
        self.playbook, self.heading, self.present = playbook, title, present

    def compose(self) -> ComposeResult:
        """One option a severity, the most severe first."""
        with VerticalGroup(classes="dialog wide"):
            yield Label(self.heading, classes="dialog-title", markup=False)
            yield OptionList(
                *(
                    Option(_told(each), id=each.id, disabled=each.id == self.present)
                    for each in self.playbook.severities
                ),
                compact=True,
            )
            yield Static(
                "Choose the worst that could be true. ↑ ↓ Enter · Esc cancel", classes="keys"
            )

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        self.dismiss(event.option.id)


async def choose_severity(desk: Desk, title: str, present: str = "") -> str | None:
    """Ask for a severity by the playbook in force."""
    found = await desk.run_job("Reading the playbook", lambda _tell: playbook_in_force(desk.book))
    if found is None:
        return None
    return await desk.push_screen_wait(SeverityDialog(found[1], title, present))


def _told(severity: Severity) -> Text:
    text = marks.severity_mark(severity.id).text
    text.append(f"  answer within {span(timedelta(minutes=severity.answer_minutes))}\n")
    text.append(f"{legible(severity.definition)}\n")
    text.append(f"Such as: {legible(severity.example)}\n", style=marks.QUIET)
    return text
