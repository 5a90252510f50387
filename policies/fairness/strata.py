"""One test over all strata: the Cochran-Mantel-Haenszel test of conditional independence.

Whether being selected depends on the group once the control attributes are held fixed (Cochran
1954; Mantel and Haenszel 1959), with one degree of freedom and without continuity correction, and
the common odds ratio of Mantel and Haenszel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.fairness.counts import Cells
from policies.fairness.significance import holm_of_defined


@dataclass(frozen=True)
class Pooled:
    """A group against the reference over all strata in which both have rows.

    `odds_ratio`, `statistic` (chi-squared) and the p-values are None where nothing defines them;
    `p_holm` is corrected over the groups of the table.
    """

    by: str
    class_name: str | None
    group: str
    reference: str
    strata: int
    n: int
    odds_ratio: float | None
    statistic: float | None
    p_value: float | None
    p_holm: float | None

    def as_json(self) -> dict[str, Any]:
        """One flat object."""
        values = vars(self).copy()
        return {"by": values.pop("by"), "class": values.pop("class_name"), **values}


def pooled(
    by: str, class_name: str | None, groups: Sequence[str], reference: int, cells: Cells
) -> list[Pooled]:
    """Hold every group against the reference; `cells` is `(strata, groups, 2)`, 1 for selected."""
    found = []
    for group, name in enumerate(groups):
        if group != reference:
            own, other = cells[:, group], cells[:, reference]
            both = (own.sum(axis=1) > 0) & (other.sum(axis=1) > 0)
            tested = mantel_haenszel(own[both], other[both])
            n = int((own[both] + other[both]).sum())
            place = (name, groups[reference], int(both.sum()), n)
            found.append((place, tested))
    corrected = holm_of_defined([tested[2] for _, tested in found])
    return [
        Pooled(by, class_name, *place, *tested, p)
        for (place, tested), p in zip(found, corrected, strict=True)
    ]


def mantel_haenszel(
    own: NDArray[Any], other: NDArray[Any]
) -> tuple[float | None, float | None, float | None]:
    """Return common odds ratio, chi-squared and p of two groups, `(strata, 2)` each."""
    own, other = own.astype(np.float64), other.astype(np.float64)
    mine, theirs = own.sum(axis=1), other.sum(axis=1)
    n, hits = mine + theirs, own[:, 1] + other[:, 1]
    above = float((own[:, 1] * other[:, 0] / n).sum())
    below = float((own[:, 0] * other[:, 1] / n).sum())
    odds_ratio = above / below if below else None
    # At least one row of each group in every stratum, so n - 1 is never 0.
    variance = float((mine * theirs * hits * (n - hits) / (n * n * (n - 1))).sum())
    if not variance:
        return odds_ratio, None, None
    gap = float((own[:, 1] - mine * hits / n).sum())
    statistic = gap * gap / variance
    return odds_ratio, statistic, erfc(sqrt(statistic / 2))
