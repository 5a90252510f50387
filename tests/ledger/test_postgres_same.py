"""What holds on DuckDB holds in PostgreSQL: the same tests, on a world whose record lies there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.home import Home
from ledger.kinds import TABLES
from ledger.parts import read_parts
from ledger.posting import Posting, check_journalled
from ledger.registers.models import VersionRow
from ledger.registers.rows import DictRows
from ledger.store.base import Head
from ledger.store.postgres import PostgresStore
from ledger.verification import verify
from tests.ledger.test_approving import (
    test_alone_the_only_admin_enters_directly,
    test_once_there_are_two_admins_enrolling_takes_both,
    test_what_is_approved_is_what_was_requested,
    test_who_has_left_cannot_be_half_of_two,
)
from tests.ledger.test_book import (
    test_a_part_is_entered_together,
    test_a_seat_that_cannot_be_written_vouches_for_less,
    test_ids_are_fresh_under_the_lock,
    test_reading_opens_the_store_once,
    test_the_wrong_key_signs_nothing,
    test_who_appends_keeps_a_pin_and_an_anchor,
)
from tests.ledger.test_spool import (
    test_a_forged_order_does_not_undo_a_real_kill,
    test_a_good_order_is_recorded_by_whoever_appends,
    test_a_recorded_order_put_back_stops_nothing_again,
)
from tests.ledger.test_store import (
    test_a_tile_is_replaced,
    test_finding_by_kind_and_subject,
    test_making_tables_again_keeps_what_is_in_them,
    test_nothing_is_posted_if_something_goes_wrong,
    test_rows_of_a_transaction_show_what_is_not_posted_yet,
    test_what_was_posted_is_read_back,
)
from tests.ledger.test_store_rows import TURN, answers
from tests.ledger.test_switching import (
    test_a_kill_given_while_a_resumption_is_entered_wins,
    test_an_approval_does_not_outlive_another_kill,
    test_going_further_down_is_allowed_and_up_is_not,
    test_resuming_takes_a_second_person,
    test_the_reason_may_come_afterwards,
    test_who_may_not_stop_models_stops_none,
)
from tests.ledger.test_verification import (
    test_nothing_from_outside_is_unconfirmed,
    test_strict_wants_every_entry_vouched_for,
    test_who_appends_sees_what_they_appended,
)
from tests.people import World, copy
from tests.postgres import PostgresWorld, Server

__all__ = [
    "test_a_forged_order_does_not_undo_a_real_kill",
    "test_a_good_order_is_recorded_by_whoever_appends",
    "test_a_kill_given_while_a_resumption_is_entered_wins",
    "test_a_part_is_entered_together",
    "test_a_recorded_order_put_back_stops_nothing_again",
    "test_a_seat_that_cannot_be_written_vouches_for_less",
    "test_a_tile_is_replaced",
    "test_alone_the_only_admin_enters_directly",
    "test_an_approval_does_not_outlive_another_kill",
    "test_finding_by_kind_and_subject",
    "test_going_further_down_is_allowed_and_up_is_not",
    "test_ids_are_fresh_under_the_lock",
    "test_making_tables_again_keeps_what_is_in_them",
    "test_nothing_from_outside_is_unconfirmed",
    "test_nothing_is_posted_if_something_goes_wrong",
    "test_once_there_are_two_admins_enrolling_takes_both",
    "test_reading_opens_the_store_once",
    "test_resuming_takes_a_second_person",
    "test_rows_of_a_transaction_show_what_is_not_posted_yet",
    "test_strict_wants_every_entry_vouched_for",
    "test_the_reason_may_come_afterwards",
    "test_the_wrong_key_signs_nothing",
    "test_what_is_approved_is_what_was_requested",
    "test_what_was_posted_is_read_back",
    "test_who_appends_keeps_a_pin_and_an_anchor",
    "test_who_appends_sees_what_they_appended",
    "test_who_has_left_cannot_be_half_of_two",
    "test_who_may_not_stop_models_stops_none",
]


@pytest.fixture
def world(remote: PostgresWorld) -> World:
    """Give a world in PostgreSQL in place of the usual one."""
    return remote.world


@pytest.fixture
def store(server: Server) -> PostgresStore:
    """Give an empty store."""
    made = PostgresStore(server.new().url)
    made.create()
    return made


def test_the_same_entries_have_the_same_root_and_verdict(
    server: Server, worked: World, tmp_path: Path
) -> None:
    """If it fails, the record means something else in another database.

    The entries of a home on DuckDB are posted in PostgreSQL as recovery would post them.
    """
    moved = copy(worked, tmp_path / "moved")
    store = PostgresStore(server.new().url)
    store.create()
    with store.write() as txn:
        for part in read_parts(moved.home.journal.lines_from(0), Head()):
            check_journalled(txn.rows, part)
            posting = Posting.of(txn, part.entries)
            txn.post(posting.stored, posting.tiles, posting.head)
    for path in (*moved.home.journal.files(), moved.home.database):
        path.unlink()
    Home(moved.home.folder, store.url).remember_store()
    with worked.stranger().read() as there, moved.stranger().read() as here:
        assert here.head == there.head
        assert here.entries(0, here.head.size) == there.entries(0, there.head.size)
        assert sorted(map(repr, here.tiles())) == sorted(map(repr, there.tiles()))
        for table in TABLES:
            assert here.register(table) == there.register(table)
    found = verify(moved.person("ann").book)
    held = verify(copy(worked, tmp_path / "held").person("ann").book)
    assert (found.verdict, found.size, found.root) == (held.verdict, held.size, held.root)
    assert (found.problems, found.verdict) == ((), "verified")
    assert ("journal_lines" in found.checked, held.checked["journal_lines"]) == (False, held.size)
    assert (len(found.notes), held.notes) == (1, ())
    assert "no journal" in found.sentence


@settings(max_examples=15, deadline=None)
@given(turns=st.lists(TURN, min_size=1, max_size=3))
def test_registers_answer_as_memory_does(
    server: Server, turns: list[list[tuple[str, str, str, str]]]
) -> None:
    """If it fails, appending would judge by other registers than verification replays."""
    memory = DictRows()
    store = PostgresStore(server.new().url)
    store.create()
    for turn in turns:
        with store.write() as transaction:
            assert answers(transaction.rows, turn) == answers(memory, turn)
            transaction.rows.flush()  # type: ignore[attr-defined]
    with store.read() as snapshot:
        kept = [kept.model_dump() for kept in snapshot.register(VersionRow)]
    assert kept == [held.model_dump() for held in memory.where(VersionRow)]
