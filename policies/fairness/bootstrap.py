"""Percentile intervals by resampling the counts.

Drawing n rows with replacement and counting them is one multinomial draw over the cells, so this
is the row bootstrap exactly, at a cost that does not depend on n (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapter 13).

With weights the number of rows in a cell is drawn so too; the sum of that many weights drawn from
the cell is taken as normal, with the mean and the variance of the cell's weights. That is exact
where the weights of a cell are equal, and the row bootstrap's limit elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.fairness.counts import Cells, Counts, Floats

DRAWS = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval; None where undefined."""

    value: float | None
    interval: tuple[float, float] | None

    def as_json(self, name: str) -> dict[str, Any]:
        """`{name: value, name_ci: [low, high]}`."""
        return {name: self.value, f"{name}_ci": list(self.interval) if self.interval else None}


@dataclass(frozen=True, eq=False)
class Sample:
    """Counts as they are, weighted, and as drawn, all of the same groups, labels and predictions.

    `rows` has the shape `(groups, labels, predictions)`, `mass` as well (`rows` again without
    weights), `draws` one more axis in front.
    """

    rows: Cells
    mass: Floats
    draws: Floats
    weighted: bool

    def through(self, change: Callable[[Any], Any]) -> Sample:
        """Apply a linear change of the last three axes, such as merging groups."""
        return Sample(change(self.rows), change(self.mass), change(self.draws), self.weighted)


def drawn(counts: Counts, seed: int) -> Sample:
    """Counts with their draws."""
    rows = counts.cells
    draws = resample(rows, seed)
    if counts.mass is None or counts.squares is None:
        return Sample(rows, rows.astype(np.float64), draws.astype(np.float64), weighted=False)
    held = np.maximum(rows, 1)
    mean = counts.mass / held
    variance = np.maximum(counts.squares / held - mean**2, 0)
    chance = np.random.Generator(np.random.PCG64([seed, 1])).standard_normal(draws.shape)
    weights = np.maximum(draws * mean + np.sqrt(draws * variance) * chance, 0)
    return Sample(rows, counts.mass, weights, weighted=True)


def resample(cells: Cells, seed: int, draws: int = DRAWS) -> Cells:
    """Draw tables of counts, `(draws, *cells.shape)`, each with as many rows as `cells`.

    The same seed gives the same draws (PCG64; numpy may change the stream between its releases).
    """
    # Only cells that hold rows: the last category of a multinomial takes what rounding leaves.
    filled = np.flatnonzero(cells)
    observed = cells.flat[filled]
    found = np.zeros((draws, cells.size), dtype=np.int64)
    generator = np.random.Generator(np.random.PCG64(seed))
    found[:, filled] = generator.multinomial(observed.sum(), observed / observed.sum(), size=draws)
    return found.reshape(draws, *cells.shape)


def bounds(values: Floats) -> tuple[Floats, Floats]:
    """Both ends of the interval of draws along the first axis, those that are undefined left out.

    Percentiles interpolate linearly, as numpy's do; NaN where no draw is defined.
    """
    ordered = np.sort(values, axis=0)  # NaN comes last
    defined = np.isfinite(ordered).sum(axis=0)
    tail = (1 - CONFIDENCE) / 2
    return _percentile(ordered, defined, tail), _percentile(ordered, defined, 1 - tail)


def _percentile(ordered: Floats, defined: Any, share: float) -> Floats:
    place = share * np.maximum(defined - 1, 0)
    lower = np.floor(place).astype(np.intp)
    upper = np.minimum(lower + 1, np.maximum(defined - 1, 0))
    low = np.take_along_axis(ordered, lower[np.newaxis], axis=0)[0]
    high = np.take_along_axis(ordered, upper[np.newaxis], axis=0)[0]
    found: Floats = np.where(defined > 0, low + (high - low) * (place - lower), np.nan)
    return found


def estimates(value: Floats, draws: Floats) -> list[Estimate]:
    """Estimates of a measure, one a group: its values `(groups)`, its draws `(draws, groups)`."""
    low, high = bounds(draws)
    return [
        Estimate(
            value=float(v) if np.isfinite(v) else None,
            interval=(float(a), float(b)) if np.isfinite(v) and np.isfinite(a) else None,
        )
        for v, a, b in zip(value, low, high, strict=True)
    ]


def known(value: Any, low: Any, high: Any) -> Estimate:
    """An estimate of plain figures; what is not finite is undefined."""
    ends = (float(low), float(high))
    interval = ends if np.isfinite([value, *ends]).all() else None
    return Estimate(float(value) if np.isfinite(value) else None, interval)


def estimate(value: Floats, draws: Floats) -> Estimate:
    """Estimate one measure of all groups together: its value, and its draws `(draws)`."""
    (found,) = estimates(np.atleast_1d(value), draws[:, np.newaxis])
    return found
