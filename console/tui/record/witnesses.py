"""Witnesses of the record: folders that keep checkpoints, and checkpoints that go to and fro."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from console.cli.proofs import read_text
from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.marks import Mark
from console.tui.record.proving import NEW_FILE, write_new
from console.tui.work import Work, path_of
from ledger.witnessing import (
    Witnessed,
    WitnessFolder,
    add_witness,
    cosign,
    witness,
    witness_folders,
)

_SAYS = {
    "agrees": Mark("✓", "continued", marks.GOOD),
    "contradicts": Mark("✗", "CONTRADICTED", marks.BAD),
    "missing": Mark("○", "missing", marks.WARN),
    "unusable": Mark("✗", "unusable", marks.BAD),
}


async def use_witness(desk: Desk) -> None:
    """Let a folder keep checkpoints; again, to bring it up to date."""
    folder = Field("folder", "Folder", "path", hint="Elsewhere: a share, a USB stick.")

    def adding(work: Work) -> Witnessed:
        return add_witness(work.book, work.signer, path_of(work.values["folder"]))

    kept = await desk.sign(
        adding,
        form=lambda values: Form("A witness for the record", [folder], values, verb="Keep there"),
        doing="Giving the witness a checkpoint",
    )
    if kept is not None:
        _tell(desk, kept)


async def exchange(desk: Desk) -> None:
    """Hold the ledger to what somebody else has seen, and hand back what it is now."""
    file = Field("path", "File", "path", hint="A checkpoint that goes to and fro; made if missing.")

    def passing(work: Work) -> Witnessed:
        return witness(work.book, work.signer, path_of(work.values["path"]))

    kept = await desk.sign(
        passing,
        form=lambda values: Form(
            "Exchange checkpoints", [file], values, verb="Compare",
            note="Once the file has been both ways, both have seen the same history.",
        ),
        doing="Comparing with what they saw",
    )  # fmt: skip
    if kept is not None:
        _tell(desk, kept)


async def list_witnesses(desk: Desk) -> None:
    """Say whether the ledger continues what each witness has seen."""
    found = await desk.run_job(
        "Asking the witnesses", lambda _tell: list(witness_folders(desk.book))
    )
    if found is not None:
        text = witnesses_text(desk, found)
        await desk.push_screen_wait(Notice(text, title="Your witnesses"))


async def cosign_checkpoint(desk: Desk) -> None:
    """Put one's own signature under somebody else's checkpoint, once it is held to the ledger."""
    fields = [
        Field("checkpoint", "Checkpoint", "path", hint="Signed by somebody else."),
        Field("path", "Write to", "path", hint=NEW_FILE),
    ]

    def cosigning(work: Work) -> str:
        path = path_of(work.values["checkpoint"])
        note = cosign(work.book, work.signer, read_text(path), str(path))
        return str(write_new(work, note))

    written = await desk.sign(
        cosigning,
        form=lambda values: Form("Cosign a checkpoint", fields, values, verb="Cosign"),
        doing="Holding it to the ledger",
    )
    if written is not None:
        desk.tell(f"It is in {written}, with your signature.", title="Cosigned")


def witnesses_text(desk: Desk, found: Sequence[WitnessFolder]) -> Text:
    """Each witness: whether the ledger continues it, how much it has seen, and from whom."""
    if not found:
        return Text("You have no witness: w lets a folder keep checkpoints.")
    text = Text()
    for each in found:
        text.append(_SAYS[each.says].text).append(f"  {legible(str(each.folder))}\n")
        if each.says == "missing":
            seen = "not mounted, or it keeps nothing of this ledger"
        elif each.says == "unusable":
            seen = "what it keeps is damaged, or signed by nobody of this ledger"
        else:
            seen = f"{each.size:,} entries, by {each.by}, {desk.local.minute(each.time)}"
        text.append(f"   {seen}\n", style=marks.QUIET)
    return text


def _tell(desk: Desk, kept: Witnessed) -> None:
    before = f"it had seen {kept.before:,}" if kept.before else "it had seen none"
    desk.tell(f"{kept.path} now vouches for {kept.size:,} entries; {before}.", title="Witnessed")
