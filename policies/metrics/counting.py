"""Decisions reduced to sums inside the engine, by window and group.

Every sum can be added to others, so that totals of windows and of groups come from one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from policies.metrics.columns import CALL, LATE, Relation
from policies.metrics.request import MOST_CELLS, MetricsRequest

NUMBERS = ("tokens_in", "tokens_out", "cost", "confidence", "output_chars")
WORDS = ("status", "guardrail", "escalated")
BINS = 10
BELOW, ABOVE = -1, BINS  # confidences outside 0 to 1
MOST_TASKS = 100_000
_SOME = "TABLESAMPLE system(1%)"
_LISTED = 20
_YEAR_1 = 62_135_596_800_000_000  # microseconds from there to 1970
_MOST_ROWS = 20 * MOST_CELLS
# Values of a confidence by tenths: 1 is in the last one.
_BIN = (
    f"CASE WHEN confidence < 0 THEN {BELOW} WHEN confidence > 1 THEN {ABOVE} "
    f"WHEN confidence = 1 THEN {BINS - 1} ELSE floor(confidence * {BINS}) END::TINYINT"
)

Group = tuple[str | None, ...]
Place = tuple[int | None, Group]
"""Number of the window since 1970 (None: rows without a time), and the group."""


@dataclass
class Sums:
    """What is known of some decisions; everything can be added up."""

    requests: int = 0
    late: int = 0
    words: dict[str, Counter[Any]] = field(
        default_factory=lambda: {name: Counter() for name in WORDS}
    )
    bins: Counter[int] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(NUMBERS, 0.0))

    def add(self, other: Sums) -> None:
        """Add what is known of other decisions."""
        self.requests += other.requests
        self.late += other.late
        self.bins.update(other.bins)
        self.counts.update(other.counts)
        for name in WORDS:
            self.words[name].update(other.words[name])
        for name in NUMBERS:
            self.sums[name] += other.sums[name]


@dataclass(frozen=True)
class Scope:
    """The rows that count, and their keys: `w`, the number of the window, and `g0`, `g1`, ...

    With `calls`, of the spans of traces those that are a call of a model.
    """

    request: MetricsRequest
    window: int
    decisions: Relation
    calls: bool = False

    @property
    def groups(self) -> list[str]:
        """Names of the group's keys."""
        return [f"g{number}" for number in range(len(self.request.by))]

    def keys(self) -> str:
        """Write the keys of a decision."""
        # Counted from before the year 1, as division cuts towards zero; one division is cheap.
        width = self.window * 1_000_000
        before = -(-_YEAR_1 // width)
        window = f"(epoch_us(time) + {before * width}) // {width} - {before} AS w"
        named = zip(self.request.by, self.groups, strict=True)
        return ", ".join([window, *(f'"{column}"::VARCHAR AS {key}' for column, key in named)])

    def period(self) -> str:
        """Write which rows are in the period; those without a time are in none but all."""
        bounds = [
            *(["time >= $since::TIMESTAMPTZ"] if self.request.since else []),
            *(["time < $until::TIMESTAMPTZ"] if self.request.until else []),
        ]
        return " AND ".join(bounds) or "true"

    def condition(self) -> str:
        """Write which decisions count: in the period, and chosen."""
        return f"{self.asked()} AND {self.counted()}"

    def counted(self) -> str:
        """Write which decisions count, whatever is asked for."""
        return f"{CALL} IS NOT FALSE" if self.calls else "true"

    def asked(self) -> str:
        """Write which decisions are asked for: in the period, and chosen."""
        chosen = [
            f'list_contains($only{number}::VARCHAR[], "{column}"::VARCHAR)'
            for number, (column, _) in enumerate(self.request.only)
        ]
        return " AND ".join([self.period(), *chosen])

    def bound(self) -> dict[str, object]:
        """The period's parameters."""
        bounds = {"since": self.request.since, "until": self.request.until}
        return {name: moment for name, moment in bounds.items() if moment is not None}

    def parameters(self) -> dict[str, object]:
        """Parameters of a query over the decisions in scope."""
        chosen = {f"only{n}": list(texts) for n, (_, texts) in enumerate(self.request.only)}
        return {**self.decisions.parameters, **self.bound(), **chosen}


def count(engine: duckdb.DuckDBPyConnection, scope: Scope) -> dict[Place, Sums]:
    """Sum up decisions by window and group. Raises TooMany beyond what can be shown."""
    known = scope.decisions.columns
    numbers = [name for name in NUMBERS if name in known]
    words = [name for name in WORDS if name in known]
    keys = ["w", *scope.groups]
    selected = [scope.keys(), *words]
    if "confidence" in known:
        selected.append(f"{_BIN} AS bin")
    late = f"count(*) FILTER ({LATE})" if scope.decisions.any_late else "0"
    # How many confidences there are is known by their bins.
    summed = [
        f'fsum("{name}")' if name == "confidence" else f'fsum("{name}"), count("{name}")'
        for name in numbers
    ]
    cursor = engine.execute(
        f"SELECT {', '.join(selected)}, count(*), {', '.join([late, *summed])} "  # noqa: S608 - names keep to the grammar of targets; values are bound
        f"FROM {scope.decisions.sql} WHERE {scope.condition()} GROUP BY ALL",
        scope.parameters(),
    )
    found: dict[Place, Sums] = {}
    for row in _fetched(cursor):
        values = iter(row)
        window, *group = (next(values) for _ in keys)
        sums = found.setdefault((window, tuple(group)), Sums())
        said = {name: next(values) for name in words}
        bin_ = next(values) if "confidence" in known else None
        n = next(values)
        sums.requests += n
        sums.late += next(values)
        for name, value in said.items():
            if value is not None:
                sums.words[name][value] += n
        if bin_ is not None:
            sums.bins[bin_] += n
        for name in numbers:
            sums.sums[name] += next(values) or 0.0
            sums.counts[name] += n * (bin_ is not None) if name == "confidence" else next(values)
        if len(found) > MOST_CELLS:
            raise TooMany(len(found))
    return found


def holds_calls(engine: duckdb.DuckDBPyConnection, decisions: Relation) -> bool:
    """Whether a span of any trace is a call of a model."""
    found = engine.execute(
        f"SELECT 1 FROM {decisions.sql} WHERE {CALL} LIMIT 1",  # noqa: S608 - as in count
        dict(decisions.parameters),
    )
    return found.fetchone() is not None


def left_out(engine: duckdb.DuckDBPyConnection, scope: Scope) -> list[dict[str, Any]]:
    """Spans that are asked for and are no call of a model, by operation, most first."""
    if not scope.calls:
        return []
    found = engine.execute(
        f"SELECT operation, count(*) FROM {scope.decisions.sql} "  # noqa: S608 - as in count
        f"WHERE {scope.asked()} AND NOT {CALL} GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST",
        scope.parameters(),
    ).fetchall()
    return [{"operation": operation, "records": n} for operation, n in found]


class TooMany(Exception):
    """There are more windows and groups than anybody can look at."""


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    seen = 0
    while rows := cursor.fetchmany(10_000):
        seen += len(rows)
        if seen > _MOST_ROWS:
            raise TooMany(seen)
        yield from rows


@dataclass(frozen=True)
class Tasks:
    """What tasks cost: `distinct` tasks in `requests`, and the dearest ones by name.

    `reason` says why nothing is known.
    """

    reason: str | None = None
    distinct: int = 0
    requests: int = 0
    cost: float | None = None
    dearest: tuple[tuple[str, int, float | None], ...] = ()

    def as_json(self) -> dict[str, Any] | None:
        """The document's `tasks`."""
        if self.reason is not None:
            return None
        per_task = None if self.cost is None or not self.distinct else self.cost / self.distinct
        return {
            "distinct": self.distinct,
            "requests": self.requests,
            "cost": rounded(self.cost),
            "cost_per_task": rounded(per_task),
            "dearest": [
                {
                    "task": task,
                    "requests": n,
                    "cost": rounded(cost),
                    "cost_per_request": None if cost is None else rounded(cost / n),
                }
                for task, n, cost in self.dearest
            ],
        }


def count_tasks(engine: duckdb.DuckDBPyConnection, scope: Scope) -> Tasks:
    """Sum up costs by task."""
    missing = scope.decisions.missing("task", "decisions")
    if missing:
        return Tasks(missing)
    rows = f"FROM {scope.decisions.sql} WHERE {scope.condition()} AND task IS NOT NULL"
    parameters = scope.parameters()
    # A look at one row in a hundred tells ids from names, before any table is made of them.
    ask = engine.execute(
        f"SELECT count(DISTINCT task) FROM (SELECT task {rows}) {_SOME}",  # noqa: S608 - as in count
        parameters,
    )
    seen = ask.fetchall()[0][0]
    if seen > MOST_TASKS:
        return Tasks(f"there are more than {MOST_TASKS:,} different tasks; narrow the period")
    found = engine.execute(
        f"SELECT task, count(*), fsum(cost) {rows} GROUP BY task ORDER BY 3 DESC NULLS LAST, 1",
        parameters,
    ).fetchall()
    if not found:
        return Tasks("no decision that counts has a task")
    costs = [cost for _, _, cost in found if cost is not None]
    return Tasks(
        distinct=len(found),
        requests=sum(n for _, n, _ in found),
        cost=sum(costs) if costs else None,
        dearest=tuple(found[:_LISTED]),
    )


def count_resources(
    engine: duckdb.DuckDBPyConnection, resources: Relation, scope: Scope
) -> list[Mapping[str, Any]]:
    """Sum up amounts and costs by resource and unit, of the rows in the period."""
    found = engine.execute(
        "SELECT resource, unit, count(*), fsum(amount), fsum(cost) "  # noqa: S608 - as in count
        f"FROM {resources.sql} WHERE {scope.period()} GROUP BY ALL ORDER BY 1, 2",
        {**resources.parameters, **scope.bound()},
    ).fetchall()
    return [
        {
            "resource": resource,
            "unit": unit,
            "rows": n,
            "amount": rounded(amount),
            "cost": rounded(cost),
        }
        for resource, unit, n, amount, cost in found
    ]


def rounded(value: float | None) -> float | None:
    """A sum of doubles to 12 digits: the rest depends on the order in which threads added."""
    return None if value is None else float(f"{value:.12g}")


def bounds_of(moments: list[datetime | None]) -> tuple[datetime, datetime] | None:
    """The earliest and the latest of some times; None without any."""
    known = [moment for moment in moments if moment is not None]
    return (min(known), max(known)) if known else None
