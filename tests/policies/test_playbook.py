"""The shipped playbook and the times that follow from it."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from policies import shipped
from policies.playbook import SEVERITIES, answer_due, due_times, met, parse

AWARE = datetime(2026, 11, 20, 2, 15, tzinfo=UTC)
BOOK = shipped.playbook()


def document() -> dict[str, Any]:
    """Return the shipped playbook as a document of one's own to change."""
    loaded: dict[str, Any] = orjson.loads(shipped.canonical(BOOK))
    return deepcopy(loaded)


def test_answers_are_due_as_the_severities_promise() -> None:
    """A changed answering time would break the promise made for that severity."""
    waits = {s: answer_due(BOOK, s, AWARE) - AWARE for s in SEVERITIES}
    assert waits == {
        "critical": timedelta(minutes=15),
        "high": timedelta(hours=1),
        "medium": timedelta(hours=4),
        "low": timedelta(hours=24),
    }


def test_critical_phases_take_what_their_names_say() -> None:
    """Otherwise the name of a phase on the screen would contradict its clock."""
    due = due_times(BOOK, "critical", AWARE)
    last = [due[phase.steps[-1].id] - AWARE for phase in BOOK.phases]
    assert last == [
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(days=1),
        timedelta(weeks=1),
    ]
    titles = [phase.title for phase in BOOK.phases]
    assert titles == ["First 15 minutes", "First hour", "First day", "First week"]


def test_the_report_of_a_severe_incident_is_due_before_the_legal_clock() -> None:
    """A playbook kept to the minute would still miss EU AI Act Article 73(2): 15 days."""
    for severity in ("critical", "high"):
        assert due_times(BOOK, severity, AWARE)["write-report"] < AWARE + timedelta(days=15)


def test_due_times_are_monotone_in_severity_and_phase() -> None:
    """A milder incident would be due sooner than a worse one, or a step before its forerunner."""
    by_severity = [due_times(BOOK, severity, AWARE) for severity in SEVERITIES]
    for worse, milder in pairwise(by_severity):
        assert all(worse[step] < milder[step] for step in worse)
    for due in by_severity:
        assert list(due.values()) == sorted(due.values())
        assert list(due) == [step.id for step in BOOK.steps]


def test_every_job_of_the_issue_has_its_step() -> None:
    """An incident could be closed without one of the steps that the playbook must have."""
    steps = [[step.id for step in phase.steps] for phase in BOOK.phases]
    assert steps == [
        ["assess-severity", "decide-containment", "notify-people", "start-record"],
        ["contain", "preserve-evidence", "establish-scope", "communicate"],
        ["find-root-cause", "fix", "test-fix", "redeploy-gradually", "update-monitoring"],
        ["write-report", "prevent-recurrence", "update-runbooks", "share-lessons"],
    ]


def test_due_times_hold_across_a_change_of_the_clocks() -> None:
    """A day in local time can have 23 or 25 hours; a due time must not move with it."""
    berlin = datetime(2026, 10, 24, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    due = due_times(BOOK, "critical", berlin)["find-root-cause"]
    assert due == berlin.astimezone(UTC) + timedelta(hours=24)
    assert due.tzinfo is UTC


@given(
    late=st.integers(-10_000, 10_000),
    waited=st.integers(-10_000, 10_000),
)
def test_met_is_what_the_times_say(late: int, waited: int) -> None:
    """A late step would be shown as met, or one done in time as late."""
    due = AWARE
    done = due + timedelta(seconds=late)
    now = due + timedelta(seconds=waited)
    assert met(due, done, now) == ("late" if late > 0 else "met")
    assert met(due, None, now) == ("overdue" if waited > 0 else "open")


def test_the_last_moment_counts_as_in_time() -> None:
    """What is done exactly when it is due would count against the person who did it."""
    assert met(AWARE, AWARE, AWARE) == "met"
    assert met(AWARE, None, AWARE) == "open"


def test_unknown_severity_and_time_without_zone_are_refused() -> None:
    """A typing error would otherwise give a clock that nobody chose."""
    with pytest.raises(InvalidInput, match="severe"):
        due_times(BOOK, "severe", AWARE)
    with pytest.raises(InvalidInput, match="no time zone"):
        answer_due(BOOK, "high", AWARE.replace(tzinfo=None))


def remove_severity(book: dict[str, Any]) -> None:
    """Leave one severity undefined."""
    book["severities"].pop()


def forget_due(book: dict[str, Any]) -> None:
    """Leave a phase without a due time for one severity."""
    del book["phases"][1]["due_minutes"]["medium"]


def hurry_the_mild(book: dict[str, Any]) -> None:
    """Make a low incident due sooner than a medium one."""
    book["phases"][2]["due_minutes"]["low"] = 10


def reverse_phases(book: dict[str, Any]) -> None:
    """Make the last phase due before the one in front of it."""
    book["phases"][3]["due_minutes"]["critical"] = 30


def answer_elsewhere(book: dict[str, Any]) -> None:
    """Let the first phase end at another time than the answer."""
    book["severities"][0]["answer_minutes"] = 5


def repeat_step(book: dict[str, Any]) -> None:
    """Give two steps one id."""
    book["phases"][3]["steps"][0]["id"] = "contain"


def empty_action(book: dict[str, Any]) -> None:
    """Leave a step without a word on what to do."""
    book["phases"][0]["steps"][0]["action"] = "  "


def add_field(book: dict[str, Any]) -> None:
    """Add a field that no one reads."""
    book["phases"][0]["steps"][0]["met"] = True


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (remove_severity, "severities must be critical, high, medium, low"),
        (forget_due, "phases.1: due_minutes lacks medium"),
        (hurry_the_mild, "phases.2: medium is due later than low"),
        (reverse_phases, "one after the other for critical"),
        (answer_elsewhere, "first phase must end when critical must be answered"),
        (repeat_step, "ids stand twice: contain"),
        (empty_action, "phases.0.steps.0.action"),
        (add_field, "phases.0.steps.0.met"),
    ],
)
def test_a_playbook_that_breaks_a_rule_is_refused(
    damage: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    """An organisation's own playbook could be adopted with clocks that make no sense."""
    book = document()
    damage(book)
    with pytest.raises(InvalidInput, match=complaint) as caught:
        parse(book)
    assert caught.value.hint


def test_the_canonical_playbook_is_stable_and_complete() -> None:
    """The adopted digest would change with the YAML's layout, or evidence would lose a field."""
    data = shipped.canonical(BOOK)
    assert data == rfc8785.dumps(orjson.loads(data))
    assert parse(orjson.loads(data)) == BOOK
    assert shipped.canonical(parse(orjson.loads(data))) == data


def test_every_step_names_a_role_of_the_matrix() -> None:
    """A step would be meant for a role that nobody can hold."""
    known = {entry["role"] for entry in shipped.role_matrix()["roles"]}
    assert {step.role for step in BOOK.steps} <= known
