"""Disparities: between all groups of a set, as fairlearn has them, and against one, as Aequitas.

Between groups a difference is the highest minus the lowest and a ratio the lowest over the highest
of the groups in which a rate is defined. Against the whole, a difference is the largest distance
of a group from the rate of all rows, a ratio the smallest of either over the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from policies.fairness.bootstrap import CONFIDENCE, Estimate
from policies.fairness.counts import Floats
from policies.fairness.measures import Rates
from policies.fairness.simultaneous import (
    Limits,
    difference,
    lowest_ratio,
    ratio,
    tukey,
    widest_difference,
)

ONE_RATE: Mapping[str, str] = {
    "demographic_parity": "selection_rate",
    "equal_opportunity": "tpr",
    "predictive_parity": "precision",
    "accuracy_equality": "accuracy",
    "treatment_equality": "treatment_ratio",
}
DISPARITIES = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "equalized_odds_mean_difference",
    "equalized_odds_mean_ratio",
    *(f"{name}_{kind}" for name in list(ONE_RATE)[1:] for kind in ("difference", "ratio")),
)


def between(rates: Rates) -> dict[str, Floats]:
    """Every disparity by its name, `(...)`, from rates `(..., groups)`."""
    return _named({name: _spread(rates[name]) for name in _needed()})


def estimated_between(
    rates: Rates, drawn: Rates, limits: Callable[[str, float], Limits]
) -> dict[str, Estimate]:
    """Every disparity between groups by its name, with its interval.

    `limits` gives those of a measure at z. True and false positive rates are of different rows,
    so that those of both hold together if each holds at the root of the confidence.
    """
    groups = rates["selection_rate"].shape[-1]
    alone, both = tukey(groups), tukey(groups, sqrt(CONFIDENCE))
    odds = {name: limits(name, both) for name in ("tpr", "fpr")}
    each = {name: limits(rate, alone) for name, rate in ONE_RATE.items()}
    # The odds first: of one rate alone its own limits count.
    pairs = _named({rate: _ends(odds.get(rate) or limits(rate, alone)) for rate in _needed()})
    for name, held in each.items():
        pairs[f"{name}_difference"], pairs[f"{name}_ratio"] = _ends(held)
    values, draws = between(rates), between(drawn)
    found = {}
    for name in DISPARITIES:
        measure, _, kind = name.rpartition("_")
        about = [each[measure]] if measure in each else odds.values()
        estimated = difference if kind == "difference" else ratio
        low, high = pairs[name]
        found[name] = estimated(
            float(values[name]),
            (float(low), float(high)),
            draws[name],
            certain=any(one.certain for one in about),
        )
    return found


def estimated_spreads(
    rates: Rates, drawn: Rates, limits: Callable[[str, float], Limits]
) -> dict[str, tuple[Estimate, Estimate]]:
    """Difference and ratio between groups of every measure, with their intervals."""
    spread_draws, found = every_spread(drawn), {}
    for name, (gap, share) in every_spread(rates).items():
        held = limits(name, tukey(rates[name].shape[-1]))
        apart, over = spread_draws[name]
        found[name] = (
            difference(float(gap), widest_difference(held), apart, certain=held.certain),
            ratio(float(share), lowest_ratio(held), over, certain=held.certain),
        )
    return found


def every_spread(rates: Rates) -> dict[str, tuple[Floats, Floats]]:
    """Difference and ratio between groups of every measure, `(...)` each."""
    return {name: _spread(values) for name, values in rates.items()}


def to_overall(rates: Rates, overall: Rates) -> dict[str, Floats]:
    """Every disparity from the whole by its name; `overall` has one group, that of all rows."""
    return _named({name: _distance(rates[name], overall[name]) for name in _needed()})


def against(rates: Floats, reference: int | NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Ratio to and difference from the reference group, `(..., groups)`.

    `reference` is its position, or one for each draw.
    """
    place = np.broadcast_to(reference, rates.shape[:-1])[..., np.newaxis]
    held = np.take_along_axis(rates, place, axis=-1)
    return _over(rates, held), rates - held


def parity(ratio: float | None, tau: float) -> bool | None:
    """Whether a ratio lies within tau and 1/tau (Aequitas); None if it is undefined."""
    return None if ratio is None else tau <= ratio <= 1 / tau


def _needed() -> set[str]:
    return {*ONE_RATE.values(), "fpr"}


def _named(pairs: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Floats]:
    """Give both odds as their worst and their mean, as fairlearn's `agg` does; the rest by name.

    `maximum`, `minimum` and the mean keep NaN: odds of which one half is undefined are undefined.
    """
    (tpr_gap, tpr_share), (fpr_gap, fpr_share) = pairs["tpr"], pairs["fpr"]
    found = {
        "equalized_odds_difference": np.maximum(tpr_gap, fpr_gap),
        "equalized_odds_ratio": np.minimum(tpr_share, fpr_share),
        "equalized_odds_mean_difference": (tpr_gap + fpr_gap) / 2,
        "equalized_odds_mean_ratio": (tpr_share + fpr_share) / 2,
    }
    for name, rate in ONE_RATE.items():
        found[f"{name}_difference"], found[f"{name}_ratio"] = pairs[rate]
    return {name: found[name] for name in DISPARITIES}


def _spread(rates: Floats) -> tuple[Floats, Floats]:
    """Difference and ratio between groups.

    NaN if there are several groups but the rate is defined in fewer than two of them.
    """
    highest = np.fmax.reduce(rates, axis=-1)
    lowest = np.fmin.reduce(rates, axis=-1)
    comparable = np.isfinite(rates).sum(axis=-1) >= min(2, rates.shape[-1])
    return (
        np.where(comparable, highest - lowest, np.nan),
        np.where(comparable, _over(lowest, highest), np.nan),
    )


def _ends(limits: Limits) -> tuple[Floats, Floats]:
    return np.array(widest_difference(limits)), np.array(lowest_ratio(limits))


def _distance(rates: Floats, overall: Floats) -> tuple[Floats, Floats]:
    gaps = np.fmax.reduce(np.abs(rates - overall), axis=-1)
    share = _over(rates, overall)
    return gaps, np.fmin.reduce(np.fmin(share, _over(overall, rates)), axis=-1)


def _over(values: Floats, held: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = values / held
    found: Floats = np.where(np.isfinite(ratio), ratio, np.nan)
    return found
