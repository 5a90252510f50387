"""Percentile intervals by resampling the counts.

Drawing n rows with replacement and counting them is one multinomial draw over the cells, so this
is the row bootstrap exactly, at a cost that does not depend on n (Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, chapter 13).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from policies.fairness.counts import Cells
from policies.fairness.measures import Measures, measure, measure_draws

DRAWS = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % interval, both proportions; None where undefined."""

    value: float | None
    interval: tuple[float, float] | None

    def as_json(self, name: str) -> dict[str, Any]:
        """`{name: value, name_ci: [low, high]}`."""
        return {name: self.value, f"{name}_ci": list(self.interval) if self.interval else None}


@dataclass(frozen=True, eq=False)
class Estimated:
    """Measures of a set of groups, as counted and at both ends of their intervals."""

    counted: Measures
    low: Measures
    high: Measures

    def of(self, name: str, *group: int) -> Estimate:
        """One measure by its name; rates and impact ratios need the group's position."""
        value, low, high = (
            float(getattr(measures, name)[group])
            for measures in (self.counted, self.low, self.high)
        )
        return Estimate(
            value=None if np.isnan(value) else value,
            interval=None if np.isnan(low) or np.isnan(value) else (low, high),
        )


def resample(cells: Cells, seed: int, draws: int = DRAWS) -> Cells:
    """Draw tables of counts, `(draws, *cells.shape)`, each with as many rows as `cells`.

    The same seed gives the same draws (PCG64; numpy may change the stream between its releases).
    """
    # Only cells that hold rows: the last category of a multinomial takes what rounding leaves.
    filled = np.flatnonzero(cells)
    observed = cells.flat[filled]
    drawn = np.zeros((draws, cells.size), dtype=np.int64)
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn[:, filled] = generator.multinomial(observed.sum(), observed / observed.sum(), size=draws)
    return drawn.reshape(draws, *cells.shape)


def estimate(cells: Cells, draws: Cells) -> Estimated:
    """Measure counts and find the interval of each measure over the draws where it is defined.

    Every measure is taken anew in each draw, so the group that an impact ratio is held against
    may change from draw to draw.
    """
    drawn = measure_draws(draws)
    tail = 100 * (1 - CONFIDENCE) / 2
    with warnings.catch_warnings():
        # A measure that no draw defines has no interval; numpy also warns of it.
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        bounds = {
            name: np.nanpercentile(values, [tail, 100 - tail], axis=0)
            for name, values in vars(drawn).items()
        }
    return Estimated(
        counted=measure(cells),
        low=Measures(**{name: bound[0] for name, bound in bounds.items()}),
        high=Measures(**{name: bound[1] for name, bound in bounds.items()}),
    )
