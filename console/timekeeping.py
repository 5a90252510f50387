"""Whether this computer's clock can be right, as far as what was written last can tell.

Entries carry their writer's clock, and order is by seq: a wrong clock damages nothing, but what is
entered by it reads as if it had happened at another time.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

YEARS = (2026, 2100)
SLACK = timedelta(seconds=30)
LONG = timedelta(days=366)
SET_IT = "Set the clock, best by NTP."


def doubt(home: Path, now: datetime) -> str:
    """What speaks against the clock's saying `now`; empty if nothing does."""
    if not YEARS[0] <= now.year < YEARS[1]:
        return f"no ledger was kept in {now.year}"
    latest = _last_written(home)
    if latest is None:
        return ""
    when = f"{latest:%Y-%m-%d %H:%M:%S} UTC"
    if now + SLACK < latest:
        return f"it is behind the ledger, which was written to at {when}"
    if now - latest > LONG:
        return f"the ledger was last written to {(now - latest).days:,} days before, at {when}"
    return ""


def _last_written(home: Path) -> datetime | None:
    """When the ledger last grew, by the clock of the computer that its folder lies on."""
    times: list[float] = []
    for pattern in ("head.json", "journal/*.jsonl"):
        with suppress(OSError):  # whoever may not look finds that out by what they are about to do
            times += [file.stat().st_mtime for file in home.glob(pattern)]
    return datetime.fromtimestamp(max(times), UTC) if times else None
