"""Whether a difference between two groups could be chance, and how sure one rate is.

The rule: Fisher's exact test where any expected count is below 5 (Cochran 1954) or both groups
together have fewer than 1,000 rows (McDonald, Handbook of Biological Statistics), else the
two-proportion z test with a pooled rate. Both two-sided. Corrected by Holm (1979) over the groups
of one table that are held against the same reference, each measure by itself.

Nothing here is defined for weights: a sum of weights is no number of independent rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Literal, TypeAlias

import numpy as np

from policies.fairness.bootstrap import Estimate
from policies.fairness.counts import Cells, Floats

Method: TypeAlias = Literal["fisher", "z"]

NAMES: Mapping[Method, str] = {"fisher": "Fisher's exact", "z": "two-proportion z"}
FEW_EXPECTED = 5
FEW_ROWS = 1_000
RULE = (
    f"Fisher's exact test where an expected count is below {FEW_EXPECTED} or both groups together "
    f"have fewer than {FEW_ROWS:,} rows, else the two-proportion z test; two-sided; "
    "Holm's correction over the groups of a table, each measure by itself; not corrected for the "
    "choice of a reference by its rate"
)

# The normal distribution's quantile at 0.975.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Significance:
    """A p-value, what it is after Holm's correction, and by which test."""

    p_value: float
    p_holm: float
    method: Method


def compare(hits: Cells, n: Cells, reference: int) -> list[Significance | None]:
    """Test each group's share, `hits` of `n`, against the reference group's.

    None for the reference itself, and where a share is undefined.
    """
    if n[reference] == 0:
        return [None] * len(n)
    found = [
        None
        if group == reference or n[group] == 0
        else two_shares(int(hits[group]), int(n[group]), int(hits[reference]), int(n[reference]))
        for group in range(len(n))
    ]
    corrected = iter(holm([one[0] for one in found if one is not None]))
    return [None if one is None else Significance(one[0], next(corrected), one[1]) for one in found]


def two_shares(hits: int, n: int, other_hits: int, other_n: int) -> tuple[float, Method]:
    """Two-sided p that two shares differ by chance, and the test that the rule chose."""
    total, both = n + other_n, hits + other_hits
    fewest = min(n, other_n) * min(both, total - both) / total
    if total < FEW_ROWS or fewest < FEW_EXPECTED:
        from scipy.stats import fisher_exact

        table = [[hits, n - hits], [other_hits, other_n - other_hits]]
        return float(fisher_exact(table).pvalue), "fisher"
    pooled = both / total
    z = (hits / n - other_hits / other_n) / sqrt(pooled * (1 - pooled) * (1 / n + 1 / other_n))
    return erfc(abs(z) / sqrt(2)), "z"


def widened(ratios: Sequence[Estimate], hits: Cells, n: Cells, reference: int) -> list[Estimate]:
    """Widen intervals of ratios, of shares over the reference's, that resampling makes too narrow.

    A share of 0 or 1 is the same in every draw, as if it were certain. There both ends of its
    Wilson interval count as well.
    """
    low, high = wilson(hits, n)
    found = list(ratios)
    for group, ratio in enumerate(ratios):
        if ratio.value is None or ratio.interval is None or group == reference:
            continue
        ends = [*ratio.interval]
        held = hits[reference] / n[reference]
        if hits[group] in {0, n[group]}:
            ends += [low[group] / held, high[group] / held]
        if hits[reference] == n[reference]:
            ends.append(ratio.value / low[reference])
        found[group] = Estimate(ratio.value, (float(min(ends)), float(max(ends))))
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, in their order (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def holm_of_defined(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust those p-values that are defined for their number, and leave the others undefined."""
    corrected = iter(holm([each for each in p_values if each is not None]))
    return [None if each is None else next(corrected) for each in p_values]


def wilson(hits: Cells, n: Cells, z: float = _Z) -> tuple[Floats, Floats]:
    """Both ends of Wilson's interval of shares (1927), of 95 % by default; NaN where n is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / n
        scale = 1 + z**2 / n
        middle = (share + z**2 / (2 * n)) / scale
        half = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2) / scale
        low = np.where(hits == 0, 0.0, np.maximum(middle - half, 0.0))
        high = np.where(hits == n, 1.0, np.minimum(middle + half, 1.0))
    undefined = n == 0
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
