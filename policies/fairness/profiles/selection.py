"""Selections by group, counted in the engine, and rates held against a reference.

Selected is who holds the positive value or, in scoring mode, who scores strictly above the median
of the whole sample, persons of unknown category included (6 RCNY 5-301(c)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

from ledger.errors import InvalidInput
from policies.fairness.bootstrap import CONFIDENCE, Estimate
from policies.fairness.grouped import MAX_GROUPS, event, tables_of
from policies.fairness.moments import normal_quantile
from policies.fairness.row_filter import condition
from policies.fairness.significance import holm
from policies.fairness.sources import RELATION, opened
from policies.fairness.values import UNKNOWN, category, finite, text

Counts = Mapping[str, tuple[int, int]]
"""Rows and selected rows by group."""


@dataclass(frozen=True)
class SelectionRequest:
    """Whom to count: the decision, or with `scoring` the score, and the columns to group by."""

    prediction: str
    by: tuple[str, ...]
    positive: str = "1"
    where: str | None = None
    scoring: bool = False


@dataclass(frozen=True)
class SelectionTable:
    """The known groups of one column, or of all crossed; `unknown` rows are in none of them."""

    by: str
    counts: Counts
    unknown: int


@dataclass(frozen=True)
class Selections:
    """Every table, and what is in none of them.

    `n` counts the rows with a decision; `missing` those that passed the filter without one;
    `unknown` those of `n` that are of an unknown category in any column. `median` is the cut in
    scoring mode.
    """

    n: int
    missing: int
    unknown: int
    median: float | None
    tables: tuple[SelectionTable, ...]


@dataclass(frozen=True)
class Compared:
    """One group held against the reference of its table.

    `rate` has Wilson's interval, `ratio` Katz's on the scale of its logarithm (undefined where
    nobody was selected); `p_value` is Fisher's exact test, None for the reference, `p_holm` the
    same corrected for the number of groups. `share` is the group's part of the table's rows.
    """

    by: str
    group: str
    n: int
    selected: int
    share: float
    rate: Estimate
    ratio: Estimate
    difference: float | None
    p_value: float | None
    p_holm: float | None
    is_reference: bool

    def as_json(self) -> dict[str, Any]:
        """One flat object, with the names that every bias audit uses."""
        return {
            "by": self.by,
            "title": self.by,
            "group": self.group,
            "n": self.n,
            "selected": self.selected,
            "share": self.share,
            **self.rate.as_json("selection_rate"),
            **self.ratio.as_json("impact_ratio"),
            "difference": self.difference,
            "p_value": self.p_value,
            "p_holm": self.p_holm,
            "is_reference": self.is_reference,
            **dict.fromkeys(("tpr", "fpr", "precision", "accuracy")),
        }


def count_selections(files: Sequence[Path], request: SelectionRequest) -> Selections:
    """Count who was selected, by group.

    Raises InvalidInput if a column is missing, if nothing can be counted, if the positive value
    never occurs, or beyond 500 groups.
    """
    if not request.by or len(set(request.by)) != len(request.by):
        raise InvalidInput(
            "An audit needs one or more different columns to group by.", "Name them with --by."
        )
    with opened(files) as source:
        categories = ", ".join(category(text(source, column)) for column in request.by)
        held = f"(SELECT * FROM {RELATION} WHERE {condition(source, request.where)})"  # noqa: S608 - a filter that `condition` has parsed
        decided, median = event(source, request.prediction, request.positive), None
        if request.scoring:
            score = finite(source, request.prediction)
            asked = f"SELECT median({score}) FROM {held}"  # noqa: S608 - quoted identifiers
            median = source.connection.execute(asked).fetchall()[0][0]
            decided = "NULL" if median is None else f"{score} > {median!r}::DOUBLE"
        rows = source.connection.execute(
            f"""
            SELECT {categories}, {decided} AS decided, count(*)
            FROM {held} GROUP BY ALL ORDER BY ALL LIMIT {3 * MAX_GROUPS + 1}
            """  # noqa: S608 - quoted identifiers, and a filter that `condition` has parsed
        ).fetchall()
    return _selections(request, rows, median)


def compare(
    table: SelectionTable, reference: str, left_out: Sequence[str] = ()
) -> Iterator[Compared]:
    """Hold every group against one; groups left out have a rate, but no ratio, difference or p."""
    from scipy.stats import binomtest, fisher_exact

    total = sum(n for n, _ in table.counts.values())
    m, others = table.counts[reference]
    tested = [group for group in table.counts if group != reference and group not in left_out]
    p_values = [
        float(fisher_exact([[selected, n - selected], [others, m - others]]).pvalue)
        for n, selected in (table.counts[group] for group in tested)
    ]
    p = dict(zip(tested, p_values, strict=True))
    corrected = dict(zip(tested, holm(p_values), strict=True))
    for group, (n, selected) in table.counts.items():
        rate = selected / n
        ends = binomtest(selected, n).proportion_ci(CONFIDENCE, method="wilson")
        apart = group in left_out
        yield Compared(
            by=table.by,
            group=group,
            n=n,
            selected=selected,
            share=n / total,
            rate=Estimate(rate, (float(ends.low), float(ends.high))),
            ratio=_ratio((n, selected), (m, others)) if not apart else Estimate(None, None),
            difference=None if apart else rate - others / m,
            p_value=p.get(group),
            p_holm=corrected.get(group),
            is_reference=group == reference,
        )


def highest(counts: Counts, left_out: Sequence[str] = ()) -> str | None:
    """Name the group with the highest rate, the first of equals; None if all are left out."""
    kept = [group for group in counts if group not in left_out]
    return max(kept, key=lambda group: counts[group][1] / counts[group][0], default=None)


def smaller_than(counts: Counts, share: str) -> tuple[str, ...]:
    """Name the groups that hold less than a share of the table's rows."""
    total = sum(n for n, _ in counts.values())
    return tuple(group for group, (n, _) in counts.items() if n < float(share) * total)


def _ratio(own: tuple[int, int], other: tuple[int, int]) -> Estimate:
    """A ratio of rates with Katz's interval (Katz et al., Biometrics 34, 1978)."""
    (n, selected), (m, others) = own, other
    if not others:
        return Estimate(None, None)
    ratio = (selected / n) / (others / m)
    if own == other or not selected:
        return Estimate(ratio, None)
    reach = normal_quantile() * sqrt(1 / selected - 1 / n + 1 / others - 1 / m)
    return Estimate(ratio, (exp(log(ratio) - reach), exp(log(ratio) + reach)))


def _selections(
    request: SelectionRequest, rows: list[tuple[Any, ...]], median: float | None
) -> Selections:
    decided = [row for row in rows if row[-2] is not None]
    n = sum(row[-1] for row in decided)
    if not n:
        raise InvalidInput(
            f"There is no row to measure: none has a usable {request.prediction!r}.",
            "Check the filter and the names of the columns.",
        )
    if len({row[:-2] for row in rows}) > MAX_GROUPS:
        raise InvalidInput(
            f"Grouping by {', '.join(request.by)} makes more than {MAX_GROUPS} groups.",
            "Group by columns of few categories; turn numbers such as an age into bands.",
        )
    if not any(row[-2] for row in decided) and not request.scoring:
        raise InvalidInput(
            f"Column {request.prediction!r} never holds the positive value {request.positive!r}.",
            "Say which value is positive with --positive.",
        )
    return Selections(
        n=n,
        missing=sum(row[-1] for row in rows) - n,
        unknown=sum(row[-1] for row in decided if UNKNOWN in row[:-2]),
        median=median,
        tables=tuple(_table(request.by, columns, decided) for columns in tables_of(request.by)),
    )


def _table(
    by: Sequence[str], columns: Sequence[int], rows: list[tuple[Any, ...]]
) -> SelectionTable:
    def key(row: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(row[i] for i in columns)

    counts: dict[str, tuple[int, int]] = {}
    unknown = 0
    for names, found in groupby(sorted(rows, key=key), key=key):
        members = list(found)
        n = sum(row[-1] for row in members)
        if UNKNOWN in names:
            unknown += n
        else:
            counts[",".join(names)] = (n, sum(row[-1] for row in members if row[-2]))
    return SelectionTable(",".join(by[i] for i in columns), counts, unknown)
