"""Intervals of how far groups lie apart, that hold although the data say which groups those are.

The widest gap of many groups is wide by chance alone, and wider still in every draw from them:
resampling puts the nearer end of its interval above the truth. That end is therefore taken from
intervals of all pairs of groups that hold together in 95 of 100 cases, after Agresti, Bini,
Bertaccini and Ryu (2008): z is the quantile of the studentized range over the root of 2 (Tukey), a
share's own limits are Wilson's at this z, and those of two groups are joined as Zou and Donner
(2008) do differences and Donner and Zou (2012) ratios. What holds for every pair holds for the
widest one. Of two groups z is 1.96.

The farther end is that of the draws. Where a group's share is 0 or 1, and so the same in every
draw as if it were certain, it is that of the pairs too. What is no share of rows has the limits of
its standard error over the draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from policies.fairness.bootstrap import CONFIDENCE, Estimate, bounds, known
from policies.fairness.counts import Cells, Floats
from policies.fairness.significance import wilson

NEARER_ENDS = (
    "how near the groups furthest apart, or the best-off and another, may be: from intervals of "
    "all pairs that hold together (Tukey's z, Wilson's limits)"
)


class Limits(NamedTuple):
    """A measure of every group with its simultaneous limits, `(groups)` each; NaN where undefined.

    `low` may lie below 0 where the measure is no share. `certain` says that some group's share is
    0 or 1.
    """

    value: Floats
    low: Floats
    high: Floats
    certain: bool = False

    def differences(self) -> tuple[Floats, Floats]:
        """Both ends of each group's difference from each other, `(groups, groups)`."""
        below, above = self.value - self.low, self.high - self.value
        gap = self.value[:, None] - self.value
        return (
            gap - np.hypot(below[:, None], above),
            gap + np.hypot(above[:, None], below),
        )

    def ratios(self) -> tuple[Floats, Floats]:
        """Both ends of each group's ratio to each other, `(groups, groups)`; NaN over zero."""
        own, held = self.value[:, None], self.value
        low, high = np.maximum(self.low, 0), self.high[:, None]
        product, held_low = own * held, low * (2 * held - low)
        with np.errstate(divide="ignore", invalid="ignore"):
            root = np.sqrt(product**2 - high * held_low * (2 * own - high))
            ends = np.where(held_low > 0, (product + root) / held_low, np.inf)
            ends = np.where((held > 0) & np.isfinite(own), ends, np.nan)
            # The lower end is what is left of the other's upper end over this one.
            lower = np.where(own > 0, 1 / ends.T, 0.0)
        return np.where(np.isfinite(ends) | np.isinf(ends), lower, np.nan), ends


def limits(
    value: Floats, draws: Floats, z: float, hits: Cells | None = None, n: Cells | None = None
) -> Limits:
    """Limits at z of a measure of every group, `hits` of `n` rows where it is a share of rows.

    With weights, whose measure is none, a share of 0 or 1 still has Wilson's.
    """
    certain = False
    with np.errstate(invalid="ignore"):
        error = _spread(draws)
    low, high = value - z * error, value + z * error
    if hits is not None and n is not None:
        wilson_low, wilson_high = wilson(hits, n, z)
        with np.errstate(divide="ignore", invalid="ignore"):
            counted = np.isclose(value, hits / n, rtol=1e-12, atol=0)
        low = np.where(counted, wilson_low, np.maximum(low, 0))
        high = np.where(counted, wilson_high, np.minimum(high, 1))
        certain = bool((((hits == 0) | (hits == n)) & (n > 0)).any())
    return Limits(value, low, high, certain)


def _spread(draws: Floats) -> Floats:
    defined = np.isfinite(draws)
    count = np.maximum(defined.sum(axis=0), 1)
    held = np.where(defined, draws, 0.0)
    mean = held.sum(axis=0) / count
    found: Floats = np.sqrt((np.where(defined, draws - mean, 0.0) ** 2).sum(axis=0) / count)
    return found


def widest_difference(measure: Limits) -> tuple[float, float]:
    """Both ends of the widest difference between two groups; NaN if no two are defined."""
    low, high = (_largest(ends) for ends in measure.differences())
    return max(low, 0.0), high


def lowest_ratio(measure: Limits) -> tuple[float, float]:
    """Both ends of the lowest ratio of one group to another; NaN if none is defined."""
    low, high = (-_largest(-ends) for ends in measure.ratios())
    return low, min(high, 1.0)


def difference(
    value: float, pairs: tuple[float, float], draws: Floats, *, certain: bool
) -> Estimate:
    """A widest difference: its lower end from pairs, the upper from `draws` unless certain."""
    high = pairs[1] if certain else min(float(bounds(draws)[1]), pairs[1])
    return known(value, pairs[0], max(high, value))


def ratio(value: float, pairs: tuple[float, float], draws: Floats, *, certain: bool) -> Estimate:
    """A lowest ratio: its upper end from pairs, the lower from `draws` unless certain."""
    low = pairs[0] if certain else max(float(bounds(draws)[0]), pairs[0])
    return known(value, min(low, value), pairs[1])


def to_the_best(measure: Limits, able: NDArray[np.intp]) -> Floats:
    """The higher end of each group's ratio to the highest of those that are `able`."""
    is_able = np.isin(np.arange(len(measure.value)), able)
    ends = measure.ratios()[1]
    held = np.where(_pairs(ends) & is_able, ends, np.inf).min(axis=1)
    # The highest has itself beside it.
    found: Floats = np.minimum(held, np.where(is_able, 1.0, np.inf))
    return found


def up_to(ratios: Sequence[Estimate], highest: Floats) -> list[Estimate]:
    """Ratios with another higher end."""
    found = []
    for one, high in zip(ratios, highest, strict=True):
        interval = one.interval
        if one.value is not None and interval is not None and np.isfinite(high):
            interval = (interval[0], max(float(high), one.value))
        found.append(Estimate(one.value, interval))
    return found


def _pairs(ends: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two different groups are compared and that is defined."""
    found: NDArray[np.bool_] = ~np.isnan(ends) & ~np.eye(len(ends), dtype=bool)
    return found


def _largest(ends: Floats) -> float:
    return float(np.max(ends[_pairs(ends)], initial=-np.inf)) if _pairs(ends).any() else np.nan


@cache
def tukey(groups: int, confidence: float = CONFIDENCE) -> float:
    """The quantile of the range of as many normal values, over the root of 2; 1.96 for two."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(confidence, max(groups, 2), np.inf)) / sqrt(2)
