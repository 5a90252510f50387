"""What is asked of metrics: windows, a period, groups; and how people write these."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.clock import read_time
from ledger.errors import InvalidInput

MOST_WINDOWS = 40_000  # quarters of an hour in a year, and some more
MOST_CELLS = 120_000  # windows times groups
_USUAL = 48  # windows that one looks at, where none were asked for

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WINDOW = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHORT = {"version": "model_version", "prompt": "prompt_version"}
_WIDTHS = ("1m", "5m", "15m", "1h", "6h", "1d", "7d", "28d", "364d")


@dataclass(frozen=True)
class MetricsRequest:
    """Windows of `window` seconds (None: as wide as the period suggests), groups `by` columns.

    The period is from `since` on and before `until`. `zone` is where times are shown; windows
    begin at multiples of their width since 1970-01-01 00:00 UTC whatever the zone. `exact` wants
    exact quantiles however many rows there are. `only` are columns, each with the texts of which
    one must stand there for a decision to count. `every` counts all spans of a trace, not only the
    calls of models; so does an `only` that names their operations.
    """

    window: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: tuple[str, ...] = ()
    zone: str = "UTC"
    exact: bool = False
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()
    every: bool = False

    @property
    def of_spans(self) -> bool:
        """Whether all spans of a trace are asked for, or those of operations that are named."""
        return self.every or any(column == "operation" for column, _ in self.only)

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that the request itself names, each once."""
        return tuple(dict.fromkeys((*self.by, *(column for column, _ in self.only))))

    def check(self) -> None:
        """Raise InvalidInput for what contradicts itself, whatever the logs hold."""
        if len(set(self.by)) != len(self.by) or not all(map(_COLUMN.fullmatch, self.by)):
            raise InvalidInput(
                f"{', '.join(self.by)!r} are not columns to group by.",
                "Name mapped columns, each once: --by version,prompt_version",
            )
        columns = [column for column, _ in self.only]
        if len(set(columns)) != len(columns) or not all(map(_COLUMN.fullmatch, columns)):
            raise InvalidInput(
                f"{', '.join(columns)!r} are not columns to choose decisions by.",
                "Name mapped columns, each once: --only operation=chat",
            )
        if self.since and self.until and self.until <= self.since:
            raise InvalidInput("The period ends before it begins.", "Turn it round.")
        zone_of(self.zone)


def parse_window(text: str) -> int:
    """Seconds of a window written as `30s`, `15m`, `6h` or `1d`. InvalidInput for others."""
    found = _WINDOW.fullmatch(text.strip())
    if not found:
        raise InvalidInput(
            f"{text!r} is no window.", "Write a number with s, m, h or d: 15m, 1h, 1d."
        )
    return int(found[1]) * _SECONDS[found[2]]


def window_text(seconds: int) -> str:
    """Seconds as people write a window: `15m`."""
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def suggested_window(seconds: float) -> int:
    """The narrowest usual window that gives at most 48 of them in so many seconds."""
    widths = [parse_window(width) for width in _WIDTHS]
    return next((width for width in widths if seconds <= width * (_USUAL - 1)), widths[-1])


def parse_columns(text: str | None) -> tuple[str, ...]:
    """Columns separated by commas; `version` stands for `model_version`."""
    names = (name.strip() for name in text.split(",")) if text else ()
    return tuple(_SHORT.get(name, name) for name in names)


def parse_only(texts: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Columns with the texts that count, each written as `operation=chat,embeddings`.

    Raises InvalidInput for what is not written so.
    """
    found = []
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values:
            raise InvalidInput(f"{text!r} chooses nothing.", "Write it like operation=chat.")
        column = name.strip()
        found.append((_SHORT.get(column, column), tuple(values.split(","))))
    return tuple(found)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name. InvalidInput if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"{name!r} is not an IANA time zone.", "Write it like Europe/Berlin, or UTC."
        ) from None


def parse_moment(text: str | None, zone: str | None) -> datetime | None:
    """Read RFC 3339 text with a zone, or a date or time as clocks in `zone` show it, as UTC.

    Raises InvalidInput for text that is no time, for one without a zone where `zone` is None,
    and for a time that these clocks show twice or never.
    """
    if not text:
        return None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        return read_time(text)
    if naive.tzinfo is not None or zone is None:
        return read_time(text)
    place = zone_of(zone)
    moments = [naive.replace(tzinfo=place, fold=fold) for fold in (0, 1)]
    if moments[0].utcoffset() != moments[1].utcoffset():
        raise InvalidInput(
            f"Clocks in {zone} show {text} twice or never: it is when they are changed.",
            "Add the offset that is meant, such as +01:00.",
        )
    return moments[0].astimezone(UTC)


def shown(moment: datetime, zone: str) -> str:
    """A time as clocks in a zone show it, with its offset: an hour that comes twice differs."""
    return moment.astimezone(zone_of(zone)).isoformat(timespec="seconds")


def at(seconds: int) -> datetime:
    """The moment so many seconds after 1970 began."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
