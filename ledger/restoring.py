"""After an honest restore from a backup: declared and approved, then accepted seat by seat.

Nothing else lets a seat forget what it has seen, and it forgets no more than the declared range.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.approving import Outcome, request
from ledger.book import Book
from ledger.errors import InvalidInput, Refused
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.approvals import ApprovalRow
from ledger.registers.house import LedgerRow, the_ledger
from ledger.registers.restorations import RestorationRow, draft_restoration
from ledger.registers.rows import Rows
from ledger.seat import Anchor, Seat


@dataclass(frozen=True)
class Accepted:
    """What a seat no longer holds against the ledger: the checkpoints that it set aside."""

    lost_from: int
    lost_to: int
    reason: str
    declared_by: str
    set_aside: tuple[str, ...]


def declare(book: Book, signer: Signer, reason: str) -> Outcome:
    """Declare lost what this seat has seen beyond the restored ledger, and accept that for itself.

    Raises Refused where the seat has seen nothing that is gone. Others must approve, each once
    their own seat has accepted it.
    """
    seat = _seat_of(book)
    with book.read() as snapshot:
        ledger, size = the_ledger(snapshot.rows), snapshot.head.size
    seen = max((anchor.checkpoint.size for anchor in seat.anchors(ledger.ledger_id)), default=0)
    if seen <= size:
        raise Refused(
            f"Your seat has seen {seen} entries, and the ledger has {size}: nothing is lost.",
            "If `ledger verify` says altered, this is not a restore.",
        )
    draft = draft_restoration(ledger.ledger_id, size, seen, reason)
    _forget(seat, ledger, size, seen)
    return request(book, signer, lambda _rows: draft)


def accept(book: Book) -> Accepted:
    """Accept, for this seat alone, a restoration that is declared or waits for approval.

    Raises Refused where none explains why the ledger contradicts what the seat has seen.
    """
    seat = _seat_of(book)
    with book.read() as snapshot:
        ledger = the_ledger(snapshot.rows)
        declared = _declared(snapshot.rows)
    anchors = seat.anchors(ledger.ledger_id)
    for lost_from, lost_to, reason, people in declared:
        if any(lost_from < anchor.checkpoint.size <= lost_to for anchor in anchors):
            aside = _forget(seat, ledger, lost_from, lost_to)
            return Accepted(lost_from, lost_to, reason, people, aside)
    raise Refused(
        "No declared restoration concerns what your seat has seen.",
        "See `quaestor ledger log --kind ledger.restored` and `quaestor approval list`.",
    )


def _declared(rows: Rows) -> list[tuple[int, int, str, str]]:
    """Ranges, reasons and people of restorations, those that wait for approval last."""
    entered = [
        (row.lost_from, row.lost_to, row.reason, " and ".join(row.people))
        for row in rows.where(RestorationRow)
    ]
    waiting = [
        (body["lost_from"], body["lost_to"], body["reason"], row.requested_by)
        for row in rows.where(ApprovalRow, state="pending", kind=str(Kind.LEDGER_RESTORED))
        for body in [row.effect.body]
    ]
    return entered + waiting


def _forget(seat: Seat, ledger: LedgerRow, lost_from: int, lost_to: int) -> tuple[str, ...]:
    """Set aside this seat's checkpoints that lie in the lost range."""

    def lost(anchor: Anchor) -> bool:
        return lost_from < anchor.checkpoint.size <= lost_to

    return tuple(
        str(seat.set_aside(anchor)) for anchor in seat.anchors(ledger.ledger_id) if lost(anchor)
    )


def _seat_of(book: Book) -> Seat:
    if book.seat is None:
        raise InvalidInput("There is no seat to speak for.", "Set QUAESTOR_SEAT.")
    return book.seat
