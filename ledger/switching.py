"""Stopping a model. Stopping precedes recording.

1. Ask the ledger, briefly, whether this person may; a ledger that does not answer hinders nobody.
2. Spool the signed order.        Dying here: the next publication or append carries it out.
3. Publish the switchboard.       The model is stopped now.
4. Record the order.              If this fails: "stopped, not yet recorded"; the next append does.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from ledger.authority import may
from ledger.book import Appended, Book
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput, QuaestorError, Refused, StoreUnavailable
from ledger.files import stamp
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.publishing import modes_of, publish_board
from ledger.registers.house import the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import (
    Order,
    StoppedMode,
    SwitchEventRow,
    SwitchRow,
    after_kill,
)
from ledger.spool import (
    REASON_LENGTH,
    SpooledOrder,
    order_draft,
    recorded_as,
    refusal,
    sign_order,
    spooled_orders,
    write_order,
)
from ledger.switchboard import Publication, read
from ledger.vouching import require_own_key

_ASK_PATIENCE = 1.0
NOT_PROVEN = "not proven"


@dataclass(frozen=True)
class KillReport:
    """What is known of a kill. `recorded` is the entry's seq, or None with `why_not_recorded`."""

    model: str
    mode: str
    before: str
    order_id: str
    ordered_at: str
    published_at: str
    spooled: bool
    recorded: int | None
    why_not_recorded: str
    seen_by_clients: str = NOT_PROVEN


@dataclass(frozen=True)
class _Known:
    """What could be learnt before stopping; `ledger_id` is empty if nothing answered."""

    ledger_id: str
    size: int
    modes: dict[str, str]


def kill(
    book: Book,
    signer: Signer,
    model: str,
    *,
    mode: StoppedMode = "off",
    reason: str = "",
    new_id: Callable[[], str] = lambda: secrets.token_hex(6),
) -> KillReport:
    """Stop a model on the switchboard, then record it.

    Raises InvalidInput for an unknown model, Refused without the role or if it is stopped that way
    already, and StoreUnavailable only if the switchboard itself could not be written: then the
    model is *not* stopped.
    """
    if stamp(book.home.switchboard) is None:  # it may answer where the home does not
        with suppress(StoreUnavailable):
            book.home.require()
    known = _ask(book, signer)
    before = known.modes.get(model)
    if before is None:
        names = ", ".join(sorted(known.modes)) or "none"
        raise InvalidInput(f"There is no model {model}.", f"On the switchboard are: {names}.")
    if len(reason) > REASON_LENGTH:
        raise InvalidInput(
            f"A reason given with a kill has {REASON_LENGTH:,} characters at most.",
            "Stop the model without it; the reason can be given within 15 minutes.",
        )
    if before in {mode, "off"}:
        raise Refused(f"{model} is {before} already.", "Nothing needs to be done.")
    order = Order(
        ledger_id=known.ledger_id,
        order_id=f"ord-{new_id()}",
        model=model,
        mode=mode,
        actor=signer.actor,
        ordered_at=book.now(),
    )
    spooled, in_spool = _spool(book, sign_order(book.home, signer, order, reason))
    published = _publish(book, known, order)
    # A file's time is that of the kernel's last tick, which may be just before the order.
    published_at = max(write_time(published.time), order.ordered_at)
    spooled = replace(spooled, published_at=published_at)
    recorded, why = _record(book, signer, spooled, in_spool)
    return KillReport(
        model,
        mode,
        before,
        order.order_id,
        order.ordered_at,
        spooled.published_at,
        in_spool,
        recorded,
        why,
    )


def give_reason(book: Book, signer: Signer, model: str, reason: str) -> Appended:
    """Enter the reason of the latest kill of a model, said afterwards."""

    def reasoning(rows: Rows) -> list[Draft]:
        kills = [event for event in rows.where(SwitchEventRow, model=model) if event.order_id]
        if not kills:
            raise Refused(f"{model} was never killed.", "See `quaestor switch history`.")
        body = {"kill_seq": kills[-1].event, "reason": reason}
        return [Draft(Kind.SWITCH_REASONED, f"model/{model}", body)]

    return book.append(signer, reasoning)


def _ask(book: Book, signer: Signer) -> _Known:
    """Learn modes and authority from the ledger, or the modes alone from the switchboard."""
    hasty = Book(book.home, clock=book.clock, patience=_ASK_PATIENCE)
    try:
        with hasty.read() as snapshot:
            rows = snapshot.rows
            known = _Known(the_ledger(rows).ledger_id, snapshot.head.size, modes_of(rows))
            refused = _may_not_stop(rows, signer)
    except QuaestorError:
        return _published(book)
    if refused is not None:
        raise refused
    return known


def _may_not_stop(rows: Rows, signer: Signer) -> Refused | None:
    if not may(rows, signer.actor, Kind.SWITCH_KILLED):
        return Refused(
            f"{signer.actor} may not stop models.",
            "Ask an incident commander, a risk officer or an admin: `quaestor actor list`.",
        )
    try:
        require_own_key(rows, signer)
    except Refused as error:
        return error
    return None


def _published(book: Book) -> _Known:
    board = read(book.home.switchboard)
    return _Known(board.ledger, board.size, {name: str(m) for name, m in board.switches.items()})


def _spool(book: Book, spooled: SpooledOrder) -> tuple[SpooledOrder, bool]:
    try:
        write_order(book.home, spooled)
    except OSError:
        return spooled, False
    return spooled, True


def _publish(book: Book, known: _Known, order: Order) -> Publication:
    """Publish the stop on top of what is published now, so that no other stop is undone.

    The spool may not hold the order, so it is counted here as well.
    """
    with book.locks.switchboard():
        with suppress(QuaestorError):
            known = _published(book)
        mode = after_kill(known.modes.get(order.model, order.mode), order.mode)
        modes = {**known.modes, order.model: mode}
        stops = partial(_waiting, book)
        return publish_board(book.home, modes, stops, known.ledger_id, known.size, book.clock())


def _waiting(book: Book) -> list[SpooledOrder]:
    """Other stops in the spool; where it cannot be read, what is published holds them already."""
    try:
        return spooled_orders(book.home)
    except OSError:
        return []


def _record(
    book: Book, signer: Signer, spooled: SpooledOrder, in_spool: bool
) -> tuple[int | None, str]:
    """Record the order; return its seq, or None and why not. Raises Refused if nobody could."""
    if in_spool:
        with suppress(OSError):
            write_order(book.home, spooled)
    try:
        if in_spool:
            book.record_orders(signer)
        else:
            book.append(signer, [order_draft(spooled)])
        with book.read() as snapshot:
            seq = recorded_as(snapshot.rows, spooled)
            refused = seq is None and refusal(snapshot.rows, snapshot.head, spooled)
    except QuaestorError as error:
        return None, error.message
    if refused:
        raise refused
    return seq, ""


def stopped(rows: Rows) -> list[SwitchRow]:
    """The switches that are not on."""
    return [row for row in rows.where(SwitchRow) if row.mode != "on"]
