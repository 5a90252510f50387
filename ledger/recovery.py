"""Recovery: what the journal holds and the database does not, posted by the same code as an append.

It re-verifies every part; it cuts an incomplete last one only if nobody was told of it; anything
else is reported, not repaired.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger.errors import Altered
from ledger.journal import Journal
from ledger.parts import read_parts
from ledger.posting import Posting, check_journalled
from ledger.store.base import Transaction


def catch_up(
    txn: Transaction,
    journal: Journal,
    seen: Callable[[], int],
    post: Callable[[Transaction, Posting], None],
) -> int:
    """Post what the journal holds beyond the database; return how many entries.

    `seen` tells how many entries head and seat have seen. Altered if the journal is shorter than
    what was posted from it, does not hold what was seen, or is another ledger's.
    """
    posted = 0
    size = journal.size()
    if txn.head.size and size != txn.head.journal:
        _require_same(txn, journal)
    if size < txn.head.journal:
        raise Altered(
            f"The journal has {size:,} bytes; {txn.head.journal:,} were posted from it.",
            "Restore the journal from a backup. `quaestor ledger verify` says what is wrong.",
        )
    if size == txn.head.journal:
        return 0
    for part in read_parts(journal.lines_from(txn.head.journal), txn.head):
        if not part.complete:
            if seen() > part.first_seq:
                raise Altered(
                    f"The journal ends in the middle of entry {part.first_seq}, "
                    "which was acknowledged.",
                    "Restore the journal from a backup.",
                    part.first_seq,
                )
            journal.cut(txn.head.journal)
            break
        check_journalled(txn.rows, part)
        post(txn, Posting.of(txn, part.entries))
        posted += len(part.entries)
    return posted


def _require_same(txn: Transaction, journal: Journal) -> None:
    """Altered if database and journal begin differently; which of them is the wrong one is open."""
    first = next(journal.lines_from(0), b"")
    if first.endswith(b"\n") and first != txn.first + b"\n":
        raise Altered(
            "The database and the journal are not of one ledger.",
            "Put back the one that was exchanged. If that is the database: move ledger.duckdb away "
            "and run quaestor ledger recover, which makes it anew from the journal.",
            0,
        )
