"""Entries changed where they lie in the database, the journal left as it is."""

from __future__ import annotations

from tests.forging import sql
from tests.lab.attack import Attack, Caught
from tests.lab.scene import Scene
from tests.people import MODEL

SUBJECT = f"model/{MODEL}"
TILE = "tile/0/0"


def edit_a_body(scene: Scene) -> Caught:
    """What was entered reads otherwise wherever the database is asked."""
    seq = scene.version("1.1")
    edit(scene, seq, '"1.1"', '"9.9"')
    return Caught("signature", seq, SUBJECT)


def edit_a_body_inside_a_part(scene: Scene) -> Caught:
    """An entry without a signature of its own is nobody's loss."""
    seq = scene.version("1.3")
    edit(scene, seq, '"1.3"', '"9.9"')
    return Caught("tree", seq, TILE)


def edit_a_time(scene: Scene) -> Caught:
    """A decision was taken years earlier than it was."""
    seq, early = scene.version("1.1"), "2020-01-01T00:00:00.000000Z"
    ((time,),) = sql(scene.home, "SELECT time FROM entry WHERE seq = ?", seq)
    edit(scene, seq, time, early)
    sql(scene.home, "UPDATE entry SET time = ? WHERE seq = ?", early, seq)
    return Caught("signature", seq, SUBJECT)


def edit_a_subject(scene: Scene) -> Caught:
    """What was said of one model was said of another."""
    seq, other = scene.version("1.1"), "model/fraud-screen"
    edit(scene, seq, SUBJECT, other)
    sql(scene.home, "UPDATE entry SET subject = ? WHERE seq = ?", other, seq)
    return Caught("signature", seq, other)


def edit_an_actor(scene: Scene) -> Caught:
    """Somebody else did it."""
    seq = scene.version("1.1")
    edit(scene, seq, '"actor":"emil"', '"actor":"rosa"')
    sql(scene.home, "UPDATE entry SET actor = 'rosa' WHERE seq = ?", seq)
    return Caught("signature", seq, SUBJECT)


def edit_a_column_beside_an_entry(scene: Scene) -> Caught:
    """Whoever looks for an actor's entries does not find this one."""
    seq = scene.version("1.1")
    sql(scene.home, "UPDATE entry SET actor = 'rosa' WHERE seq = ?", seq)
    return Caught("columns", seq, SUBJECT)


def delete_an_entry(scene: Scene) -> Caught:
    """What happened did not happen."""
    seq = scene.version("1.1")
    ((following,),) = sql(scene.home, "SELECT subject FROM entry WHERE seq = ?", seq + 1)
    sql(scene.home, "DELETE FROM entry WHERE seq = ?", seq)
    return Caught("bytes", seq, following)


def delete_the_last_entry(scene: Scene) -> Caught:
    """A record that ends earlier is still whole."""
    sql(scene.home, "DELETE FROM entry WHERE seq = ?", scene.size - 1)
    return Caught("tree", scene.size - 1)


def enter_an_entry_twice(scene: Scene) -> Caught:
    """What counts once counts twice."""
    seq = scene.version("1.1")
    sql(scene.home, "INSERT INTO entry SELECT * FROM entry WHERE seq = ?", seq)
    return Caught("bytes", seq + 1, SUBJECT)


def reorder_two_entries(scene: Scene) -> Caught:
    """What came first came second."""
    seq = scene.version("1.2")
    for old, new in ((seq, -1), (seq + 1, seq), (-1, seq + 1)):
        sql(scene.home, "UPDATE entry SET seq = ? WHERE seq = ?", new, old)
    return Caught("bytes", seq, SUBJECT)


def put_rubbish_in_place_of_an_entry(scene: Scene) -> Caught:
    """Verification falls over and says nothing."""
    seq = scene.version("1.1")
    sql(scene.home, "UPDATE entry SET data = ? WHERE seq = ?", b'{"v":1}\xff', seq)
    return Caught("bytes", seq, SUBJECT)


def spell_an_entry_otherwise(scene: Scene) -> Caught:
    """The same JSON with a space in it has another hash, and proofs of it fail."""
    seq = scene.version("1.1")
    edit(scene, seq, '"v":1', '"v": 1')
    return Caught("bytes", seq, SUBJECT)


def edit(scene: Scene, seq: int, old: str, new: str) -> None:
    """Change an entry's bytes where it lies in the database."""
    ((data,),) = sql(scene.home, "SELECT data FROM entry WHERE seq = ?", seq)
    assert old.encode() in bytes(data)
    changed = bytes(data).replace(old.encode(), new.encode())
    sql(scene.home, "UPDATE entry SET data = ? WHERE seq = ?", changed, seq)


ATTACKS: tuple[Attack, ...] = (
    edit_a_body,
    edit_a_body_inside_a_part,
    edit_a_time,
    edit_a_subject,
    edit_an_actor,
    edit_a_column_beside_an_entry,
    delete_an_entry,
    delete_the_last_entry,
    enter_an_entry_twice,
    reorder_two_entries,
    put_rubbish_in_place_of_an_entry,
    spell_an_entry_otherwise,
)
