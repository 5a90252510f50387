"""What lies outside the home: seats reached through it, witnesses that are damaged or bribed."""

from __future__ import annotations

import base64
from pathlib import Path
from shutil import copytree, rmtree

from ledger.anchors import Anchor
from ledger.checkpoint import Checkpoint
from ledger.errors import StoreUnavailable
from ledger.tiles import root_at
from ledger.verification import verify
from ledger.witnessing import add_witness
from tests.lab.attack import Attack, Caught, Unmoved
from tests.lab.attacks.forgers import delete_the_tail, sign_the_tail_anew_with_ones_own_key
from tests.lab.attacks.journal import journal_of
from tests.lab.scene import Scene
from tests.people import ORIGIN, raising


def lead_a_lock_into_a_seat(scene: Scene) -> Unmoved:
    """Who takes the lock writes their name over their own anchor, and forgets what they saw."""
    emil = scene.person("emil")
    (anchor,) = emil.seat.folder.glob("ledgers/*/checkpoint")
    _exposed(scene.home.locks / "lock", anchor, scene)
    return Unmoved("no link is followed")


def lead_the_journal_into_a_seat(scene: Scene) -> Unmoved:
    """What somebody enters is written into a file of their own, and not into the journal."""
    notes = scene.person("emil").seat.folder / "notes"
    notes.touch()
    _exposed(journal_of(scene.home).folder / "999999999999.jsonl", notes, scene)
    return Unmoved("no link is followed")


def lead_an_erasure_into_a_seat(scene: Scene) -> Unmoved:
    """What comes back though it was erased is overwritten, and so is what a link there leads to."""
    emil = scene.person("emil")
    (anchor,) = emil.seat.folder.glob("ledgers/*/checkpoint")
    key_id, _ = scene.lab.erased
    link, before = scene.home.vault / f"{key_id}.key", anchor.read_bytes()
    link.symlink_to(anchor)
    emil.book.recover()
    assert (anchor.read_bytes(), link.is_symlink()) == (before, False)
    return Unmoved("no link is followed")


def damage_a_witness_and_cut_the_tail(scene: Scene) -> Caught:
    """A witness that cannot be read ends the verification before it finds anything."""
    witness = _witness(scene)
    witness.write_bytes(witness.read_bytes()[:40])
    found = verify(scene.person("ann").book)
    assert (found.verdict, [each.check for each in found.problems]) == ("unconfirmed", ["unread"])
    return delete_the_tail(scene)


def take_back_what_a_witness_saw(scene: Scene) -> Caught:
    """The witness is bribed: it keeps what the ledger was yesterday, signed and sound."""
    witness = _witness(scene)
    witness.unlink()
    rmtree(scene.home.folder)
    copytree(scene.lab.yesterday, scene.home.folder)
    with scene.world.stranger().read() as snapshot:
        size = snapshot.head.size
        witness.write_text(f"{ORIGIN}\n{size}\n{_base64(snapshot.head.root)}\n")
    return Caught("anchor", size)


def rewrite_what_lies_between_two_witnesses(scene: Scene) -> Caught:
    """Nobody remembers the entries themselves, so that nobody can say which one is another."""
    ann = scene.person("ann")
    with ann.book.read() as snapshot:
        before = Checkpoint(ORIGIN, scene.size - 1, root_at(snapshot.tile, scene.size - 1))
    (memory,) = ann.seat.folder.glob("ledgers/*/remembered")
    memory.unlink()
    sign_the_tail_anew_with_ones_own_key(scene)
    return Caught("anchor", scene.size - 1, against=[Anchor(before, "a friend", "", "a letter")])


def _witness(scene: Scene) -> Path:
    """Let Ann have a witness; where it keeps its checkpoint."""
    folder = scene.folder / "stick"
    folder.mkdir()
    ann = scene.person("ann")
    return add_witness(ann.book, ann.signer, folder).path


def _exposed(link: Path, target: Path, scene: Scene) -> None:
    """Put a link in place of a file; who works in the home must not write through it."""
    before, there = target.read_bytes(), link.exists()
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    raising(StoreUnavailable, lambda: scene.person("emil").note("through a link"))
    assert target.read_bytes() == before
    link.unlink()
    if there:
        link.touch()


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode()


ATTACKS: tuple[Attack, ...] = (
    lead_a_lock_into_a_seat,
    lead_the_journal_into_a_seat,
    lead_an_erasure_into_a_seat,
    damage_a_witness_and_cut_the_tail,
    take_back_what_a_witness_saw,
    rewrite_what_lies_between_two_witnesses,
)
