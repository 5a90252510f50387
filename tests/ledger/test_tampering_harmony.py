"""A record rebuilt so that journal, database, head and switchboard agree is still found out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import Altered, Refused
from ledger.registers.actors import active
from ledger.registers.switches import Order
from ledger.spool import order_draft, sign_order
from ledger.switchboard import read
from ledger.verification import verify
from tests.forging import Sheet, rebuild, sheets_of
from tests.ledger.tampered import checks, first, keys, seq_of
from tests.people import (
    FOUNDER,
    MODEL,
    OTHER_MODEL,
    START,
    World,
    copy,
    raising,
    size_of,
    version_draft,
)


@pytest.fixture
def world(worked: World, tmp_path: Path) -> World:
    """Give a world that the auditor has seen all of, to forge anew."""
    return copy(worked, tmp_path / "world")


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


def test_an_entry_forged_with_another_key(world: World) -> None:
    """If it fails, anyone can make entries in anyone's name."""
    sheets = sheets_of(world.home)
    seq = size_of(world.stranger())
    forged = Sheet("rosa", sheets[-1].time, (version_draft("6.6"),))
    rebuild(world.home, [*sheets, forged], keys(world), last_by=world.person("emil").signer)
    assert first(world) == ("altered", "signature", seq)


def test_an_entry_slipped_into_a_part(world: World) -> None:
    """If it fails, entries can be added to what somebody signed as a whole."""
    sheets = sheets_of(world.home)
    place = next(n for n, sheet in enumerate(sheets) if len(sheet.drafts) == 3)
    seq = seq_of(world, "1.2")
    *others, last = sheets[place].drafts
    wider = replace(sheets[place], drafts=(*others, version_draft("6.6"), last))
    keys_left = keys(world)
    del keys_left["rosa"]
    rebuild(world.home, [*sheets[:place], wider, *sheets[place + 1 :]], keys_left)
    assert first(world) == ("altered", "signature", seq + 3)


def test_a_tail_signed_anew_by_its_own_actor(world: World) -> None:
    """If it fails, an actor can rewrite their own past, since their signature is good.

    The forger's own seat was given a new anchor; another person's seat still knows better.
    """
    sheets = sheets_of(world.home)
    rewritten = replace(sheets[-1], drafts=(version_draft("9.9"),))
    rebuild(world.home, [*sheets[:-1], rewritten], keys(world))
    rmtree(world.seat("emil").folder / "ledgers")
    assert first(world, world.person("emil").book)[0] == "unconfirmed"
    assert first(world, world.person("emil").book)[0] == "verified"
    assert first(world) == ("altered", "anchor", None)


def test_an_act_without_the_role(world: World) -> None:
    """If it fails, a good signature is taken for the right to do something."""
    sheets = sheets_of(world.home)
    seq = size_of(world.stranger())
    act = Sheet("ann", sheets[-1].time, (version_draft("6.6"),))
    rebuild(world.home, [*sheets, act], keys(world))
    assert first(world) == ("altered", "authority", seq)


def test_resuming_alone(world: World) -> None:
    """If it fails, one person can switch a model on again behind the program's back."""
    sheets = sheets_of(world.home)
    seq = size_of(world.stranger())
    kill_seq = seq_of(world, "1.4") + 1
    resumed = Draft("switch.resumed", f"model/{MODEL}", {"after_seq": kill_seq, "reason": None})
    rebuild(world.home, [*sheets, Sheet("cora", sheets[-1].time, (resumed,))], keys(world))
    assert read(world.home.switchboard).switches[MODEL] == "on"
    assert first(world) == ("altered", "authority", seq)


def test_an_order_in_a_commanders_name(world: World) -> None:
    """If it fails, an engineer can put a kill on record that no commander ordered."""
    given = Order(
        ledger_id=world.stranger().facts.ledger_id,
        order_id="ord-forged",
        model=OTHER_MODEL,
        mode="off",
        actor="cora",
        ordered_at=write_time(START),
    )
    forged = order_draft(sign_order(world.home, world.person("emil").signer, given, ""))
    seq = size_of(world.stranger())
    sheets = [*sheets_of(world.home), Sheet("emil", write_time(START), (forged,))]
    rebuild(world.home, sheets, keys(world))
    assert first(world) == ("altered", "authority", seq)


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
