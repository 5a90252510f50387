"""The journal changed, alone or together with the database and the head."""

from __future__ import annotations

import orjson

from ledger.entry import entry_hash
from ledger.errors import Altered
from ledger.home import Home
from ledger.journal import Journal
from tests.forging import Sheet, rebuild, sheets_of, sql
from tests.lab.attack import Attack, Caught, Unmoved
from tests.lab.attacks.entries import edit_a_body
from tests.lab.scene import Scene, make_scene
from tests.people import raising, version_draft


def edit_the_journal(scene: Scene) -> Caught:
    """The truth is changed, and what was derived from it will follow."""
    _edit(scene, b'"version":"1.1"', b'"version":"9.9"')
    return Caught("journal", scene.version("1.1"))


def edit_journal_and_database(scene: Scene) -> Caught:
    """Two places that agree are believed."""
    edit_the_journal(scene)
    return edit_a_body(scene)


def edit_journal_and_head(scene: Scene) -> Caught:
    """The truth and how far it has come agree, and the database is what will follow."""
    journal = journal_of(scene.home)
    (path,) = journal.files()
    lines = path.read_bytes().splitlines(keepends=True)
    last = lines[-1].replace(b'"notes":""', b'"notes":"9"')
    assert last != lines[-1]
    path.write_bytes(b"".join([*lines[:-1], last]))
    _edit_head(scene, last=entry_hash(last[:-1]).hex())
    return Caught("journal", scene.size - 1)


def edit_the_head(scene: Scene) -> Caught:
    """Screens show another root."""
    _edit_head(scene, root="0" * 64)
    return Caught("head", None)


def enlarge_the_head(scene: Scene) -> Caught:
    """The ledger looks as if entries had been lost."""
    _edit_head(scene, size=scene.size + 3)
    return Caught("head", scene.size)


def edit_both_heads(scene: Scene) -> Caught:
    """The cached root and the database's agree on a root that is not the entries'."""
    _edit_head(scene, root="0" * 64)
    sql(scene.home, "UPDATE head SET root = ?", bytes(32))
    return Caught("tree", None)


def delete_the_head(scene: Scene) -> Unmoved:
    """Nobody knows any more how far the ledger had come."""
    scene.home.head_file.unlink()
    return Unmoved("a cache: nobody misses it")


def cut_the_journal(scene: Scene) -> Caught:
    """The last entry is gone from the truth, and the database will follow."""
    journal = journal_of(scene.home)
    journal.cut(journal.size() - len(list(journal.lines_from(0))[-1]))
    return Caught("journal", scene.size - 1)


def tear_the_journals_last_line(scene: Scene) -> Caught:
    """Recovery takes what was acknowledged for the leavings of a crash, and cuts it."""
    journal = journal_of(scene.home)
    journal.cut(journal.size() - 1)
    return Caught("journal", scene.size - 1)


def repeat_the_journals_last_line(scene: Scene) -> Caught:
    """Recovery posts what it finds behind the end."""
    (path,) = journal_of(scene.home).files()
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    raising(Altered, lambda: scene.person("emil").note("over it"))
    return Caught("journal", scene.size)


def journal_an_entry_that_nobody_may_make(scene: Scene) -> Caught:
    """Recovery posts what the rules refuse: an auditor's, with a good signature."""
    ahead = make_scene(scene.lab, scene.folder / "ahead")
    sheets = sheets_of(ahead.home)
    act = Sheet("ann", sheets[-1].time, (version_draft("6.6"),))
    rebuild(ahead.home, [*sheets, act], ahead.keys())
    with journal_of(scene.home).files()[-1].open("ab") as file:
        file.write(list(journal_of(ahead.home).lines_from(0))[-1])
    raising(Altered, lambda: scene.person("emil").note("over it"))
    return Caught("journal", scene.size)


def replay_another_ledgers_entries(scene: Scene) -> Caught:
    """Entries that are signed by people of the same names pass here, too."""
    *_, last = journal_of(scene.lab.other.home).lines_from(0)
    with journal_of(scene.home).files()[-1].open("ab") as file:
        file.write(last)
    raising(Altered, lambda: scene.person("emil").note("over it"))
    return Caught("journal", scene.size)


def put_another_ledgers_entry_in_place(scene: Scene) -> Caught:
    """An entry of another ledger, at the same place, is as good as this one's."""
    seq = 3
    data = list(journal_of(scene.lab.other.home).lines_from(0))[seq][:-1]
    sql(scene.home, "UPDATE entry SET data = ? WHERE seq = ?", data, seq)
    entry = orjson.loads(data)
    columns = "time = ?, actor = ?, kind = ?, subject = ?"
    values = (entry["time"], entry["actor"], entry["kind"], entry["subject"])
    sql(scene.home, f"UPDATE entry SET {columns} WHERE seq = ?", *values, seq)  # noqa: S608 - constants
    return Caught("chain", seq, entry["subject"])


def rename_a_journal_file(scene: Scene) -> Caught:
    """Other verifiers, who go by the names, call the record altered, and ours does not."""
    (path,) = journal_of(scene.home).files()
    path.rename(path.with_name("000000000001.jsonl"))
    return Caught("journal", 0)


def begin_a_journal_file_within_a_part(scene: Scene) -> Caught:
    """A part that is torn in two can be lost by halves."""
    (path,) = journal_of(scene.home).files()
    lines = path.read_bytes().splitlines(keepends=True)
    seq = scene.version("1.2") + 1
    path.write_bytes(b"".join(lines[:seq]))
    path.with_name(f"{seq:012d}.jsonl").write_bytes(b"".join(lines[seq:]))
    return Caught("journal", seq)


def journal_of(home: Home) -> Journal:
    """The journal of a home in DuckDB."""
    assert home.journal is not None
    return home.journal


def _edit(scene: Scene, old: bytes, new: bytes) -> None:
    (path,) = journal_of(scene.home).files()
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


def _edit_head(scene: Scene, **fields: object) -> None:
    head = orjson.loads(scene.home.head_file.read_bytes())
    scene.home.head_file.write_bytes(orjson.dumps({**head, **fields}))


ATTACKS: tuple[Attack, ...] = (
    rename_a_journal_file,
    begin_a_journal_file_within_a_part,
    edit_the_journal,
    edit_journal_and_database,
    edit_journal_and_head,
    edit_the_head,
    enlarge_the_head,
    edit_both_heads,
    delete_the_head,
    cut_the_journal,
    tear_the_journals_last_line,
    repeat_the_journals_last_line,
    journal_an_entry_that_nobody_may_make,
    replay_another_ledgers_entries,
    put_another_ledgers_entry_in_place,
)
