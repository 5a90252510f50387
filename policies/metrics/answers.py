"""What became of decisions: feedback, outcomes and people's labels, joined by request id.

An answer counts in the window and group of its decision, whenever it came; which decision that is,
and which of several answers counts, is in `latest.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from policies.metrics.columns import LABELS, Relation
from policies.metrics.counting import Place, Scope, rounded
from policies.metrics.intervals import Mean, Rate, mean, rate
from policies.metrics.latest import EARLIEST, latest

FLAGS = ("satisfied", "complaint")
MEASURED = ("rating", *LABELS)
JOINED = (*MEASURED, *FLAGS, "outcome")
MOST_OUTCOMES = 50
OTHER = "other"


@dataclass
class Answers:
    """What is known of the answers to some decisions; everything can be added up.

    `counts`, `sums` and `squares` are by measured column, `graded` how many of its values are
    neither 0 nor 1, `yes` how often a flag is set.
    """

    requests: int = 0
    answered: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MEASURED, 0.0))
    squares: dict[str, float] = field(default_factory=lambda: dict.fromkeys(MEASURED, 0.0))
    graded: Counter[str] = field(default_factory=Counter)
    yes: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, other: Answers) -> None:
        """Add what is known of other decisions."""
        self.requests += other.requests
        self.answered += other.answered
        for mine, theirs in (
            (self.counts, other.counts),
            (self.graded, other.graded),
            (self.yes, other.yes),
            (self.outcomes, other.outcomes),
        ):
            mine.update(theirs)
        for name in MEASURED:
            self.sums[name] += other.sums[name]
            self.squares[name] += other.squares[name]


@dataclass(frozen=True)
class Joined:
    """Answers by window and group; rows of feedback and outcomes, and those that answer nothing."""

    by_place: Mapping[Place, Answers]
    rows: int = 0
    without_request: int = 0
    unmatched: int = 0
    out_of_period: int = 0

    def as_json(self) -> dict[str, Any]:
        """The document's `answers`."""
        return {
            "rows": self.rows,
            "without_request_id": self.without_request,
            "without_decision": self.unmatched,
            "to_decisions_out_of_period": self.out_of_period,
        }


def join(engine: duckdb.DuckDBPyConnection, scope: Scope, answers: Relation) -> Joined:
    """Join answers to the decisions in scope, which must have a request id."""
    known = [name for name in JOINED if name in answers.columns]
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE answer AS {latest(answers.sql, known)}",
        dict(answers.parameters),
    )
    keys = ["w", *scope.groups]
    # Of the decisions only those that were answered are ever held.
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE hit AS "  # noqa: S608 - as in counting
        f"SELECT {scope.keys()}, ({scope.condition()}) IS TRUE AS inside, request_id, "
        f"{EARLIEST} AS turn FROM {scope.decisions.sql} SEMI JOIN answer USING (request_id) "
        f"WHERE {scope.counted()}",
        scope.parameters(),
    )
    found: dict[Place, Answers] = {}
    for window, *group, answered in engine.execute(
        f"SELECT {', '.join(keys)}, count(*) FROM hit WHERE inside GROUP BY ALL"  # noqa: S608 - as above
    ).fetchall():
        found[window, tuple(group)] = Answers(answered=answered)
    for row in _summed(engine, keys, known):
        values = iter(row)
        window, *group = (next(values) for _ in keys)
        sums = found[window, tuple(group)]
        for name in known:
            sums.counts[name] += next(values)
            if name in MEASURED:
                sums.sums[name] += next(values) or 0.0
                sums.squares[name] += next(values) or 0.0
                sums.graded[name] += next(values)
            elif name in FLAGS:
                sums.yes[name] += next(values)
    for window, *group, outcome, n in _outcomes(engine, keys, known):
        found[window, tuple(group)].outcomes[outcome] += n
    return Joined(found, *_accounts(engine))


def no_answers() -> Joined:
    """What is joined where there is nothing to join."""
    return Joined({})


def _summed(
    engine: duckdb.DuckDBPyConnection, keys: list[str], known: list[str]
) -> list[tuple[Any, ...]]:
    summed = []
    for name in known:
        summed.append(f"count({name})")
        if name in MEASURED:
            summed.append(
                f"fsum({name}), fsum({name} * {name}), count(*) FILTER ({name} NOT IN (0, 1))"
            )
        elif name in FLAGS:
            summed.append(f"count(*) FILTER ({name})")
    return engine.execute(
        f"SELECT {', '.join([*keys, *summed])} FROM hit JOIN answer USING (request_id) "  # noqa: S608 - names are fixed
        "WHERE inside AND turn = 1 GROUP BY ALL"
        if summed
        else "SELECT 1 WHERE false"
    ).fetchall()


def _outcomes(
    engine: duckdb.DuckDBPyConnection, keys: list[str], known: list[str]
) -> list[tuple[Any, ...]]:
    """Outcomes by place; the rarest of more than fifty are one."""
    if "outcome" not in known:
        return []
    return engine.execute(
        "WITH common AS (SELECT outcome FROM answer WHERE outcome IS NOT NULL "  # noqa: S608 - names are fixed
        "GROUP BY outcome ORDER BY count(*) DESC, outcome LIMIT $most) "
        f"SELECT {', '.join(keys)}, "
        "CASE WHEN outcome IN (FROM common) THEN outcome ELSE $other END AS said, count(*) "
        "FROM hit JOIN answer USING (request_id) "
        "WHERE inside AND turn = 1 AND outcome IS NOT NULL GROUP BY ALL",
        {"most": MOST_OUTCOMES, "other": OTHER},
    ).fetchall()


def _accounts(engine: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
    """Rows in all, without a request id, without a decision, and to decisions out of the period."""
    found = engine.execute(
        "SELECT coalesce(sum(n), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (request_id IS NULL), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (request_id IS NOT NULL AND inside IS NULL), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (NOT inside), 0)::BIGINT "
        "FROM answer LEFT JOIN (FROM hit WHERE turn = 1) USING (request_id)"
    ).fetchall()
    rows, without, unmatched, outside = found[0]
    return rows, without, unmatched, outside


def feedback_of(answers: Answers) -> dict[str, Any]:
    """The document's `feedback` of one cell; None for what no log has or nobody said."""
    told = rate(answers.answered, answers.requests)
    n = answers.outcomes.total()
    outcomes = [
        {"outcome": outcome, **_shown(rate(hits, n))}
        for outcome, hits in sorted(answers.outcomes.items(), key=lambda each: (-each[1], each[0]))
    ]
    return {
        "coverage": _json(told),
        "rating": _json(_mean(answers, "rating", None)),
        "satisfied": _json(rate(answers.yes["satisfied"], answers.counts["satisfied"])),
        "complaints": _json(rate(answers.yes["complaint"], answers.counts["complaint"])),
        "outcomes": outcomes or None,
    }


def labels_of(answers: Answers, graded: Collection[str]) -> dict[str, Any]:
    """The document's `labels` of one cell: means of the `graded` ones, rates of the others."""
    return {name: _json(found) for name, found in _labelled(answers, graded)}


def _labelled(
    answers: Answers, graded: Collection[str]
) -> Iterator[tuple[str, Rate | Mean | None]]:
    population = answers.requests
    for name in LABELS:
        if name in graded:
            yield name, _mean(answers, name, population)
        else:
            yield name, rate(round(answers.sums[name]), answers.counts[name], population)


def _mean(answers: Answers, name: str, population: int | None) -> Mean | None:
    n = answers.counts[name]
    return mean(n, answers.sums[name], answers.squares[name], population)


def _shown(found: Rate | Mean | None) -> dict[str, Any]:
    return {} if found is None else _tidy(found.as_json())


def _json(found: Rate | Mean | None) -> dict[str, Any] | None:
    return None if found is None else _tidy(found.as_json())


def _tidy(document: dict[str, Any]) -> dict[str, Any]:
    """Without the digits that depend on the order in which threads added."""
    return {
        name: rounded(value) if isinstance(value, float) else value
        for name, value in document.items()
    }
