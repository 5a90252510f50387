"""Latency quantiles by window and group, and over all windows and groups.

Exact up to a number of rows: DuckDB's quantile_cont, which interpolates as numpy and pandas do.
Beyond it values are counted in buckets that each span a hundredth of a natural logarithm; a
quantile read from their geometric middles is off by 0.51 % at most (as in DDSketch, Masson et al.,
2019), and what would take tens of seconds and gigabytes takes neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from policies.metrics.counting import Place, Scope

QUANTILES = (0.5, 0.95, 0.99)
NAMES = ("p50", "p95", "p99")
EXACT_ROWS = 5_000_000
RELATIVE_ERROR = 0.0051
_STEPS = 100  # buckets a natural logarithm
_SIGN = 100_000  # more than any logarithm's bucket: tells positive from negative
_BUCKET = (
    f"CASE WHEN duration_ms > 0 THEN floor(ln(duration_ms) * {_STEPS})::INTEGER + {_SIGN} "
    f"WHEN duration_ms < 0 THEN -{_SIGN} - floor(ln(-duration_ms) * {_STEPS})::INTEGER "
    "ELSE 0 END"
)

EXACT = "exact"
SKETCH = "buckets"

Level = tuple[bool, bool]
"""Whether windows, and whether groups, are told apart."""


@dataclass(frozen=True)
class Spread:
    """The values' number and their quantiles, in milliseconds."""

    n: int
    values: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """The document's `latency_ms`."""
        return {"n": self.n, **dict(zip(NAMES, self.values, strict=True))}


@dataclass(frozen=True)
class Latency:
    """Spreads by level, then by place; a level without windows or groups has None or () there."""

    method: str
    by_level: Mapping[Level, Mapping[Place, Spread]]


def spread(engine: duckdb.DuckDBPyConnection, scope: Scope, rows: int) -> Latency:
    """Quantiles of `duration_ms` of the decisions in scope."""
    if scope.request.exact or rows <= EXACT_ROWS:
        return Latency(EXACT, _exact(engine, scope))
    return Latency(SKETCH, _sketched(engine, scope))


def _levels(scope: Scope) -> list[Level]:
    return [
        (windows, groups)
        for groups in ((False, True) if scope.request.by else (False,))
        for windows in (False, True)
    ]


def _exact(
    engine: duckdb.DuckDBPyConnection, scope: Scope
) -> Mapping[Level, Mapping[Place, Spread]]:
    levels = _levels(scope)
    sets = ", ".join(
        f"({', '.join([*(['w'] * windows), *(scope.groups * groups)])})"
        for windows, groups in levels
    )
    keys = ", ".join(["w", *scope.groups])
    told = ", ".join(f"GROUPING({key})" for key in ["w", *scope.groups[:1]])
    found = engine.execute(
        f"WITH keyed AS (SELECT {scope.keys()}, duration_ms FROM {scope.decisions.sql} "  # noqa: S608 - names keep to the grammar of targets; values are bound
        f"WHERE {scope.condition()} AND duration_ms IS NOT NULL) "
        f"SELECT {told}, count(*), quantile_cont(duration_ms, {list(QUANTILES)}), {keys} "
        f"FROM keyed GROUP BY GROUPING SETS ({sets})",
        scope.parameters(),
    ).fetchall()
    levelled: dict[Level, dict[Place, Spread]] = {level: {} for level in levels}
    width = 2 if scope.groups else 1
    for row in found:
        flags, (n, values, window, *group) = row[:width], row[width:]
        windows, groups = not flags[0], bool(scope.groups) and not flags[1]
        place = (window if windows else None, tuple(group) if groups else ())
        if n:
            levelled[windows, groups][place] = Spread(n, tuple(values))
    return levelled


def _sketched(
    engine: duckdb.DuckDBPyConnection, scope: Scope
) -> Mapping[Level, Mapping[Place, Spread]]:
    keys = ["w", *scope.groups]
    table = engine.execute(
        f"SELECT {scope.keys()}, {_BUCKET} AS bucket, count(*) AS n FROM {scope.decisions.sql} "  # noqa: S608 - as above
        f"WHERE {scope.condition()} AND duration_ms IS NOT NULL GROUP BY ALL",
        scope.parameters(),
    ).to_arrow_table()
    buckets, counts = (table.column(name).to_numpy() for name in ("bucket", "n"))
    known = {name: table.column(name).to_pylist() for name in keys}
    groups = list(zip(*(known[name] for name in scope.groups), strict=True))
    levelled: dict[Level, dict[Place, Spread]] = {}
    for windowed, grouped in _levels(scope):
        windows = known["w"] if windowed else [None] * len(buckets)
        grouping = groups if grouped else [()] * len(buckets)
        rows_of: dict[Place, list[int]] = {}
        for row, place in enumerate(zip(windows, grouping, strict=True)):
            rows_of.setdefault(place, []).append(row)
        levelled[windowed, grouped] = {
            place: _read(buckets[rows], counts[rows]) for place, rows in rows_of.items()
        }
    return levelled


def _read(buckets: NDArray[np.int32], counts: NDArray[np.int64]) -> Spread:
    """Read quantiles from buckets; ranks between two values are interpolated."""
    order = np.argsort(buckets)
    middles, passed = _middles(buckets[order]), np.cumsum(counts[order])
    n = int(passed[-1])
    values = []
    for quantile in QUANTILES:
        rank = (n - 1) * quantile
        low, high = (
            float(middles[np.searchsorted(passed, place, side="right")])
            for place in (np.floor(rank), np.ceil(rank))
        )
        values.append(low + (high - low) * (rank % 1))
    return Spread(n, tuple(values))


def _middles(buckets: NDArray[np.int32]) -> NDArray[np.float64]:
    """The geometric middle of each bucket."""
    logarithms = (np.abs(buckets) - _SIGN + 0.5) / _STEPS
    # A negative value's bucket is mirrored, so that larger buckets hold larger values.
    middles: NDArray[np.float64] = np.sign(buckets) * np.exp(logarithms)
    return np.where(buckets == 0, 0.0, middles)
