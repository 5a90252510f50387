"""Everything that somebody with write access to a home can do to it is found, and named rightly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import orjson
import pytest

from ledger import approving
from ledger.errors import Altered
from ledger.registers.actors import active
from ledger.registers.erasures import draft_erasure
from ledger.switchboard import Board, Mode, read, render
from ledger.verification import verify
from tests.forging import Sheet, rebuild, sheets_of, sql
from tests.ledger.tampered import checks, first, keys, seq_of
from tests.people import (
    FOUNDER,
    MODEL,
    World,
    build,
    copy,
    raising,
    size_of,
    version_draft,
)


@pytest.fixture
def world(worked: World, tmp_path: Path) -> World:
    """Give a world that the auditor has seen all of, to damage."""
    return copy(worked, tmp_path / "world")


def test_untouched_it_is_verified(world: World) -> None:
    """If it fails, verification cries wolf, and nothing below proves anything."""
    found = verify(world.person("ann").book)
    assert (found.verdict, found.problems) == ("verified", ())
    assert found.anchored is not None
    assert (found.anchored.size, found.anchored.by) == (found.size, "the seat ann")
    assert found.checked["entries"] == found.size == size_of(world.stranger())
    assert found.as_json()["root"] == found.root


# Entries


def edit_entry(world: World, seq: int, old: str, new: str) -> None:
    """Change an entry's bytes where it lies in the database."""
    ((data,),) = sql(world.home, "SELECT data FROM entry WHERE seq = ?", seq)
    assert old.encode() in bytes(data)
    changed = bytes(data).replace(old.encode(), new.encode())
    sql(world.home, "UPDATE entry SET data = ? WHERE seq = ?", changed, seq)


def test_an_edited_body(world: World) -> None:
    """If it fails, what was entered can be rewritten in the database."""
    seq = seq_of(world, "1.1")
    edit_entry(world, seq, '"1.1"', '"9.9"')
    assert first(world) == ("altered", "signature", seq)
    assert {"signature", "chain", "journal", "tree", "registers", "anchor"} <= checks(world)


def test_an_edited_body_inside_a_part(world: World) -> None:
    """If it fails, entries without a signature of their own can be rewritten."""
    seq = seq_of(world, "1.3")
    edit_entry(world, seq, '"1.3"', '"9.9"')
    verdict, _check, where = first(world)
    assert (verdict, where) == ("altered", seq)
    assert "chain" in checks(world)


def test_an_edited_time(world: World) -> None:
    """If it fails, an entry can be dated back."""
    seq = seq_of(world, "1.1")
    ((time,),) = sql(world.home, "SELECT time FROM entry WHERE seq = ?", seq)
    edit_entry(world, seq, time, "2020-01-01T00:00:00.000000Z")
    sql(world.home, "UPDATE entry SET time = '2020-01-01T00:00:00.000000Z' WHERE seq = ?", seq)
    assert first(world) == ("altered", "signature", seq)


def test_an_edited_column_beside_an_entry(world: World) -> None:
    """If it fails, looking for an actor's entries can be led astray."""
    seq = seq_of(world, "1.1")
    sql(world.home, "UPDATE entry SET actor = 'rosa' WHERE seq = ?", seq)
    assert first(world) == ("altered", "columns", seq)


def test_a_deleted_entry(world: World) -> None:
    """If it fails, an entry can be taken out of the middle."""
    seq = seq_of(world, "1.1")
    sql(world.home, "DELETE FROM entry WHERE seq = ?", seq)
    found = verify(world.person("ann").book)
    assert first(world) == ("altered", "bytes", seq)
    assert len([problem for problem in found.problems if problem.check == "bytes"]) == 2


def test_a_deleted_last_entry(world: World) -> None:
    """If it fails, the newest entry can be deleted."""
    last = size_of(world.stranger()) - 1
    sql(world.home, "DELETE FROM entry WHERE seq = ?", last)
    verdict, _, where = first(world)
    assert (verdict, where) == ("altered", last)
    assert "bytes" in checks(world)


def test_an_entry_twice(world: World) -> None:
    """If it fails, an entry can be counted twice."""
    seq = seq_of(world, "1.1")
    sql(world.home, "INSERT INTO entry SELECT * FROM entry WHERE seq = ?", seq)
    assert first(world) == ("altered", "bytes", seq + 1)


def test_reordered_entries(world: World) -> None:
    """If it fails, what came first can be made to come second."""
    seq = seq_of(world, "1.2")
    for old, new in ((seq, -1), (seq + 1, seq), (-1, seq + 1)):
        sql(world.home, "UPDATE entry SET seq = ? WHERE seq = ?", new, old)
    assert first(world) == ("altered", "bytes", seq)


def test_bytes_that_are_no_entry(world: World) -> None:
    """If it fails, rubbish in the database ends in a traceback instead of a verdict."""
    seq = seq_of(world, "1.1")
    for rubbish in (b"", b"\xff", b"[]", b'{"v":1}', b"null"):
        sql(world.home, "UPDATE entry SET data = ? WHERE seq = ?", rubbish, seq)
        assert first(world) == ("altered", "bytes", seq)


# Registers, tiles, head


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        ("UPDATE model SET owner = 'mallory' WHERE model = 'fraud-screen'", "model/fraud-screen"),
        ("UPDATE switch SET mode = 'on' WHERE model = 'credit-scorer'", "switch/credit-scorer"),
        ("DELETE FROM switch_event WHERE order_id <> ''", "switch_event/"),
        ("UPDATE actor SET roles = '[\"admin\"]' WHERE actor = 'emil'", "actor/emil"),
        ("INSERT INTO key SELECT 'AAAA', * EXCLUDE public_key FROM key LIMIT 1", "key/AAAA"),
        (
            "INSERT INTO model SELECT * FROM model WHERE model = 'fraud-screen'",
            "model/fraud-screen",
        ),
    ],
)
def test_a_register_row_edited_removed_or_added(world: World, statement: str, subject: str) -> None:
    """If it fails, screens and reports can be made to say what nobody entered."""
    sql(world.home, statement)
    found = verify(world.person("ann").book)
    assert found.verdict == "altered"
    assert [problem.check for problem in found.problems] == ["registers"]
    assert found.problems[0].subject.startswith(subject)


def test_an_edited_tile(world: World) -> None:
    """If it fails, proofs are made from hashes that are not the entries'."""
    ((hashes,),) = sql(world.home, "SELECT hashes FROM tile WHERE level = 0")
    bent = bytes(hashes[:40]) + bytes([hashes[40] ^ 1]) + bytes(hashes[41:])
    sql(world.home, "UPDATE tile SET hashes = ? WHERE level = 0", bent)
    assert first(world) == ("altered", "tree", 1)
    assert checks(world) == {"tree"}


def test_an_edited_head(world: World) -> None:
    """If it fails, the ledger can be given another root or size."""
    head = orjson.loads(world.home.head_file.read_bytes())
    world.home.head_file.write_bytes(orjson.dumps({**head, "size": head["size"] + 3}))
    assert first(world) == ("altered", "head", head["size"])
    world.home.head_file.write_bytes(orjson.dumps({**head, "root": "0" * 64}))
    assert first(world) == ("altered", "head", None)
    world.home.head_file.unlink()
    assert first(world)[0] == "verified"
    sql(world.home, "UPDATE head SET root = ?", bytes(32))
    assert checks(world) >= {"tree"}


# Journal


def test_an_edited_journal(world: World) -> None:
    """If it fails, the journal and the database can tell two stories."""
    seq = seq_of(world, "1.1")
    (path,) = world.home.journal.files()
    path.write_bytes(path.read_bytes().replace(b'"version":"1.1"', b'"version":"9.9"'))
    assert first(world) == ("altered", "journal", seq)
    assert checks(world) == {"journal"}


def test_a_journal_that_goes_on_alone(world: World) -> None:
    """If it fails, lines put after the journal's end are posted or ignored."""
    (path,) = world.home.journal.files()
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    verdict, check, _ = first(world)
    assert (verdict, check) == ("altered", "journal")
    raising(Altered, lambda: world.person("emil").note("over it"))


def test_an_entry_in_the_journal_that_nobody_may_make(world: World, tmp_path: Path) -> None:
    """If it fails, whoever may write files posts what the rules refuse, through recovery."""
    ahead = copy(world, tmp_path / "ahead")
    sheets = sheets_of(ahead.home)
    act = Sheet("ann", sheets[-1].time, (version_draft("6.6"),))
    rebuild(ahead.home, [*sheets, act], keys(ahead))
    lines = list(ahead.home.journal.lines_from(0))
    with world.home.journal.files()[-1].open("ab") as file:
        file.write(lines[-1])
    assert "could not have been entered" in raising(Altered, lambda: size_of(world.stranger()))
    assert first(world) == ("altered", "journal", None)


# The rest of the home


def test_a_vault_key_that_is_gone(world: World) -> None:
    """If it fails, personal texts can be destroyed without an erasure on record."""
    for path in world.home.vault.glob("*.key"):
        path.unlink()
    found = verify(world.person("ann").book)
    assert found.verdict == "altered"
    assert {problem.check for problem in found.problems} == {"vault"}
    assert found.problems[0].seq == 0


def test_an_erasure_on_record_explains_a_missing_key(world: World) -> None:
    """If it fails, erasing somebody's data breaks the record, or leaves the text readable."""
    rosa, ada = world.person("rosa"), world.person(FOUNDER)
    with rosa.book.read() as snapshot:
        name = active(snapshot.rows, "emil").name
    vault_key = orjson.loads(name)["vault"]
    assert rosa.book.reveal("actor/emil", "name", name) == "Emil"
    asked = approving.request(
        rosa.book, rosa.signer, lambda _rows: draft_erasure("actor/emil", [vault_key], "He asked.")
    )
    assert asked.approval
    kept = (world.home.vault / f"{vault_key}.key").read_bytes()
    ada.approve(asked.approval)
    assert not (world.home.vault / f"{vault_key}.key").exists()
    assert rosa.book.reveal("actor/emil", "name", name) == "[erased]"
    assert verify(world.person("ann").book).problems == ()
    (world.home.vault / f"{vault_key}.key").write_bytes(kept)
    assert first(world)[:2] == ("verified", "")
    assert not (world.home.vault / f"{vault_key}.key").exists()


def test_a_missing_or_edited_policy(world: World) -> None:
    """If it fails, the thresholds that audits were judged by can be swapped."""
    path = min(world.home.evidence.folder.glob("*.json"))
    path.write_bytes(path.read_bytes() + b" ")
    assert first(world)[:2] == ("altered", "evidence")
    path.unlink()
    assert checks(world) == {"evidence"}


@pytest.mark.parametrize("change", ["edited", "deleted", "older", "bent"])
def test_a_switchboard_that_is_not_the_ledgers(world: World, change: str) -> None:
    """If it fails, a stopped model can be made to serve by editing one file."""
    path = world.home.switchboard
    board = read(path)
    modes = {**board.switches, MODEL: Mode.ON}
    if change == "edited":
        path.write_bytes(render(replace(board, switches=modes)))
    elif change == "older":
        path.write_bytes(render(Board(modes, board.ledger, board.published_at, 8)))
    elif change == "deleted":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"ENABLED", b"DISABLED"))
    assert first(world) == ("altered", "switchboard", None)
    assert checks(world) == {"switchboard"}


def test_another_ledger_in_the_homes_place(world: World, tmp_path: Path) -> None:
    """If it fails, a whole ledger can be exchanged for another one of the same name."""
    other = build(tmp_path / "other")
    rmtree(world.home.folder)
    other.home.folder.rename(world.home.folder)
    assert first(world) == ("altered", "anchor", 0)
    emil = replace(world.person("emil"), signer=other.person("emil").signer)
    assert "Another ledger" in raising(Altered, lambda: emil.note("into the wrong one"))
