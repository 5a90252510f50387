"""Findings: what a person must remedy, by when, and what was done about it."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Entry, canonical
from ledger.errors import Refused
from ledger.registers import actors, models
from ledger.registers.body import ActorId, BodyModel, Line, Sealed, Time, subject_name
from ledger.registers.incidents import Severity
from ledger.registers.rows import Row, Rows

Outcome = Literal["remedied", "risk-accepted", "no-defect"]


class Opened(BodyModel):
    """A finding, with who must remedy it and by when.

    `source` says where it comes from: `evaluation/ev-3`, `audit/aud-1`, or in words. `category`
    is what it is about there, the same whenever the same is found again (empty: nothing).
    """

    title: Line
    model: Line | None
    severity: Severity
    source: Line
    category: str
    owner: ActorId
    due: Time
    detail: Sealed | None


class Assigned(BodyModel):
    """Who must remedy it from now on, and by when."""

    owner: ActorId
    due: Time
    reason: Sealed | None


class Noted(BodyModel):
    """Something worth remembering of a finding."""

    note: Sealed


class Closed(BodyModel):
    """How it ended, and what was done."""

    outcome: Outcome
    resolution: Sealed


class FindingRow(Row, table=True):
    """A finding as it stands now; times are empty until they happen."""

    __tablename__ = "finding"
    finding: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    title: str
    model: str
    severity: str
    status: str
    source: str
    category: str = Field(sa_type=Text)
    owner: str
    due: str
    detail: str = Field(sa_type=Text)
    opened_at: str
    opened_by: str
    closed_at: str
    closed_by: str
    outcome: str
    resolution: str = Field(sa_type=Text)


class FindingNoteRow(Row, table=True):
    """A note on a finding, or why it was assigned anew (then `owner` says to whom).

    `text` is ciphertext JSON.
    """

    __tablename__ = "finding_note"
    note: int = Field(primary_key=True, sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    finding: str
    time: str
    actor: str
    owner: str
    due: str
    text: str = Field(sa_type=Text)


def opened(rows: Rows, entry: Entry, body: Opened) -> None:
    """Project `finding.opened`."""
    finding = subject_name(entry.subject)
    if rows.get(FindingRow, finding) is not None:
        raise Refused(f"{finding} exists already.", "Open it again; it will get a new id.")
    if body.model:
        models.known(rows, body.model)
    actors.active(rows, body.owner)
    rows.put(
        FindingRow(
            seq=entry.seq,
            finding=finding,
            title=body.title,
            model=body.model or "",
            severity=body.severity,
            status="open",
            source=body.source,
            category=body.category,
            owner=body.owner,
            due=body.due,
            detail=_json(body.detail),
            opened_at=entry.time,
            opened_by=entry.actor,
            closed_at="",
            closed_by="",
            outcome="",
            resolution="",
        )
    )


def assigned(rows: Rows, entry: Entry, body: Assigned) -> None:
    """Project `finding.assigned`."""
    row = _open(rows, subject_name(entry.subject))
    actors.active(rows, body.owner)
    row.owner, row.due = body.owner, body.due
    _write(rows, entry, row)
    _note(rows, entry, row, body.reason, (body.owner, body.due))


def noted(rows: Rows, entry: Entry, body: Noted) -> None:
    """Project `finding.noted`; notes may still be added after closing."""
    _note(rows, entry, known(rows, subject_name(entry.subject)), body.note)


def closed(rows: Rows, entry: Entry, body: Closed) -> None:
    """Project `finding.closed`."""
    row = _open(rows, subject_name(entry.subject))
    row.status = "closed"
    row.closed_at, row.closed_by = entry.time, entry.actor
    row.outcome, row.resolution = body.outcome, _json(body.resolution)
    _write(rows, entry, row)


def known(rows: Rows, finding: str) -> FindingRow:
    """A finding. Refused when unknown."""
    row = rows.get(FindingRow, finding)
    if row is None:
        raise Refused(f"There is no finding {finding}.", "See: quaestor finding list")
    return row


def next_finding(rows: Rows, ahead: int = 0) -> str:
    """The id of the next finding, or of one that follows `ahead` others of the same part."""
    return f"fi-{rows.count(FindingRow) + 1 + ahead}"


def _open(rows: Rows, finding: str) -> FindingRow:
    row = known(rows, finding)
    if row.status != "open":
        raise Refused(f"{finding} is closed.", "Open a new finding if it is there again.")
    return row


def _note(
    rows: Rows,
    entry: Entry,
    row: FindingRow,
    text: Sealed | None,
    assigned_to: tuple[str, str] = ("", ""),
) -> None:
    owner, due = assigned_to
    rows.put(
        FindingNoteRow(
            seq=entry.seq,
            note=entry.seq,
            finding=row.finding,
            time=entry.time,
            actor=entry.actor,
            owner=owner,
            due=due,
            text=_json(text),
        )
    )


def _json(text: Sealed | None) -> str:
    return canonical(text.model_dump()).decode() if text else ""


def _write(rows: Rows, entry: Entry, row: FindingRow) -> None:
    row.seq = entry.seq
    rows.put(row)
