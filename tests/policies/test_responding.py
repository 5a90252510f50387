"""Incidents: due times from the playbook in force, timeliness computed from the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ledger.book import Book
from ledger.clock import read_time, write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused
from ledger.registers.incidents import IncidentRow, StepRow
from ledger.verification import verify
from policies.responding import IncidentClock, clock, escalate, open_incident
from tests.people import MODEL, START, Person, World, raising, size_of

DETECTED = START - timedelta(minutes=30)
AWARE = START - timedelta(minutes=5)


class Hand:
    """A clock that stands where it was put."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


@pytest.fixture
def hand() -> Hand:
    """Give a clock to be moved by hand."""
    return Hand(START)


@pytest.fixture
def cora(world: World, hand: Hand) -> Person:
    """Give the incident commander, whose clock is moved by hand."""
    return replace(world, clock=hand).person("cora")


def opened(person: Person, severity: str = "high", **told: object) -> str:
    """Open an incident; return its id."""
    facts = {
        "title": "Women are declined too often",
        "severity": severity,
        "model": MODEL,
        "description": "",
        "detected_at": DETECTED,
        "aware_at": AWARE,
    }
    return open_incident(person.book, person.signer, **{**facts, **told}).name  # type: ignore[arg-type]


def rows(book: Book, incident: str) -> tuple[IncidentRow, list[StepRow]]:
    """An incident and its steps."""
    with book.read() as snapshot:
        row = snapshot.rows.get(IncidentRow, incident)
        assert row is not None
        return row, snapshot.rows.where(StepRow, incident=incident)


def at(person: Person, incident: str, now: datetime) -> IncidentClock:
    """The incident's clock at a moment."""
    return clock(*rows(person.book, incident), now)


def tell(person: Person, incident: str, kind: str, **body: object) -> None:
    """Enter something about an incident."""
    person.append(Draft(f"incident.{kind}", f"incident/{incident}", body))


@pytest.mark.parametrize(
    ("severity", "minutes"), [("critical", 15), ("high", 60), ("medium", 240), ("low", 1440)]
)
def test_the_answer_is_due_by_severity_from_awareness(
    cora: Person, severity: str, minutes: int
) -> None:
    """If it fails, the clock runs from the wrong moment, or promises another time."""
    incident = opened(cora, severity)
    row, steps = rows(cora.book, incident)
    assert read_time(row.answer_due) == AWARE + timedelta(minutes=minutes)
    assert {row.opened_by, row.opened_at} == {"cora", write_time(START)}
    assert len({step.phase for step in steps}) == 4
    due = [read_time(step.due) for step in steps]
    assert due == sorted(due)


def test_timeliness_is_computed(cora: Person, hand: Hand) -> None:
    """If it fails, a late answer passes for a timely one, or somebody can type in that it was."""
    incident = opened(cora)
    due = AWARE + timedelta(hours=1)
    assert at(cora, incident, due).answer.state == "open"
    assert at(cora, incident, due + timedelta(microseconds=1)).answer.state == "overdue"
    first = at(cora, incident, START)
    assert first.all_met
    assert first.next_due is not None
    hand.now = due
    tell(cora, incident, "acknowledged")
    answered = at(cora, incident, due + timedelta(days=9))
    assert (answered.answer.state, answered.answer.done_by) == ("met", "cora")
    step = answered.steps[0]
    hand.now = step.due + timedelta(seconds=1)
    tell(cora, incident, "step_done", step=step.step, note=None)
    late = at(cora, incident, hand.now).steps[0]
    assert (late.state, late.done, late.done_by) == ("late", hand.now, "cora")
    assert not at(cora, incident, hand.now).all_met
    assert verify(cora.book).problems == ()


def test_what_is_due_next_comes_first(cora: Person, hand: Hand) -> None:
    """If it fails, a commander is shown something that can wait."""
    incident = opened(cora)
    tell(cora, incident, "acknowledged")
    steps = at(cora, incident, START).steps
    assert at(cora, incident, START).next_due == min(steps, key=lambda step: step.due)
    for step in steps:
        hand.now += timedelta(seconds=1)
        tell(cora, incident, "step_done", step=step.step, note=None)
    assert at(cora, incident, hand.now).next_due is None


def test_escalating_moves_what_is_still_open(cora: Person, hand: Hand) -> None:
    """If it fails, a worse incident keeps its easy deadlines, or done work is judged anew."""
    incident = opened(cora, "low")
    before = at(cora, incident, START)
    done = before.steps[0].step
    tell(cora, incident, "step_done", step=done, note=None)
    hand.now += timedelta(minutes=1)
    escalate(cora.book, cora.signer, incident, "critical", "It is worse.")
    after = at(cora, incident, hand.now)
    row, _ = rows(cora.book, incident)
    assert row.severity == "critical"
    assert after.answer.due == AWARE + timedelta(minutes=15)
    assert after.steps[0].due == before.steps[0].due
    assert all(
        new.due < old.due for new, old in zip(after.steps[1:], before.steps[1:], strict=True)
    )
    raising(Refused, lambda: escalate(cora.book, cora.signer, incident, "critical", ""))
    assert verify(cora.book).problems == ()


def test_the_life_of_an_incident_has_an_order(cora: Person, world: World) -> None:
    """If it fails, an incident is closed before it is resolved, or goes on after it."""
    incident = opened(cora)
    raising(Refused, lambda: tell(cora, incident, "closed"))
    tell(cora, incident, "acknowledged")
    raising(Refused, lambda: tell(cora, incident, "acknowledged"))
    tell(cora, incident, "assigned", assignee="emil")
    raising(Refused, lambda: tell(cora, incident, "assigned", assignee="nobody"))
    tell(cora, incident, "resolved", resolution="Version 2.0.4 is back.")
    raising(Refused, lambda: escalate(cora.book, cora.signer, incident, "low", ""))
    tell(cora, incident, "closed")
    tell(cora, incident, "noted", note="A letter came later.")
    row, _ = rows(cora.book, incident)
    said = cora.book.reveal(f"incident/{incident}", "resolution", row.resolution)
    assert (row.status, row.assignee, said) == ("closed", "emil", "Version 2.0.4 is back.")
    assert verify(world.person("ann").book).problems == ()


def test_what_cannot_be_is_not_opened(cora: Person, world: World) -> None:
    """If it fails, an incident with impossible times or an unknown model starts a clock."""
    before = size_of(cora.book)
    raising(InvalidInput, lambda: opened(cora, "terrible"))
    raising(Refused, lambda: opened(cora, model="unknown"))
    raising(Refused, lambda: opened(cora, detected_at=START, aware_at=DETECTED))
    raising(InvalidInput, lambda: opened(cora, aware_at=START.replace(tzinfo=None)))
    raising(Refused, lambda: opened(world.person("ann")))
    assert size_of(cora.book) == before
    assert opened(cora, model=None) == "inc-1"
