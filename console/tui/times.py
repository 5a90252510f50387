"""Times as screens show them: local, and how long is left. The record holds UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ledger.clock import read_time
from ledger.errors import InvalidInput

_HOURS_IN_MINUTES = 120
_DAYS_IN_HOURS = 48


@dataclass(frozen=True)
class LocalTime:
    """A person's time zone; None is this computer's own."""

    zone: tzinfo | None = None

    def of(self, time: str | datetime) -> datetime:
        """A recorded time in this zone."""
        moment = read_time(time) if isinstance(time, str) else time
        return moment.astimezone(self.zone)

    def minute(self, time: str | datetime) -> str:
        """`2026-11-20 04:12`; empty for a time that has not come."""
        return f"{self.of(time):%Y-%m-%d %H:%M}" if time else ""

    def second(self, time: str | datetime) -> str:
        """`2026-11-20 04:12:07`; empty for a time that has not come."""
        return f"{self.of(time):%Y-%m-%d %H:%M:%S}" if time else ""

    def read(self, text: str) -> datetime:
        """Read what `minute` shows, or RFC 3339 with a zone. InvalidInput for anything else."""
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise InvalidInput(
                f"{text!r} is not a time.", "Write it like 2026-11-20 04:12, in your local time."
            ) from None
        if moment.tzinfo is None and self.zone is not None:
            return moment.replace(tzinfo=self.zone)
        return moment.astimezone()


def span(length: timedelta) -> str:
    """How long, in the two largest units that matter: `35 s`, `12 min`, `3 h 05 min`, `4 d 2 h`."""
    seconds = int(abs(length).total_seconds())
    minutes, hours = seconds // 60, seconds // 3600
    if not minutes:
        return f"{seconds} s"
    if minutes < _HOURS_IN_MINUTES:
        return f"{minutes} min"
    if hours < _DAYS_IN_HOURS:
        return f"{hours} h {minutes % 60:02} min"
    return f"{hours // 24} d {hours % 24} h"


def until(due: datetime, now: datetime) -> str:
    """How far a due time is: `in 12 min`, or `12 min over`."""
    return f"in {span(due - now)}" if now <= due else f"{span(now - due)} over"
