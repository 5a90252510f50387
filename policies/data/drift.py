"""What a comparison of two sets of data found: columns, features, and the verdict on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from policies.data.distances import ZERO_CELLS, ChiSquare
from policies.thresholds import DriftThresholds

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]
Role: TypeAlias = Literal["feature", "output", "confidence"]

BINNING = (
    "numbers, as doubles: 10 bins between the deciles of the reference, equal ones once, open at "
    "both ends; "
    "categories: each its own, those of fewer than 5 rows or beyond the 100 most frequent pooled, "
    "new ones by themselves; "
    "missing values: a cell of their own, where there are any"
)


@dataclass(frozen=True)
class Cell:
    """A bin or category: its rows on both sides, and its part of the PSI."""

    name: str
    reference: int
    current: int
    change: float
    psi: float

    def as_json(self) -> dict[str, Any]:
        """Give the cell; `change` is its proportion's, from -1 to 1."""
        return {
            "cell": self.name,
            "reference": self.reference,
            "current": self.current,
            "change": self.change,
            "psi": self.psi,
        }


@dataclass(frozen=True)
class FeatureDrift:
    """One column on both sides. Measures that a column's kind does not have are None.

    `ks` is from 0 to 1, `jensen_shannon` a distance to base 2 from 0 to 1, `wasserstein` in the
    column's unit and `wasserstein_normalised` in standard deviations of the reference. `moved`
    lists cells with the largest part of the PSI first.
    """

    column: str
    role: Role
    kind: Literal["number", "category"]
    reference_rows: int
    current_rows: int
    reference_missing: int
    current_missing: int
    cells: tuple[Cell, ...]
    psi: float
    jensen_shannon: float
    chi_square: ChiSquare | None
    ks: float | None = None
    ks_p: float | None = None
    wasserstein: float | None = None
    wasserstein_normalised: float | None = None
    new_categories: tuple[str, ...] = ()
    lost_categories: tuple[str, ...] = ()
    verdict: Verdict = "inconclusive"
    reasons: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[Cell, ...]:
        """Cells in order of their part of the PSI, the largest first."""
        return tuple(sorted(self.cells, key=lambda cell: -cell.psi))

    def measures(self) -> dict[str, float | None]:
        """Every measure by name; one that is undefined or not finite is None."""
        chi = self.chi_square
        found = {
            "psi": self.psi,
            "ks": self.ks,
            "ks_p": self.ks_p,
            "jensen_shannon": self.jensen_shannon,
            "chi_square": chi.statistic if chi else None,
            "chi_square_dof": chi.dof if chi else None,
            "chi_square_p": chi.p_value if chi else None,
            "cramers_v": chi.cramers_v if chi else None,
            "wasserstein": self.wasserstein,
            "wasserstein_normalised": self.wasserstein_normalised,
        }
        return {
            name: value if value is not None and math.isfinite(value) else None
            for name, value in found.items()
        }

    def as_json(self) -> dict[str, Any]:
        """Give the feature as one object; `moved` holds its cells, what moved most first."""
        return {
            "column": self.column,
            "role": self.role,
            "kind": self.kind,
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "reference_missing": self.reference_missing,
            "current_missing": self.current_missing,
            **self.measures(),
            "new_categories": list(self.new_categories),
            "lost_categories": list(self.lost_categories),
            "moved": [cell.as_json() for cell in self.moved],
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Retyped:
    """A column that holds something else than it did."""

    column: str
    reference: str
    current: str


@dataclass(frozen=True)
class SchemaChange:
    """How the columns differ, and which of those that both have were not compared, and why."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[Retyped, ...]
    not_compared: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Give the changes as lists."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "retyped": [vars(each) for each in self.retyped],
            "not_compared": [
                {"column": column, "reason": reason} for column, reason in self.not_compared
            ],
        }


@dataclass(frozen=True)
class Compared:
    """A comparison from data to verdict, with everything needed to run it again."""

    reference_rows: int
    current_rows: int
    schema: SchemaChange
    features: tuple[FeatureDrift, ...]
    thresholds: DriftThresholds
    verdict: Verdict
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the document of `data compare --json`, but for where the rows are from."""
        return {
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "binning": BINNING,
            "zero_cells": ZERO_CELLS,
            "thresholds": self.thresholds.figures(),
            "schema": self.schema.as_json(),
            "features": [feature.as_json() for feature in self.features],
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }
