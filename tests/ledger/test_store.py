"""The store: what was posted is read back, together or not at all."""

from __future__ import annotations

import pytest

from ledger.entry import Draft
from ledger.errors import StoreUnavailable
from ledger.registers.models import ModelRow, VersionRow
from ledger.store.base import Head, StoredEntry, in_batches
from ledger.store.duck import LOG_BYTES, DuckStore
from ledger.store.locks import Locks
from ledger.tiles import Tile
from tests.forging import sql
from tests.people import MODEL, OTHER_MODEL, World, raising, size_of


def entries(count: int, start: int = 0) -> list[StoredEntry]:
    """Entries for the store, which does not look inside them."""
    return [
        StoredEntry(seq, f"t{seq}", "emil", "model.versioned", f"model/{seq % 7}", b"\xff%d" % seq)
        for seq in range(start, start + count)
    ]


@pytest.fixture
def store(world: World) -> DuckStore:
    """Give an empty store in the place of the world's own."""
    world.home.database.unlink()
    made = DuckStore(world.home.database, Locks(world.home.locks))
    made.create()
    return made


@pytest.mark.parametrize("count", [1, 63, 64, 300])
def test_what_was_posted_is_read_back(store: DuckStore, count: int) -> None:
    """If it fails, entries change on their way through one of the two ways of inserting."""
    posted = entries(count)
    head = Head(count, b"r" * 32, "last", 77)
    tiles = [Tile(0, 0, b"h" * 64), Tile(1, 3, b"i" * 32)]
    with store.write() as txn:
        txn.post(posted, tiles, head)
        assert txn.head == head
    with store.read() as snapshot:
        assert snapshot.head == head
        assert snapshot.entries(0, count + 5) == posted
        assert snapshot.entries(1, 3) == posted[1:3]
        assert sorted(snapshot.tiles(), key=lambda tile: tile.level) == tiles
        assert (snapshot.tile(0, 0), snapshot.tile(5, 5)) == (b"h" * 64, b"")


def test_a_tile_is_replaced(store: DuckStore) -> None:
    """If it fails, a growing tile is kept in all its versions, and proofs are made from any."""
    for hashes in (b"1" * 32, b"2" * 64):
        with store.write() as txn:
            txn.post(entries(1, txn.head.size), [Tile(0, 0, hashes)], Head(txn.head.size + 1))
    with store.read() as snapshot:
        assert snapshot.tiles() == [Tile(0, 0, b"2" * 64)]


def test_nothing_is_posted_if_something_goes_wrong(store: DuckStore) -> None:
    """If it fails, half a transaction stays behind an error."""

    def failing() -> None:
        with store.write() as txn:
            txn.post(entries(3), [Tile(0, 0, b"h" * 32)], Head(3))
            raise KeyError

    raising(KeyError, failing)
    with store.read() as snapshot:
        assert (snapshot.head, snapshot.entries(0, 9), snapshot.tiles()) == (Head(), [], [])


def test_finding_by_kind_and_subject(world: World) -> None:
    """If it fails, a screen's list of entries lacks some, or an underscore matches anything."""
    emil = world.person("emil")
    for name in ("1.1", "1.2"):
        emil.note(name)
    with emil.book.read() as snapshot:
        kinds = [entry.kind for entry in snapshot.find(kind="model.*")]
        assert kinds == ["model.registered"] * 2 + ["model.versioned"] * 2
        assert [entry.seq for entry in snapshot.find(subject=f"model/{MODEL}", last=2)] == [10, 11]
        assert len(snapshot.find(kind="policy.adopted")) == 2
        assert snapshot.find(kind="policy_adopted") == []
        assert snapshot.find(kind="model.*", subject="model/unknown") == []
        assert len(snapshot.find(last=1_000)) == snapshot.head.size


def test_rows_of_a_transaction_show_what_is_not_posted_yet(world: World) -> None:
    """If it fails, entries of one part do not see each other's effect."""
    emil = world.person("emil")

    def making(rows: object) -> list[Draft]:
        del rows
        return [
            Draft("model.versioned", f"model/{MODEL}", {"version": "2.0", "notes": "a"}),
            Draft("model.versioned", f"model/{OTHER_MODEL}", {"version": "2.0", "notes": "b"}),
        ]

    with emil.book.store.write() as txn:
        row = txn.rows.get(ModelRow, MODEL)
        assert row is not None
        row.version = "9.9"
        txn.rows.put(row)
        assert [each.version for each in txn.rows.where(ModelRow, version="9.9")] == ["9.9"]
        assert len(txn.rows.where(ModelRow)) == 2
    with emil.book.read() as snapshot:
        assert snapshot.rows.where(ModelRow, version="9.9") == []
    emil.book.append(emil.signer, making)
    with emil.book.read() as snapshot:
        assert len(snapshot.rows.where(VersionRow, version="2.0")) == 2
        assert {row.seq for row in snapshot.register(ModelRow)} == {10, 11}


def test_a_damaged_database_is_explained(world: World) -> None:
    """If it fails, a damaged file ends in the database's own traceback."""
    sql(world.home, "DROP TABLE head")
    emil = world.person("emil")
    assert "cannot be used" in raising(StoreUnavailable, lambda: emil.note("1.1"))
    world.home.database.write_bytes(b"not a database" * 1_000)
    assert "is damaged" in raising(StoreUnavailable, lambda: emil.note("1.1"))


def test_making_tables_again_keeps_what_is_in_them(world: World) -> None:
    """If it fails, finishing a half-made database empties a whole one."""
    book = world.stranger()
    book.store.create()
    with book.read() as snapshot:
        assert snapshot.head.size == 10


def test_the_file_is_the_groups(world: World) -> None:
    """If it fails, the founder alone can open the database."""
    assert world.home.database.stat().st_mode & 0o777 == 0o660


def test_the_log_is_left_short_and_the_groups(world: World) -> None:
    """If it fails, every reader wades through a log that only grows, or others cannot open it."""
    emil = world.person("emil")
    log = world.home.database.with_name("ledger.duckdb.wal")
    left = []
    for number in range(40):
        emil.note(f"2.{number}")
        left.append(log.stat().st_size if log.exists() else 0)
        assert not left[-1] or log.stat().st_mode & 0o777 == 0o660
        assert size_of(world.stranger()) == 11 + number
    assert 0 in left  # it was folded in
    assert 0 < max(left) < LOG_BYTES


def test_a_log_that_is_lost_is_made_good(world: World) -> None:
    """If it fails, losing the log that stays behind loses entries that were acknowledged."""
    emil = world.person("emil")
    head = emil.note("2.0").head
    world.home.database.with_name("ledger.duckdb.wal").unlink()
    with world.stranger().read() as snapshot:
        assert snapshot.head == head
    assert emil.note("2.1").head.size == head.size + 1


def test_ranges_are_cut_into_batches() -> None:
    """If it fails, reading in batches skips or repeats entries."""
    assert list(in_batches(3, 12, 4)) == [(3, 7), (7, 11), (11, 12)]
    assert list(in_batches(3, 3, 4)) == []
