"""What the record gives to others, proofs and checkpoints; and what it is held to."""

from __future__ import annotations

import secrets
from pathlib import Path

from rich.text import Text

from console.anchors import anchor_in
from console.cli.proofs import given_keys, read_text
from console.messages import legible
from console.tui import marks
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.work import Tell, Values, Work, lines_of, path_of
from ledger.anchors import Anchor
from ledger.checkpoint import parse_checkpoint, parse_note, vkey
from ledger.errors import InvalidInput, QuaestorError
from ledger.proof_files import GivenFile, check_files
from ledger.proof_text import Proved
from ledger.proving import prove_consistency, prove_entry
from ledger.row_proofs import prove_row
from ledger.witnessing import actor_keys, key_name, signed_checkpoint, vouching
from reports.authority import load_certificate
from reports.timestamped import have_timestamped

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
        Field("how", "How much", "choice", "all",
              choices=[("all", "everything; say how much is vouched for"),
                       ("strict", "strict: all of it must be vouched for"),
                       ("since", "only what is new since your last verification")]),
    ]  # fmt: skip

    def reading(values: Values, _tell: Tell) -> tuple[list[Anchor], str]:
        if not values["path"]:
            return [], values["how"]
        path, trust = path_of(values["path"]), values["trust"] or None
        anchor = anchor_in(path.read_bytes(), str(path), seat=desk.session.seat, trust=trust)
        return [anchor], values["how"]

    read = await desk.find_out(
        reading,
        form=lambda values: Form("Verify the record", fields, values, verb="Verify"),
        doing="Reading what it is held against",
    )
    if read is None:
        return False
    against, how = read
    desk.verify_record(against, strict=how == "strict", since_last=how == "since")
    return True


async def prove(desk: Desk, seq: str) -> None:
    """Write a proof that others can check offline; `seq` is the entry under the cursor."""
    fields = [
        Field("what", "Prove that", "choice", "entry", choices=_PROOFS),
        Field("which", "Which", value=seq,
              hint="An entry's number; a log and a decision's number, such as log-1 499; or the "
              "file of a checkpoint."),
        Field("path", "Write to", "path", hint=f"{NEW_FILE} An entry is written beside its proof."),
    ]  # fmt: skip
    written = await desk.sign(
        _proved,
        form=lambda values: Form("Prove something", fields, values, verb="Prove"),
        doing="Proving",
    )
    if written is not None:
        files = " ".join(map(str, written))
        hint = f"Anybody checks it offline: quaestor ledger check {files} --vkey KEY"
        await desk.push_screen_wait(Notice(f"The proof is in {written[0]}.", hint, title="Proved"))


async def give_checkpoint(desk: Desk) -> None:
    """Write a checkpoint of the whole record, signed, for somebody else to keep."""
    fields = [
        Field("path", "Write to", "path", hint=NEW_FILE),
        Field("tsa", "Timestamp authority", required=False,
              hint="The URL of one (RFC 3161), if your seat is to keep its word for the time."),
        Field("tsa_ca", "Its CA", "path", required=False,
              hint="The CA's certificate (PEM), the first time; your seat pins it."),
    ]  # fmt: skip

    def signing(work: Work) -> tuple[str, str, str]:
        with vouching(work.book, work.signer) as snapshot:
            note = signed_checkpoint(snapshot, work.signer)
            key = vkey(key_name(snapshot, work.signer), work.signer.public_key)
        file = str(write_new(work, note))
        return file, note, f"{key}{_timestamped(desk, work, note)}"

    signed = await desk.sign(
        signing,
        form=lambda values: Form("A checkpoint to keep elsewhere", fields, values, verb="Sign"),
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


def _timestamped(desk: Desk, work: Work, note: str) -> str:
    """What a timestamp authority said, if one was named; the checkpoint is good all the same."""
    url, ca = work.values["tsa"], work.values["tsa_ca"]
    if not url:
        return ""
    authority = load_certificate(path_of(ca).read_bytes()) if ca else None
    ledger_id, nonce = work.book.facts.ledger_id, secrets.randbits(64)
    try:
        stamp = have_timestamped(
            desk.session.seat, ledger_id, note, url, authority=authority, nonce=nonce
        )
    except QuaestorError as error:
        return f"\n\n! Not timestamped: {legible(error.message)}"
    return f"\n\nTimestamped {desk.local.second(stamp.time)} by {legible(stamp.by)}."


async def check(desk: Desk) -> None:
    """Check proofs and checkpoints that others handed over."""
    fields = [
        Field("files", "Files", "long", hint="One a line; beside the proof of an entry, also the "
              "entry's own bytes."),
        Field("keys", "Verifier keys", "long", required=False,
              hint="One a line, or files of them. Empty: those of this ledger's actors."),
    ]  # fmt: skip

    def checking(values: Values, _tell: Tell) -> list[tuple[GivenFile, Proved]]:
        given = [path_of(line) for line in lines_of(values["files"])]
        if values["keys"]:
            keys = given_keys([str(path_of(line)) for line in lines_of(values["keys"])])
        else:
            with desk.book.read() as snapshot:
                keys = actor_keys(snapshot)
        return check_files([GivenFile(str(path), path.read_bytes()) for path in given], keys)

    found = await desk.find_out(
        checking,
        form=lambda values: Form("Check files", fields, values, verb="Check"),
        doing="Checking",
    )
    if found is None:
        return
    text = Text()
    for file, proved in found:
        text.append(marks.coloured("✓ it holds", marks.GOOD)).append(f"  {legible(file.name)}\n")
        text.append(f"{legible(proved.what)}, signed by {legible(', '.join(proved.signers))}\n")
    await desk.push_screen_wait(Notice(text, title="Checked"))


def _proved(work: Work) -> list[Path]:
    """The files written, the proof first. InvalidInput if it is not clear what is to be proved."""
    which = work.values["which"].split()
    match work.values["what"], which:
        case "entry", [seq] if seq.isdigit():
            written = write_new(work, prove_entry(work.book, work.signer, int(seq)).text())
            with work.book.read() as snapshot:
                (entry,) = snapshot.entries(int(seq), int(seq) + 1)
            beside = written.with_name(f"{written.name}.entry")
            beside.write_bytes(entry.data)
            return [written, beside]
        case "row", [log, row] if row.isdigit():
            text = prove_row(work.book, work.signer, log, int(row), progress=work.tell)
            return [write_new(work, text)]
        case "consistency", [_, *_]:
            path = path_of(work.values["which"])
            text = prove_consistency(work.book, work.signer, read_text(path), str(path))
            return [write_new(work, text)]
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
