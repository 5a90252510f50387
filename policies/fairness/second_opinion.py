"""A second opinion: the rates of every table once more, by fairlearn, from the same counts.

What is recorded was computed twice, by two programs that share no code; where they differ,
nothing is recorded. fairlearn takes the counts as sample weights, so this costs no row.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from ledger.errors import CheckFailed
from policies.fairness.counts import Floats
from policies.fairness.result import TableResult

TOLERANCE = 1e-12
_LABELLED = 2  # negative and positive


def second_opinion() -> str:
    """Who gave it, with the version: `fairlearn 0.15.0`."""
    return f"fairlearn {version('fairlearn')}"


def hold_to_fairlearn(result: TableResult, mass: Floats) -> None:
    """Compare the rates of a binary table with those that fairlearn makes of its counts.

    `mass` is what was measured, `(groups, labels, 2)`: rows, or sums of weights. CheckFailed if a
    rate differs by more than 1e-12.
    """
    for name, rates in _rates(mass).items():
        for group, rate in zip(result.groups, rates, strict=True):
            ours = group.measures[name].estimate.value
            theirs = float(rate) if np.isfinite(rate) else None
            if (ours is None) != (theirs is None) or (
                ours is not None and theirs is not None and abs(ours - theirs) > TOLERANCE
            ):
                raise CheckFailed(
                    f"{result.place.title}, {group.group}: {name} is {ours} by our counting, but "
                    f"{theirs} by {second_opinion()}.",
                    "Nothing was recorded. This is a defect: please report it with the table.",
                )


def _rates(mass: Floats) -> dict[str, Floats]:
    """Rates by name, `(groups)` each, NaN where undefined; groups without mass stay NaN."""
    from fairlearn.metrics import MetricFrame

    group, label, prediction = np.nonzero(mass)
    if not group.size:
        return {}
    weight = mass[group, label, prediction]
    metrics = _metrics(labelled=mass.shape[-2] == _LABELLED)
    frame = MetricFrame(
        metrics=metrics,
        y_true=label,
        y_pred=prediction,
        # As a list: fairlearn squeezes an array of one element to none.
        sensitive_features=group.tolist(),
        sample_params={name: {"sample_weight": weight} for name in metrics},
    )
    found = {}
    for name in metrics:
        by_group = np.full(len(mass), np.nan)
        by_group[frame.by_group.index.to_numpy(dtype=np.intp)] = frame.by_group[name].to_numpy(
            dtype=np.float64
        )
        found[name] = by_group
    return found


def _metrics(*, labelled: bool) -> dict[str, Any]:
    """Fairlearn's and scikit-learn's metrics by our names, NaN where they would divide by zero."""
    from fairlearn.metrics import false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import (  # type: ignore[import-untyped]
        accuracy_score,
        precision_score,
    )

    def among(of: int, rate: Any) -> Any:
        """Give the rate where any row has the label `of`, NaN elsewhere."""

        def metric(y_true: Any, y_pred: Any, sample_weight: Any) -> float:
            if not np.any(y_true == of):
                return np.nan
            return float(rate(y_true, y_pred, sample_weight=sample_weight, pos_label=1))

        return metric

    def precision(y_true: Any, y_pred: Any, sample_weight: Any) -> float:
        return float(
            precision_score(y_true, y_pred, sample_weight=sample_weight, zero_division=np.nan)
        )

    if not labelled:
        return {"selection_rate": selection_rate}
    return {
        "selection_rate": selection_rate,
        "tpr": among(1, true_positive_rate),
        "fpr": among(0, false_positive_rate),
        "precision": precision,
        "accuracy": accuracy_score,
    }
