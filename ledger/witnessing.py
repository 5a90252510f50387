"""Witnesses: checkpoints kept where the home cannot reach them, and passed between people.

Rules kept here:
- nobody signs what their own seat contradicts, and the seat keeps what they sign;
- a witness never takes a smaller tree than it holds, nor one that does not continue it;
- a checkpoint is on the witness's disk before it is cosigned, and nobody cosigns it twice;
- what one person holds and another's ledger contradicts is a fork, and shows at once.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ledger.alone import alone_in
from ledger.anchors import read_anchor
from ledger.book import Book
from ledger.checkpoint import (
    Checkpoint,
    NamedKey,
    cosign_note,
    cosigned_by,
    parse_note,
    read_signed,
    sign_note,
    verified_signers,
)
from ledger.errors import Altered, InvalidInput, StoreUnavailable
from ledger.files import write_durably
from ledger.keys import Signer
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.house import the_ledger
from ledger.store.base import Snapshot
from ledger.tiles import root_at
from ledger.vouching import hold_against_seat, require_own_key, vouch

_KEEP_BOTH = "Keep both: together they prove it. Run `quaestor ledger verify --against FILE`."


@dataclass(frozen=True)
class Witnessed:
    """A checkpoint that a witness now keeps; `before` is the size that it held until then."""

    path: Path
    size: int
    root: str
    before: int
    signers: tuple[str, ...]


@dataclass(frozen=True)
class WitnessFolder:
    """A witness of this seat. `missing`: not mounted, or it keeps nothing of this ledger.

    `unusable`: what it keeps is no checkpoint, or none that an actor of this ledger signed.
    """

    folder: Path
    says: Literal["agrees", "contradicts", "missing", "unusable"]
    size: int
    by: str
    time: str


def actor_keys(snapshot: Snapshot) -> list[NamedKey]:
    """Every key that actors have or had and that nobody revoked."""
    origin = the_ledger(snapshot.rows).origin
    return [
        (f"{origin}/{row.actor}", base64.b64decode(row.public_key))
        for row in snapshot.rows.where(KeyRow)
        if row.untrusted_since == NEVER
    ]


def key_name(snapshot: Snapshot, signer: Signer) -> str:
    """The name under which an actor signs checkpoints of this ledger."""
    return f"{the_ledger(snapshot.rows).origin}/{signer.actor}"


def signed_checkpoint(snapshot: Snapshot, signer: Signer) -> str:
    """The ledger's present checkpoint as a note signed by an actor."""
    origin = the_ledger(snapshot.rows).origin
    checkpoint = Checkpoint(origin, snapshot.head.size, snapshot.head.root)
    name = key_name(snapshot, signer)
    return sign_note(checkpoint.text(), name, signer.public_key, signer.sign)


@contextmanager
def vouching(book: Book, signer: Signer) -> Iterator[Snapshot]:
    """Hold the ledger for reading by somebody who is about to sign for it.

    Altered if their seat contradicts it, Refused if their key is not the one enrolled. The seat
    keeps the checkpoint before anything is signed.
    """
    with book.read() as snapshot:
        ledger = hold_against_seat(book.seat, book.place, snapshot)
        require_own_key(snapshot.rows, signer)
        vouch(book.seat, ledger, snapshot.head, by=signer.actor, time=book.now())
        yield snapshot


def hold(snapshot: Snapshot, note: str, where: str) -> Checkpoint:
    """Hold a signed checkpoint from elsewhere against the ledger, which must continue it.

    Altered if it does not, or has fewer entries; InvalidInput if it is none, is of another ledger,
    or bears no good signature by an actor of this one.
    """
    held, text, signatures = read_signed(note, where)
    if held.origin != the_ledger(snapshot.rows).origin:
        raise InvalidInput(f"{where} is of another ledger ({held.origin}).", "Choose another file.")
    if not verified_signers(text, signatures, actor_keys(snapshot)):
        raise InvalidInput(
            f"{where} is not signed by an actor of this ledger.", "Ask for it again, or remove it."
        )
    _require_continued(snapshot, held, where)
    return held


def _require_continued(snapshot: Snapshot, held: Checkpoint, where: str) -> None:
    if held.size > snapshot.head.size:
        raise Altered(
            f"{where} has seen {held.size} entries; the ledger has {snapshot.head.size}.",
            _KEEP_BOTH,
        )
    if root_at(snapshot.tile, held.size) != held.root:
        raise Altered(
            f"The first {held.size} entries are not those that {where} has seen.", _KEEP_BOTH
        )


def cosign(book: Book, signer: Signer, note: str, where: str) -> str:
    """Add an actor's cosignature to a checkpoint that the ledger continues; raises as `hold`."""
    with vouching(book, signer) as snapshot:
        hold(snapshot, note, where)
        return _cosigned(book, snapshot, signer, note)


def add_witness(book: Book, signer: Signer, folder: Path) -> Witnessed:
    """Make a folder (a share, a USB stick) a witness of this seat, and let it keep a checkpoint.

    Doing it again brings the witness up to date. Raises as `witness`.
    """
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder.", "Mount it, or make it first.")
    if book.seat is None:
        raise InvalidInput("There is no seat to list the witness in.", "Set QUAESTOR_SEAT.")
    if folder.resolve().is_relative_to(book.home.folder.resolve()):
        raise InvalidInput(
            f"{folder} lies inside the ledger's home.",
            "A witness must be where the home's writers cannot reach it.",
        )
    witnessed = witness(book, signer, folder / f"{book.facts.ledger_id}.checkpoint")
    book.seat.add_witness_folder(folder)
    return witnessed


def witness(book: Book, signer: Signer, path: Path) -> Witnessed:
    """Hold the checkpoint in a file against the ledger, then keep and cosign the present one.

    One such step on both sides shows a split view. A missing file is made. Raises as `hold`, and
    StoreUnavailable if the file cannot be written.
    """
    with alone_in(path.parent), vouching(book, signer) as snapshot:
        held = _read(path)
        before = hold(snapshot, held, str(path)).size if held else 0
        note = held if before == snapshot.head.size else signed_checkpoint(snapshot, signer)
        if note != held:
            _keep(path, note)
        cosigned = _cosigned(book, snapshot, signer, note)
        if cosigned != note:
            _keep(path, cosigned)
        text, signatures = parse_note(cosigned)
        names = verified_signers(text, signatures, actor_keys(snapshot))
        signers = tuple(name.rpartition("/")[2] for name in names)
        return Witnessed(path, snapshot.head.size, snapshot.head.root.hex(), before, signers)


def witness_folders(book: Book) -> Sequence[WitnessFolder]:
    """Every witness of this seat, and whether the ledger continues what it keeps."""
    if book.seat is None:
        return []
    with book.read() as snapshot:
        ledger_id = the_ledger(snapshot.rows).ledger_id
        return [_state(snapshot, folder, ledger_id) for folder in book.seat.witness_folders()]


def _state(snapshot: Snapshot, folder: Path, ledger_id: str) -> WitnessFolder:
    path = folder / f"{ledger_id}.checkpoint"
    try:
        anchor = read_anchor(path)
    except OSError:
        return WitnessFolder(folder, "missing", 0, "", "")
    except InvalidInput:
        return WitnessFolder(folder, "unusable", 0, "", "")
    kept = (anchor.checkpoint.size, anchor.by, anchor.time)
    try:
        if anchor.note:
            hold(snapshot, anchor.note, str(path))
        else:
            _require_continued(snapshot, anchor.checkpoint, str(path))
    except Altered:
        return WitnessFolder(folder, "contradicts", *kept)
    except InvalidInput:
        return WitnessFolder(folder, "unusable", *kept)
    return WitnessFolder(folder, "agrees", *kept)


def _cosigned(book: Book, snapshot: Snapshot, signer: Signer, note: str) -> str:
    """The note with an actor's cosignature, unless it bears that already."""
    text, signatures = parse_note(note)
    name = key_name(snapshot, signer)
    if any(s.name == name and cosigned_by(text, s, signer.public_key) for s in signatures):
        return note
    seconds = int(book.clock().timestamp())
    return cosign_note(note, name, signer.public_key, signer.sign, seconds)


def _read(path: Path) -> str:
    """The note that a witness keeps; empty if there is none yet."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreUnavailable(
            f"The witness {path} cannot be read: {error.strerror}.", "Is it mounted?"
        ) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not a checkpoint.", "Choose another file.") from error


def _keep(path: Path, note: str) -> None:
    try:
        write_durably(path, note.encode())
    except OSError as error:
        raise StoreUnavailable(
            f"The witness {path} cannot be written: {error.strerror}.", "Is it mounted, with room?"
        ) from error
