"""Periods as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ledger.errors import InvalidInput
from policies.data.period import Period, parse_period
from tests.people import raising


def at(*parts: int) -> datetime:
    """Give a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-01..2026-02", at(2026, 1, 1), at(2026, 3, 1)),
        ("2026-11..2026-12", at(2026, 11, 1), at(2027, 1, 1)),
        ("2026-03", at(2026, 3, 1), at(2026, 4, 1)),
        ("2026-02-28", at(2026, 2, 28), at(2026, 3, 1)),
        ("2026-03..", at(2026, 3, 1), None),
        ("..2026-03-15", None, at(2026, 3, 16)),
        ("2026-01-31..2026-01-31", at(2026, 1, 31), at(2026, 2, 1)),
    ],
)
def test_the_last_month_or_day_is_included(
    text: str, since: datetime | None, until: datetime | None
) -> None:
    """If it fails, decisions of a month's last day fall out of a comparison."""
    assert parse_period(text) == Period(since, until)


@pytest.mark.parametrize(
    "text",
    ["", "..", "2026", "2026-13", "2026-02-30", "2026-03..2026-02", "Jan", "9999-12", "x..y"],
)
def test_what_is_no_period_is_explained(text: str) -> None:
    """If it fails, a mistyped period compares other decisions than were meant."""
    raising(InvalidInput, lambda: parse_period(text))
