"""What tampering comes to, beyond the attacks of the lab (tests/lab): how much is said, and who."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import orjson
import pytest

from ledger import approving
from ledger.entry import Draft
from ledger.errors import Altered, Refused
from ledger.registers.actors import active
from ledger.registers.erasures import draft_erasure
from ledger.verification import verify
from tests.forging import rebuild, sheets_of, sql
from tests.ledger.tampered import checks, first, keys, seq_of
from tests.people import FOUNDER, World, build, copy, raising, size_of, version_draft


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


def test_a_deleted_entry(world: World) -> None:
    """If it fails, an entry can be taken out of the middle."""
    seq = seq_of(world, "1.1")
    sql(world.home, "DELETE FROM entry WHERE seq = ?", seq)
    found = verify(world.person("ann").book)
    assert first(world) == ("altered", "bytes", seq)
    assert len([problem for problem in found.problems if problem.check == "bytes"]) == 2


def test_bytes_that_are_no_entry(world: World) -> None:
    """If it fails, rubbish in the database ends in a traceback instead of a verdict."""
    seq = seq_of(world, "1.1")
    for rubbish in (b"", b"\xff", b"[]", b'{"v":1}', b"null"):
        sql(world.home, "UPDATE entry SET data = ? WHERE seq = ?", rubbish, seq)
        assert first(world) == ("altered", "bytes", seq)


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
    assert first(world)[:2] == ("altered", "vault")  # it came back, and is destroyed again
    assert first(world)[:2] == ("verified", "")
    assert not (world.home.vault / f"{vault_key}.key").exists()


def test_another_ledger_in_the_homes_place(world: World, tmp_path: Path) -> None:
    """If it fails, a whole ledger can be exchanged for another one of the same name."""
    other = build(tmp_path / "other")
    rmtree(world.home.folder)
    other.home.folder.rename(world.home.folder)
    assert first(world) == ("altered", "anchor", 0)
    emil = replace(world.person("emil"), signer=other.person("emil").signer)
    assert "Another ledger" in raising(Altered, lambda: emil.note("into the wrong one"))


# A record put together anew, so that journal, database, head and switchboard agree


def test_a_rebuilt_record_is_the_same(world: World) -> None:
    """If it fails, the forger of these tests leaves traces of its own, and they prove nothing."""
    journal = list(world.home.journal.lines_from(0))
    rebuild(world.home, sheets_of(world.home), keys(world))
    assert list(world.home.journal.lines_from(0)) == journal
    assert verify(world.person("ann").book).verdict == "verified"


def test_truncation_is_caught_by_any_seat(world: World) -> None:
    """If it fails, the newest entries can be cut off without trace."""
    sheets = sheets_of(world.home)
    size = size_of(world.stranger())
    rebuild(world.home, sheets[:-1], keys(world))
    assert first(world) == ("altered", "anchor", size - 1)
    assert first(world, world.person("emil").book) == ("altered", "anchor", size - 1)
    assert "has seen" in raising(Altered, lambda: world.person("emil").note("over it"))


def test_truncation_without_an_anchor_is_never_verified(world: World) -> None:
    """If it fails, a shortened ledger is confirmed by nothing but itself."""
    rebuild(world.home, sheets_of(world.home)[:-1], keys(world))
    assert first(world, world.stranger())[0] == "unconfirmed"
    assert first(world, world.person("mona").book)[0] == "unconfirmed"


def test_a_tail_signed_anew_by_its_own_actor(world: World) -> None:
    """If it fails, an actor can rewrite their own past, since their signature is good.

    The forger's own seat was given a new anchor; another person's seat still knows better.
    """
    sheets, seq = sheets_of(world.home), seq_of(world, "1.5")
    rewritten = replace(sheets[-1], drafts=(version_draft("9.9"),))
    rebuild(world.home, [*sheets[:-1], rewritten], keys(world))
    rmtree(world.seat("emil").folder / "ledgers")
    assert first(world, world.person("emil").book)[0] == "unconfirmed"
    assert first(world, world.person("emil").book)[0] == "verified"
    assert first(world) == ("altered", "anchor", seq)


def test_entries_by_a_revoked_key(world: World) -> None:
    """If it fails, what a stolen key entered stays unmarked after its revocation."""
    seq = seq_of(world, "1.5")
    ada = world.person(FOUNDER)
    with ada.book.read() as snapshot:
        public_key = active(snapshot.rows, "emil").public_key
    body = {"public_key": public_key, "since_seq": seq, "reason": "The laptop was stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    assert first(world) == ("altered", "revoked", seq)
    assert checks(world) == {"revoked"}
    raising(Refused, lambda: world.person("emil").note("after"))
