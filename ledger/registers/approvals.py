"""Approvals: what one person asked for and others decide."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Draft, Entry, canonical
from ledger.errors import Refused
from ledger.registers.actors import ActorRow
from ledger.registers.body import BodyModel, Count, Line, Sealed, subject_name
from ledger.registers.rows import Row, Rows


class Effect(BodyModel):
    """The entry that an approval would make, exactly."""

    kind: Line
    subject: Line
    body: dict[str, Any]


class Requested(BodyModel):
    """A request for a second person's approval."""

    effect: Effect
    reason: Sealed | None


class Approved(BodyModel):
    """Approval, with how many are given with it and how many are needed.

    The effect follows, as the next entry of the same part, the approval that completes them.
    """

    given: Count
    needed: Count


class Rejected(BodyModel):
    """Rejection, with the reason."""

    reason: Sealed | None


class ApprovalRow(Row, table=True):
    """A request and what became of it: pending, approved or rejected.

    `approved_by` names each approver with the key that signed, as JSON.
    """

    __tablename__ = "approval"
    approval: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    state: str
    kind: str
    subject: str
    body: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    requested_by: str
    requested_at: str
    approved_by: str = Field(sa_type=Text)
    decided_by: str
    decided_at: str

    @property
    def effect(self) -> Draft:
        """The draft that approval enters."""
        return Draft(self.kind, self.subject, orjson.loads(self.body))

    @property
    def approvers(self) -> dict[str, str]:
        """Who approved so far, in order, with the public key of each."""
        return dict(orjson.loads(self.approved_by))


def requested(rows: Rows, entry: Entry, body: Requested) -> None:
    """Project `approval.requested`."""
    approval = subject_name(entry.subject)
    if rows.get(ApprovalRow, approval) is not None:
        raise Refused(f"{approval} exists already.", "Ask again.")
    rows.put(
        ApprovalRow(
            seq=entry.seq,
            approval=approval,
            state="pending",
            kind=body.effect.kind,
            subject=body.effect.subject,
            body=canonical(body.effect.body).decode(),
            reason=canonical(body.reason.model_dump()).decode() if body.reason else "",
            requested_by=entry.actor,
            requested_at=entry.time,
            approved_by="{}",
            decided_by="",
            decided_at="",
        )
    )


def approved(rows: Rows, entry: Entry, body: Approved) -> None:
    """Project `approval.approved`; the request waits on until enough have approved."""
    row = pending(rows, subject_name(entry.subject))
    actor = rows.get(ActorRow, entry.actor)
    key = actor.public_key if actor is not None else ""
    earlier = {name: held for name, held in row.approvers.items() if name != entry.actor}
    row.approved_by = orjson.dumps({**earlier, entry.actor: key}).decode()
    row.seq = entry.seq
    rows.put(row)
    if body.given >= body.needed:
        _decide(rows, entry, "approved")


def rejected(rows: Rows, entry: Entry, _body: Rejected) -> None:
    """Project `approval.rejected`."""
    _decide(rows, entry, "rejected")


def pending(rows: Rows, approval: str) -> ApprovalRow:
    """A request that still waits. Refused when unknown or decided."""
    row = rows.get(ApprovalRow, approval)
    if row is None:
        raise Refused(f"There is no approval {approval}.", "See `quaestor approval list`.")
    if row.state != "pending":
        raise Refused(f"{approval} was {row.state} by {row.decided_by}.", "Request it again.")
    return row


def next_approval(rows: Rows) -> str:
    """The id of the next request."""
    return f"ap-{rows.count(ApprovalRow) + 1}"


def _decide(rows: Rows, entry: Entry, state: str) -> None:
    row = pending(rows, subject_name(entry.subject))
    row.state = state
    row.decided_by = entry.actor
    row.decided_at = entry.time
    row.seq = entry.seq
    rows.put(row)
