"""The dialog before a kill: what it stops, and one key that is not the action's own."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from console.tui import marks
from console.tui.picture import Picture
from ledger.registers.incidents import IncidentRow
from ledger.registers.models import ModelRow
from ledger.registers.switches import StoppedMode, SwitchRow


class KillDialog(ModalScreen[StoppedMode | None]):
    """Stop a model? Gives the mode, or None when the person thought better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss('off')", "Stop it"),
        Binding("f", "dismiss('fallback')", "To its fallback"),
        Binding("b", "dismiss('rollback')", "Roll back"),
        Binding("escape,n", "dismiss(None)", "Leave it"),
    ]

    def __init__(self, picture: Picture, model: str) -> None:
        super().__init__()
        self.picture, self.model = picture, model

    def compose(self) -> ComposeResult:
        """What is about to stop, then the keys."""
        with VerticalGroup(classes="dialog grave"):
            yield Label(f"■ Stop {self.model}?", classes="dialog-title", markup=False)
            yield Static(self._stops())
            yield Static(
                Text.assemble(
                    ("y", "bold"), "    stop it: answers no to every request\n",
                    ("f", "bold"), "    let its fallback answer\n",
                    ("b", "bold"), "    roll back to the version before\n",
                    ("Esc", "bold"), "  leave it as it is",
                ),
                classes="keys",
            )  # fmt: skip

    def _stops(self) -> Text:
        rows = self.picture.rows
        model, switch = rows.get(ModelRow, self.model), rows.get(SwitchRow, self.model)
        text = Text()
        if model is not None and switch is not None:
            text.append(f"{model.name}, version {model.version}, {model.status}. Now: ")
            text.append(marks.switch_mark(switch.mode).text)
            text.append(f"\nOwner: {model.owner}.")
            if model.model_card.fallback:
                text.append(f"\nIts fallback: {model.model_card.fallback}")
        found = rows.where(IncidentRow, model=self.model, status="open")
        text.append(f"\nOpen incidents: {', '.join(row.incident for row in found) or 'none'}.")
        text.append(
            "\n\nEvery application that asks the switchboard is told at once. It takes effect "
            "alone; bringing it back takes a second person.",
            style=marks.QUIET,
        )
        return text
