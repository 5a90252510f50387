"""After an honest restore from a backup: declared and approved, then accepted seat by seat.

Nothing else lets a seat forget what it has seen, and it forgets no more than what
- the ledger does not continue,
- lies in a range that is declared lost in the record, and
- was seen before that was declared: no declaration covers a later loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.anchors import Anchor
from ledger.approving import Outcome, request
from ledger.book import Book
from ledger.errors import InvalidInput, Refused, StoreUnavailable
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.approvals import ApprovalRow
from ledger.registers.restorations import RestorationRow, draft_restoration
from ledger.registers.rows import Rows
from ledger.seat import Seat
from ledger.vouching import continues, hold_against_pin, look, vouch


@dataclass(frozen=True)
class Accepted:
    """What a seat no longer holds against the ledger: the checkpoints that it set aside."""

    lost_from: int
    lost_to: int
    reason: str
    declared_by: str
    set_aside: tuple[str, ...]


@dataclass(frozen=True)
class _Declared:
    """A loss that is declared: its range, why, by whom, and when (RFC 3339)."""

    lost_from: int
    lost_to: int
    reason: str
    people: str
    time: str

    def spans(self, anchor: Anchor) -> bool:
        """Whether an anchor has seen entries of the range, and none after it."""
        return self.lost_from < anchor.checkpoint.size <= self.lost_to


def declare(book: Book, signer: Signer, reason: str, lost_from: int | None = None) -> Outcome:
    """Declare lost what this seat has seen and the restored ledger has not; accept that for it.

    `lost_from` is the first entry that was lost, if others have entered something since the
    backup was put back; else it is the next one. Raises Refused where the ledger continues all
    that the seat has seen, InvalidInput for a `lost_from` that the seat contradicts. Others must
    approve, each once their own seat has accepted it.
    """
    seat = _seat_of(book)
    with book.read() as snapshot:
        size = snapshot.head.size
        ledger = hold_against_pin(seat, book.place, snapshot, look(seat, book.place))
        anchors = seat.anchors(ledger.ledger_id)
        lost = [anchor for anchor in anchors if not continues(snapshot, anchor)]
    if not lost:
        raise Refused(
            "The ledger continues all that your seat has seen: nothing is lost.",
            "If `ledger verify` says altered, this is not a restore.",
        )
    there = [anchor for anchor in anchors if anchor not in lost]
    start = size if lost_from is None else lost_from
    _require_possible(start, size, there, lost)
    end = max(anchor.checkpoint.size for anchor in lost)
    draft = draft_restoration(ledger.ledger_id, start, end, reason)
    seatless = Book(book.home, clock=book.clock)  # what the seat holds against it is in the draft
    outcome = request(seatless, signer, lambda _rows: draft)
    _set_aside(seat, ledger.ledger_id, lost)
    vouch(seat, ledger, outcome.appended.head, by=signer.actor, time=book.now())
    return outcome


def accept(book: Book) -> Accepted:
    """Accept, for this seat alone, a restoration that is declared or waits for approval.

    Raises Refused where none explains why the ledger contradicts what the seat has seen.
    """
    seat = _seat_of(book)
    with book.read() as snapshot:
        ledger = hold_against_pin(seat, book.place, snapshot, look(seat, book.place))
        declared = _declared(snapshot.rows)
        anchors = seat.anchors(ledger.ledger_id)
        lost = [anchor for anchor in anchors if not continues(snapshot, anchor)]
    for each in declared:
        covered = [anchor for anchor in lost if each.spans(anchor) and anchor.time <= each.time]
        if covered:
            aside = _set_aside(seat, ledger.ledger_id, covered)
            return Accepted(each.lost_from, each.lost_to, each.reason, each.people, aside)
    raise _not_covered(declared, lost)


def _require_possible(
    start: int, size: int, there: Sequence[Anchor], lost: Sequence[Anchor]
) -> None:
    """InvalidInput unless what the seat has seen allows that the loss begins with entry `start`."""
    least = max((anchor.checkpoint.size for anchor in there), default=1)
    most = min(size, *(anchor.checkpoint.size - 1 for anchor in lost))
    if not least <= start <= most:
        raise InvalidInput(
            f"By what your seat has seen, the first lost entry is one of {least} to {most}.",
            "Name it, by the size of the backup that was put back: --from SEQ",
        )


def _not_covered(declared: Sequence[_Declared], lost: Sequence[Anchor]) -> Refused:
    """Why nothing that is declared lets this seat forget something."""
    later = [anchor for anchor in lost for each in declared if each.spans(anchor)]
    if later:
        return Refused(
            f"Your seat kept its checkpoint of {later[0].checkpoint.size} entries at "
            f"{later[0].time}, after that loss was declared: this is another one.",
            "Compare with what others hold. If it was a restore too: quaestor ledger restored",
        )
    return Refused(
        "No declared restoration concerns what your seat has seen.",
        "See `quaestor ledger log --kind ledger.restored` and `quaestor approval list`.",
    )


def _declared(rows: Rows) -> list[_Declared]:
    """Every restoration, those that wait for approval last."""
    entered = [
        _Declared(row.lost_from, row.lost_to, row.reason, " and ".join(row.people), row.time)
        for row in rows.where(RestorationRow)
    ]
    waiting = [
        _Declared(
            body["lost_from"],
            body["lost_to"],
            body["reason"],
            row.requested_by,
            row.requested_at,
        )
        for row in rows.where(ApprovalRow, state="pending", kind=str(Kind.LEDGER_RESTORED))
        for body in [row.effect.body]
    ]
    return entered + waiting


def _set_aside(seat: Seat, ledger_id: str, anchors: Sequence[Anchor]) -> tuple[str, ...]:
    """Keep these checkpoints of a seat where they no longer count; return where."""
    try:
        return tuple(str(seat.set_aside(ledger_id, anchor)) for anchor in anchors)
    except OSError as error:
        raise StoreUnavailable(
            f"{error.filename} cannot be set aside: {error.strerror}.",
            "Have it made writable; then: quaestor ledger accept",
        ) from error


def _seat_of(book: Book) -> Seat:
    if book.seat is None:
        raise InvalidInput("There is no seat to speak for.", "Set QUAESTOR_SEAT.")
    return book.seat
