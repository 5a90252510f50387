"""Playbooks: what to do in an incident, and by when.

Rules kept here:
- every time runs from `aware_at`, the moment at which the organisation became aware;
- a more severe incident is never due later than a less severe one, a phase never before the phase
  in front of it, and the first phase ends when the incident must be answered;
- whether a time was met is computed from times in the record; nobody enters it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ledger.errors import InvalidInput

SeverityId = Literal["critical", "high", "medium", "low"]
Timeliness = Literal["met", "late", "open", "overdue"]

SEVERITIES: tuple[SeverityId, ...] = ("critical", "high", "medium", "low")
"""Every severity, the most severe first."""

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    """A part of a playbook: frozen, and nothing in it but what is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(_Part):
    """How bad an incident is: minutes until it must be answered, and how to recognise it."""

    id: SeverityId
    answer_minutes: PositiveInt
    definition: Text
    example: Text


class Step(_Part):
    """One thing to do, and the role that usually does it."""

    id: Slug
    title: Text
    action: Text
    role: Slug


class Phase(_Part):
    """Steps that are due together, so many minutes after becoming aware for each severity."""

    id: Slug
    title: Text
    due_minutes: dict[SeverityId, PositiveInt]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _due_by_every_severity(self) -> Self:
        missing = [name for name in SEVERITIES if name not in self.due_minutes]
        if missing:
            raise ValueError(f"due_minutes lacks {', '.join(missing)}")
        for worse, milder in pairwise(SEVERITIES):
            if self.due_minutes[worse] > self.due_minutes[milder]:
                raise ValueError(f"{worse} is due later than {milder}")
        return self


class Playbook(_Part):
    """What to do in an incident, in phases, with the reasons for its times."""

    id: Slug
    title: Text
    version: Text
    reasoning: Text
    severities: tuple[Severity, ...]
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _severities_in_order(self) -> Self:
        if tuple(severity.id for severity in self.severities) != SEVERITIES:
            raise ValueError(f"severities must be {', '.join(SEVERITIES)}, in this order")
        return self

    @model_validator(mode="after")
    def _times_in_order(self) -> Self:
        for severity in self.severities:
            due = [phase.due_minutes[severity.id] for phase in self.phases]
            if due[0] != severity.answer_minutes:
                raise ValueError(f"the first phase must end when {severity.id} must be answered")
            if due != sorted(due):
                raise ValueError(f"phases must be due one after the other for {severity.id}")
        return self

    @model_validator(mode="after")
    def _steps_have_names_of_their_own(self) -> Self:
        ids = [step.id for step in self.steps] + [phase.id for phase in self.phases]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"ids stand twice: {', '.join(twice)}")
        return self

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order."""
        return tuple(step for phase in self.phases for step in phase.steps)

    def severity(self, name: str) -> Severity:
        """Return a severity by its id; InvalidInput if there is none of this name."""
        for severity in self.severities:
            if severity.id == name:
                return severity
        raise InvalidInput(
            f"{name!r} is not a severity.", f"Choose one of {', '.join(SEVERITIES)}."
        )


def parse(document: object) -> Playbook:
    """Make a playbook of a parsed YAML or JSON document; InvalidInput says what is wrong where."""
    try:
        return Playbook.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the playbook"
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(
            f"This playbook is not valid: {place}: {reason}.",
            "Compare it with the shipped policies/playbooks/ai-incident.yaml.",
        ) from None


def answer_due(playbook: Playbook, severity: str, start: datetime) -> datetime:
    """Return when an incident must have been answered (UTC), for awareness at `start`.

    Raises InvalidInput for an unknown severity or a `start` without a time zone.
    """
    return _utc(start) + timedelta(minutes=playbook.severity(severity).answer_minutes)


def due_times(playbook: Playbook, severity: str, start: datetime) -> dict[str, datetime]:
    """Return when each step is due (UTC), by step id and in order, for awareness at `start`.

    Raises InvalidInput for an unknown severity or a `start` without a time zone.
    """
    known = playbook.severity(severity).id
    return {
        step.id: _utc(start) + timedelta(minutes=phase.due_minutes[known])
        for phase in playbook.phases
        for step in phase.steps
    }


def met(due: datetime, done: datetime | None, now: datetime) -> Timeliness:
    """Judge a step: `met` or `late` once it is done, `open` or `overdue` (past due) until then."""
    if done is None:
        return "open" if now <= due else "overdue"
    return "met" if done <= due else "late"


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInput(
            f"{moment.isoformat()} has no time zone, so no due time follows from it.",
            "Give the time with its zone, for example 2026-11-20T02:15:00Z.",
        )
    return moment.astimezone(UTC)
