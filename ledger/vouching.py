"""A seat and a ledger held against each other, before every append and after it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ledger.anchors import Anchor
from ledger.checkpoint import Checkpoint
from ledger.entry import Draft, entry_hash
from ledger.errors import Altered, Refused
from ledger.files import disk_explained
from ledger.keys import Signer
from ledger.projection import foresee_named
from ledger.registers.actors import ActorRow, KeyRow, active
from ledger.registers.house import LedgerRow, the_ledger
from ledger.registers.rows import Rows
from ledger.seat import Pin, Seat
from ledger.store.base import Head, Snapshot
from ledger.tiles import root_at

_COMPARE = "Run `quaestor ledger verify`, and compare with what others hold."
_RESTORED = f"{_COMPARE} After an honest restore: `quaestor ledger restored`, then `accept`."


@dataclass(frozen=True)
class Sight:
    """What a seat knows of the ledger in a place: empty before the first visit.

    It can be read before others are kept waiting; pins stay, and an anchor that was moved since is
    read again.
    """

    ledger_id: str
    pin: Pin | None
    anchor: Anchor | None
    anchor_stamp: object


UNSEEN = Sight("", None, None, None)


def look(seat: Seat | None, place: str) -> Sight:
    """Read what a seat knows of the ledger in the home that lies in `place`."""
    with disk_explained(place):
        known, pin = seat.pin_at(place) if seat else ("", None)
        if seat is None or not known:
            return UNSEEN
        before = seat.anchor_stamp(known)
        return Sight(known, pin, seat.anchor(known), before)


def hold_against_seat(
    seat: Seat | None, place: str, snapshot: Snapshot, sight: Sight | None = None
) -> LedgerRow:
    """Altered unless this is the ledger that the seat has seen; the first visit pins it.

    `place` is where the home lies, `sight` what was read of the seat before. Returns the ledger's
    row.
    """
    if seat is None:
        return the_ledger(snapshot.rows)
    sight = sight or look(seat, place)
    ledger = hold_against_pin(seat, place, snapshot, sight)
    anchor = _anchor(seat, ledger.ledger_id, sight)
    if anchor is None:
        return ledger
    size, seen = anchor.checkpoint.size, snapshot.head.size
    if size > seen:
        raise Altered(f"Your seat has seen {size:,} entries; the ledger has {seen:,}.", _RESTORED)
    if not continues(snapshot, anchor):
        raise Altered(
            f"The first {size:,} entries are not those that your seat has seen.", _RESTORED
        )
    return ledger


def hold_against_pin(seat: Seat, place: str, snapshot: Snapshot, sight: Sight) -> LedgerRow:
    """Altered unless entry 0 is the one that the seat has seen; the first visit pins it."""
    ledger = the_ledger(snapshot.rows)
    if sight.ledger_id not in {"", ledger.ledger_id}:
        raise Altered(f"Another ledger than your seat has seen lies in {place}.", _COMPARE)
    pin = sight.pin or seat.pin(ledger.ledger_id)
    zero = entry_hash(snapshot.first).hex()
    if pin is None:
        with suppress(OSError):  # a seat that cannot be written vouches for less
            seat.keep_pin(ledger.ledger_id, Pin(zero, ledger.ca_fingerprint, place))
    elif pin.entry_zero != zero:
        raise Altered("Entry 0 is not the one that your seat has seen.", _COMPARE)
    return ledger


def continues(snapshot: Snapshot, anchor: Anchor) -> bool:
    """Whether the ledger has all the entries that an anchor has seen, as it has seen them."""
    seen = anchor.checkpoint
    return seen.size <= snapshot.head.size and root_at(snapshot.tile, seen.size) == seen.root


def _anchor(seat: Seat, ledger_id: str, sight: Sight) -> Anchor | None:
    """The anchor as it is now: the one that was seen, unless it was moved since."""
    moved = seat.anchor_stamp(ledger_id) != sight.anchor_stamp
    return seat.anchor(ledger_id) if moved else sight.anchor


def vouch(
    seat: Seat | None,
    ledger: LedgerRow,
    head: Head,
    *,
    by: str,
    time: str,
    sight: Sight = UNSEEN,
) -> None:
    """Let the seat keep the new checkpoint; a seat that cannot be written vouches for less."""
    if seat is None:
        return
    with suppress(OSError):
        anchor = _anchor(seat, ledger.ledger_id, sight)
        if anchor is None or anchor.checkpoint.size < head.size:
            checkpoint = Checkpoint(ledger.origin, head.size, head.root)
            seat.advance(ledger.ledger_id, checkpoint, by=by, time=time)


def foresee(rows: Rows, signer: Signer, drafts: Sequence[Draft]) -> None:
    """Let the rows by which an author and these drafts are judged be read at once."""
    foresee_named(rows, drafts)
    rows.foresee(ActorRow, [(signer.actor,)])
    rows.foresee(KeyRow, [(base64.b64encode(signer.public_key).decode(),)])


def require_own_key(rows: Rows, signer: Signer) -> None:
    """Refused unless the unlocked key is the one enrolled: its signatures would not verify."""
    row = active(rows, signer.actor)
    if base64.b64decode(row.public_key) != signer.public_key:
        raise Refused(
            f"The key in this seat is not the one enrolled for {signer.actor}.",
            "Choose the right seat, or have the new key enrolled: quaestor actor rotate",
        )
