"""Selections by group, counted in the engine, and rates held against a reference.

Selected is who holds the positive value or, in scoring mode, who scores strictly above the median
of the whole sample, persons of unknown category included (6 RCNY 5-301(c)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ledger.errors import InvalidInput
from policies.fairness.bootstrap import Estimate, estimates, resample
from policies.fairness.counts import Cells
from policies.fairness.disparities import against
from policies.fairness.grouped import MAX_GROUPS, event, tables_of
from policies.fairness.row_filter import condition
from policies.fairness.significance import Significance, widened, wilson
from policies.fairness.significance import compare as test_shares
from policies.fairness.simultaneous import limits, to_the_best, tukey, up_to
from policies.fairness.sources import RELATION, Source, opened
from policies.fairness.values import UNKNOWN, category, finite, text

Counts = Mapping[str, tuple[int, int]]
"""Rows and selected rows by group."""


@dataclass(frozen=True)
class SelectionRequest:
    """Whom to count: the decision, or with `scoring` the score, and the columns to group by.

    `seed` is that of the intervals.
    """

    prediction: str
    by: tuple[str, ...]
    positive: str = "1"
    where: str | None = None
    scoring: bool = False
    seed: int = 0


@dataclass(frozen=True)
class SelectionTable:
    """The known groups of one column, or of all crossed; `unknown` rows are in none of them.

    `seed` is that of the draws from which intervals of ratios and differences are.
    """

    by: str
    counts: Counts
    unknown: int
    seed: int = 0


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

    `rate` has Wilson's interval; `ratio` to and `difference` from the reference have that of
    resampled counts. `test` is None for the reference. `share` is the group's part of the table's
    rows.
    """

    by: str
    group: str
    n: int
    selected: int
    share: float
    rate: Estimate
    ratio: Estimate
    difference: Estimate
    test: Significance | None
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
            **self.difference.as_json("difference"),
            "p_value": self.test.p_value if self.test else None,
            "p_holm": self.test.p_holm if self.test else None,
            "test": self.test.method if self.test else None,
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
        if not request.scoring and not any(row[-2] for row in rows):
            _require_positive(source, request, decided)
    return _selections(request, rows, median)


def compare(
    table: SelectionTable, reference: str, left_out: Sequence[str] = (), *, best: bool = False
) -> Iterator[Compared]:
    """Hold every group against one; groups left out have a rate, but no ratio, difference or p.

    `best` says that the reference was chosen for its rate, which is then the highest by chance too.
    """
    groups = list(table.counts)
    rows, hits = (
        np.array([pair[i] for pair in table.counts.values()], dtype=np.int64) for i in (0, 1)
    )
    place = groups.index(reference)
    tests = _tests(groups, hits, rows, reference, left_out)
    ratio, difference = _against(hits, rows, place, table.seed)
    if best:
        kept = np.array([i for i, group in enumerate(groups) if group not in left_out])
        rates = hits / rows
        measure = limits(rates, rates[np.newaxis], tukey(len(kept)), hits, rows)
        ratio = up_to(ratio, to_the_best(measure, kept))
    low, high = wilson(hits, rows)
    nothing = Estimate(None, None)
    for i, group in enumerate(groups):
        apart = group in left_out
        yield Compared(
            by=table.by,
            group=group,
            n=int(rows[i]),
            selected=int(hits[i]),
            share=float(rows[i] / rows.sum()),
            rate=Estimate(float(hits[i] / rows[i]), (float(low[i]), float(high[i]))),
            ratio=nothing if apart else ratio[i],
            difference=nothing if apart else difference[i],
            test=tests.get(group),
            is_reference=i == place,
        )


def highest(counts: Counts, left_out: Sequence[str] = ()) -> str | None:
    """Name the group with the highest rate, the first of equals; None if all are left out."""
    kept = [group for group in counts if group not in left_out]
    return max(kept, key=lambda group: counts[group][1] / counts[group][0], default=None)


def smaller_than(counts: Counts, share: str) -> tuple[str, ...]:
    """Name the groups that hold less than a share of the table's rows."""
    total = sum(n for n, _ in counts.values())
    return tuple(group for group, (n, _) in counts.items() if n < float(share) * total)


def _tests(
    groups: Sequence[str], hits: Cells, rows: Cells, reference: str, left_out: Sequence[str]
) -> Mapping[str, Significance | None]:
    """Test each group against the reference; corrected for those that are not left out."""
    kept = [i for i, group in enumerate(groups) if group == reference or group not in left_out]
    names = [groups[i] for i in kept]
    found = test_shares(hits[kept], rows[kept], names.index(reference))
    return dict(zip(names, found, strict=True))


def _against(
    hits: Cells, rows: Cells, place: int, seed: int
) -> tuple[list[Estimate], list[Estimate]]:
    """Ratios to and differences from one group, with the intervals of resampled counts."""
    drawn = resample(np.stack([rows - hits, hits], axis=1), seed)
    with np.errstate(invalid="ignore"):
        rates = drawn[..., 1] / drawn.sum(axis=-1)
    ratio, difference = against(hits / rows, place)
    drawn_ratio, drawn_difference = against(rates, place)
    ratios = widened(estimates(ratio, drawn_ratio), hits, rows, place)
    return ratios, estimates(difference, drawn_difference)


def _require_positive(source: Source, request: SelectionRequest, decided: str) -> None:
    """Refuse a positive value that the column never holds, filter or no filter."""
    held = source.connection.execute(f"SELECT bool_or({decided}) FROM {RELATION}").fetchall()  # noqa: S608 - quoted identifiers
    if not held[0][0]:
        raise InvalidInput(
            f"Column {request.prediction!r} never holds the positive value {request.positive!r}.",
            "Say which value is positive with --positive.",
        )


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
    return Selections(
        n=n,
        missing=sum(row[-1] for row in rows) - n,
        unknown=sum(row[-1] for row in decided if UNKNOWN in row[:-2]),
        median=median,
        tables=tuple(_table(request, columns, decided) for columns in tables_of(request.by)),
    )


def _table(
    request: SelectionRequest, columns: Sequence[int], rows: list[tuple[Any, ...]]
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
    by = ",".join(request.by[i] for i in columns)
    return SelectionTable(by, counts, unknown, request.seed)
