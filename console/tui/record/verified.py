"""What a verification found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.desk import Integrity
from console.tui.times import LocalTime

if TYPE_CHECKING:
    from ledger.verification import Verification

_PROBLEMS_SHOWN = 50


def vouched(found: Verification, local: LocalTime) -> str:
    """How much of the record somebody outside vouches for, by whom, and when (local time)."""
    if found.problems:
        return legible(found.sentence)
    if found.anchored is None:
        return "Sound in itself, but held against nothing from outside."
    return (
        f"{found.anchored.size:,} of {found.size:,} entries are vouched for "
        f"by {found.anchored.by}, {local.minute(found.anchored.time)}."
    )


def verification_text(known: Integrity, local: LocalTime) -> Text:
    """Verdict, who vouches for how much, what was checked, and every problem."""
    if known.running:
        return marks.coloured("◌ Verifying: entries, signatures, logs and registers …", marks.WARN)
    if known.found is None or known.at is None:
        return Text("Not verified since this console opened: press v.")
    found = known.found
    text = marks.verdict_mark(found.verdict).text
    text.append(f"\n{vouched(found, local)}")
    if found.since is not None:
        seen = (
            f"{found.since.size:,} entries on, which you verified {local.minute(found.since.time)}"
        )
        text.append(f"\nOnly what is new was checked, from {seen}.")
    for note in () if found.problems else found.notes:
        text.append(f"\n{legible(note)}")
    text.append(
        f"\n\nHere {local.second(known.at)} · {found.size:,} entries\nRoot {found.root}\n",
    )
    text.append("\nHeld against\n", style="bold")
    for anchor in found.anchors:
        text.append(
            f"  {anchor.checkpoint.size:,} entries, {anchor.by or 'unknown'}, "
            f"{local.minute(anchor.time)}  {anchor.where}\n",
        )
    if not found.anchors:
        text.append("  nothing from outside this folder\n")
    text.append("\nChecked\n", style="bold")
    for name, number in found.checked.items():
        text.append(f"  {number:>9,}  {name.replace('_', ' ')}\n")
    for problem in found.problems[:_PROBLEMS_SHOWN]:
        place = f"entry {problem.seq}" if problem.seq is not None else "the home"
        about = f"{place} {problem.subject}".strip()
        text.append(f"\n✗ {about}: {problem.check}", style=marks.BAD)
        text.append(f"\n  {legible(problem.message)}")
    hidden = len(found.problems) - _PROBLEMS_SHOWN
    if hidden > 0:
        text.append(f"\n… and {hidden} more: quaestor ledger verify --json")
    return text
