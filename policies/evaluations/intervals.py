"""95 % intervals of shares, differences of shares, percentiles and means.

Shares: Wilson (1927). Differences of independent shares: Newcombe (1998), method 10. Percentiles:
exact, by order statistics (David and Nagaraja, Order Statistics, 2003, 7.1). Means and ratios of
sums: percentile bootstrap over units that are drawn whole (Efron and Tibshirani, 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot

import numpy as np

from policies.fairness.bootstrap import CONFIDENCE, DRAWS, bounds
from policies.fairness.significance import wilson

Z = 1.959963984540054
_TAIL = (1 - CONFIDENCE) / 2
_MOST_DRAWN = 2_000_000  # numbers held at once


@dataclass(frozen=True)
class Span:
    """A figure with both ends of its interval; an end is None where it is undefined."""

    value: float
    low: float | None
    high: float | None

    @property
    def points(self) -> tuple[float, ...]:
        """The figure and both ends; nothing if an end is undefined."""
        return () if self.low is None or self.high is None else (self.value, self.low, self.high)


def share(hits: int, n: int) -> Span:
    """A share of n > 0 with Wilson's interval."""
    low, high = wilson(np.array([hits]), np.array([n]))
    return Span(hits / n, float(low[0]), float(high[0]))


def difference(one: tuple[int, int], other: tuple[int, int]) -> Span:
    """The share of one (hits, n) minus that of an independent other, with Newcombe's interval."""
    a, b = share(*one), share(*other)
    (p, low, high), (q, other_low, other_high) = a.points, b.points
    gap = p - q
    return Span(gap, gap - hypot(p - low, other_high - q), gap + hypot(high - p, q - other_low))


def percentile(values: Sequence[float], part: float) -> Span:
    """A percentile: the value at rank ceil(n part), and the order statistics that enclose it.

    The number of values below it is binomial. An end beyond the outermost value is undefined.
    """
    from scipy.stats import binom

    ordered, n = sorted(values), len(values)
    first = int(binom.ppf(_TAIL, n, part))
    last = int(binom.ppf(1 - _TAIL, n, part)) + 1
    return Span(
        ordered[max(ceil(round(n * part, 9)), 1) - 1],
        ordered[first - 1] if first >= 1 else None,
        ordered[last - 1] if last <= n else None,
    )


def ratio(sums: Sequence[float], sizes: Sequence[float], seed: int) -> Span:
    """The sum of `sums` over that of `sizes`, both of one unit each, with its bootstrap interval.

    With all sizes 1 it is a mean. Units that are alike are drawn together, which is the bootstrap
    over units exactly. `seed` gives the same draws again (PCG64).
    """
    pairs = np.column_stack([np.asarray(sums, float), np.asarray(sizes, float)])
    kinds, counts = np.unique(pairs, axis=0, return_counts=True)
    generator = np.random.Generator(np.random.PCG64(seed))
    total = counts.sum()
    at_once = max(_MOST_DRAWN // len(kinds), 1)
    found = []
    for start in range(0, DRAWS, at_once):
        size = min(at_once, DRAWS - start)
        drawn = generator.multinomial(total, counts / total, size=size) @ kinds
        found.append(drawn[:, 0] / drawn[:, 1])
    low, high = bounds(np.concatenate(found))
    whole = counts @ kinds
    return Span(float(whole[0] / whole[1]), float(low), float(high))


def deciding_size(value: float, limit: float) -> int | None:
    """From how many cases on a share of `value` decides: Wilson's interval leaves out the limit.

    The interval's end is the limit where (value - limit)^2 = z^2 limit (1 - limit) / n. None where
    no number does.
    """
    if value == limit or not 0 < limit < 1:
        return None
    return int(Z**2 * limit * (1 - limit) / (value - limit) ** 2) + 1
