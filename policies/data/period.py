"""A stretch of time as people write it: `2026-01..2026-03`, `2026-03-15..`, `..2026-02`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ledger.errors import InvalidInput

_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DECEMBER = 12


@dataclass(frozen=True)
class Period:
    """From `since` on and before `until`, both in UTC; None: without bound."""

    since: datetime | None
    until: datetime | None


def parse_period(text: str) -> Period:
    """Read months or days, the last one included; a single one stands for itself.

    Raises InvalidInput for anything else, and for an end before the beginning.
    """
    first, dots, last = text.partition("..")
    since = _bounds(text, first)[0] if first else None
    until = _bounds(text, last if dots else first)[1] if (last or not dots) else None
    if since is None and until is None:
        raise _unread(text)
    if since and until and until <= since:
        raise InvalidInput(f"The period {text!r} ends before it begins.", "Turn it round.")
    return Period(since, until)


def _bounds(text: str, part: str) -> tuple[datetime, datetime]:
    """Beginning of a month or day, and of the next."""
    try:
        if found := _DAY.fullmatch(part):
            year, month, number = map(int, found.groups())
            day = datetime(year, month, number, tzinfo=UTC)
            return day, day + timedelta(days=1)
        if found := _MONTH.fullmatch(part):
            year, month = map(int, found.groups())
            over, next_month = divmod(month, _DECEMBER)
            return (
                datetime(year, month, 1, tzinfo=UTC),
                datetime(year + over, next_month + 1, 1, tzinfo=UTC),
            )
    except (ValueError, OverflowError):
        pass
    raise _unread(text)


def _unread(text: str) -> InvalidInput:
    return InvalidInput(
        f"{text!r} is no period.", "Write months or days: 2026-01..2026-02, 2026-03-15.., 2026-03."
    )
