"""What screens are made of: bars, times, marks, and the list of what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from console.tui import marks
from console.tui.bars import bar, interval_bar
from console.tui.overview.waiting import waiting
from console.tui.picture import read_picture
from console.tui.times import LocalTime, span, until
from ledger.errors import InvalidInput
from tests.console.tui.sample import Sample, ask_resume

NOON = datetime(2026, 4, 7, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "low", "high", "drawn"),
    [
        (0.5, 0.3, 0.7, "███▒▒┃▒▒··"),
        (0.5, 0.5, 0.5, "█████┃····"),
        (1.0, 0.9, 1.0, "█████████┃"),
        (0.0, 0.0, 0.0, "┃·········"),
        (0.5, None, None, "█████┃····"),
        (None, None, None, "··········"),
    ],
)
def test_a_bar_shows_value_and_interval_in_their_places(
    value: float | None, low: float | None, high: float | None, drawn: str
) -> None:
    """A group would look better or worse, or surer, than it was measured."""
    assert interval_bar(value, low, high, 10) == drawn


def test_a_bar_of_progress_keeps_its_width() -> None:
    """The line would jump as a job goes on."""
    assert {len(bar(done / 50, 24)) for done in range(51)} == {24}
    assert bar(0, 4) == "····"
    assert bar(1, 4) == "████"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=35), "35 s"),
        (timedelta(minutes=12, seconds=40), "12 min"),
        (timedelta(hours=3, minutes=5), "3 h 05 min"),
        (timedelta(days=4, hours=2, minutes=50), "4 d 2 h"),
    ],
)
def test_a_span_is_said_in_the_units_that_matter(length: timedelta, said: str) -> None:
    """A commander would have to reckon in the head."""
    assert span(length) == said


def test_what_is_due_and_what_is_over_read_differently() -> None:
    """A missed time would look like one that is still to come."""
    assert until(NOON + timedelta(minutes=12), NOON) == "in 12 min"
    assert until(NOON - timedelta(minutes=12), NOON) == "12 min over"


def test_times_are_local_on_the_screen_and_exact_in_the_record() -> None:
    """An incident's awareness would be entered an hour off, and its clock with it."""
    here = LocalTime(timezone(timedelta(hours=2)))
    assert here.minute("2026-04-07T12:00:00.000000Z") == "2026-04-07 14:00"
    assert here.read("2026-04-07 14:00") == NOON
    assert here.read("2026-04-07T12:00:00Z") == NOON
    with pytest.raises(InvalidInput):
        here.read("yesterday")


def test_no_two_states_of_a_switch_share_glyph_or_word() -> None:
    """Two states could be told apart by hue alone."""
    shown = [marks.switch_mark(mode) for mode in ("on", "fallback", "rollback", "off")]
    assert len({mark.glyph for mark in shown}) == 4
    assert len({mark.word for mark in shown}) == 4


def test_what_waits_is_for_whom_it_waits(sample: Sample) -> None:
    """A request would be put before whoever cannot decide it, or not before who can."""
    approval = ask_resume(sample)
    picture = read_picture(sample.book)

    def keys(actor: str) -> dict[str, str]:
        found = waiting(picture, actor, sample.clock(), sample.console(actor).local)
        return {one.key: one.todo for one in found}

    assert keys("noor")[approval] == "approve or reject it"
    assert keys("cyril")[approval] == "waits for another person"
    assert approval not in keys("mira")
    assert keys("cyril")["credit-scorer"] == "give the reason"
    assert keys("noor")["credit-scorer"].startswith("request its resume")
    assert keys("mira")["inc-1"] == "Notify who must know: in 25 min"
    assert "aud-1" in keys("mira")
    sample.clock.turn(minutes=30)
    marks_now = [w.mark.word for w in waiting(picture, "mira", sample.clock(), LocalTime(UTC))]
    assert "2 overdue" in marks_now
