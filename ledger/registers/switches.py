"""Switches: whether and how each model may serve, and every time that changed."""

from __future__ import annotations

import base64
from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Draft, Entry, canonical
from ledger.errors import Refused
from ledger.keys import verify_signature
from ledger.registers import actors, house
from ledger.registers.body import ActorId, BodyModel, Digest, Line, Name, Sealed, Time, subject_name
from ledger.registers.rows import Row, Rows

ORDER_CONTEXT = b"quaestor/order/v1\0"

StoppedMode = Literal["fallback", "rollback", "off"]


class Order(BodyModel):
    """A commander's order to stop a model, signed before it is recorded."""

    ledger_id: Digest
    order_id: Line
    model: Name
    mode: StoppedMode
    actor: ActorId
    ordered_at: Time

    def to_sign(self) -> bytes:
        """What the commander's signature covers."""
        return ORDER_CONTEXT + canonical(self.model_dump())


class Killed(BodyModel):
    """A kill: the order, when the switchboard carried it, and why, if that was said at once."""

    order: Order
    order_sig: Line
    published_at: Time | None
    reason: Sealed | None


class Reasoned(BodyModel):
    """The reason for a kill, given afterwards."""

    kill_seq: int
    reason: Sealed


class Resumed(BodyModel):
    """Back to `on`; entered only through a second person's approval."""

    after_seq: int
    reason: Sealed | None


class SwitchRow(Row, table=True):
    """A model's switch as it stands."""

    __tablename__ = "switch"
    model: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    mode: str
    since: str
    actor: str


class SwitchEventRow(Row, table=True):
    """One change of a switch. For a kill: who ordered it and when it was published."""

    __tablename__ = "switch_event"
    event: int = Field(primary_key=True, sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    model: str
    mode: str
    actor: str
    order_id: str
    ordered_at: str
    published_at: str
    recorded_at: str
    requested_by: str
    reason: str = Field(sa_type=Text)


def after_kill(current: str, ordered: str) -> str:
    """The mode after a kill: a model that is off stays off."""
    return "off" if current == "off" else ordered


def first(rows: Rows, entry: Entry, model: str, mode: str) -> None:
    """A model's switch at its registration."""
    rows.put(SwitchRow(seq=entry.seq, model=model, mode=mode, since=entry.time, actor=entry.actor))
    _put_event(rows, entry, model, mode, entry.actor, "")


def killed(rows: Rows, entry: Entry, body: Killed) -> None:
    """Project `switch.killed`: who signed the order counts, not who recorded it."""
    order = body.order
    row = switch_of(rows, subject_name(entry.subject))
    if order.model != row.model:
        raise Refused("The order names another model.", "It cannot be recorded here.")
    if any(e.order_id == order.order_id for e in rows.where(SwitchEventRow, model=row.model)):
        raise Refused(f"Order {order.order_id} is recorded already.", "Nothing needs to be done.")
    if order.ledger_id != house.the_ledger(rows).ledger_id:
        raise Refused("The order is for another ledger.", "It cannot be recorded here.")
    if not _signed_by_commander(rows, body):
        raise Refused(f"The order is not signed by {order.actor}.", "It cannot be recorded.")
    row.mode = after_kill(row.mode, order.mode)
    row.since = order.ordered_at
    row.actor = order.actor
    row.seq = entry.seq
    rows.put(row)
    _put_event(
        rows,
        entry,
        row.model,
        row.mode,
        order.actor,
        canonical(body.reason.model_dump()).decode() if body.reason else "",
        order=order,
        published_at=body.published_at or "",
    )


def _signed_by_commander(rows: Rows, body: Killed) -> bool:
    public_key = actors.active(rows, body.order.actor).public_key
    try:
        signature = base64.b64decode(body.order_sig, validate=True)
    except ValueError:
        return False
    if base64.b64encode(signature).decode() != body.order_sig:  # one spelling for each signature
        return False
    return verify_signature(base64.b64decode(public_key), signature, body.order.to_sign())


def reasoned(rows: Rows, entry: Entry, body: Reasoned) -> None:
    """Project `switch.reasoned`."""
    event = rows.get(SwitchEventRow, body.kill_seq)
    if event is None or event.model != subject_name(entry.subject) or not event.order_id:
        raise Refused(f"Entry {body.kill_seq} is no kill of this model.", "See `switch history`.")
    if event.reason:
        raise Refused("The reason was given already.", "Add a note to the incident instead.")
    event.reason = canonical(body.reason.model_dump()).decode()
    event.seq = entry.seq
    rows.put(event)


def resumed(rows: Rows, entry: Entry, body: Resumed, requested_by: str) -> None:
    """Project `switch.resumed`; refused when the switch has changed since it was requested."""
    row = switch_of(rows, subject_name(entry.subject))
    if row.mode == "on":
        raise Refused(f"{row.model} is on already.", "Nothing needs to be done.")
    if row.seq != body.after_seq:
        raise Refused(
            f"The switch of {row.model} has changed since this was requested.",
            "Look at `quaestor switch history`, then request it again.",
        )
    row.mode = "on"
    row.since = entry.time
    row.actor = entry.actor
    row.seq = entry.seq
    rows.put(row)
    reason = canonical(body.reason.model_dump()).decode() if body.reason else ""
    _put_event(rows, entry, row.model, "on", entry.actor, reason, requested_by=requested_by)


def switch_of(rows: Rows, model: str) -> SwitchRow:
    """A model's switch. Refused when the model is not registered."""
    row = rows.get(SwitchRow, model)
    if row is None:
        raise Refused(f"There is no model {model}.", "See `quaestor model list`.")
    return row


def draft_resumption(rows: Rows, model: str, reason: str) -> Draft:
    """What a resume would enter once a second person approves it."""
    row = switch_of(rows, model)
    if row.mode == "on":
        raise Refused(f"{model} is on already.", "Nothing needs to be done.")
    body = {"after_seq": row.seq, "reason": reason or None}
    return Draft("switch.resumed", f"model/{model}", body)


def _put_event(
    rows: Rows,
    entry: Entry,
    model: str,
    mode: str,
    actor: str,
    reason: str,
    *,
    order: Order | None = None,
    published_at: str = "",
    requested_by: str = "",
) -> None:
    rows.put(
        SwitchEventRow(
            seq=entry.seq,
            event=entry.seq,
            model=model,
            mode=mode,
            actor=actor,
            order_id=order.order_id if order else "",
            ordered_at=order.ordered_at if order else entry.time,
            published_at=published_at,
            recorded_at=entry.time,
            requested_by=requested_by,
            reason=reason,
        )
    )
