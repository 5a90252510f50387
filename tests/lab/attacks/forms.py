"""The database made of other things than our tables, so that it need not say the same to everybody.

And rows that stand where nobody who verifies would look.
"""

from __future__ import annotations

from ledger.errors import StoreDamaged
from ledger.registers.models import ModelRow
from ledger.verification import verify
from tests.forging import sql
from tests.lab.attack import Attack, Caught, Unmoved
from tests.lab.attacks.database import REBUILT
from tests.lab.attacks.entries import SUBJECT
from tests.lab.scene import Scene
from tests.people import MODEL, raising

_MONA = "CASE WHEN current_query() LIKE '%WHERE%' THEN 'mona' ELSE owner END AS owner"


def put_a_view_with_two_faces_in_place_of_a_register(scene: Scene) -> Unmoved:
    """Who verifies is shown the owner that was entered, and who asks another one."""
    sql(scene.home, "ALTER TABLE model RENAME TO real")
    sql(scene.home, f"CREATE VIEW model AS SELECT * REPLACE ({_MONA}) FROM real")  # noqa: S608
    with scene.world.stranger().store.read() as snapshot:
        (asked,) = snapshot.rows.where(ModelRow, model=MODEL)
        assert (asked.owner, snapshot.register(ModelRow)[0].owner) == ("mona", "ada")
    return _rebuilt(scene)


def put_a_macro_in_place_of_a_function(scene: Scene) -> Unmoved:
    """What the database counts and compares is what the attacker says."""
    sql(scene.home, "CREATE MACRO count(x) AS 1")
    sql(scene.home, "CREATE MACRO duckdb_functions() AS TABLE SELECT 1 WHERE false")
    return _rebuilt(scene)


def let_an_entry_be_nothing(scene: Scene) -> Unmoved:
    """Verification falls over what cannot be, and says nothing."""
    sql(scene.home, "ALTER TABLE entry ALTER COLUMN data DROP NOT NULL")
    sql(scene.home, "UPDATE entry SET data = NULL WHERE seq = 5")
    return _rebuilt(scene)


def count_fewer_entries_than_none(scene: Scene) -> Unmoved:
    """Whoever opens the ledger reckons for ever."""
    sql(scene.home, "UPDATE head SET size = -1")
    return _rebuilt(scene)


def put_a_row_behind_the_last_entry(scene: Scene) -> Caught:
    """Lists of entries show what nobody signed; who verifies ends with the last entry."""
    _copy_entry(scene, scene.size + 5)
    return Caught("bytes", scene.size + 5, SUBJECT)


def put_a_row_before_the_first_entry(scene: Scene) -> Caught:
    """The same, where counting has not yet begun."""
    _copy_entry(scene, -7)
    return Caught("bytes", None, SUBJECT)


def keep_a_tile_twice(scene: Scene) -> Caught:
    """One is as it must be, and proofs are made from the other."""
    sql(scene.home, "INSERT INTO tile SELECT level, index, hashes || hashes FROM tile")
    return Caught("tree", 0, "tile/0/0")


def keep_a_tile_that_no_tree_has(scene: Scene) -> Caught:
    """Reckoning where it would begin takes all memory there is."""
    sql(scene.home, "INSERT INTO tile SELECT 2000000000, 5, hashes FROM tile")
    return Caught("tree", None, "tile/2000000000/5")


def _copy_entry(scene: Scene, seq: int) -> None:
    of = scene.version("1.1")
    copied = "SELECT ?, time, actor, kind, subject, data FROM entry WHERE seq = ?"
    sql(scene.home, f"INSERT INTO entry {copied}", seq, of)


def _rebuilt(scene: Scene) -> Unmoved:
    raising(StoreDamaged, lambda: verify(scene.person("ann").book))
    return Unmoved(REBUILT)


ATTACKS: tuple[Attack, ...] = (
    put_a_view_with_two_faces_in_place_of_a_register,
    put_a_macro_in_place_of_a_function,
    let_an_entry_be_nothing,
    count_fewer_entries_than_none,
    put_a_row_behind_the_last_entry,
    put_a_row_before_the_first_entry,
    keep_a_tile_twice,
    keep_a_tile_that_no_tree_has,
)
