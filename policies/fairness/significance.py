"""Whether a difference in selection rates could be chance."""

from __future__ import annotations

import numpy as np

from policies.fairness.counts import Cells


def p_values(cells: Cells, reference: int) -> list[float | None]:
    """Two-sided p of each group's selection rate against the reference group's; None for itself.

    `cells` has the shape `(groups, labels, 2)`. Fisher's exact test at every size: where counts
    are large it agrees with the two-proportion z test and costs no more, where they are small z
    is wrong. Not corrected for the number of groups.
    """
    from scipy.stats import fisher_exact

    selections = cells.sum(axis=1)[:, ::-1]
    return [
        None if group == reference else float(fisher_exact(np.stack([own, other])).pvalue)
        for group, own in enumerate(selections)
        for other in [selections[reference]]
    ]
