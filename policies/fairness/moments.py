"""Means of two groups held against each other: Welch's t test and standardized differences."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from policies.fairness.bootstrap import CONFIDENCE, Estimate

Moments = tuple[int, float, float | None]
"""Rows, mean, and sample standard deviation (n - 1; None below two rows)."""


@dataclass(frozen=True)
class Welch:
    """Welch's t test of equal means (Welch, 1947): statistic, degrees of freedom, two-sided p.

    `difference` is the first mean minus the second, with its interval by the same t.
    """

    difference: Estimate
    t: float | None
    df: float | None
    p: float | None


def normal_quantile() -> float:
    """The standard normal quantile of a two-sided interval at the confidence in use."""
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - CONFIDENCE) / 2))


def mean_interval(own: Moments) -> Estimate:
    """A mean with its interval by Student's t, n - 1 degrees of freedom."""
    from scipy.special import stdtrit

    n, mean, sd = own
    if sd is None:
        return Estimate(mean, None)
    reach = float(stdtrit(n - 1, 1 - (1 - CONFIDENCE) / 2)) * sd / sqrt(n)
    return Estimate(mean, (mean - reach, mean + reach))


def welch(own: Moments, other: Moments) -> Welch:
    """Compare two means without taking their variances for equal.

    Without two rows a side, or without any spread, only the difference is defined.
    """
    from scipy.special import stdtr, stdtrit

    (n, mean, sd), (m, other_mean, other_sd) = own, other
    gap = mean - other_mean
    if sd is None or other_sd is None or not (sd or other_sd):
        return Welch(Estimate(gap, None), None, None, None)
    a, b = sd**2 / n, other_sd**2 / m
    error = sqrt(a + b)
    df = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    t = gap / error
    reach = float(stdtrit(df, 1 - (1 - CONFIDENCE) / 2)) * error
    p = 2 * float(stdtr(df, -abs(t)))
    return Welch(Estimate(gap, (gap - reach, gap + reach)), t, df, p)


def standardized_difference(own: Moments, other: Moments) -> Estimate:
    """The difference of two means over the pooled standard deviation (Cohen's d, 1988).

    The interval is normal, with the variance of Hedges and Olkin (1985). Undefined without two
    rows a side or without any spread.
    """
    (n, mean, sd), (m, other_mean, other_sd) = own, other
    if sd is None or other_sd is None or not (sd or other_sd):
        return Estimate(None, None)
    pooled = sqrt(((n - 1) * sd**2 + (m - 1) * other_sd**2) / (n + m - 2))
    d = (mean - other_mean) / pooled
    reach = normal_quantile() * sqrt((n + m) / (n * m) + d**2 / (2 * (n + m)))
    return Estimate(d, (d - reach, d + reach))
