"""Verifying a large ledger: its bytes, chain, tree and signatures alone, then everything."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.ledgers import fill, fresh_ledger
from benchmarks.timing import Scale, peak_megabytes, rate, say, stopwatch, table
from ledger.book import Book
from ledger.entry import Entry, decode, entry_hash
from ledger.home import Home
from ledger.merkle import Frontier
from ledger.parts import signed_well, whole_part
from ledger.registers.actors import KeyRow
from ledger.seat import Seat
from ledger.verification import verify

_BATCH = 20_000
_SHARES = {100: 0.05, 1_000: 0.15, 10_000: 0.8}
"""Size of a part, and the share of the entries that comes in such parts."""


def run(scale: Scale) -> None:
    """Fill a ledger in parts of 100 to 10,000, then verify it in processes of its own."""
    with fresh_ledger() as (book, signer):
        say(f"making a ledger of {scale.entries:,} entries ...")
        with stopwatch() as making:
            for part, share in _SHARES.items():
                fill(book, signer, int(scale.entries * share), min(part, scale.part))
        folder = book.home.folder.parent
        rows = [("made, by Book.append", rate(scale.entries, making.seconds), "", "")]
        for name, work, wanted in (
            ("bytes, chain, parts, tree, signatures", _sound, "200,000/s, < 1,000 MB"),
            ("everything `ledger verify` checks", _everything, ""),
        ):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
                entries, seconds, megabytes = apart.submit(work, folder).result()
            rows.append((name, rate(entries, seconds), f"{megabytes:,.0f} MB", wanted))
    table(f"A ledger of {entries:,} entries", ("what", "rate", "memory", "wanted"), rows)


def _sound(folder: Path) -> tuple[int, float, float]:
    """Checks 1, 3, 4, 5 and 8 of ledger/verify.py; entries, seconds, peak megabytes."""
    book = Book(Home(folder / "home"))
    with book.read() as snapshot:
        head = snapshot.head
        (key,) = snapshot.rows.where(KeyRow)
    tree, last, part = Frontier(), "0" * 64, list[Entry]()
    with stopwatch() as lap:
        for start in range(0, head.size, _BATCH):
            with book.store.read() as snapshot:
                stored = snapshot.entries(start, start + _BATCH)
            for kept in stored:
                entry = decode(kept.data)
                if entry.prev != last or entry.seq != tree.size:
                    raise AssertionError(f"Entry {tree.size} does not follow.")
                digest = entry_hash(kept.data)
                tree.add(digest)
                last = digest.hex()
                part.append(entry)
                if entry.sig is not None:
                    if not whole_part(part) or not signed_well(entry, key):
                        raise AssertionError(f"The part of entry {entry.seq} is not signed.")
                    part.clear()
        if tree.root() != head.root:
            raise AssertionError("The root is another.")
    return head.size, lap.seconds, peak_megabytes()


def _everything(folder: Path) -> tuple[int, float, float]:
    """What `ledger verify` does; entries, seconds, peak megabytes."""
    book = Book(Home(folder / "home"), Seat(folder / "seat"))
    with stopwatch() as lap:
        found = verify(book)
    if found.verdict != "verified":
        raise AssertionError(found.sentence)
    return found.size, lap.seconds, peak_megabytes()
