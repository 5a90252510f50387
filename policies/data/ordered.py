"""Two samples of one number compared exactly, without sorting or fetching their rows.

Both samples are cut into equal bins over their common range. In most bins the two distribution
functions provably do not cross, come nowhere near their greatest distance, and hold no quantile:
of such a bin the count and the sum of its values are all that matters. Only the values of the
other bins are counted one by one. The result does not depend on how many bins there are: with one
bin, every value is counted.

1. Between the edges of a bin F - G moves by no more than what the bin holds, so bins that cannot
   reach the greatest distance at any edge are not looked into for the Kolmogorov-Smirnov statistic.
2. Where F - G keeps its sign, its integral is linear in the values: their sum gives it. The first
   Wasserstein distance is the sum of the absolute integrals.
3. Distances are compared as integers, i.e. multiplied by both sample sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.data.distances import Counts

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

BINS = 65_536
QUANTILES = 10
# Below this many rows, counting every value is quicker than looking for what need not be.
_FEW = 200_000


@dataclass(frozen=True)
class Extent:
    """How many present values a sample has (at least 1), their least and their greatest."""

    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Cut:
    """Equal bins: value v is in bin (v - low) * scale, rounded to the nearest integer."""

    low: float
    scale: float
    bins: int

    def edges(self) -> Floats:
        """Lower edges of the bins, and the upper one of the last."""
        numbers = np.arange(self.bins + 1, dtype=np.float64)
        return self.low + (numbers - 0.5) / self.scale


class Sample(Protocol):
    """What is asked of a sample; bins and values come in any order."""

    @property
    def extent(self) -> Extent:
        """How many values, and between which bounds."""
        ...

    def histogram(self, cut: Cut) -> tuple[Counts, Counts, Floats]:
        """Bins that are not empty: their number, count, and sum of value - cut.low."""
        ...

    def values(self, cut: Cut, bins: Counts) -> tuple[Counts, Floats, Counts]:
        """Values in some bins: the bin, the value, how often it occurs."""
        ...


@dataclass(frozen=True)
class Ordered:
    """How two samples of a number differ.

    `ks` is the Kolmogorov-Smirnov statistic, `wasserstein` the first Wasserstein distance in the
    number's own unit. `edges` are quantiles of the reference (equal ones once); cell i holds what
    is above edge i-1 and at most edge i. `reference` and `current` count the rows of each cell.
    """

    ks: float
    wasserstein: float
    edges: tuple[float, ...]
    reference: Counts
    current: Counts


@dataclass(frozen=True)
class _Bins:
    """Rows of each side in a bin, rows before it, and the sums of their values - low."""

    counts: tuple[Counts, Counts]
    before: tuple[Counts, Counts]
    sums: tuple[Floats, Floats]


def compare_ordered(reference: Sample, current: Sample, bins: int | None = None) -> Ordered:
    """Compare two samples; `bins` is for tests, which hold few against many."""
    extents = reference.extent, current.extent
    low = min(extent.low for extent in extents)
    high = max(extent.high for extent in extents)
    wanted = bins or (BINS if sum(extent.n for extent in extents) > _FEW else 1)
    cut = _cut(low, high, wanted)
    held = _held((reference, current), cut, (extents[0].n, extents[1].n))
    n, m = (extent.n for extent in extents)
    inner = _look_into(held, n, m, _ranks(n))
    numbers = np.flatnonzero(inner)
    met = _met([each.values(cut, numbers) for each in (reference, current)], held)
    edges, cells = _cells(met, n, m, extents[0])
    return Ordered(
        ks=_greatest(held, met, n, m) / (n * m),
        wasserstein=_area(cut, held, met, inner, (n, m)),
        edges=edges,
        reference=cells[0],
        current=cells[1],
    )


def _cut(low: float, high: float, bins: int) -> Cut:
    scale = (bins - 1) / (high - low) if high > low else 0.0
    usable = isfinite(scale) and scale > 0 and isfinite((high - low) * scale)
    return Cut(low, scale, bins) if usable else Cut(low, 0.0, 1)


def _held(samples: tuple[Sample, Sample], cut: Cut, sizes: tuple[int, int]) -> _Bins:
    counts, sums = [], []
    for sample, size in zip(samples, sizes, strict=True):
        count, total = np.zeros(cut.bins, np.int64), np.zeros(cut.bins)
        if cut.bins == 1:
            count[0] = size
        else:
            numbers, found, summed = sample.histogram(cut)
            count[numbers], total[numbers] = found, summed
        counts.append(count)
        sums.append(total)
    before = [np.cumsum(count) - count for count in counts]
    return _Bins((counts[0], counts[1]), (before[0], before[1]), (sums[0], sums[1]))


def _ranks(n: int) -> list[int]:
    """Ranks (from 1) of the quantiles that part the reference."""
    return [-(-n * i // QUANTILES) for i in range(1, QUANTILES)]


def _look_into(held: _Bins, n: int, m: int, ranks: Sequence[int]) -> Flags:
    """Bins whose values matter one by one."""
    if len(held.counts[0]) == 1:
        return np.ones(1, np.bool_)
    (r, c), (r_before, c_before) = held.counts, held.before
    start = r_before * m - c_before * n
    highest, lowest = start + r * m, start - c * n
    reach = np.maximum(np.abs(highest), np.abs(lowest))
    crossing = (highest > 0) & (lowest < 0)
    known = np.abs(start).max()
    wanted = np.array(ranks)
    quantile = np.zeros(len(r), np.bool_)
    quantile[np.searchsorted(r_before + r, wanted)] = True
    # The extremes tell whether a constant reference was left on either side.
    quantile[np.flatnonzero(r)[[0, -1]]] = True
    matters: Flags = (crossing | (reach > known) | quantile) & (r + c > 0)
    return matters


@dataclass(frozen=True)
class _Met:
    """Values counted one by one, in order: their bin, rows of each side with and up to them."""

    bins: Counts
    values: Floats
    own: tuple[Counts, Counts]
    upto: tuple[Counts, Counts]


def _met(parts: list[tuple[Counts, Floats, Counts]], held: _Bins) -> _Met:
    values, place = np.unique(np.concatenate([part[1] for part in parts]), return_inverse=True)
    bins = np.zeros(len(values), np.int64)
    bins[place] = np.concatenate([part[0] for part in parts])
    first = np.searchsorted(bins, bins)  # of each value's bin
    own, upto, start = [], [], 0
    for (_, listed, count), before in zip(parts, held.before, strict=True):
        places = place[start : start + len(listed)]
        own.append(np.bincount(places, count, len(values)).astype(np.int64))
        start += len(listed)
        running = np.concatenate([[0], np.cumsum(own[-1])])
        upto.append(before[bins] + running[1:] - running[first])
    return _Met(bins, values, (own[0], own[1]), (upto[0], upto[1]))


def _greatest(held: _Bins, met: _Met, n: int, m: int) -> int:
    edges = np.abs(held.before[0] * m - held.before[1] * n).max()
    inside = np.abs(met.upto[0] * m - met.upto[1] * n).max(initial=0)
    return int(max(edges, inside))


def _area(cut: Cut, held: _Bins, met: _Met, inner: Flags, sizes: tuple[int, int]) -> float:
    """Sum the absolute integrals of F - G."""
    n, m = sizes
    apart = met.upto[0] / n - met.upto[1] / m
    if cut.bins == 1:
        return float(np.sum(np.abs(apart[:-1]) * np.diff(met.values)))
    edges = cut.edges()
    start = held.before[0] / n - held.before[1] / m
    above = [
        (count * (edges[1:] - cut.low) - total) / size
        for count, total, size in zip(held.counts, held.sums, sizes, strict=True)
    ]
    plain = np.abs(start * np.diff(edges) + above[0] - above[1])[~inner].sum()
    if not len(met.values):
        return float(plain)
    last = np.append(met.bins[1:] != met.bins[:-1], True)
    first = np.insert(last[:-1], 0, True)
    until = np.where(last, edges[met.bins + 1], np.append(met.values[1:], 0.0))
    lead = np.abs(start[met.bins]) * (met.values - edges[met.bins])
    return float(plain + (np.abs(apart) * (until - met.values)).sum() + lead[first].sum())


def _cells(
    met: _Met, n: int, m: int, extent: Extent
) -> tuple[tuple[float, ...], tuple[Counts, Counts]]:
    """Edges at the quantiles of the reference, and the rows of both sides between them."""
    upto = met.upto
    if extent.low == extent.high:
        # A constant has no quantiles to part it: below it, the constant, above it.
        at = int(np.searchsorted(met.values, extent.low))
        edges = (float(np.nextafter(extent.low, -np.inf)), extent.low)
        less = upto[1][at] - met.own[1][at]
        return edges, (_parts([0, n], n), _parts([less, upto[1][at]], m))
    places = np.unique(np.searchsorted(upto[0], _ranks(n)))
    quantiles = tuple(float(value) for value in met.values[places])
    return quantiles, (_parts(upto[0][places], n), _parts(upto[1][places], m))


def _parts(upto: Any, size: int) -> Counts:
    return np.diff(np.concatenate([[0], np.asarray(upto, np.int64), [size]]))
