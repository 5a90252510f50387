"""Rates of groups from counts.

An undefined measure (a true positive rate where nobody was positive) is NaN here and null at the
edge; it is never the 0 that some libraries put there, which would make a disparity out of
nothing. Names and definitions are those of fairlearn and scikit-learn, and of Aequitas (Saleiro et
al., 2018, arXiv:1811.05577) for what only it has; tests hold them equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.fairness.counts import Floats

Rates: TypeAlias = dict[str, Floats]

SELECTED = "selection_rate"
OF_SELECTED = "ppr"

PROPORTIONS: Mapping[str, tuple[str, str]] = {
    "selection_rate": ("pp", "n"),
    "prevalence": ("lp", "n"),
    "tpr": ("tp", "lp"),
    "tnr": ("tn", "ln"),
    "fpr": ("fp", "ln"),
    "fnr": ("fn", "lp"),
    "precision": ("tp", "pp"),
    "npv": ("tn", "pn"),
    "fdr": ("fp", "pp"),
    "for": ("fn", "pn"),
    "accuracy": ("right", "n"),
    "zero_one_loss": ("wrong", "n"),
}
"""Rates that count some rows out of others, by what they count: l and p stand for label and
prediction, or positive and negative after these (`lp`: positive by label)."""

COMPOSITES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "ppr": lambda c: c["pp"] / c["pp"].sum(axis=-1, keepdims=True),
    "balanced_accuracy": lambda c: (c["tp"] / c["lp"] + c["tn"] / c["ln"]) / 2,
    "f1": lambda c: 2 * c["tp"] / (c["pp"] + c["lp"]),
    "mean_prediction": lambda c: c["pp"] / c["n"],
    "treatment_ratio": lambda c: c["fn"] / c["fp"],
}
"""Other functions of the counts. `ppr` is a group's share of all that were selected (Aequitas'
predicted positive ratio k; its ratio g, PPREV, is the selection rate), `treatment_ratio` the false
negatives for each false positive (Berk et al., 2018, arXiv:1703.09207)."""

NAMES = (*PROPORTIONS, *COMPOSITES)
WITHOUT_LABEL = ("selection_rate", "ppr", "mean_prediction")


def counted(cells: NDArray[Any]) -> dict[str, Any]:
    """What measures are made of, `(..., groups)` each, by its name.

    `cells` is binary, `(..., groups, labels, 2)`. Without a label axis of length 2 only `n`, `pp`
    and `pn` are there.
    """
    pp, pn = cells[..., 1].sum(axis=-1), cells[..., 0].sum(axis=-1)
    counts = {"n": pp + pn, "pp": pp, "pn": pn}
    if cells.shape[-2] == 1:
        return counts
    tp, fp, tn, fn = cells[..., 1, 1], cells[..., 0, 1], cells[..., 0, 0], cells[..., 1, 0]
    return counts | {
        "tp": tp,
        "fp": fp,
        "tn": tn,
        "fn": fn,
        "lp": tp + fn,
        "ln": tn + fp,
        "right": tp + tn,
        "wrong": fp + fn,
    }


def rates(cells: NDArray[Any]) -> Rates:
    """Measure counts or sums of weights, `(..., groups, labels, 2)`: every measure by its name.

    Each has the shape `(..., groups)`. Groups may be empty. Without a label axis of length 2 only
    those of `WITHOUT_LABEL` are defined.
    """
    counts = counted(cells)
    undefined = np.full(cells.shape[:-2], np.nan)
    found: Rates = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name in NAMES:
            if len(counts) == len(("n", "pp", "pn")) and name not in WITHOUT_LABEL:
                found[name] = undefined
            elif name in PROPORTIONS:
                over, below = PROPORTIONS[name]
                found[name] = counts[over] / counts[below]
            else:
                found[name] = COMPOSITES[name](counts)
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}
