"""Anchors: gathered before a home is read, and held against its tree once it is known."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from ledger.anchors import Anchor, Unread
from ledger.book import Book
from ledger.checkpoint import parse_note, signed_by
from ledger.clock import write_time
from ledger.entry import decode
from ledger.errors import InvalidInput, QuaestorError
from ledger.parting import Parting
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.house import LedgerRow
from ledger.verify import Problem, Replayed

UNREAD = "unread"
"""The check that an anchor fails which cannot be held against anything."""


def ledger_ids(book: Book, first: bytes) -> list[str]:
    """Which ledger lies here by its `first` entry, and which one the seat has seen lie here."""
    ids = {book.seat.ledger_at(book.place)} if book.seat else set()
    with suppress(QuaestorError):
        ids.add(decode(first).subject.partition("/")[2])
    return sorted(ids - {""})


def seat_anchors(book: Book, ids: Sequence[str]) -> list[Anchor | Unread]:
    """The seat's anchors for these ledgers."""
    if book.seat is None:
        return []
    return [anchor for ledger_id in ids for anchor in book.seat.anchors_or_why(ledger_id)]


def unread_problems(unread: Iterable[Unread]) -> list[Problem]:
    """Anchors that are none any more.

    That is no alteration of the ledger: whoever can damage a witness could as well have put its
    older checkpoint back, or taken it away, so that damage proves nothing and wins nothing. But it
    is not passed over: nothing is `verified` until somebody has put it right.
    """
    return [
        Problem(
            UNREAD, None, "", f"The checkpoint kept in {each.where} was not compared. {each.why}"
        )
        for each in dict.fromkeys(unread)
    ]


def vouching_anchors(
    own: Sequence[Anchor], against: Sequence[Anchor], found: Replayed
) -> list[Anchor]:
    """All anchors, each by those alone whose signatures on it are proved.

    A text that the seat keeps vouches for where it lies, a note by its signatures alone. Either
    is held against the ledger: keys that a forger replaced do not silence a note. One handed over
    without a signature by an actor of this ledger is InvalidInput.
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


def anchor_problems(
    book: Book,
    found: Replayed,
    anchors: Sequence[Anchor],
    size: int,
    parted: Callable[[], Parting | None],
) -> list[Problem]:
    """Where an anchor, or the seat's pin, disagrees with the tree of `size` entries.

    `parted` tells from which entry on, as far as the seat remembers.
    """
    ledger = found.rows.where(LedgerRow)
    origin = ledger[0].origin if ledger else ""
    problems = _pin_problems(book, found, ledger[0].ledger_id if ledger else "")
    for anchor in anchors:
        checkpoint = anchor.checkpoint
        held = f"the checkpoint kept by {anchor.by or 'somebody'} ({anchor.where})"
        if anchor.note and not anchor.by:  # damaged, or the ledger has other keys than it had
            held = f"the checkpoint in {anchor.where}, which no key of this ledger signed"
        if checkpoint.origin != origin:
            problems.append(Problem("anchor", 0, "", f"It is not the ledger of {held}."))
        elif checkpoint.size > size:
            gone = f"Entries {size} to {checkpoint.size - 1} are gone"
            problems.append(Problem("anchor", size, "", f"{gone}: {held} saw {checkpoint.size}."))
        elif checkpoint.size and found.roots.get(checkpoint.size) != checkpoint.root:
            message = f"The first {checkpoint.size} entries are not those of {held}."
            where = _narrowed(parted(), _agreed(anchors, found, checkpoint.size), checkpoint.size)
            exact = where.first if where and where.first == where.last else None
            problems.append(
                Problem("anchor", exact, "", f"{message} {where}" if where else message)
            )
    return problems


def _agreed(anchors: Sequence[Anchor], found: Replayed, below: int) -> int:
    """How many of the first entries some anchor of fewer than `below` has seen as they are."""
    seen = [anchor.checkpoint for anchor in anchors if anchor.checkpoint.size < below]
    return max((each.size for each in seen if found.roots.get(each.size) == each.root), default=0)


def _narrowed(where: Parting | None, agreed: int, size: int) -> Parting | None:
    """Where a history of `size` entries parts, by what the seat remembers and other anchors saw."""
    if where is None or where.last >= size:
        return Parting(agreed, size - 1) if agreed else None
    return Parting(max(where.first, agreed), where.last) if agreed <= where.last else where


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
