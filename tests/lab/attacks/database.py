"""The database's files broken: what the journal holds comes back, what it does not is missed."""

from __future__ import annotations

import re
from pathlib import Path

from ledger.errors import StoreDamaged, StoreUnavailable
from ledger.rebuilding import recover
from ledger.verification import verify
from tests.forging import sql
from tests.lab.attack import Attack, Caught, Unmoved
from tests.lab.attacks.journal import journal_of
from tests.lab.reading import read_all
from tests.lab.scene import Scene
from tests.people import raising

REBUILT = "rebuilt from the journal"
CUTS = 40


def cut_the_write_ahead_log_at_every_offset(scene: Scene) -> Unmoved:
    """DuckDB opens a shortened log without a word, and the last entries are gone.

    Where cuts leave the database the same, the first of them stands for all.
    """
    scene.crash()
    whole = scene.log.read_bytes()
    left: set[str] = set()
    for cut in range(0, len(whole), 1 if scene.lab.thorough else len(whole) // CUTS):
        scene.log.write_bytes(whole[:cut])
        state = _state(scene)
        if state not in left:
            left.add(state)
            _comes_back(scene, cut)
            scene.crash()
    assert len(left) > 1, left
    scene.log.write_bytes(whole[: len(whole) // 2])
    return Unmoved("posted from the journal")


def flip_a_bit_in_the_write_ahead_log(scene: Scene) -> Unmoved:
    """The log's replay ends early, or brings back something else."""
    scene.crash()
    _flip(scene.log, places=1)
    return Unmoved(REBUILT)


def delete_the_write_ahead_log(scene: Scene) -> Unmoved:
    """What was committed but not yet written into the file is lost."""
    scene.crash()
    scene.log.unlink()
    return Unmoved("posted from the journal")


def flip_bits_in_the_database(scene: Scene) -> Unmoved:
    """The ledger cannot be opened any more, or says something else."""
    _flip(scene.database, places=200)
    raising(StoreDamaged, lambda: verify(scene.person("ann").book))
    return Unmoved(REBUILT)


def truncate_the_database(scene: Scene) -> Unmoved:
    """Half a file is half a ledger."""
    data = scene.database.read_bytes()
    scene.database.write_bytes(data[: len(data) // 2])
    return Unmoved(REBUILT)


def put_text_in_place_of_the_database(scene: Scene) -> Unmoved:
    """What is no database ends in a traceback."""
    scene.database.write_text("This is no database.\n" * 1_000)
    return Unmoved(REBUILT)


def delete_the_databases_head(scene: Scene) -> Unmoved:
    """A database that does not say how far it has come cannot be held against anything."""
    sql(scene.home, "DELETE FROM head")
    raising(StoreDamaged, lambda: verify(scene.person("ann").book))
    return Unmoved(REBUILT)


def delete_the_database(scene: Scene) -> Unmoved:
    """Without its database the ledger is gone."""
    scene.database.unlink()
    raising(StoreUnavailable, lambda: verify(scene.person("ann").book))
    assert recover(scene.world.stranger()).posted == scene.size
    return Unmoved(REBUILT)


def delete_the_database_and_cut_the_journal(scene: Scene) -> Caught:
    """What the rebuilt database does not hold was never there."""
    journal = journal_of(scene.home)
    journal.cut(journal.size() - len(list(journal.lines_from(0))[-1]))
    scene.database.unlink()
    scene.home.head_file.unlink()
    recover(scene.world.stranger())
    return Caught("anchor", scene.size - 1)


def _state(scene: Scene) -> str:
    """What the database comes to when it is opened; nothing is repaired."""
    try:
        with scene.world.stranger().store.read() as snapshot:
            return f"{snapshot.head} {len(snapshot.entries(0, scene.size + 1))}"
    except StoreDamaged as error:
        return re.sub(r"\d+", "", error.message)


def _comes_back(scene: Scene, cut: int) -> None:
    """All of it must be read as before, and be verified."""
    book = scene.person("ann").book
    try:
        found = verify(book)
    except StoreDamaged:
        recover(book)
        found = verify(book)
    assert found.verdict == "verified", (cut, found.sentence)
    assert read_all(scene.world.stranger()).differs(scene.lab.reading) == [], cut


def _flip(path: Path, places: int) -> None:
    """Change one byte in each of so many stretches of a file."""
    data = bytearray(path.read_bytes())
    step = len(data) // (places + 1)
    for place in range(step, len(data), step):
        data[place] ^= 1
    path.write_bytes(data)


ATTACKS: tuple[Attack, ...] = (
    cut_the_write_ahead_log_at_every_offset,
    flip_a_bit_in_the_write_ahead_log,
    delete_the_write_ahead_log,
    flip_bits_in_the_database,
    truncate_the_database,
    put_text_in_place_of_the_database,
    delete_the_databases_head,
    delete_the_database,
    delete_the_database_and_cut_the_journal,
)
