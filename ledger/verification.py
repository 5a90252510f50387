"""Verification of a whole home, held against what lies outside it.

1. Anchors are gathered before anything in the home is read: the seat's own and its witness
   folders', and what the caller hands over. Nothing inside the home counts.
2. What was destroyed and came back is a problem. What a crash left is recovered; where that is
   refused, it is a problem too.
3. A size is pinned under the lock; registers, tiles and head are copied out; the rest runs outside.
4. The record is replayed (ledger/verify.py, checks 1 to 10): all of it, or what came after the
   last verification, if that is asked for and can be gone on from (ledger/going_on.py).
5. The home's other files are held against it: journal, head, evidence, vault, switchboard, reports.
6. Anchors are held against the tree. Disagreement with any is `altered`.
7. Unless something is wrong, the seat keeps the new checkpoint, and remembers what was verified.

Entries of a newer format are no alteration, but what they say is not checked: `unconfirmed`. So is
a ledger that an anchor could not be held against, for it is damaged: nobody knows what it had seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ledger.anchor_checks import (
    UNREAD,
    anchor_problems,
    ledger_ids,
    seat_anchors,
    unread_problems,
    vouching_anchors,
)
from ledger.anchors import Anchor, Unread, anchor_from_note
from ledger.apart import checking_for
from ledger.book import Book
from ledger.checkpoint import Checkpoint
from ledger.errors import Altered, CheckFailed, QuaestorError, StoreDamaged
from ledger.going_on import (
    Recalled,
    Since,
    parted,
    recall,
    remembered_anchor,
    start_after,
    to_remember,
)
from ledger.home_checks import check_evidence, check_files, check_switchboard, check_vault
from ledger.journal_checks import JournalWitness
from ledger.pinning import Pinned
from ledger.register_checks import check_register
from ledger.registers.house import LedgerRow
from ledger.remembered import Remembered
from ledger.remembered_rows import RememberedRows, batches_of
from ledger.seat import Pin
from ledger.spool import orders_set_aside
from ledger.subject_checks import brought_back, check_subjects, kept_logs, not_dropped_since
from ledger.tree_checks import check_tree
from ledger.verify import Problem, Progress, Replayed, replay

__all__ = ["Anchored", "Since", "Verdict", "Verification", "anchor_from_note", "verify"]

_NO_JOURNAL = "There is no journal: in PostgreSQL the transaction is the commit point."

_NO_ALTERATION = frozenset({"newer", UNREAD})
"""Checks that say what could not be looked into, and nothing against the ledger."""

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
    since: Since | None = None
    """From where on it was checked; None: from the beginning."""

    @property
    def sentence(self) -> str:
        """The verdict in one sentence for people, and what could not be asked at all."""
        return " ".join([self._said, *self.notes])

    @property
    def _said(self) -> str:
        if self.verdict == "altered":
            first = self.problems[0]
            where = f"first at entry {first.seq}: " if first.seq is not None else ""
            count = len(self.problems)
            found = "1 problem" if count == 1 else f"{count} problems"
            return f"Altered: {found}, {where}{first.message}"
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
            "since": asdict(self.since) if self.since else None,
        }


def verify(
    book: Book,
    *,
    against: Sequence[Anchor | Unread] = (),
    strict: bool = False,
    since_last: bool = False,
    progress: Progress | None = None,
) -> Verification:
    """Verify everything in a home. With `strict`, `verified` wants every entry vouched for.

    With `since_last` only what came after the last verification by this seat is read, if it
    remembers one that it can go on from; where it cannot, everything is, and the notes say why.
    Raises StoreUnavailable or InvalidInput only where there is nothing to verify.
    """
    book.home.require()
    ids, back = _first_look(book)
    kept = seat_anchors(book, ids)  # 1
    unread = [each for each in (*kept, *against) if isinstance(each, Unread)]
    own = [each for each in kept if isinstance(each, Anchor)]
    given = [each for each in against if isinstance(each, Anchor)]
    recalled = recall(book, ids) if since_last else Recalled(None)
    problems = back + _recovered(book)  # 2
    pinned = Pinned.of(book, recalled.size)  # 3
    start = start_after(recalled.remembered, pinned) if recalled.remembered else None
    if recalled.remembered is not None and start is None:
        own.append(remembered_anchor(recalled.remembered, book))
        pinned = Pinned.of(book, 0)
        recalled = Recalled(None, "the ledger is not the one that was verified last")
    size, since = pinned.head.size, recalled.size
    steps = _Steps(size - since + pinned.rows, progress)
    journal = JournalWitness(book.journal, recalled.journal, pinned.head.journal, since)
    found = replay(  # 4
        pinned,
        size,
        start=start,
        roots_at=[anchor.checkpoint.size for anchor in (*own, *given)],
        progress=lambda done, _size: steps.reach(done - since),
        witness=journal.compare,
        checking=checking_for(size - since),
    )
    check_tree(pinned.tiles, found, size, pinned.head.root)
    problems += [*_end_problems(found, pinned), *found.problems]
    rows = _check_registers(pinned, found, steps, problems)
    problems += journal.finish()
    checked = {"entries": size - since, "signatures": found.signatures, "register_rows": rows}
    problems += check_files(book, pinned.head, pinned.published, found)  # 5
    logs = kept_logs(found)
    files = check_evidence(book, found, logs, checked)
    if found.whole:  # else nobody knows what was erased, or where switches stand
        problems += check_vault(book, pinned.published, found, checked)
        files += check_subjects(book, found, logs, checked)
        problems += check_switchboard(pinned.published, found)
    problems += not_dropped_since(book, found, logs, files)
    if book.journal is not None:
        checked["journal_lines"] = journal.lines
    checked["orders_refused"] = len(orders_set_aside(book.home))
    anchors = vouching_anchors(own, given, found)  # 6
    problems += unread_problems(unread)
    problems += anchor_problems(book, found, anchors, size, lambda: parted(book, ids, found))
    verdict, anchored = _verdict(problems, anchors, size, strict=strict)
    if not problems:
        _keep(book, found, pinned, recalled.remembered)  # 7
    return Verification(
        verdict,
        size,
        found.root.hex(),
        anchored,
        tuple(sorted(problems, key=lambda p: (p.seq is None, p.seq or 0))),
        tuple(anchors),
        checked,
        tuple(_notes(book, recalled, ids)),
        recalled.since,
    )


class _Steps:
    """Entries replayed and rows compared, told as one run of steps."""

    def __init__(self, total: int, told: Progress | None) -> None:
        self._total, self._told, self._done = total, told, 0

    def reach(self, done: int) -> None:
        """So many steps are done by now."""
        self._done = done
        if self._told is not None:
            self._told(done, self._total)

    def add(self, more: int) -> None:
        """So many more are done."""
        self.reach(self._done + more)


def _check_registers(
    pinned: Pinned, found: Replayed, steps: _Steps, problems: list[Problem]
) -> int:
    """Check 9; how many rows were held against replay, none if not every entry was replayed."""
    if not found.whole:
        return 0
    rows = found.rows
    for table, kept in pinned.registers.items():
        if isinstance(rows, RememberedRows):
            batches, expected = rows.differing(table, kept)
        else:
            batches, expected = batches_of(kept), rows.values(table)
        problems += check_register(table, batches, expected, found.size, steps.add)
    return pinned.rows


def _notes(book: Book, recalled: Recalled, ids: Sequence[str]) -> Iterator[str]:
    """What is to be said beside the verdict."""
    if book.journal is None:
        yield _NO_JOURNAL
    silent = [book.seat.silent_witnesses(each) for each in ids] if book.seat else []
    for folder in sorted(set.intersection(*map(set, silent)) if silent else ()):
        yield f"The witness {folder} is not there, or keeps nothing of this ledger."
    if recalled.why:
        yield f"Everything was checked, for {recalled.why}."
    if (since := recalled.since) is not None:
        yield (
            f"Checked from entry {since.size} on: your seat verified the {since.size} before at "
            f"{since.time}, and neither they nor their evidence were read again."
        )


def _end_problems(found: Replayed, pinned: Pinned) -> Iterator[Problem]:
    """Whether the store ends with its last entry, and would go on from there."""
    head = pinned.head
    if head.size and head.last != found.last:
        message = "The store would not go on from its last entry."
        yield Problem("tree", head.size - 1, "", message)
    if pinned.stray is not None:
        seq, subject = pinned.stray
        message = f"A row stands at place {seq}, where the ledger has no entry."
        yield Problem("bytes", seq if seq >= 0 else None, subject, message)


def _first_look(book: Book) -> tuple[list[str], list[Problem]]:
    """Which ledger lies here, and what was destroyed and is there again, as far as can be read."""
    ids: list[str] = ledger_ids(book, b"")
    back: list[Problem] = []
    try:
        with book.store.read() as snapshot:
            snapshot.require_form()
            ids = ledger_ids(book, snapshot.first)
            back = brought_back(book, snapshot.rows)
    except (StoreDamaged, Altered):
        raise
    except QuaestorError:  # which others report
        pass
    return ids, back


def _recovered(book: Book) -> list[Problem]:
    try:
        if book.store.writable():
            book.recover()
        else:
            with book.read():
                pass
    except CheckFailed as error:
        seq = error.seq if isinstance(error, Altered) else None
        return [Problem("journal", seq, "", error.message)]
    return []


def _verdict(
    problems: Sequence[Problem], anchors: Sequence[Anchor], size: int, *, strict: bool
) -> tuple[Verdict, Anchored | None]:
    vouching = [anchor for anchor in anchors if anchor.by or not anchor.note]
    best = max(vouching, key=lambda anchor: anchor.checkpoint.size, default=None)
    if any(problem.check not in _NO_ALTERATION for problem in problems):
        return "altered", None
    if best is None:
        return "unconfirmed", None
    anchored = Anchored(best.checkpoint.size, best.by, best.time)
    if problems or (strict and anchored.size < size):
        return "unconfirmed", anchored
    return "verified", anchored


def _keep(book: Book, found: Replayed, pinned: Pinned, before: Remembered | None) -> None:
    """Advance the seat to what was just verified; pin entry 0 at the first visit."""
    if book.seat is None:
        return
    ledger = found.rows.where(LedgerRow)[0]
    with suppress(OSError):
        if book.seat.pin(ledger.ledger_id) is None:
            pin = Pin(found.entry_zero, ledger.ca_fingerprint, book.place)
            book.seat.keep_pin(ledger.ledger_id, pin)
        anchor = book.seat.anchor(ledger.ledger_id)
        if anchor is None or anchor.checkpoint.size < found.size:
            checkpoint = Checkpoint(ledger.origin, found.size, found.root)
            book.seat.advance(
                ledger.ledger_id, checkpoint, by=f"the seat {book.seat.label}", time=book.now()
            )
        remembered = to_remember(found, pinned, ledger.ledger_id, book.now(), before)
        book.seat.keep_remembered(ledger.ledger_id, remembered.encode())
