"""Rates, impact ratios and disparities of groups, from counts.

An undefined measure (a true positive rate where nobody was positive) is NaN here and null at the
edge; it is never the 0 that some libraries put there, which would make a disparity out of
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from policies.fairness.counts import Cells

Floats: TypeAlias = NDArray[np.float64]

RATES = ("selection_rate", "tpr", "fpr", "precision", "accuracy")
DISPARITIES = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
)


@dataclass(frozen=True, eq=False)
class Measures:
    """Measures of a set of groups, all proportions; NaN where undefined.

    Rates and impact ratios have the shape `(..., groups)`, disparities `(...)`. The impact ratio
    is a selection rate over the highest of the set (29 CFR 1607.4(D)).
    """

    selection_rate: Floats
    tpr: Floats
    fpr: Floats
    precision: Floats
    accuracy: Floats
    impact_ratio: Floats
    demographic_parity_difference: Floats
    demographic_parity_ratio: Floats
    equalized_odds_difference: Floats
    equalized_odds_ratio: Floats


def measure(cells: Cells) -> Measures:
    """Measure counts `(groups, labels, 2)` with fairlearn, the counts being sample weights.

    Groups must not be empty. Without a label axis of length 2 only selection rates are defined.
    """
    from fairlearn.metrics import MetricFrame

    group, label, prediction = np.nonzero(cells)
    weight = cells[group, label, prediction]
    functions = _functions(labelled=cells.shape[-2] == 2)  # noqa: PLR2004 - negative, positive
    frame = MetricFrame(
        metrics=functions,
        y_true=label,
        y_pred=prediction,
        # As a list: fairlearn squeezes an array of one element to none.
        sensitive_features=group.tolist(),
        sample_params={name: {"sample_weight": weight} for name in functions},
    )
    return _compared({name: frame.by_group[name].to_numpy(dtype=np.float64) for name in functions})


def measure_draws(cells: Cells) -> Measures:
    """Measure many tables of counts at once, `(draws, groups, labels, 2)`; groups may be empty."""
    total = cells.sum(axis=(-2, -1))
    selected = cells[..., 1].sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = {"selection_rate": selected / total}
        if cells.shape[-2] == 2:  # noqa: PLR2004 - negative, positive
            tp, fp, tn = cells[..., 1, 1], cells[..., 0, 1], cells[..., 0, 0]
            rates |= {
                "tpr": tp / cells[..., 1, :].sum(axis=-1),
                "fpr": fp / cells[..., 0, :].sum(axis=-1),
                "precision": tp / selected,
                "accuracy": (tp + tn) / total,
            }
    return _compared(rates)


def _functions(*, labelled: bool) -> dict[str, Any]:
    """Fairlearn's metrics by our names, NaN where they would divide by zero."""
    from fairlearn.metrics import false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import (  # type: ignore[import-untyped]
        accuracy_score,
        precision_score,
    )

    def tpr(y_true: Any, y_pred: Any, sample_weight: Any) -> float:
        if not np.any(y_true == 1):
            return np.nan
        return float(true_positive_rate(y_true, y_pred, sample_weight=sample_weight, pos_label=1))

    def fpr(y_true: Any, y_pred: Any, sample_weight: Any) -> float:
        if not np.any(y_true == 0):
            return np.nan
        return float(false_positive_rate(y_true, y_pred, sample_weight=sample_weight, pos_label=1))

    def precision(y_true: Any, y_pred: Any, sample_weight: Any) -> float:
        return float(
            precision_score(y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan)
        )

    if not labelled:
        return {"selection_rate": selection_rate}
    return {
        "selection_rate": selection_rate,
        "tpr": tpr,
        "fpr": fpr,
        "precision": precision,
        "accuracy": accuracy_score,
    }


def _compared(known: Mapping[str, Floats]) -> Measures:
    """Add impact ratios and disparities, as fairlearn defines them, to rates of groups."""
    undefined = np.full_like(known["selection_rate"], np.nan)
    rates = {name: known.get(name, undefined) for name in RATES}
    highest = np.fmax.reduce(rates["selection_rate"], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        impact_ratio = rates["selection_rate"] / highest[..., np.newaxis]
    selection_gap, selection_share = _spread(rates["selection_rate"])
    tpr_gap, tpr_share = _spread(rates["tpr"])
    fpr_gap, fpr_share = _spread(rates["fpr"])
    return Measures(
        **rates,
        impact_ratio=impact_ratio,
        demographic_parity_difference=selection_gap,
        demographic_parity_ratio=selection_share,
        # `maximum` and `minimum` keep NaN: odds of which one half is undefined are undefined.
        equalized_odds_difference=np.maximum(tpr_gap, fpr_gap),
        equalized_odds_ratio=np.minimum(tpr_share, fpr_share),
    )


def _spread(rates: Floats) -> tuple[Floats, Floats]:
    """Highest minus lowest, and lowest over highest, of the groups in which a rate is defined.

    NaN if there are several groups but the rate is defined in fewer than two of them.
    """
    highest = np.fmax.reduce(rates, axis=-1)
    lowest = np.fmin.reduce(rates, axis=-1)
    comparable = np.isfinite(rates).sum(axis=-1) >= min(2, rates.shape[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.where(comparable, highest - lowest, np.nan),
            np.where(comparable, lowest / highest, np.nan),
        )
