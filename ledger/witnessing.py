"""Witnesses: checkpoints kept where the home cannot reach them, and passed between people.

Rules kept here:
- a witness never takes a smaller tree than it holds, nor one that does not continue it;
- a checkpoint is on the witness's disk before it is cosigned;
- what one person holds and another's ledger contradicts is a fork, and shows at once.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.book import Book
from ledger.checkpoint import (
    Checkpoint,
    cosign_note,
    parse_checkpoint,
    parse_note,
    sign_note,
    verified_signers,
)
from ledger.errors import Altered, InvalidInput, StoreUnavailable
from ledger.files import write_durably
from ledger.keys import Signer
from ledger.registers.actors import KeyRow
from ledger.registers.house import the_ledger
from ledger.store.base import Snapshot
from ledger.tiles import root_at


@dataclass(frozen=True)
class Witnessed:
    """A checkpoint that a witness now keeps; `before` is the size that it held until then."""

    path: Path
    size: int
    root: str
    before: int
    signers: tuple[str, ...]


def signed_checkpoint(snapshot: Snapshot, signer: Signer) -> str:
    """The ledger's present checkpoint as a note signed by an actor."""
    origin = the_ledger(snapshot.rows).origin
    checkpoint = Checkpoint(origin, snapshot.head.size, snapshot.head.root)
    return sign_note(checkpoint.text(), f"{origin}/{signer.actor}", signer.public_key, signer.sign)


def actor_keys(snapshot: Snapshot) -> Mapping[str, bytes]:
    """Every actor's present public key, by key name."""
    origin = the_ledger(snapshot.rows).origin
    rows = snapshot.rows.where(KeyRow)
    return {
        f"{origin}/{row.actor}": base64.b64decode(row.public_key)
        for row in rows
        if row.until_seq < 0
    }


def add_witness(book: Book, signer: Signer, folder: Path) -> Witnessed:
    """Make a folder (a share, a USB stick) a witness of this seat, and let it keep a checkpoint.

    Raises Altered on a fork or a smaller tree, StoreUnavailable if it cannot be written.
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
    """Hold the checkpoint in a file against the ledger, then keep and cosign the present one."""
    with book.read() as snapshot:
        before, held = _held_against(snapshot, path)
        note = signed_checkpoint(snapshot, signer)
        name = f"{the_ledger(snapshot.rows).origin}/{signer.actor}"
    checkpoint = parse_checkpoint(parse_note(note)[0])
    if held and before == checkpoint.size:
        note = held
    try:
        write_durably(path, note.encode())
        seconds = int(book.clock().timestamp())
        note = cosign_note(note, name, signer.public_key, signer.sign, seconds)
        write_durably(path, note.encode())
    except OSError as error:
        raise StoreUnavailable(
            f"The witness {path} cannot be written: {error.strerror}.", "Is it mounted, with room?"
        ) from error
    return Witnessed(path, checkpoint.size, checkpoint.root.hex(), before, _signers(book, note))


def exchange(book: Book, signer: Signer, path: Path) -> Witnessed:
    """Compare what somebody else has seen with the ledger at hand, and hand back what it is now.

    One step on both sides shows a split view: Altered. The seat keeps nothing of the other's that
    its own ledger does not contain.
    """
    return witness(book, signer, path)


def _held_against(snapshot: Snapshot, path: Path) -> tuple[int, str]:
    """Size and note of the checkpoint in a file, which the ledger must continue."""
    if not path.exists():
        return 0, ""
    note = path.read_text()
    text, signatures = parse_note(note)
    held = parse_checkpoint(text)
    origin = the_ledger(snapshot.rows).origin
    hint = "Keep both: they prove it. Run `quaestor ledger verify --against FILE`."
    if held.origin != origin:
        raise InvalidInput(f"{path} is of another ledger ({held.origin}).", "Choose another file.")
    if not verified_signers(text, signatures, actor_keys(snapshot)):
        raise InvalidInput(
            f"{path} is not signed by an actor of this ledger.", "Ask for it again, or remove it."
        )
    if held.size > snapshot.head.size:
        raise Altered(
            f"{path} has seen {held.size} entries; the ledger has {snapshot.head.size}.", hint
        )
    if root_at(snapshot.tile, held.size) != held.root:
        raise Altered(f"The first {held.size} entries are not those that {path} has seen.", hint)
    return held.size, note


def _signers(book: Book, note: str) -> tuple[str, ...]:
    text, signatures = parse_note(note)
    with book.read() as snapshot:
        names = verified_signers(text, signatures, actor_keys(snapshot))
    return tuple(name.rpartition("/")[2] for name in names)
