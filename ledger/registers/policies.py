"""Policies in force: adopted by digest, with their content in evidence."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import BigInteger
from sqlmodel import Field

from ledger.entry import Draft, Entry
from ledger.errors import Refused
from ledger.registers.body import BodyModel, Digest, Line, subject_name
from ledger.registers.rows import Row, Rows

PolicyKind = Literal["thresholds", "playbook", "redaction", "retention"]


class Adopted(BodyModel):
    """A policy in force from the next entry on; `content` is its SHA-256 in evidence (JSON)."""

    content: Digest
    reason: Line


class PolicyRow(Row, table=True):
    """The policy of a kind that is in force."""

    __tablename__ = "policy"
    policy: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    content: str
    reason: str
    adopted_at: str
    adopted_by: str


def adopted(rows: Rows, entry: Entry, body: Adopted) -> None:
    """Project `policy.adopted`."""
    policy = subject_name(entry.subject)
    if policy not in get_args(PolicyKind):
        raise Refused(f"There is no kind of policy called {policy}.", "See `policy list`.")
    rows.put(
        PolicyRow(
            seq=entry.seq,
            policy=policy,
            content=body.content,
            reason=body.reason,
            adopted_at=entry.time,
            adopted_by=entry.actor,
        )
    )


def in_force(rows: Rows, policy: PolicyKind) -> PolicyRow:
    """The policy in force. Refused when none was adopted."""
    row = rows.get(PolicyRow, policy)
    if row is None:
        raise Refused(f"No {policy} is in force.", f"Run: quaestor policy adopt {policy}")
    return row


def draft_adoption(policy: PolicyKind, content: str, reason: str) -> Draft:
    """What `policy adopt` enters, its content being kept in evidence already."""
    return Draft("policy.adopted", f"policy/{policy}", {"content": content, "reason": reason})
