"""A ledger moved to another store, backed up, or with its registers made anew.

Rules kept here:
- entries are carried as the bytes they are (ledger/carrying.py), so that moves and backups can
  stop anywhere and be resumed;
- a move ends under the source's lock, with equal size and root. The home's file `store` is its
  commit point: before it changes the ledger is where it was, afterwards where it was to go;
- nothing is deleted: a journal that is left behind is set aside; a database that is left keeps
  its entries but no registers, so that nobody appends to it by mistake, and says where they went.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.alone import alone_in
from ledger.book import Book
from ledger.carrying import Progress, arrived, carry, carry_rest
from ledger.errors import Altered, InvalidInput, Refused, StoreUnavailable
from ledger.files import fsync_folder
from ledger.home import Home, without_password
from ledger.publishing import publish_switches
from ledger.registers.house import moved_row
from ledger.store.base import Head
from ledger.subjects import SubjectKeys
from ledger.verify import replay
from ledger.vouching import hold_against_seat

_FOLDERS = ("evidence", "reports", "spool")
_STAGE = "moving"
_PROBE = 1.0  # seconds


@dataclass(frozen=True)
class Carried:
    """What lies at the destination now; `entries` is how many of them came this time."""

    to: str
    size: int
    root: str
    entries: int


def move(
    book: Book,
    url: str,
    *,
    finished: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Carried:
    """Carry a ledger to another store; its home stays, and names the new store at the end.

    Others may append meanwhile; who still has the old store open is told to start again. Raises
    Refused if it is kept there already, unless that move is only now `finished`, and Altered if
    the destination holds something else.
    """
    with _moving(book.home):
        finished = _finished(book.home) or finished
        return _move(book, Home(book.home.folder, url), progress, finished=finished)


def backup(book: Book, folder: Path, *, progress: Progress = lambda _done, _total: None) -> Carried:
    """Copy a whole home while others write, or go on from an earlier backup in the same folder.

    The copy's journal and database are made from the entries, each checked as it arrives, so a
    backup that ends well is a home that can be opened. Keys of texts that were erased meanwhile
    are destroyed in it. Raises InvalidInput or Altered if the folder holds something else.
    """
    home = Home(folder, "duckdb:")
    _require_place_for_backup(book.home, home)
    _hold(book)
    if not home.exists():
        home.create()
    with alone_in(folder, busy=f"Another backup into {folder} is running."), _on_disk(folder):
        there = Book(home, clock=book.clock)
        before = arrived(book, there)
        _copy_vault(book.home.vault, home.vault)
        with book.store.still() as snapshot:  # no key is made or destroyed meanwhile
            size = snapshot.head.size
            _copy_vault(book.home.vault, home.vault)
        carry(book, there, progress, until=size)
        for name in _FOLDERS:
            _copy_folder(book.home.folder / name, folder / name)
        there.recover()  # destroys the keys that it says are erased
        with there.store.read() as snapshot:
            head = snapshot.head
            publish_switches(home, there.locks, snapshot.rows, head.size, book.clock())
        home.write_head(head)
    return Carried(str(folder), head.size, head.root.hex(), head.size - before)


def rebuild(book: Book, *, progress: Progress | None = None) -> int:
    """Make every register anew from the entries; return how many rows they have.

    Raises Altered if the entries themselves are not sound: registers made from them would lie.
    """
    with book.read():  # recovers what a crash left
        pass
    with book.store.write() as txn:
        found = replay(txn, txn.head.size, progress=progress)
        if found.problems:
            first = found.problems[0]
            if first.check == "newer":
                raise InvalidInput(first.message, "Install a newer version of Quaestor.")
            raise Altered(
                f"The entries are not sound, first at {first.seq}: {first.message}",
                "Nothing was rebuilt. Restore the ledger from a backup.",
            )
        rows = list(found.rows.all())
        txn.replace_registers(rows)
    return len(rows)


def _hold(book: Book) -> None:
    """Nobody carries on what their own seat contradicts; what a crash left is recovered first."""
    with book.read() as snapshot:
        hold_against_seat(book.seat, book.place, snapshot)


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"{error.filename or folder} cannot be used: {error.strerror}.",
            "Make room, or check the permissions, then start again: it goes on where it stopped.",
        ) from error


# Moving


def _move(book: Book, target: Home, progress: Progress, *, finished: bool) -> Carried:
    home = book.home
    _hold(book)
    if bool(target.store_url) == bool(home.store_url) and _is_same(home, target):
        if not finished:
            raise Refused("The ledger is kept there already.", "Choose another store.")
        with book.read() as snapshot:
            return _carried(target, snapshot.head, 0)
    there = Book(target if target.store_url else _stage(home), clock=book.clock)
    before = arrived(book, there)
    carry(book, there, progress)
    with book.store.write() as source:
        head = carry_rest(source, there)
        if there.journal is not None:
            _unstage(there.home, home)
        target.remember_store()
        if book.journal is None:
            source.replace_registers([moved_row(_name(target), head.size)])
    if book.journal is not None:
        _set_aside(book)
    home.write_head(head)
    return _carried(target, head, head.size - before)


def _carried(target: Home, head: Head, entries: int) -> Carried:
    return Carried(_name(target), head.size, head.root.hex(), entries)


def _name(home: Home) -> str:
    """Where a home keeps its ledger, as people are told."""
    return without_password(home.store_url) if home.store_url else str(home.database)


def _is_same(home: Home, target: Home) -> bool:
    """Whether two names are of one database: then whoever holds the one's lock holds the other's.

    One database has many names (with a password, by another address), and a move onto itself
    would empty its registers.
    """
    there = Book(target)
    if there.journal is not None:
        return True
    there.store.create()
    with there.store.write():
        try:
            with Book(home, patience=_PROBE).store.write():
                return False
        except StoreUnavailable:
            return True


def _stage(home: Home) -> Home:
    """Where a journal and a database are made until they are the home's."""
    stage = Home(home.folder / _STAGE, "duckdb:")
    if not stage.exists():
        stage.create()
    return stage


def _unstage(stage: Home, home: Home) -> None:
    """Put the finished journal and database into the home; the file `store` still stands."""
    for name in (home.database.name, f"{home.database.name}.wal"):
        (home.folder / name).unlink(missing_ok=True)  # what a move left that died here
        with suppress(FileNotFoundError):
            (stage.folder / name).rename(home.folder / name)
    with suppress(FileNotFoundError):
        (home.folder / "journal").rmdir()
    (stage.folder / "journal").rename(home.folder / "journal")
    fsync_folder(home.folder)
    shutil.rmtree(stage.folder)


def finish_move(home: Home) -> bool:
    """Finish a move that died at its last step; return whether there was one.

    StoreUnavailable while a move is running, which passes through that step.
    """
    if not home.half_moved():
        return False
    with _moving(home):
        return _finished(home)


@contextmanager
def _moving(home: Home) -> Iterator[None]:
    busy = f"Another move of the ledger in {home.folder} is running."
    with alone_in(home.folder, busy=busy), _on_disk(home.folder):
        yield


def _finished(home: Home) -> bool:
    left = home.half_moved()
    if left:
        _set_aside(Book(Home(home.folder, "duckdb:")))
    return left


def _set_aside(book: Book) -> None:
    """Keep the journal and database of a store that is left, where nothing reads them."""
    home = book.home
    with book.locks.exclusive():
        for name in (home.database.name, f"{home.database.name}.wal", "journal"):
            old = home.folder / name
            if old.exists():
                kept = (home.folder / f"{name}.moved{number or ''}" for number in range(1_000))
                old.rename(next(path for path in kept if not path.exists()))
        (home.folder / "journal").mkdir()
        (home.folder / "journal").chmod(home.vault.stat().st_mode)
        fsync_folder(home.folder)


# Backing up


def _require_place_for_backup(source: Home, copy: Home) -> None:
    folder = copy.folder
    if folder.resolve().is_relative_to(source.folder.resolve()):
        raise InvalidInput(f"{folder} lies inside the ledger's home.", "Choose another folder.")
    if (folder / "store").exists():
        raise InvalidInput(
            f"{folder} is the home of a ledger in PostgreSQL.", "Choose another folder."
        )
    if folder.exists() and any(folder.iterdir()) and not (folder / "journal").is_dir():
        raise InvalidInput(f"{folder} holds something else.", "Choose an empty folder.")


def _copy_vault(source: Path, copy: Path) -> None:
    """Copy the keys that are not there, and those of persons, which lie many in a file, as are."""
    _copy_folder(source, copy)
    SubjectKeys(source).copy_to(copy)


def _copy_folder(source: Path, copy: Path) -> None:
    """Copy the files that are not there: what has a digest or an id for a name never changes."""
    for file in source.iterdir():
        kept = copy / file.name
        if file.is_file() and not file.name.startswith(".") and not kept.exists():
            with suppress(FileNotFoundError):  # an order that was just recorded
                _copy_file(file, kept)
    fsync_folder(copy)


def _copy_file(file: Path, kept: Path) -> None:
    """Copy a file so that it is whole and on disk once it has its name."""
    part = kept.with_name(f".{kept.name}.part")
    shutil.copy2(file, part)
    with part.open("rb") as copied:
        os.fsync(copied.fileno())
    part.replace(kept)
