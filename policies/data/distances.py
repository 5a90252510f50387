"""How far two distributions lie apart, from counts: no row, no database.

Cells are bins or categories; `reference` and `current` are the rows in each. A cell that is empty
on one side counts there as half a row in the PSI, whose logarithm would else be infinite; no other
measure needs this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.int64]

ZERO_CELLS = "a cell that is empty on one side counts there as half a row in the PSI"


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's test of homogeneity, without a correction for continuity.

    `cramers_v` is its effect size, from 0 to 1.
    """

    statistic: float
    dof: int
    p_value: float
    cramers_v: float


def psi_by_cell(reference: Counts, current: Counts) -> NDArray[np.float64]:
    """Each cell's part of the population stability index, never negative; they sum up to it.

    The sum of (q - p) ln(q / p) over cells, p and q being the proportions of a cell.
    """
    p, q = (_halved(reference) / reference.sum(), _halved(current) / current.sum())
    return np.where((reference == 0) & (current == 0), 0.0, (q - p) * np.log(q / p))


def jensen_shannon(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon distance to base 2: the root of the divergence, from 0 to 1."""
    from scipy.spatial.distance import jensenshannon

    found = float(jensenshannon(reference, current, base=2))
    # Equal distributions can leave a rounding error below zero under the root.
    return found if math.isfinite(found) else 0.0


def chi_square(reference: Counts, current: Counts) -> ChiSquare | None:
    """Test whether both sides share one distribution over the cells; None with fewer than two."""
    from scipy.stats import chi2_contingency

    filled = (reference + current) > 0
    table = np.stack([reference[filled], current[filled]])
    if table.shape[1] < 2:  # noqa: PLR2004 - one cell leaves nothing to compare
        return None
    found = chi2_contingency(table, correction=False)
    statistic = float(found.statistic)
    return ChiSquare(
        statistic, int(found.dof), float(found.pvalue), math.sqrt(statistic / int(table.sum()))
    )


def kolmogorov_p(statistic: float, n: int, m: int) -> float:
    """Asymptotic two-sided p-value of the two-sample Kolmogorov-Smirnov statistic.

    As `scipy.stats.ks_2samp(method="asymp")`: the one-sample distribution at round(nm / (n + m)),
    which is at least 1 here.
    """
    from scipy.stats import kstwo

    larger, smaller = float(max(n, m)), float(min(n, m))
    p = kstwo.sf(statistic, max(1.0, np.round(larger * smaller / (larger + smaller))))
    return float(np.clip(p, 0, 1))


def _halved(counts: Counts) -> NDArray[np.float64]:
    return np.where(counts == 0, 0.5, counts)
