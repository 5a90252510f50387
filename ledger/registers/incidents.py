"""Incidents: what went wrong, the clock that runs, and the steps taken by whom and when."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Entry, canonical
from ledger.errors import Refused
from ledger.registers import actors, models
from ledger.registers.body import (
    ActorId,
    BodyModel,
    Digest,
    Line,
    Nothing,
    Sealed,
    Time,
    subject_name,
)
from ledger.registers.rows import Row, Rows

Severity = Literal["critical", "high", "medium", "low"]


class DueStep(BodyModel):
    """A step of the playbook and when it is due."""

    step: Line
    phase: Line
    title: Line
    due: Time


class Opened(BodyModel):
    """An incident, with the due times that the adopted playbook gives it."""

    title: Line
    severity: Severity
    model: Line | None
    description: Sealed | None
    detected_at: Time
    aware_at: Time
    answer_due: Time
    playbook: Digest
    steps: list[DueStep]


class Noted(BodyModel):
    """Something worth remembering."""

    note: Sealed


class StepDone(BodyModel):
    """A step of the playbook, done now by who enters it."""

    step: Line
    note: Sealed | None


class Assigned(BodyModel):
    """Who leads the answer."""

    assignee: ActorId


class Escalated(BodyModel):
    """Another severity, with the due times that it gives the open steps."""

    severity: Severity
    answer_due: Time
    steps: list[DueStep]
    reason: Sealed | None


class Resolved(BodyModel):
    """The harm is over; what was done about it."""

    resolution: Sealed


class IncidentRow(Row, table=True):
    """An incident; times are empty until they happen."""

    __tablename__ = "incident"
    incident: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    title: str
    severity: str
    status: str
    model: str
    description: str = Field(sa_type=Text)
    resolution: str = Field(sa_type=Text)
    detected_at: str
    aware_at: str
    opened_at: str
    opened_by: str
    answer_due: str
    acknowledged_at: str
    acknowledged_by: str
    assignee: str
    resolved_at: str
    closed_at: str
    playbook: str


class StepRow(Row, table=True):
    """A step of an incident's playbook; `done_at` is empty while it is open."""

    __tablename__ = "step"
    incident: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    step: str
    phase: str
    title: str
    due: str
    done_at: str
    done_by: str
    note: str = Field(sa_type=Text)


class NoteRow(Row, table=True):
    """A note; `text` is ciphertext JSON."""

    __tablename__ = "note"
    note: int = Field(primary_key=True, sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    incident: str
    time: str
    actor: str
    text: str = Field(sa_type=Text)


def opened(rows: Rows, entry: Entry, body: Opened) -> None:
    """Project `incident.opened`."""
    incident = subject_name(entry.subject)
    if rows.get(IncidentRow, incident) is not None:
        raise Refused(f"{incident} exists already.", "Open it again; it will get a new id.")
    if body.model:
        models.known(rows, body.model)
    if body.detected_at > body.aware_at:
        raise Refused(
            "An incident cannot be known before it is detected.",
            "Give --aware-at no earlier than --detected-at.",
        )
    rows.put(
        IncidentRow(
            seq=entry.seq,
            incident=incident,
            title=body.title,
            severity=body.severity,
            status="open",
            model=body.model or "",
            description=_json(body.description),
            resolution="",
            detected_at=body.detected_at,
            aware_at=body.aware_at,
            opened_at=entry.time,
            opened_by=entry.actor,
            answer_due=body.answer_due,
            acknowledged_at="",
            acknowledged_by="",
            assignee="",
            resolved_at="",
            closed_at="",
            playbook=body.playbook,
        )
    )
    for position, step in enumerate(body.steps):
        rows.put(
            StepRow(
                seq=entry.seq,
                incident=incident,
                position=position,
                step=step.step,
                phase=step.phase,
                title=step.title,
                due=step.due,
                done_at="",
                done_by="",
                note="",
            )
        )


def acknowledged(rows: Rows, entry: Entry, _body: Nothing) -> None:
    """Project `incident.acknowledged`: somebody answers."""
    row = live(rows, entry.subject)
    if row.acknowledged_at:
        raise Refused(
            f"{row.incident} was acknowledged by {row.acknowledged_by}.",
            "Nothing needs to be done.",
        )
    row.acknowledged_at = entry.time
    row.acknowledged_by = entry.actor
    _write(rows, entry, row)


def noted(rows: Rows, entry: Entry, body: Noted) -> None:
    """Project `incident.noted`; notes may still be added after closing."""
    row = known(rows, subject_name(entry.subject))
    rows.put(
        NoteRow(
            seq=entry.seq,
            note=entry.seq,
            incident=row.incident,
            time=entry.time,
            actor=entry.actor,
            text=_json(body.note),
        )
    )


def step_done(rows: Rows, entry: Entry, body: StepDone) -> None:
    """Project `incident.step_done`; the time is the entry's."""
    row = known(rows, subject_name(entry.subject))
    if row.status == "closed":
        raise Refused(f"{row.incident} is closed.", "Open a new incident if it goes on.")
    for step in rows.where(StepRow, incident=row.incident):
        if step.step == body.step:
            if step.done_at:
                raise Refused(
                    f"{body.step} was done by {step.done_by}.",
                    "Add a note if there is more to say.",
                )
            step.done_at = entry.time
            step.done_by = entry.actor
            step.note = _json(body.note)
            step.seq = entry.seq
            rows.put(step)
            return
    raise Refused(
        f"{row.incident} has no step {body.step}.", f"See `quaestor incident show {row.incident}`."
    )


def assigned(rows: Rows, entry: Entry, body: Assigned) -> None:
    """Project `incident.assigned`."""
    row = live(rows, entry.subject)
    actors.active(rows, body.assignee)
    row.assignee = body.assignee
    _write(rows, entry, row)


def escalated(rows: Rows, entry: Entry, body: Escalated) -> None:
    """Project `incident.escalated`: open steps get the new severity's due times."""
    row = live(rows, entry.subject)
    if body.severity == row.severity:
        raise Refused(f"{row.incident} already is {row.severity}.", "Choose another severity.")
    row.severity = body.severity
    row.answer_due = body.answer_due
    _write(rows, entry, row)
    due = {step.step: step.due for step in body.steps}
    for step in rows.where(StepRow, incident=row.incident):
        if not step.done_at and step.step in due:
            step.due = due[step.step]
            step.seq = entry.seq
            rows.put(step)


def resolved(rows: Rows, entry: Entry, body: Resolved) -> None:
    """Project `incident.resolved`."""
    row = live(rows, entry.subject)
    row.status = "resolved"
    row.resolved_at = entry.time
    row.resolution = _json(body.resolution)
    _write(rows, entry, row)


def closed(rows: Rows, entry: Entry, _body: Nothing) -> None:
    """Project `incident.closed`: after it is resolved."""
    row = known(rows, subject_name(entry.subject))
    if row.status != "resolved":
        raise Refused(
            f"{row.incident} is {row.status}, not resolved.",
            "Resolve it first: quaestor incident resolve",
        )
    row.status = "closed"
    row.closed_at = entry.time
    _write(rows, entry, row)


def known(rows: Rows, incident: str) -> IncidentRow:
    """An incident. Refused when unknown."""
    row = rows.get(IncidentRow, incident)
    if row is None:
        raise Refused(f"There is no incident {incident}.", "See `quaestor incident list`.")
    return row


def live(rows: Rows, subject: str) -> IncidentRow:
    """An incident that is still open. Refused otherwise."""
    row = known(rows, subject_name(subject))
    if row.status != "open":
        raise Refused(f"{row.incident} is {row.status}.", "Open a new incident if it goes on.")
    return row


def next_incident(rows: Rows) -> str:
    """The id of the next incident."""
    return f"inc-{rows.count(IncidentRow) + 1}"


def _json(text: Sealed | None) -> str:
    return canonical(text.model_dump()).decode() if text else ""


def _write(rows: Rows, entry: Entry, row: IncidentRow) -> None:
    row.seq = entry.seq
    rows.put(row)
