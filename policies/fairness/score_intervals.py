"""Percentile intervals of score measures, by resampling counts of scores.

Drawing rows with replacement and counting them by (group, score, event) is one multinomial draw,
so where a table holds at most 250 distinct scores this is the row bootstrap exactly. Beyond
that, scores are first gathered into at most 250 quantile cells, each standing for its mean: the
figures themselves stay exact, only their intervals are those of the cells. Group sizes are held
as they are, since groups are compared and not their shares.

Percentile intervals of distances and of calibration errors, which cannot fall below zero, lie
high for small groups; they say how far chance carries the figure, and are not centred on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.fairness.bootstrap import CONFIDENCE, DRAWS, Estimate
from policies.fairness.grouped import Valued, total
from policies.fairness.scores import bin_of

CELLS = 250

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """One group's counts `(2, cells)`: without and with the event, by ascending score.

    `score` and `square` are the mean score and mean squared error of those rows, `position` the
    mean score of a cell over all groups, `bins` the calibration bin of each cell.
    """

    counts: NDArray[np.int64]
    score: Floats
    square: Floats
    position: Floats
    bins: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Measures of one group in every draw; NaN where a draw leaves one undefined."""

    measures: Mapping[str, Floats]
    shares: Floats
    position: Floats

    def against(self, reference: Drawn) -> Mapping[str, Floats]:
        """Distances from, and differences and ratios to, the reference group in every draw."""
        gap = np.abs(np.cumsum(self.shares - reference.shares, axis=1))
        steps = np.diff(self.position)
        found = {
            "ks": gap.max(axis=1),
            "wasserstein": (gap[:, :-1] * steps).sum(axis=1),
        }
        for name, values in self.measures.items():
            other = reference.measures[name]
            found[f"{name}_difference"] = values - other
            with np.errstate(divide="ignore", invalid="ignore"):
                found[f"{name}_ratio"] = np.where(other > 0, values / other, np.nan)
        return found


def gather(table: Valued, span: tuple[float, float]) -> dict[str, Grid]:
    """Read the counts of what was tallied, in at most 250 quantile cells crossed with bins."""
    bound = max(map(abs, span))
    rows = table.connection.execute(
        f"""
        WITH scores AS (SELECT value, sum(n)::BIGINT AS n FROM tallied GROUP BY value),
        quantiles AS (
            SELECT value, CASE WHEN count(*) OVER () <= {CELLS} THEN row_number() OVER ordered
                ELSE (sum(n) OVER ordered - n) * {CELLS} // sum(n) OVER () END AS quantile
            FROM scores WINDOW ordered AS (ORDER BY value)
        ),
        placed AS (
            SELECT value, {bin_of("value", span)} AS bin,
                dense_rank() OVER (ORDER BY quantile, bin) - 1 AS cell
            FROM quantiles
        )
        SELECT grp, label, cell, bin, sum(n)::BIGINT, {total("value", bound, "n")} / sum(n),
            {total("(value - label::INT) ** 2", (bound + 1) ** 2, "n")} / sum(n)
        FROM tallied JOIN placed USING (value)
        GROUP BY ALL
        ORDER BY ALL
        """  # noqa: S608 - constants
    ).fetchnumpy()
    names, label, cell, bins, n, score, square = (np.asarray(rows[name]) for name in rows)
    length = int(cell.max()) + 1
    weight = np.bincount(cell, weights=n, minlength=length)
    position = np.bincount(cell, weights=n * score, minlength=length) / weight
    of_bin = np.zeros(length, dtype=np.int64)
    of_bin[cell] = bins
    grids = {}
    for group in table.groups:
        own = names == group
        place = (label[own].astype(np.int64), cell[own])
        counts = np.zeros((2, length), dtype=np.int64)
        means, squares = np.zeros((2, length)), np.zeros((2, length))
        counts[place], means[place], squares[place] = n[own], score[own], square[own]
        grids[group] = Grid(counts, means, squares, position, of_bin)
    return grids


def draw(grid: Grid, generator: np.random.Generator, draws: int = DRAWS) -> Drawn:
    """Resample a group's rows, as many as it has, and measure each draw."""
    filled = np.flatnonzero(grid.counts)
    observed = grid.counts.flat[filled]
    drawn = np.zeros((draws, grid.counts.size), dtype=np.int64)
    drawn[:, filled] = generator.multinomial(observed.sum(), observed / observed.sum(), size=draws)
    return measure(grid, drawn.reshape(draws, *grid.counts.shape))


def measure(grid: Grid, counts: NDArray[np.int64]) -> Drawn:
    """Measure counts of the shape `(draws, 2, cells)`."""
    others, events = counts[:, 0].astype(np.float64), counts[:, 1].astype(np.float64)
    total = (others + events).sum(axis=1)
    happened = events.sum(axis=1)
    mean = (counts * grid.score).sum(axis=(1, 2)) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.cumsum(others, axis=1) - others
        pairs = happened * others.sum(axis=1)
        auc = (events * (below + others / 2)).sum(axis=1) / pairs
    ordered = grid.bins[None, :] == np.arange(int(grid.bins.max()) + 1)[:, None]
    excess = events - (counts * grid.score).sum(axis=1)
    return Drawn(
        measures={
            "mean": mean,
            "auc": auc,
            "brier": (counts * grid.square).sum(axis=(1, 2)) / total,
            "calibration_error": np.abs(excess @ ordered.T).sum(axis=1) / total,
            "calibration_in_the_large": happened / total - mean,
        },
        shares=(others + events) / total[:, None],
        position=grid.position,
    )


def interval(value: float | None, draws: Sequence[float] | Floats) -> Estimate:
    """Give a figure with the percentile interval of the draws in which it is defined."""
    defined = np.asarray(draws)[np.isfinite(draws)]
    if value is None or not len(defined):
        return Estimate(value, None)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(defined, [tail, 100 - tail])
    return Estimate(value, (float(low), float(high)))
