"""Several classes: each against the rest, and the mean over classes.

Macro is the unweighted mean over the classes in which a measure is defined, as scikit-learn's
`average="macro"` with `zero_division=nan`. Accuracy is the share of rows whose class was right,
balanced accuracy the macro true positive rate, as scikit-learn's functions of these names. What
says how often a class is chosen has no mean over classes: it is undefined there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.fairness.measures import NAMES, Rates, rates

MACRO = "macro"

_AVERAGED = ("tpr", "tnr", "fpr", "fnr", "precision", "npv", "fdr", "for", "f1")


def one_vs_rest(cells: NDArray[Any], chosen: int) -> NDArray[Any]:
    """Binary cells `(..., labels, 2)` of one class, positive, from `(..., labels, classes)`."""
    total = cells.sum(axis=(-2, -1))
    picked = cells[..., chosen].sum(axis=-1)
    if cells.shape[-2] == 1:
        return np.stack([total - picked, picked], axis=-1)[..., np.newaxis, :]
    tp = cells[..., chosen, chosen]
    fn = cells[..., chosen, :].sum(axis=-1) - tp
    fp = picked - tp
    tn = total - picked - fn
    return np.stack([np.stack([tn, fp], axis=-1), np.stack([fn, tp], axis=-1)], axis=-2)


def macro_rates(cells: NDArray[Any]) -> Rates:
    """Means over classes, `(..., groups)`, from `(..., groups, labels, classes)`."""
    undefined = np.full(cells.shape[:-2], np.nan)
    found: Rates = dict.fromkeys(NAMES, undefined)
    if cells.shape[-2] == 1:
        return found
    each = [rates(one_vs_rest(cells, chosen)) for chosen in range(cells.shape[-1])]
    found |= {name: _mean([one[name] for one in each]) for name in _AVERAGED}
    found["balanced_accuracy"] = found["tpr"]
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.trace(cells, axis1=-2, axis2=-1) / cells.sum(axis=(-2, -1))
    return found | {"accuracy": right, "zero_one_loss": 1 - right}


def _mean(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    stacked = np.stack(values)
    defined = np.isfinite(stacked).sum(axis=0)
    with np.errstate(invalid="ignore"):
        found: NDArray[Any] = np.nansum(stacked, axis=0) / defined
    return found
