"""A whole home put in another's place: an older one, a forked one, somebody else's."""

from __future__ import annotations

from shutil import copyfile, copytree, rmtree

from ledger.anchors import anchor_from_note
from ledger.book import Book
from ledger.verification import verify
from ledger.witnessing import signed_checkpoint
from tests.lab.attack import Attack, Caught
from tests.lab.scene import Scene
from tests.people import copy


def restore_yesterdays_backup(scene: Scene) -> Caught:
    """What was entered since is gone, and all that is left is sound."""
    rmtree(scene.home.folder)
    copytree(scene.lab.yesterday, scene.home.folder)
    with scene.world.stranger().read() as snapshot:
        size = snapshot.head.size
    return Caught("anchor", size)


def fork_into_two_histories(scene: Scene) -> Caught:
    """Each of two people is shown a record that is sound; they never compare."""
    fork = copy(scene.world, scene.folder / "fork")
    fork.person("emil").note("for the one")
    scene.person("rosa").note("for the other")
    cora = fork.person("cora")
    assert verify(cora.book).verdict == "verified" or verify(cora.book).verdict == "verified"
    assert verify(scene.person("ann").book).verdict == "verified"
    with cora.book.read() as snapshot:
        note = signed_checkpoint(snapshot, cora.signer)
    return Caught("anchor", None, against=[anchor_from_note(note, "cora's checkpoint")])


def put_another_ledger_in_place(scene: Scene) -> Caught:
    """A ledger of the same name, with people of the same names, is the ledger."""
    rmtree(scene.home.folder)
    copytree(scene.lab.other.home.folder, scene.home.folder)
    return Caught("anchor", 0)


def put_another_ledgers_database_in_place(scene: Scene) -> Caught:
    """Screens ask the database alone, and it is sound in itself."""
    for name in ("ledger.duckdb", "ledger.duckdb.wal", "head.json"):
        (scene.home.folder / name).unlink(missing_ok=True)
        if (theirs := scene.lab.other.home.folder / name).exists():
            copyfile(theirs, scene.home.folder / name)
    assert Book(scene.home).store.exists()
    return Caught("journal", 0)


ATTACKS: tuple[Attack, ...] = (
    restore_yesterdays_backup,
    fork_into_two_histories,
    put_another_ledger_in_place,
    put_another_ledgers_database_in_place,
)
