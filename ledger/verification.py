"""Verification of a whole home, held against what lies outside it.

1. Anchors are gathered before anything in the home is read: the seat's own and its witness
   folders', and what the caller hands over. Nothing inside the home counts.
2. What a crash left is recovered; where that is refused, it is a problem.
3. A size is pinned under the lock; registers, tiles and head are copied out; the rest runs outside.
4. The record is replayed (ledger/verify.py, checks 1 to 9).
5. The home's other files are held against it: journal, head, evidence, vault, switchboard, reports.
6. Anchors are held against the tree. Disagreement with any is `altered`.
7. Unless something is wrong, the seat keeps the new checkpoint.

Entries of a newer format are no alteration, but what they say is not checked: `unconfirmed`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ledger.book import Book
from ledger.checkpoint import Checkpoint, parse_note, signed_by
from ledger.clock import write_time
from ledger.entry import decode, entry_hash
from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.home_checks import (
    Published,
    check_evidence,
    check_files,
    check_switchboard,
    check_vault,
)
from ledger.kinds import TABLES
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.house import LedgerRow
from ledger.registers.rows import Row
from ledger.seat import Anchor, Pin, anchor_from_note
from ledger.spool import orders_set_aside
from ledger.store.base import Head, Store, StoredEntry
from ledger.tiles import Tile
from ledger.verify import Problem, Progress, Replayed, check_registers, check_tree, replay

__all__ = ["Anchored", "Verdict", "Verification", "anchor_from_note", "verify"]

_NO_JOURNAL = "There is no journal: in PostgreSQL the transaction is the commit point."

Verdict = Literal["verified", "unconfirmed", "altered"]


@dataclass(frozen=True)
class Anchored:
    """How much of the record is vouched for from outside: by whom, and when."""

    size: int
    by: str
    time: str


@dataclass(frozen=True)
class Verification:
    """What verification found; `root` is hex, problems stand in order of seq."""

    verdict: Verdict
    size: int
    root: str
    anchored: Anchored | None
    problems: tuple[Problem, ...]
    anchors: tuple[Anchor, ...]
    checked: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The verdict in one sentence for people, and what could not be asked at all."""
        return " ".join([self._said, *self.notes])

    @property
    def _said(self) -> str:
        if self.verdict == "altered":
            first = self.problems[0]
            where = f"first at entry {first.seq}: " if first.seq is not None else ""
            return f"Altered: {len(self.problems)} problems, {where}{first.message}"
        if self.problems:
            return f"Unconfirmed: not all could be checked. {self.problems[0].message}"
        if self.anchored is None:
            return (
                f"Unconfirmed: {self.size} entries are sound in themselves, "
                "but held against nothing from outside."
            )
        vouched = f"{self.anchored.size} of {self.size} entries"
        word = "Verified" if self.verdict == "verified" else "Unconfirmed"
        at = f" at {self.anchored.time}" if self.anchored.time else ""
        return f"{word}: {vouched}, vouched for by {self.anchored.by or 'somebody'}{at}."

    def as_json(self) -> dict[str, Any]:
        """The document of `ledger verify --json`."""
        return {
            "verdict": self.verdict,
            "size": self.size,
            "root": self.root,
            "anchored": asdict(self.anchored) if self.anchored else None,
            "problems": [asdict(problem) for problem in self.problems],
            "anchors": [
                {
                    "size": anchor.checkpoint.size,
                    "root": anchor.checkpoint.root.hex(),
                    "by": anchor.by,
                    "time": anchor.time,
                    "where": anchor.where,
                }
                for anchor in self.anchors
            ],
            "checked": self.checked,
            "notes": list(self.notes),
        }


def verify(
    book: Book,
    *,
    against: Sequence[Anchor] = (),
    strict: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Verify everything in a home. With `strict`, `verified` wants every entry vouched for.

    Raises StoreUnavailable or InvalidInput only where there is nothing to verify.
    """
    book.home.require()
    own = _seat_anchors(book)  # 1
    problems = _recovered(book)  # 2
    pinned = _Pinned.of(book)  # 3
    size = pinned.head.size
    leaves = bytearray()
    journal = _JournalWitness(book, pinned, leaves)
    found = replay(  # 4
        pinned,
        size,
        roots_at=[anchor.checkpoint.size for anchor in (*own, *against)],
        progress=progress,
        witness=journal.compare,
    )
    check_tree(pinned, found, size, pinned.head.root, bytes(leaves))
    problems += _end_problems(pinned.head, bytes(leaves[-32:]))
    rows = check_registers(pinned, found)
    problems += found.problems + journal.finish()
    checked = {"entries": size, "signatures": found.signatures, "register_rows": rows}
    problems += check_files(book, pinned.head, pinned.published, found)  # 5
    problems += check_evidence(book, found, checked)
    if found.whole:  # else nobody knows what was erased, or where switches stand
        problems += check_vault(book, pinned.published, found, checked)
        problems += check_switchboard(pinned.published, found)
    if book.journal is not None:
        checked["journal_lines"] = journal.lines
    checked["orders_refused"] = len(orders_set_aside(book.home))
    anchors = _vouching(own, against, found)  # 6
    problems += _anchor_problems(book, found, anchors, size)
    verdict, anchored = _verdict(problems, anchors, size, strict=strict)
    if not problems:
        _keep(book, found, size)  # 7
    return Verification(
        verdict,
        size,
        found.root.hex(),
        anchored,
        tuple(sorted(problems, key=lambda p: (p.seq is None, p.seq or 0))),
        tuple(anchors),
        checked,
        () if book.journal is not None else (_NO_JOURNAL,),
    )


class _Pinned:
    """What was copied out under the lock; entries are read later, batch by batch."""

    def __init__(self, store: Store, head: Head, published: Published) -> None:
        self.store = store
        self.head = head
        self.published = published
        self._tiles: list[Tile] = []
        self._registers: dict[type[Row], list[Row]] = {}

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        with self.store.read() as snapshot:
            return snapshot.entries(start, stop)

    def tiles(self) -> Iterable[Tile]:
        return self._tiles

    def register(self, table: type[Row]) -> Iterable[Row]:
        return self._registers[table]

    @classmethod
    def of(cls, book: Book) -> _Pinned:
        with book.store.still() as snapshot:
            pinned = cls(book.store, snapshot.head, Published.of(book.home))
            pinned._tiles = snapshot.tiles()
            pinned._registers = {table: snapshot.register(table) for table in TABLES}
        return pinned


class _JournalWitness:
    """Compares the journal line by line with the entries, and collects their leaf hashes."""

    def __init__(self, book: Book, pinned: _Pinned, leaves: bytearray) -> None:
        self._lines = book.journal.lines_from(0) if book.journal is not None else None
        self._leaves = leaves
        self._seq = 0
        self.lines = 0
        self._left = pinned.head.journal
        self._problem: Problem | None = None

    def compare(self, data: bytes) -> None:
        self._leaves += entry_hash(data)
        if self._problem is None and self._lines is not None:
            line = next(self._lines, b"")
            self._left -= len(line)
            self.lines += bool(line)
            if line != data + b"\n":
                what = "says something else than" if line else "ends before"
                self._problem = Problem(
                    "journal", self._seq, "", f"The journal {what} entry {self._seq} of the ledger."
                )
        self._seq += 1

    def finish(self) -> list[Problem]:
        if self._lines is not None and self._problem is None and self._left != 0:
            self._problem = Problem(
                "journal", self._seq, "", "The journal is not as long as what was posted from it."
            )
        return [self._problem] if self._problem else []


def _end_problems(head: Head, last: bytes) -> list[Problem]:
    """Whether the store would go on from its last entry, whose hash is `last`."""
    if head.size and head.last != last.hex():
        message = "The store would not go on from its last entry."
        return [Problem("tree", head.size - 1, "", message)]
    return []


def _recovered(book: Book) -> list[Problem]:
    try:
        if book.store.writable():
            book.recover()
        else:
            with book.read():
                pass
    except CheckFailed as error:
        return [Problem("journal", None, "", error.message)]
    return []


def _seat_anchors(book: Book) -> list[Anchor]:
    """The seat's anchors for the ledger that lies here, and for the one it has seen lie here."""
    if book.seat is None:
        return []
    ids = {book.seat.ledger_at(book.place)}
    with suppress(QuaestorError, LookupError), book.store.read() as snapshot:
        ids.add(decode(snapshot.entries(0, 1)[0].data).subject.partition("/")[2])
    return [anchor for ledger_id in sorted(ids - {""}) for anchor in book.seat.anchors(ledger_id)]


def _vouching(own: Sequence[Anchor], against: Sequence[Anchor], found: Replayed) -> list[Anchor]:
    """All anchors, each by those alone whose signatures on it are proved.

    What the seat keeps counts for where it lies. A note handed over counts for its signatures:
    InvalidInput without one by an actor of this ledger.
    """
    origin = "".join(row.origin for row in found.rows.where(LedgerRow))
    keys = [
        (f"{origin}/{row.actor}", base64.b64decode(row.public_key))
        for row in found.rows.where(KeyRow)
        if row.untrusted_since == NEVER
    ]
    handed = [_signed(anchor, keys) for anchor in against]
    for anchor in handed:
        if anchor.note and not anchor.by:
            raise InvalidInput(
                f"{anchor.where} is not signed by an actor of this ledger.",
                "Use a checkpoint that one of its actors signed.",
            )
    return [*(_signed(anchor, keys) for anchor in own), *handed]


def _signed(anchor: Anchor, keys: Sequence[tuple[str, bytes]]) -> Anchor:
    """An anchor with what its note's good signatures say of by whom and when."""
    if not anchor.note:
        return anchor
    text, signatures = parse_note(anchor.note)
    good = [
        signature
        for signature in signatures
        if any(signature.name == name and signed_by(text, signature, key) for name, key in keys)
    ]
    by = dict.fromkeys(signature.name.rpartition("/")[2] for signature in good)
    times = [signature.time for signature in good if signature.time is not None]
    time = write_time(datetime.fromtimestamp(max(times), UTC)) if times else ""
    return replace(anchor, by=", ".join(by), time=time)


def _anchor_problems(
    book: Book, found: Replayed, anchors: Sequence[Anchor], size: int
) -> list[Problem]:
    ledger = found.rows.where(LedgerRow)
    origin = ledger[0].origin if ledger else ""
    problems = _pin_problems(book, found, ledger[0].ledger_id if ledger else "")
    for anchor in anchors:
        checkpoint = anchor.checkpoint
        held = f"the checkpoint kept by {anchor.by or 'somebody'} ({anchor.where})"
        if checkpoint.origin != origin:
            problems.append(Problem("anchor", 0, "", f"It is not the ledger of {held}."))
        elif checkpoint.size > size:
            gone = f"Entries {size} to {checkpoint.size - 1} are gone"
            problems.append(Problem("anchor", size, "", f"{gone}: {held} saw {checkpoint.size}."))
        elif checkpoint.size and found.roots.get(checkpoint.size) != checkpoint.root:
            message = f"The first {checkpoint.size} entries are not those of {held}."
            problems.append(Problem("anchor", None, "", message))
    return problems


def _pin_problems(book: Book, found: Replayed, ledger_id: str) -> list[Problem]:
    seat = book.seat
    if seat is None:
        return []
    pin = seat.pin(ledger_id) if ledger_id else None
    if pin is not None and pin.entry_zero != found.entry_zero:
        return [Problem("anchor", 0, "", "Entry 0 is not the one that this seat has seen.")]
    if seat.ledger_at(book.place) not in {"", ledger_id}:
        message = f"Another ledger than the one this seat knows lies in {book.place}."
        return [Problem("anchor", 0, "", message)]
    return []


def _verdict(
    problems: Sequence[Problem], anchors: Sequence[Anchor], size: int, *, strict: bool
) -> tuple[Verdict, Anchored | None]:
    best = max(anchors, key=lambda anchor: anchor.checkpoint.size, default=None)
    if any(problem.check != "newer" for problem in problems):
        return "altered", None
    if best is None:
        return "unconfirmed", None
    anchored = Anchored(best.checkpoint.size, best.by, best.time)
    if problems or (strict and anchored.size < size):
        return "unconfirmed", anchored
    return "verified", anchored


def _keep(book: Book, found: Replayed, size: int) -> None:
    """Advance the seat to what was just verified; pin entry 0 at the first visit."""
    if book.seat is None:
        return
    ledger = found.rows.where(LedgerRow)[0]
    with suppress(OSError):
        if book.seat.pin(ledger.ledger_id) is None:
            pin = Pin(found.entry_zero, ledger.ca_fingerprint, book.place)
            book.seat.keep_pin(ledger.ledger_id, pin)
        anchor = book.seat.anchor(ledger.ledger_id)
        if anchor is None or anchor.checkpoint.size < size:
            checkpoint = Checkpoint(ledger.origin, size, found.root)
            book.seat.advance(
                ledger.ledger_id, checkpoint, by=f"the seat {book.seat.label}", time=book.now()
            )
