"""Rows reduced to counts inside the engine: (group, label, prediction) and how many.

Everything that the audit measures is a function of these counts, so no row is ever seen by
Python, and memory grows with the number of groups only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from policies.fairness.row_filter import condition
from policies.fairness.sources import RELATION, Source, opened

Cells: TypeAlias = NDArray[np.int64]

UNKNOWN = "unknown"
MAX_GROUPS = 500

# Label and prediction are each true, false or missing.
_STATES = 9

# How files spell "no value" where null cannot be written.
_MISSING = "('', 'nan', 'null', 'unknown')"


@dataclass(frozen=True)
class FairnessRequest:
    """What to audit: columns of the files, the value that counts as positive, and a row filter.

    `label` is what turned out to be true (None: only selection rates are measured), `prediction`
    what was decided, `by` the sensitive columns, `where` an SQL condition on a row.
    """

    prediction: str
    by: tuple[str, ...]
    label: str | None = None
    positive: str = "1"
    where: str | None = None


@dataclass(frozen=True)
class Excluded:
    """Rows that passed the filter but lack a label or a prediction; some lack both."""

    rows: int
    label_missing: int
    prediction_missing: int


@dataclass(frozen=True, eq=False)
class Table:
    """The groups of one column, or of all of them crossed, within finer groups.

    `owner[i]` is the position in `groups` of the table's group that holds finer group i.
    """

    by: str
    groups: tuple[str, ...]
    owner: NDArray[np.intp]

    def merge(self, cells: Cells) -> Cells:
        """Sum cells of the finer groups, `(..., finer groups, labels, 2)`, into this table's."""
        owned = (cells[..., self.owner == i, :, :] for i in range(len(self.groups)))
        return np.stack([cells.sum(axis=-3) for cells in owned], axis=-3)


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts per intersection of the `by` columns.

    `cells[g, label, prediction]` is a number of rows, 1 standing for positive; without a label
    column the second axis has length 1. Groups are in order of name and none is empty.
    """

    by: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    cells: Cells
    excluded: Excluded

    def tables(self) -> list[Table]:
        """One table for each column, and one for their intersection if there are several."""
        singles = [self._table([i]) for i in range(len(self.by))]
        return singles if len(singles) == 1 else [*singles, self._table(range(len(self.by)))]

    def _table(self, columns: Sequence[int]) -> Table:
        keys = [tuple(group[i] for i in columns) for group in self.groups]
        ordered = sorted(set(keys))
        return Table(
            by=",".join(self.by[i] for i in columns),
            groups=tuple(",".join(key) for key in ordered),
            owner=np.array([ordered.index(key) for key in keys], dtype=np.intp),
        )


def count_rows(files: Sequence[Path], request: FairnessRequest) -> Counts:
    """Count the rows of Parquet, CSV or JSON Lines files by group, label and prediction.

    A value is positive if it equals `request.positive` as text, or as a number, true being 1 and
    false 0. Missing is what is null, empty, "nan", "null" or "unknown": as a category it forms the
    group `unknown`, as a label or prediction it excludes the row.

    Raises InvalidInput if a column is missing, if a column holds values but never the positive
    one (the hint lists them), if the filter is not a plain condition, if nothing is left to
    measure, or beyond 500 groups.
    """
    if not request.by or len(set(request.by)) != len(request.by):
        raise InvalidInput(
            "An audit needs one or more different columns to group by.", "Name them with --by."
        )
    with opened(files) as source:
        rows = source.connection.execute(_counting(source, request), _bound(request)).fetchall()
        counts = _counts(request, rows)
        for axis, column in ((1, request.label), (2, request.prediction)):
            if column is not None and not np.take(counts.cells, 1, axis=axis).any():
                _require_positive(source, request, column)
        return counts


def _bound(request: FairnessRequest) -> dict[str, str]:
    return {"positive": request.positive}


def _counting(source: Source, request: FairnessRequest) -> str:
    # Categories are named after grouping: once a group, not once a row.
    names = [f"category_{i}" for i in range(len(request.by))]
    raw = ", ".join(
        f"{_text(source, column)} AS {name}" for column, name in zip(request.by, names, strict=True)
    )
    named = ", ".join(_category(name) for name in names)
    label = "FALSE" if request.label is None else _positive(source, request.label)
    prediction = _positive(source, request.prediction)
    return f"""
        SELECT {named}, label, prediction, sum(n)::BIGINT
        FROM (
            SELECT {raw}, {label} AS label, {prediction} AS prediction, count(*) AS n
            FROM (SELECT * FROM {RELATION} WHERE {condition(source, request.where)})
            GROUP BY ALL
        )
        GROUP BY ALL
        LIMIT {_STATES * MAX_GROUPS + 1}
    """  # noqa: S608 - quoted identifiers, and a filter that `condition` has parsed


def _category(name: str) -> str:
    text = f"trim({name})"
    return f"CASE WHEN lower({text}) NOT IN {_MISSING} THEN {text} ELSE '{UNKNOWN}' END"


def _text(source: Source, column: str) -> str:
    """Return SQL for a column's value as text; a JSON string loses its quotation marks."""
    name = source.require(column)
    return f"{name} ->> '$'" if source.columns[column] == "JSON" else f"CAST({name} AS VARCHAR)"


def _positive(source: Source, column: str) -> str:
    """Return SQL that is true or false, or null where the value is missing."""
    text = f"trim({_text(source, column)})"
    return f"""
        CASE WHEN lower({text}) NOT IN {_MISSING}
        THEN {text} = $positive OR coalesce({_number(text)} = {_number("$positive")}, FALSE) END
    """


def _number(text: str) -> str:
    """Return SQL for a number written as text, true being 1 and false 0; null for other text."""
    return (
        f"CASE lower({text}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 "
        f"ELSE TRY_CAST({text} AS DOUBLE) END"
    )


def _counts(request: FairnessRequest, rows: list[tuple[Any, ...]]) -> Counts:
    complete = [row for row in rows if row[-3] is not None and row[-2] is not None]
    excluded = Excluded(
        rows=sum(row[-1] for row in rows) - sum(row[-1] for row in complete),
        label_missing=sum(row[-1] for row in rows if row[-3] is None),
        prediction_missing=sum(row[-1] for row in rows if row[-2] is None),
    )
    groups = sorted({row[:-3] for row in complete})
    if len(groups) > MAX_GROUPS or len(rows) > _STATES * MAX_GROUPS:
        raise InvalidInput(
            f"Grouping by {', '.join(request.by)} makes more than {MAX_GROUPS} groups.",
            "Group by columns of few categories; turn numbers such as an age into bands.",
        )
    if not groups:
        raise InvalidInput(
            f"There is no row to measure; {excluded.rows} lack a label or a prediction.",
            "Check the filter and the names of the columns.",
        )
    place = {group: i for i, group in enumerate(groups)}
    cells = np.zeros((len(groups), 1 if request.label is None else 2, 2), dtype=np.int64)
    for *group, label, prediction, n in complete:
        cells[place[tuple(group)], int(label), int(prediction)] += n
    return Counts(request.by, tuple(groups), cells, excluded)


def _require_positive(source: Source, request: FairnessRequest, column: str) -> None:
    """Refuse a positive value that the column never holds, filter or no filter."""
    seen = source.connection.execute(
        f"""
        SELECT text, positive
        FROM (
            SELECT {_text(source, column)} AS text, {_positive(source, column)} AS positive
            FROM {RELATION}
        )
        WHERE positive IS NOT NULL
        GROUP BY ALL
        ORDER BY positive DESC, count(*) DESC, text
        LIMIT 10
        """,  # noqa: S608 - quoted identifiers
        _bound(request),
    ).fetchall()
    if not any(is_positive for _, is_positive in seen):
        raise InvalidInput(
            f"Column {column!r} never holds the positive value {request.positive!r}.",
            f"Say which value is positive; seen: {', '.join(text for text, _ in seen)}.",
        )
