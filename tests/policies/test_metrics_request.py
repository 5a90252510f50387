"""Windows, columns and times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from policies.metrics.request import (
    parse_columns,
    parse_moment,
    parse_only,
    parse_window,
    suggested_window,
    window_text,
)
from tests.policies.metrics import utc


@given(st.integers(1, 10**6), st.sampled_from("smhd"))
def test_a_window_reads_as_it_is_written(count: int, unit: str) -> None:
    """If it fails, the document states another window than was asked for."""
    seconds = parse_window(f"{count}{unit}")
    assert seconds == timedelta(**{_UNITS[unit]: count}).total_seconds()
    assert parse_window(window_text(seconds)) == seconds


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@pytest.mark.parametrize("text", ["", "0m", "15", "m", "1.5h", "-1h", "1w", "15 m", "99999999d"])
def test_what_is_no_window_is_refused(text: str) -> None:
    """If it fails, a slip is a window of another length, or a traceback."""
    with pytest.raises(InvalidInput) as refused:
        parse_window(text)
    assert refused.value.hint


def test_what_counts_is_written_by_columns() -> None:
    """If it fails, other decisions are measured than were chosen."""
    assert parse_only(["version=2.0,2.1", "operation=a = b"]) == (
        ("model_version", ("2.0", "2.1")),
        ("operation", ("a = b",)),
    )
    for slip in ("operation", "operation="):
        with pytest.raises(InvalidInput, match="chooses nothing"):
            parse_only([slip])


@given(st.floats(0, 10**9))
def test_windows_that_nobody_asked_for_are_few(seconds: float) -> None:
    """If it fails, `logs metrics` without --window fills the screen."""
    assert seconds / suggested_window(seconds) <= 47 or suggested_window(seconds) == 364 * 86_400


def test_times_are_those_of_the_zone() -> None:
    """If it fails, a period begins an hour early."""
    assert parse_moment("2026-07-01", "Europe/Berlin") == utc("2026-06-30T22:00:00")
    assert parse_moment("2026-01-01T12:00", "Europe/Berlin") == utc("2026-01-01T11:00:00")
    assert parse_moment("2026-01-01T12:00Z", "Europe/Berlin") == utc("2026-01-01T12:00:00")
    assert parse_moment(None, None) is None
    assert parse_moment("2026-10-25T02:30+01:00", "Europe/Berlin") == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-10-25T02:30", "Europe/Berlin"),  # twice
        ("2026-03-29T02:30", "Europe/Berlin"),  # never
        ("2026-01-01", None),
        ("yesterday", "Europe/Berlin"),
        ("2026-01-01", "Mars/Olympus"),
    ],
)
def test_times_that_could_be_others_are_refused(text: str, zone: str | None) -> None:
    """If it fails, somebody's hour is guessed."""
    with pytest.raises(InvalidInput) as refused:
        parse_moment(text, zone)
    assert refused.value.hint


def test_versions_have_a_short_name() -> None:
    """If it fails, `--by version` asks for a column that no log has."""
    assert parse_columns("version, prompt_version") == ("model_version", "prompt_version")
    assert parse_columns(None) == ()
