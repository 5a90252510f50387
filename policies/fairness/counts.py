"""Rows reduced to counts inside the engine: (group, label, prediction) and how many.

Everything that the audit measures is a function of these counts, so no row is ever seen by
Python, and memory grows with the number of groups only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from policies.fairness import values
from policies.fairness.labelling import Files, LabelJoin
from policies.fairness.request import MULTICLASS, FairnessRequest
from policies.fairness.row_filter import condition
from policies.fairness.sources import RELATION, Source, opened
from policies.fairness.values import UNKNOWN

__all__ = ["MAX_GROUPS", "UNKNOWN", "Cells", "Counts", "Excluded", "FairnessRequest", "count_rows"]

Cells: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

MAX_GROUPS = 500
MAX_CELLS = 10_000
MAX_CLASSES = 50

# Beyond so many combinations nothing that may be measured is left.
_LIMIT = 4 * MAX_CELLS

# Doubles summed as decimals give the same sum in whatever order the engine's threads take them.
_EXACT = "DECIMAL(38, 15)"
_WEIGHT = '"=weight"'  # a name that no mapped column has


@dataclass(frozen=True)
class Excluded:
    """Rows that passed the filter but lack a label, a prediction or a weight; some lack several."""

    rows: int
    label_missing: int
    prediction_missing: int
    weight_missing: int = 0


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts per intersection of the `by` columns, within each of the `control` columns.

    `cells[g, label, prediction]` is a number of rows. For a binary outcome 1 stands for positive,
    for several classes the position in `classes` for the class; without a label column the second
    axis has length 1. With weights `mass` has the sum of the weights in the same places and
    `squares` that of their squares. Groups, the values of `by` and then of `control`, are in order
    of name and none is empty. `joined` is of labels that came from outcome logs.
    """

    by: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    cells: Cells
    excluded: Excluded
    control: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    mass: Floats | None = None
    squares: Floats | None = None
    joined: LabelJoin | None = None


def count_rows(files: Files, request: FairnessRequest) -> Counts:
    """Count the rows of Parquet, CSV or JSON Lines files by group, label and prediction.

    A value is positive if it equals `request.positive` as text, or as a number, true being 1 and
    false 0; with a cut-off a prediction is positive from it on. Missing is what is null, empty,
    "nan", "null" or "unknown", and where a number is wanted whatever is none: as a category it
    forms the group `unknown`, as a label, prediction or weight it excludes the row.

    Raises InvalidInput if a column is missing, if a column holds values but never the positive
    one (the hint lists them), if a weight is negative, if the filter is not a plain condition, if
    nothing is left to measure, beyond 500 groups, 50 classes or 10,000 cells.
    """
    request.check()
    with opened(files) as source:
        query = _counting(source, request)
        rows = source.connection.execute(query, _bound(request, query)).fetchall()
        counts = replace(_counts(request, rows), joined=source.joined)
        for axis, column in _told_by_value(request):
            if not np.take(counts.cells, 1, axis=axis).any():
                _require_positive(source, request, column)
        return counts


def _told_by_value(request: FairnessRequest) -> Iterator[tuple[int, str]]:
    """Axis and column of the answers that are positive by holding the positive value."""
    if request.outcome == MULTICLASS:
        return
    if request.label is not None:
        yield 1, request.label
    if request.cutoff is None:
        yield 2, request.prediction


def _bound(request: FairnessRequest, query: str) -> dict[str, str]:
    known = {"positive": request.positive, "cutoff": request.cutoff or ""}
    return {name: value for name, value in known.items() if f"${name}" in query}


def _counting(source: Source, request: FairnessRequest) -> str:
    # Grouped as the files have them and read afterwards: once a group, not once a row.
    columns = (*request.by, *request.control)
    names = [f"category_{i}" for i in range(len(columns))]
    raw = ", ".join(
        f"{source.require(column)} AS {name}" for column, name in zip(columns, names, strict=True)
    )
    read = ", ".join(
        values.category(values.text(source, column, name))
        for column, name in zip(columns, names, strict=True)
    )
    label, label_read = _answer(source, request, request.label, "label")
    prediction, prediction_read = _answer(source, request, request.prediction, "prediction")
    weight = values.finite(source, request.weight) if request.weight else "1"
    return f"""
        SELECT
            {read}, {label_read} AS label, {prediction_read} AS prediction, weighted,
            sum(n)::BIGINT, min(least), sum(mass)::DOUBLE, sum(squares)::DOUBLE
        FROM (
            SELECT
                {raw}, {label} AS label, {prediction} AS prediction,
                {_WEIGHT} IS NOT NULL AS weighted,
                count(*) AS n, min({_WEIGHT}) AS least, {_sums(request)}
            FROM (
                SELECT *, {weight} AS {_WEIGHT}
                FROM {RELATION}
                WHERE {condition(source, request.where)}
            )
            GROUP BY ALL
        )
        GROUP BY ALL
        LIMIT {_LIMIT + 1}
    """  # noqa: S608 - quoted identifiers, and a filter that `condition` has parsed


def _sums(request: FairnessRequest) -> str:
    if request.weight is None:
        return "0 AS mass, 0 AS squares"
    square = f"({_WEIGHT} * {_WEIGHT})::{_EXACT}"
    return f"sum({_WEIGHT}::{_EXACT}) AS mass, sum({square}) AS squares"


def _answer(
    source: Source, request: FairnessRequest, column: str | None, name: str
) -> tuple[str, str]:
    """SQL for what a label or prediction is grouped by, and for how that is read."""
    if column is None:
        return "NULL", "'0'" if request.outcome == MULTICLASS else "FALSE"
    if name == "prediction" and request.cutoff is not None:
        return values.at_least(source, column), name
    if request.outcome == MULTICLASS:
        return source.require(column), values.class_of(values.text(source, column, name))
    if values.is_fraction(source, column):
        return values.fraction_positive(source, column), name
    return source.require(column), values.positive(values.text(source, column, name))


def _counts(request: FairnessRequest, rows: list[tuple[Any, ...]]) -> Counts:
    width = len(request.by) + len(request.control)
    complete = [row for row in rows if None not in row[width : width + 2] and row[width + 2]]
    excluded = _excluded(rows, complete, width)
    groups = sorted({row[:width] for row in complete})
    if len(groups) > MAX_GROUPS or len(rows) > _LIMIT:
        raise InvalidInput(
            f"Grouping by {', '.join((*request.by, *request.control))} makes more than "
            f"{MAX_GROUPS} groups.",
            "Group by columns of few categories; turn numbers such as an age into bands.",
        )
    if not groups:
        raise InvalidInput(
            f"There is no row to measure; {excluded.rows} lack a label, a prediction or a weight.",
            "Check the filter and the names of the columns.",
        )
    places, classes = _places(request, complete, width)
    answers = len(classes) or 2
    shape = (len(groups), 1 if request.label is None else answers, answers)
    if np.prod(shape) > MAX_CELLS:
        raise InvalidInput(
            f"{len(groups)} groups and {answers} classes are more than can be measured at once.",
            "Group by fewer columns, or filter for a part of the decisions.",
        )
    cells = np.zeros(shape, dtype=np.int64)
    mass, squares = np.zeros(shape), np.zeros(shape)
    place = {group: i for i, group in enumerate(groups)}
    for row in complete:
        label, prediction, _, n, least, weight, square = row[width:]
        if least < 0:
            raise InvalidInput(
                f"The weight {request.weight!r} is negative: {least}.",
                "Give a column of weights from 0 on.",
            )
        at = (place[row[:width]], places.get(label, 0), places[prediction])
        cells[at] += n
        mass[at] += weight
        squares[at] += square
    weighted = request.weight is not None
    return Counts(
        by=request.by,
        groups=tuple(groups),
        cells=cells,
        excluded=excluded,
        control=request.control,
        classes=classes,
        mass=mass if weighted else None,
        squares=squares if weighted else None,
    )


def _excluded(rows: list[tuple[Any, ...]], complete: list[tuple[Any, ...]], width: int) -> Excluded:
    def total(some: Iterable[tuple[Any, ...]]) -> int:
        return sum(row[width + 3] for row in some)

    return Excluded(
        rows=total(rows) - total(complete),
        label_missing=total(row for row in rows if row[width] is None),
        prediction_missing=total(row for row in rows if row[width + 1] is None),
        weight_missing=total(row for row in rows if not row[width + 2]),
    )


def _places(
    request: FairnessRequest, complete: list[tuple[Any, ...]], width: int
) -> tuple[Mapping[Any, int], tuple[str, ...]]:
    """Where a label or prediction stands on its axis, and the names of the classes if several."""
    if request.outcome != MULTICLASS:
        return {False: 0, True: 1}, ()
    answers = slice(width + (request.label is None), width + 2)
    classes = sorted({value for row in complete for value in row[answers]})
    if not 1 < len(classes) <= MAX_CLASSES:
        raise InvalidInput(
            f"Column {request.prediction!r} tells {len(classes)} classes apart, not 2 to "
            f"{MAX_CLASSES}.",
            "Name the column that holds the class; turn numbers into classes with --cutoff.",
        )
    return {name: i for i, name in enumerate(classes)}, tuple(classes)


def _require_positive(source: Source, request: FairnessRequest, column: str) -> None:
    """Refuse a positive value that the column never holds, filter or no filter."""
    written = values.text(source, column)
    seen = source.connection.execute(
        f"""
        SELECT text, positive
        FROM (SELECT {written} AS text, {values.positive(written)} AS positive FROM {RELATION})
        WHERE positive IS NOT NULL
        GROUP BY ALL
        ORDER BY positive DESC, count(*) DESC, text
        LIMIT 10
        """,  # noqa: S608 - quoted identifiers
        {"positive": request.positive},
    ).fetchall()
    if not any(is_positive for _, is_positive in seen):
        raise InvalidInput(
            f"Column {column!r} never holds the positive value {request.positive!r}.",
            f"Say which value is positive; seen: {', '.join(text for text, _ in seen)}.",
        )
