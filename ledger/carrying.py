"""Entries carried from one store to another, in whole parts, each batch as one transaction.

What is true if we die in a batch: its lines are journalled there but not posted, and the next
carrying posts them; or they are not whole, and it cuts them, since the source still has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger.book import Book
from ledger.entry import decode
from ledger.errors import Altered
from ledger.parts import read_parts
from ledger.posting import Posting, check_journalled
from ledger.recovery import catch_up
from ledger.registers.house import LedgerRow
from ledger.store.base import Head, Snapshot, StoredEntry, Transaction
from ledger.tiles import root_at
from ledger.verify import replay

Progress = Callable[[int, int], None]

_BATCH = 5_000


def arrived(book: Book, there: Book) -> int:
    """How many entries of `book` are in `there` already, once it is ready to take more.

    Raises Altered unless they are the first of ours.
    """
    there.store.create()
    with there.store.write() as txn:
        if there.journal is not None:
            catch_up(txn, there.journal, lambda: 0, _post)
        head = txn.head
        with book.store.read() as snapshot:
            ours = root_at(snapshot.tile, head.size) if head.size <= snapshot.head.size else b""
        if ours != head.root:
            raise Altered(
                f"What lies there ({head.size} entries) is not the beginning of this ledger.",
                "Choose an empty place.",
            )
        if head.size and not txn.rows.where(LedgerRow):  # it was moved away from here before
            txn.replace_registers(replay(txn, head.size).rows.all())
    return head.size


def carry(book: Book, there: Book, progress: Progress, until: int | None = None) -> None:
    """Carry what is missing there, while others append: up to `until`, or to the end."""
    while True:
        with there.store.read() as snapshot:
            start = snapshot.head.size
        with book.store.read() as snapshot:
            stop = snapshot.head.size if until is None else until
            entries = _next_parts(snapshot, start, stop)
        progress(start, stop)
        if not entries:
            return
        _take(there, entries)


def carry_rest(source: Transaction, there: Book) -> Head:
    """Carry the last entries while nobody can append; Altered unless both are then the same."""
    while True:
        with there.store.read() as snapshot:
            head = snapshot.head
        entries = _next_parts(source, head.size, source.head.size)
        if not entries:
            break
        _take(there, entries)
    ours = source.head
    if (head.size, head.root, head.last) != (ours.size, ours.root, ours.last):
        raise Altered("What arrived is not what was sent.", "The ledger stays where it is.")
    return head


def _next_parts(snapshot: Snapshot, start: int, stop: int) -> Sequence[StoredEntry]:
    """The next entries up to the end of a part; one part may be longer than a batch."""
    for end in range(start + _BATCH, stop + _BATCH, _BATCH):
        entries = snapshot.entries(start, min(end, stop))
        while entries and not decode(entries[-1].data).last_of_part:
            entries.pop()
        if entries:
            return entries
    return ()


def _take(there: Book, entries: Sequence[StoredEntry]) -> None:
    """Check whole parts as if they were appended there; journal, then post them."""
    with there.store.write() as txn:
        taken = []
        for part in read_parts((entry.data + b"\n" for entry in entries), txn.head):
            check_journalled(txn.rows, part)
            taken += part.entries
        if there.journal is not None:
            there.journal.append(txn.head.size, [data for _, data in taken])
        _post(txn, Posting.of(txn, taken))


def _post(txn: Transaction, posting: Posting) -> None:
    txn.post(posting.stored, posting.tiles, posting.head)
