"""What checking a report found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.times import LocalTime

if TYPE_CHECKING:
    from reports.checking import ReportCheck

_LEDGERS = {
    "agrees": "the checkpoint in it is in this ledger",
    "disagrees": "THE CHECKPOINT IN IT IS NOT IN THIS LEDGER",
    "not compared": "not compared",
}


def check_text(check: ReportCheck, local: LocalTime) -> Text:
    """The verdict first, then problems, signer, and what the report vouches for."""
    text = marks.verdict_mark(str(check.verdict)).text
    for problem in check.problems:
        text.append(f"\n  · {legible(problem)}", style=marks.BAD)
    text.append("\n")
    if check.signer is not None:
        signer = check.signer
        text.append(
            f"\nSigned by {legible(signer.name)}, {legible(signer.organisation)}", style="default"
        )
        if check.signed_at:
            text.append(f"\nSigned at {local.second(check.signed_at)} by the signer's own clock")
        text.append(f"\nTrusted through {legible(signer.authority or 'nobody you trust')}")
    if check.evidence is not None:
        checkpoint = check.evidence.checkpoint
        text.append(
            f"\nAbout {legible(check.evidence.about)}: {check.evidence.entries} entries proven"
            f"\nCheckpoint of {checkpoint.size:,} entries of {legible(checkpoint.origin)}",
        )
    text.append(f"\nLedger at hand: {_LEDGERS.get(check.ledger, check.ledger)}")
    return text
