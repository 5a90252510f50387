"""Choosing a severity, with its definition and an example before one's eyes."""

from __future__ import annotations

from datetime import timedelta

from rich.text import Text
from textual.widgets.option_list import Option

from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Choice
from console.tui.times import span
from policies.adopting import playbook_in_force
from policies.playbook import Severity


async def choose_severity(desk: Desk, title: str, present: str = "") -> str | None:
    """Ask for a severity by the playbook in force."""
    found = await desk.run_job("Reading the playbook", lambda _tell: playbook_in_force(desk.book))
    if found is None:
        return None
    options = [
        Option(_told(each), id=each.id, disabled=each.id == present) for each in found[1].severities
    ]
    hint = "Choose the worst that could be true."
    return await desk.push_screen_wait(Choice(title, options, hint))


def _told(severity: Severity) -> Text:
    text = marks.severity_mark(severity.id).text
    text.append(f"  answer within {span(timedelta(minutes=severity.answer_minutes))}\n")
    text.append(f"{legible(severity.definition)}\n")
    text.append(f"Such as: {legible(severity.example)}\n", style=marks.QUIET)
    return text
