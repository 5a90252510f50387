"""Times as entries write them: RFC 3339, microseconds, Z."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ledger.errors import InvalidInput

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC, by this computer."""
    return datetime.now(UTC)


def write_time(moment: datetime) -> str:
    """`2026-11-20T03:12:45.000123Z`."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Read RFC 3339 text with a zone. InvalidInput without one: zones are never guessed."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a time.", "Write it like 2026-11-20T03:12:45Z."
        ) from error
    if moment.tzinfo is None:
        raise InvalidInput(
            f"{text!r} has no time zone.", "Add Z for UTC, or an offset such as +01:00."
        )
    return moment.astimezone(UTC)
