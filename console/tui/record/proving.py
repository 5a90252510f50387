"""What the record gives to others: proofs, checkpoints, witnesses; and what they are held to."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from console.anchors import anchor_in
from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.work import Values, Work, path_of
from ledger.checkpoint import parse_checkpoint, parse_note, vkey
from ledger.errors import InvalidInput
from ledger.proving import prove_consistency, prove_entry
from ledger.row_proofs import prove_row
from ledger.seat import Anchor
from ledger.witnessing import (
    Witnessed,
    add_witness,
    key_name,
    signed_checkpoint,
    vouching,
)

_PROOFS = [
    ("entry", "an entry is in the record"),
    ("row", "a decision is in a sealed log"),
    ("consistency", "nothing was rewritten since a checkpoint"),
]
NEW_FILE = "A new file; it is handed to others."


async def verify_with(desk: Desk) -> bool:
    """Verify against what somebody else hands over, or strictly; False if the person gave up."""
    fields = [
        Field("path", "Against", "path", required=False,
              hint="A checkpoint or a signed report that somebody else kept. Empty: your seat's."),
        Field("trust", "Trusted CA", required=False,
              hint="For a report: the fingerprint of its CA. Empty: what your seat has pinned."),
        Field("strict", "How much", "choice", "no",
              choices=[("no", "say how many entries are vouched for"),
                       ("yes", "strict: every entry must be")]),
    ]  # fmt: skip
    values: Values | None = {}
    while True:
        values = await desk.push_screen_wait(
            Form("Verify the record", fields, values, verb="Verify")
        )
        if values is None:
            return False
        given, trust = values["path"], values["trust"] or None
        path = path_of(given)

        def reading(_tell: object, path: Path = path, trust: str | None = trust) -> list[Anchor]:
            data = path.read_bytes()
            return [anchor_in(data, str(path), seat=desk.session.seat, trust=trust)]

        against = await desk.run_job(f"Reading {path.name}", reading) if given else []
        if against is not None:
            desk.verify_record(against, strict=values["strict"] == "yes")
            return True


async def prove(desk: Desk, seq: str) -> None:
    """Write a proof that others can check offline; `seq` is the entry under the cursor."""
    fields = [
        Field("what", "Prove that", "choice", "entry", choices=_PROOFS),
        Field("which", "Which", value=seq,
              hint="An entry's number; a log and a decision's number, such as log-1 499; or the "
              "file of a checkpoint."),
        Field("path", "Write to", "path", hint=NEW_FILE),
    ]  # fmt: skip
    written = await desk.sign(
        lambda work: write_new(work, _proof(work)),
        form=lambda values: Form("Prove something", fields, values, verb="Prove"),
        doing="Proving",
    )
    if written is not None:
        hint = f"Anybody checks it offline: quaestor ledger check {written} --vkey KEY"
        await desk.push_screen_wait(Notice(f"The proof is in {written}.", hint, title="Proved"))


async def give_checkpoint(desk: Desk) -> None:
    """Write a checkpoint of the whole record, signed, for somebody else to keep."""
    path = Field("path", "Write to", "path", hint=NEW_FILE)

    def signing(work: Work) -> tuple[str, str, str]:
        with vouching(work.book, work.signer) as snapshot:
            note = signed_checkpoint(snapshot, work.signer)
            key = vkey(key_name(snapshot, work.signer), work.signer.public_key)
        return str(write_new(work, note)), note, key

    signed = await desk.sign(
        signing,
        form=lambda values: Form("A checkpoint to keep elsewhere", [path], values, verb="Sign"),
        doing="Signing a checkpoint",
    )
    if signed is not None:
        file, note, key = signed
        size = parse_checkpoint(parse_note(note)[0]).size
        text = Text(f"It vouches for {size:,} entries and is in {legible(file)}.\n\n")
        text.append(legible(note))
        text.append("\nYour verifier key\n", style=marks.QUIET).append(key)
        await desk.push_screen_wait(
            Notice(text, "Hand it to somebody whose disk this ledger cannot reach.", title="Signed")
        )


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
        before = f"it had seen {kept.before:,}" if kept.before else "it had seen none"
        desk.tell(
            f"{kept.path} now vouches for {kept.size:,} entries; {before}.", title="Witnessed"
        )


def _proof(work: Work) -> str:
    """The proof that a form asks for. InvalidInput if it is not clear which."""
    which = work.values["which"].split()
    match work.values["what"], which:
        case "entry", [seq] if seq.isdigit():
            return prove_entry(work.book, work.signer, int(seq)).text()
        case "row", [log, row] if row.isdigit():
            return prove_row(work.book, work.signer, log, int(row), progress=work.tell)
        case "consistency", [_, *_]:
            path = path_of(work.values["which"])
            try:
                old = path.read_text()
            except UnicodeDecodeError as error:
                raise InvalidInput(f"{path} is not text.", "Name a checkpoint.") from error
            return prove_consistency(work.book, work.signer, old, str(path))
    raise InvalidInput(
        f"It is not clear which is meant by {work.values['which']}.",
        "Give an entry's number, a log with a decision's number, or a checkpoint's file.",
    )


def write_new(work: Work, text: str) -> Path:
    """Write what is handed over into a new file; one that is there stays as it is."""
    path = path_of(work.values["path"])
    with path.open("x") as file:
        file.write(text)
    return path
