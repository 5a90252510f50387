"""Verifying a large ledger: sound in itself, then everything, then only what came since."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread

from benchmarks.ledgers import fill, fresh_ledger
from benchmarks.timing import Scale, peak_megabytes, rate, say, stopwatch, table
from ledger.apart import checking_for
from ledger.book import Book
from ledger.collection import collection_put_off
from ledger.entry import Entry
from ledger.home import Home
from ledger.parts import signed_well, whole_part
from ledger.reading import Checking, read_sound
from ledger.registers.actors import KeyRow
from ledger.seat import Seat
from ledger.store.base import EntryColumns, Store
from ledger.tiles import Tree
from ledger.verification import verify
from ledger.verify import batches

_SHARES = {100: 0.05, 1_000: 0.15, 10_000: 0.8}
"""Size of a part, and the share of the entries that comes in such parts."""
_MORE = 1_000
"""Entries that are appended before the last run."""

Measured = tuple[int, float, float]
"""Entries checked, seconds, peak megabytes of both processes together."""


def run(scale: Scale) -> None:
    """Fill a ledger in parts of 100 to 10,000, then verify it in processes of its own."""
    with fresh_ledger() as (book, signer):
        say(f"making a ledger of {scale.entries:,} entries ...")
        with stopwatch() as making:
            for part, share in _SHARES.items():
                fill(book, signer, int(scale.entries * share), min(part, scale.part))
        folder = book.home.folder.parent
        rows = [("made, by Book.append", rate(scale.entries, making.seconds), "", "", "")]
        for name, work, wanted in (
            ("bytes, chain, parts, tree, signatures", _sound, "200,000/s, < 1,000 MB"),
            ("everything `ledger verify` checks", _everything, ""),
        ):
            rows.append((name, *_apart(work, folder), wanted))
        fill(book, signer, _MORE, scale.part)
        name = f"`ledger verify --since-last` after {_MORE:,} more"
        rows.append((name, *_apart(_since_last, folder), ""))
    title = f"A ledger of {scale.entries:,} entries"
    table(title, ("what", "rate", "seconds", "memory", "wanted"), rows)


def _apart(work: Callable[[Path], Measured], folder: Path) -> tuple[str, str, str]:
    """Measure in a process that has done nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        entries, seconds, megabytes = apart.submit(work, folder).result()
    return rate(entries, seconds), f"{seconds:.1f}", f"{megabytes:,.0f} MB"


def _sound(folder: Path) -> Measured:
    """Checks 1, 3, 4, 5 and 8 of ledger/verify.py, by the code that does them there."""
    book = Book(Home(folder / "home"))
    with book.read() as snapshot:
        head = snapshot.head
        (key,) = snapshot.rows.where(KeyRow)
    tree, last, part = Tree(), "0" * 64, list[Entry]()
    checking: Checking[EntryColumns] = checking_for(head.size)
    with _watching_children() as others, stopwatch() as lap:
        for columns, checked in checking(batches(_Entries(book.store), 0, head.size)):
            if not all(checked.sound):
                raise AssertionError(f"Not every entry after {tree.size} is canonical.")
            seq = tree.size
            tree.extend(checked.leaves, checked.roots)
            with collection_put_off():
                entries = list(map(read_sound, columns.data))
                for entry, digest in zip(entries, checked.leaves.hex(" ", 32).split(), strict=True):
                    if entry.prev != last or entry.seq != seq:
                        raise AssertionError(f"Entry {seq} does not follow.")
                    seq, last = seq + 1, digest
                    part.append(entry)
                    if entry.sig is not None:
                        if not whole_part(part) or not signed_well(entry, key):
                            raise AssertionError(f"The part of entry {entry.seq} is not signed.")
                        part.clear()
        if tree.root() != head.root:
            raise AssertionError("The root is another.")
    return head.size, lap.seconds, peak_megabytes() + max(others)


@dataclass(frozen=True)
class _Entries:
    """The entries of a store, for whoever needs nothing else of it."""

    store: Store

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        with self.store.read() as snapshot:
            return snapshot.entry_columns(start, stop)


def _everything(folder: Path) -> Measured:
    """What `ledger verify` does."""
    return _verified(folder, since_last=False)


def _since_last(folder: Path) -> Measured:
    """What `ledger verify --since-last` does after the one before."""
    return _verified(folder, since_last=True)


def _verified(folder: Path, *, since_last: bool) -> Measured:
    book = Book(Home(folder / "home"), Seat(folder / "seat"))
    with _watching_children() as others, stopwatch() as lap:
        found = verify(book, since_last=since_last)
    if found.verdict != "verified" or (found.since is not None) != since_last:
        raise AssertionError(found.sentence)
    return found.checked["entries"], lap.seconds, peak_megabytes() + max(others)


@contextmanager
def _watching_children() -> Iterator[list[float]]:
    """What the processes that this one starts held at most, in MB, looked at now and then."""
    seen, over = [0.0], Event()
    listed = Path(f"/proc/self/task/{os.getpid()}/children")

    def look() -> None:
        while not over.wait(0.05):
            with suppress(OSError):
                seen.extend(map(_held, listed.read_text(encoding="ascii").split()))

    watcher = Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _held(process: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
