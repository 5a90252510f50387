"""Two sets of data compared column by column: training against live, or one window with another.

Rows become counts in DuckDB, counts become distances. No clock, no ledger, no sample: the same
bytes, request and thresholds give the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ledger.errors import InvalidInput
from policies.data.categories import shared_cells
from policies.data.distances import (
    Counts,
    chi_square,
    jensen_shannon,
    kolmogorov_p,
    psi_by_cell,
)
from policies.data.drift import Cell, Compared, FeatureDrift, Role
from policies.data.judging import judge, judge_feature
from policies.data.measured import Numbers, Summary, summarise
from policies.data.ordered import Extent, Ordered, compare_ordered
from policies.data.schema import MOST_CATEGORIES, change_of, comparable
from policies.data.table import Column, Table, opened
from policies.thresholds import DriftThresholds

MISSING_CELL = "(missing)"
_DIGITS = range(6, 18)  # of edges; 17 tell any two numbers apart


@dataclass(frozen=True)
class Rows:
    """Rows to compare: files of one format, and a condition on a row."""

    files: Sequence[Path]
    where: str | None = None


@dataclass(frozen=True)
class DriftRequest:
    """What to compare: `columns` (empty: all that can be), and which are the model's answers.

    Without them these are the columns `decision` and `confidence`, where there are any. Columns
    `aside` are not compared unless they are named; each with the reason.
    """

    columns: tuple[str, ...] = ()
    output: str | None = None
    confidence: str | None = None
    aside: Mapping[str, str] = field(default_factory=dict)

    def role(self, column: str) -> Role:
        """What a column is to the model."""
        if column == (self.output or "decision"):
            return "output"
        return "confidence" if column == (self.confidence or "confidence") else "feature"

    @property
    def named(self) -> tuple[str, ...]:
        """Columns asked for by name."""
        answers = tuple(name for name in (self.output, self.confidence) if name)
        return tuple(dict.fromkeys((*self.columns, *answers)))


@dataclass(frozen=True)
class _Sides:
    """Both tables, and what their shared columns hold."""

    tables: tuple[Table, Table]
    columns: Mapping[str, tuple[Column, Column]]
    summaries: tuple[Mapping[str, Summary], Mapping[str, Summary]]

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers; a side on which it holds nothing does not say."""
        sides = list(zip(self.columns[name], self.summary(name), strict=True))
        telling = [side for side in sides if side[1].present] or sides
        return "number" in {column.kind for column, _ in telling}

    def summary(self, name: str) -> tuple[Summary, Summary]:
        return self.summaries[0][name], self.summaries[1][name]


def compare_data(
    reference: Rows, current: Rows, request: DriftRequest, thresholds: DriftThresholds
) -> Compared:
    """Compare two sets of rows by schema and by column.

    Raises InvalidInput for what cannot be read, a filter that is not a plain condition, a side
    without rows, and a column asked for that neither side, or only one of them, has.
    """
    with ExitStack() as stack:
        tables = tuple(
            stack.enter_context(opened(side.files, side.where)) for side in (reference, current)
        )
        both = (tables[0], tables[1])
        for name, table in zip(("reference", "current"), both, strict=True):
            if not table.rows:
                raise InvalidInput(
                    f"The {name} has no rows.", "Check its files, its period and the filter."
                )
        return _compared(both, request, thresholds)


def _compared(
    tables: tuple[Table, Table], request: DriftRequest, thresholds: DriftThresholds
) -> Compared:
    shared = _asked_for(tables, request)
    summaries = tuple(
        summarise(table, [pair[side] for pair in shared.values()], MOST_CATEGORIES)
        for side, table in enumerate(tables)
    )
    sides = _Sides(tables, shared, (summaries[0], summaries[1]))
    chosen, retyped, passed_over = comparable(shared, sides.summaries, request.named, request.aside)
    schema = change_of(
        (tables[0].columns, tables[1].columns), retyped, passed_over, request.columns
    )
    features = tuple(
        judge_feature(_feature(sides, name, request.role(name)), thresholds) for name in chosen
    )
    verdict, reasons = judge(schema, features)
    return Compared(tables[0].rows, tables[1].rows, schema, features, thresholds, verdict, reasons)


def _asked_for(
    tables: tuple[Table, Table], request: DriftRequest
) -> dict[str, tuple[Column, Column]]:
    """Columns that both sides have, or of them those that were asked for."""
    for name in request.named:
        for table in tables:
            table.column(name)
    theirs = {column.name: column for column in tables[1].columns}
    return {
        column.name: (column, theirs[column.name])
        for column in tables[0].columns
        if column.name in theirs and (not request.columns or column.name in request.named)
    }


def _feature(sides: _Sides, name: str, role: Role) -> FeatureDrift:
    if sides.is_number(name):
        return _number(sides, name, role)
    return _category(sides, name, role)


def _number(sides: _Sides, name: str, role: Role) -> FeatureDrift:
    found = sides.summary(name)
    samples = [
        Numbers(table, each.value, Extent(each.present, each.low or 0.0, each.high or 0.0))
        for table, each in zip(sides.tables, found, strict=True)
    ]
    if not (found[0].present and found[1].present):
        return _drift(sides, name, role, ["any number"], _present(found))
    ordered = compare_ordered(samples[0], samples[1])
    deviation = samples[0].deviation()
    return _drift(
        sides,
        name,
        role,
        _bin_names(ordered),
        (ordered.reference, ordered.current),
        ks=ordered.ks,
        ks_p=kolmogorov_p(ordered.ks, found[0].present, found[1].present),
        wasserstein=ordered.wasserstein,
        wasserstein_normalised=ordered.wasserstein / deviation if deviation else None,
    )


def _category(sides: _Sides, name: str, role: Role) -> FeatureDrift:
    counted = [dict(summary.categories or {}) for summary in sides.summary(name)]
    declared = {column.declared for column in sides.columns[name]}
    if "BOOLEAN" in declared and len(declared) > 1:  # programs write True, TRUE and true
        counted = [_folded(side) for side in counted]
    cells = shared_cells(counted[0], counted[1])
    return _drift(
        sides,
        name,
        role,
        cells.names,
        (cells.reference, cells.current),
        new_categories=cells.new,
        lost_categories=cells.lost,
    )


def _folded(counts: Mapping[str, int]) -> dict[str, int]:
    folded: Counter[str] = Counter()
    for name, rows in counts.items():
        folded[name.lower()] += rows
    return folded


def _drift(
    sides: _Sides,
    name: str,
    role: Role,
    names: Sequence[str],
    counts: tuple[Counts, Counts],
    *,
    ks: float | None = None,
    ks_p: float | None = None,
    wasserstein: float | None = None,
    wasserstein_normalised: float | None = None,
    new_categories: tuple[str, ...] = (),
    lost_categories: tuple[str, ...] = (),
) -> FeatureDrift:
    """Measure what is measured on cells; missing values are one where there are any."""
    found = sides.summary(name)
    reference, current = counts
    if found[0].missing or found[1].missing:
        names = [*names, MISSING_CELL]
        reference = np.append(reference, found[0].missing)
        current = np.append(current, found[1].missing)
    psi = psi_by_cell(reference, current)
    return FeatureDrift(
        column=name,
        role=role,
        kind="number" if sides.is_number(name) else "category",
        reference_rows=sides.tables[0].rows,
        current_rows=sides.tables[1].rows,
        reference_missing=found[0].missing,
        current_missing=found[1].missing,
        cells=_cells(names, reference, current, psi.tolist()),
        psi=float(psi.sum()),
        jensen_shannon=jensen_shannon(reference, current),
        chi_square=chi_square(reference, current),
        ks=ks,
        ks_p=ks_p,
        wasserstein=wasserstein,
        wasserstein_normalised=wasserstein_normalised,
        new_categories=new_categories,
        lost_categories=lost_categories,
    )


def _cells(
    names: Sequence[str], reference: Counts, current: Counts, psi: Sequence[float]
) -> tuple[Cell, ...]:
    n, m = int(reference.sum()), int(current.sum())
    rows = zip(names, reference.tolist(), current.tolist(), psi, strict=True)
    return tuple(Cell(name, r, c, c / m - r / n, part) for name, r, c, part in rows)


def _bin_names(ordered: Ordered) -> list[str]:
    if len(ordered.edges) == 2 and ordered.edges[0] == np.nextafter(ordered.edges[1], -np.inf):  # noqa: PLR2004 - nothing lies between them
        constant = f"{ordered.edges[1]:.15g}"
        return [f"below {constant}", constant, f"above {constant}"]
    written = ([f"{edge:.{digits}g}" for edge in ordered.edges] for digits in _DIGITS)
    edges = next((each for each in written if len(set(each)) == len(each)), [])
    between = [f"{low} to {high}" for low, high in pairwise(edges)]
    return [f"up to {edges[0]}", *between, f"above {edges[-1]}"]


def _present(found: tuple[Summary, Summary]) -> tuple[Counts, Counts]:
    reference, current = (np.array([each.present], np.int64) for each in found)
    return reference, current
