"""Stopwatch and tables: how every benchmark measures and how it says so."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Scale:
    """How much to measure: entries of the large ledger, and of one bulk part; rows of a log.

    `rivals` is the Python that may have other audit logs (empty: this one).
    """

    entries: int
    part: int
    rivals: str = ""
    rows: int = 2_000_000


@dataclass
class Lap:
    """What a stretch of work took, in seconds of the wall's clock."""

    seconds: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Lap]:
    """Measure a block; the lap is filled in at its end."""
    lap = Lap()
    start = time.perf_counter()
    try:
        yield lap
    finally:
        lap.seconds = time.perf_counter() - start


def typical(work: Callable[[], object], times: int) -> float:
    """Median seconds of so many runs of `work`."""
    laps = []
    for _ in range(times):
        with stopwatch() as lap:
            work()
        laps.append(lap.seconds)
    return median(laps)


def peak_megabytes() -> float:
    """Most memory that this process held at once, in MB (resident); 0 where that is not known."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    lines = status.read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def say(text: str = "") -> None:
    """Print one line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, figures to the right."""
    widths = [max(len(row[i]) for row in [columns, *rows]) for i in range(len(columns))]
    say(f"\n{title}")
    for row in [columns, ["-" * width for width in widths], *rows]:
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row, widths, strict=True))]
        say("  ".join([cells[0], *cells[2:]]).rstrip())


def rate(count: int, seconds: float) -> str:
    """`212,000/s`."""
    return f"{count / seconds:,.0f}/s"
