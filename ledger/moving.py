"""Carrying a ledger to another place, entry for entry: moves, backups, registers made anew.

Rules kept here:
- an entry arrives as the bytes it is, checked as if it were appended there;
- what has arrived is a prefix of the source, so carrying can stop anywhere and be resumed;
- a move ends under the source's lock, with equal size and root, before anybody is told of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.book import Book
from ledger.entry import decode
from ledger.errors import Altered, InvalidInput, Refused, StoreUnavailable
from ledger.files import fsync_folder
from ledger.home import Home
from ledger.parts import read_parts
from ledger.posting import Posting, check_journalled
from ledger.publishing import publish_switches
from ledger.store.base import Head, Snapshot, StoredEntry
from ledger.tiles import root_at
from ledger.verify import replay

Progress = Callable[[int, int], None]

_BATCH = 5_000
_FOLDERS = ("evidence", "vault", "reports", "spool")


@dataclass(frozen=True)
class Carried:
    """What lies at the destination now; `entries` is how many of them came this time."""

    to: str
    size: int
    root: str
    entries: int


def move(book: Book, url: str, *, progress: Progress = lambda _done, _total: None) -> Carried:
    """Carry a ledger to another store; its home stays, and names the new store at the end.

    Others may append meanwhile. A journal that is left behind is set aside as `journal.moved`.
    Raises Refused if it is kept there already, Altered if the destination holds something else.
    """
    there = Book(Home(book.home.folder, url), clock=book.clock)
    if there.home.store_url == book.home.store_url:
        raise Refused("The ledger is kept there already.", "Choose another store.")
    with book.read():  # recovers what a crash left
        pass
    there.store.create()
    before = _arrived(book, there)
    _carry(book, there, progress)
    with book.store.write() as txn:
        while entries := _next_parts(txn, _size(there), txn.head.size):
            _take(there, entries)
        head = _same(txn.head, there)
        _set_aside(book.home)
        there.home.remember_store()
    return Carried(url, head.size, head.root.hex(), head.size - before)


def backup(book: Book, folder: Path, *, progress: Progress = lambda _done, _total: None) -> Carried:
    """Copy a whole home while others write, or go on from an earlier backup in the same folder.

    The copy's database is made from its own journal, so a backup that ends well is one that can
    be restored. Raises InvalidInput or Altered if the folder holds something else.
    """
    home = Home(folder, "duckdb:")
    if folder.exists() and any(folder.iterdir()) and not home.exists():
        raise InvalidInput(f"{folder} holds something else.", "Choose an empty folder.")
    with book.read() as snapshot:
        size = snapshot.head.size
    if not home.exists():
        home.create()
    there = Book(home, clock=book.clock)
    there.store.create()
    before = _arrived(book, there)
    _carry(book, there, progress, until=size)
    for name in _FOLDERS:
        shutil.copytree(
            book.home.folder / name, folder / name, dirs_exist_ok=True, copy_function=_copy_new
        )
    with there.store.read() as snapshot:
        head = snapshot.head
        publish_switches(home, there.locks, snapshot.rows, head.size, book.clock())
    return Carried(str(folder), head.size, head.root.hex(), head.size - before)


def rebuild(book: Book, *, progress: Progress | None = None) -> int:
    """Make every register anew from the entries; return how many rows they have.

    Raises Altered if the entries themselves are not sound: registers made from them would lie.
    """
    with book.store.write() as txn:
        found = replay(txn, txn.head.size, progress=progress)
        if found.problems:
            first = found.problems[0]
            raise Altered(
                f"The entries are not sound, first at {first.seq}: {first.message}",
                "Nothing was rebuilt. Restore the ledger from a backup.",
            )
        rows = list(found.rows.all())
        txn.replace_registers(rows)
    return len(rows)


def _size(there: Book) -> int:
    with there.store.read() as snapshot:
        return snapshot.head.size


def _arrived(book: Book, there: Book) -> int:
    """How many entries are there already; Altered unless they are the first of ours."""
    with there.store.read() as snapshot:
        head = snapshot.head
    with book.store.read() as snapshot:
        if head.size > snapshot.head.size or root_at(snapshot.tile, head.size) != head.root:
            raise Altered(
                f"What lies there ({head.size} entries) is not the beginning of this ledger.",
                "Choose an empty place.",
            )
    return head.size


def _carry(book: Book, there: Book, progress: Progress, until: int | None = None) -> None:
    """Carry whole parts in batches, each as one transaction."""
    while True:
        start = _size(there)
        with book.store.read() as snapshot:
            stop = snapshot.head.size if until is None else until
            entries = _next_parts(snapshot, start, stop)
        progress(start, stop)
        if not entries:
            return
        _take(there, entries)


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
    with there.store.write() as txn:
        for part in read_parts((entry.data + b"\n" for entry in entries), txn.head):
            check_journalled(txn.rows, part)
            posting = Posting.of(txn, part.entries)
            if there.journal is not None:
                there.journal.append(txn.head.size, [data for _, data in part.entries])
            txn.post(posting.stored, posting.tiles, posting.head)
        head = txn.head
    try:
        there.home.write_head(head)
    except OSError as error:
        raise StoreUnavailable(
            f"{there.home.folder} cannot be written: {error.strerror}.",
            "Make room, then start again: it goes on where it stopped.",
        ) from error


def _same(head: Head, there: Book) -> Head:
    with there.store.read() as snapshot:
        arrived = snapshot.head
    if (arrived.size, arrived.root, arrived.last) != (head.size, head.root, head.last):
        raise Altered("What arrived is not what was sent.", "The ledger stays where it is.")
    return arrived


def _set_aside(home: Home) -> None:
    """Keep the journal and database of a store that is left, where nothing reads them."""
    if home.journal is None:
        return
    for name in ("journal", home.database.name):
        old = home.folder / name
        kept = (home.folder / f"{name}.moved{number or ''}" for number in range(1_000))
        old.rename(next(path for path in kept if not path.exists()))
    (home.folder / "journal").mkdir()
    (home.folder / "journal").chmod(0o2770)
    fsync_folder(home.folder)


def _copy_new(source: str, target: str) -> str:
    """Copy a file unless it is there: what has a digest or an id for a name never changes."""
    if not Path(target).exists():
        shutil.copy2(source, target)
    return target
