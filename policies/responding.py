"""Answering incidents by the playbook in force: due times at opening, timeliness computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.book import Appended, Book
from ledger.clock import read_time, write_time
from ledger.entry import Draft
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.incidents import IncidentRow, StepRow, known, next_incident
from ledger.registers.rows import Rows
from policies.adopting import playbook_in_force
from policies.playbook import Playbook, Timeliness, answer_due, due_times, met


@dataclass(frozen=True)
class StepClock:
    """A step's clock; `step` is empty for the answer itself. Times are UTC."""

    step: str
    phase: str
    title: str
    due: datetime
    done: datetime | None
    done_by: str
    state: Timeliness


@dataclass(frozen=True)
class IncidentClock:
    """Whether an incident's times are met, computed from the record and the time now."""

    answer: StepClock
    steps: tuple[StepClock, ...]

    @property
    def next_due(self) -> StepClock | None:
        """What is due first among what is not done."""
        waiting = [clock for clock in (self.answer, *self.steps) if clock.done is None]
        return min(waiting, key=lambda clock: clock.due, default=None)

    @property
    def all_met(self) -> bool:
        """Whether nothing was late and nothing is overdue."""
        return all(clock.state in {"met", "open"} for clock in (self.answer, *self.steps))


def open_incident(
    book: Book,
    signer: Signer,
    *,
    title: str,
    severity: str,
    model: str | None,
    description: str,
    detected_at: datetime,
    aware_at: datetime,
) -> Appended:
    """Open an incident with the due times that the playbook in force gives it."""
    digest, playbook = playbook_in_force(book)
    body = {
        "title": title,
        "severity": severity,
        "model": model,
        "description": description or None,
        "detected_at": write_time(detected_at),
        "aware_at": write_time(aware_at),
        "answer_due": write_time(answer_due(playbook, severity, aware_at)),
        "playbook": digest,
        "steps": _due_steps(playbook, severity, aware_at),
    }

    def opening(rows: Rows) -> list[Draft]:
        return [Draft(Kind.INCIDENT_OPENED, f"incident/{next_incident(rows)}", body)]

    return book.append(signer, opening)


def escalate(book: Book, signer: Signer, incident: str, severity: str, reason: str) -> Appended:
    """Change an incident's severity; what is still to be done gets new due times."""
    _, playbook = playbook_in_force(book)

    def escalating(rows: Rows) -> list[Draft]:
        aware_at = read_time(known(rows, incident).aware_at)
        body = {
            "severity": severity,
            "answer_due": write_time(answer_due(playbook, severity, aware_at)),
            "steps": _due_steps(playbook, severity, aware_at),
            "reason": reason or None,
        }
        return [Draft(Kind.INCIDENT_ESCALATED, f"incident/{incident}", body)]

    return book.append(signer, escalating)


def clock(incident: IncidentRow, steps: Sequence[StepRow], now: datetime) -> IncidentClock:
    """Compute whether the times of an incident are met."""
    answer = _clock(
        "",
        "",
        "Answer",
        incident.answer_due,
        incident.acknowledged_at,
        incident.acknowledged_by,
        now,
    )
    return IncidentClock(
        answer,
        tuple(
            _clock(step.step, step.phase, step.title, step.due, step.done_at, step.done_by, now)
            for step in sorted(steps, key=lambda step: step.position)
        ),
    )


def _clock(
    step: str, phase: str, title: str, due: str, done: str, done_by: str, now: datetime
) -> StepClock:
    due_at = read_time(due)
    done_at = read_time(done) if done else None
    return StepClock(step, phase, title, due_at, done_at, done_by, met(due_at, done_at, now))


def _due_steps(playbook: Playbook, severity: str, start: datetime) -> list[dict[str, str]]:
    due = due_times(playbook, severity, start)
    return [
        {
            "step": step.id,
            "phase": phase.title,
            "title": step.title,
            "due": write_time(due[step.id]),
        }
        for phase in playbook.phases
        for step in phase.steps
    ]
