"""Recovery asked for by a person: a database that cannot be read is rebuilt from the journal.

Every use of a ledger finishes by itself what a crash left; it never replaces a database. Here:
 1. The damaged file and its log are renamed.      Dying now leaves a database that is missing.
 2. `Book.recover` makes a new one and posts the journal, verified entry by entry.
The damaged file is kept, for whoever wants to know what happened. Nothing is lost with it: whatever
was acknowledged is in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger.book import Book
from ledger.errors import StoreDamaged, StoreUnavailable
from ledger.files import fsync_folder
from ledger.kinds import TABLES
from ledger.store.base import in_batches

BATCH = 20_000


@dataclass(frozen=True)
class Recovered:
    """How many entries were posted, and where a damaged database is kept, if there was one."""

    posted: int
    kept: Path | None


def recover(book: Book) -> Recovered:
    """Finish what a crash left; rebuild a database that is missing or cannot be read.

    Raises Altered where the journal is not what was signed, and StoreUnavailable; a damaged
    database is then kept, but no other stands in its place.
    """
    book.home.require()
    try:
        if book.store.exists():
            with book.store.read() as snapshot:
                snapshot.require_form()
        posted = book.recover()
        _read_whole(book)
    except StoreDamaged:
        kept = _set_aside(book)
        return Recovered(book.recover(), kept)
    return Recovered(posted, None)


def _read_whole(book: Book) -> None:
    """Read all that the store keeps: damage shows only where it is read."""
    with book.store.read() as snapshot:
        snapshot.tiles()
        for table in TABLES:
            snapshot.register(table)
        for start, stop in in_batches(0, snapshot.head.size, BATCH):
            snapshot.entries(start, stop)


def _set_aside(book: Book) -> Path:
    """Rename the damaged database and its log; nobody has either open under the writers' lock."""
    database = book.home.database
    stamp = book.clock().strftime("%Y%m%dT%H%M%S.%fZ")
    kept = database.with_name(f"{database.name}.damaged-{stamp}")
    with book.locks.exclusive():
        try:
            database.rename(kept)
            log = database.with_name(f"{database.name}.wal")
            if log.exists():
                log.rename(kept.with_name(f"{kept.name}.wal"))
            fsync_folder(kept.parent)
        except OSError as error:
            raise StoreUnavailable(
                f"The damaged database cannot be renamed: {error.strerror}.",
                "Check the permissions of the home: quaestor doctor",
            ) from error
    return kept
