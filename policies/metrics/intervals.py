"""Rates and means with 95 % intervals, also of samples that are much of what they stand for.

Rates: Wilson (1927). Of a simple random sample without replacement of more than 5 % of the
population the variance is smaller by (N - n) / (N - 1); the rate is then treated as one of
n (N - 1) / (N - n) draws with replacement (Cochran, Sampling Techniques, 1977, section 2.6, 3.3).
Where all are labelled nothing is uncertain. Means: normal approximation, corrected likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

_Z = 1.959963984540054  # the normal distribution's quantile at 0.975
LARGE_SHARE = 0.05
_LEAST = 2  # values that have a variance


@dataclass(frozen=True)
class Rate:
    """`hits` of `n`, with both ends of its interval; `population` is what was sampled, if it was.

    `corrected` says that the interval is narrower because the sample is much of the population.
    """

    hits: int
    n: int
    low: float
    high: float
    population: int | None = None
    corrected: bool = False

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.n

    def as_json(self) -> dict[str, Any]:
        """A rate of the document."""
        found: dict[str, Any] = {
            "hits": self.hits,
            "n": self.n,
            "rate": self.value,
            "ci": [self.low, self.high],
        }
        return found | _sampled(self.population, self.corrected)


@dataclass(frozen=True)
class Mean:
    """The mean of `n` values; no interval where it is unknown how they vary."""

    n: int
    value: float
    low: float | None = None
    high: float | None = None
    population: int | None = None
    corrected: bool = False

    def as_json(self) -> dict[str, Any]:
        """A mean of the document."""
        ends = None if self.low is None or self.high is None else [self.low, self.high]
        found: dict[str, Any] = {"n": self.n, "mean": self.value, "ci": ends}
        return found | _sampled(self.population, self.corrected)


def rate(hits: int, n: int, population: int | None = None) -> Rate | None:
    """A share with its interval; None of nothing. `population`: how many were sampled from."""
    if n == 0:
        return None
    draws = _draws(n, population)
    corrected = draws != n
    if draws is None:
        return Rate(hits, n, hits / n, hits / n, population, corrected=True)
    share, scale = hits / n, 1 + _Z**2 / draws
    middle = (share + _Z**2 / (2 * draws)) / scale
    half = _Z * sqrt(share * (1 - share) / draws + (_Z / (2 * draws)) ** 2) / scale
    low = 0.0 if hits == 0 else max(middle - half, 0.0)
    high = 1.0 if hits == n else min(middle + half, 1.0)
    return Rate(hits, n, low, high, population, corrected)


def mean(n: int, total: float, squares: float, population: int | None = None) -> Mean | None:
    """A mean with its interval from the sums of values and of their squares; None of nothing."""
    if n == 0:
        return None
    value, draws = total / n, _draws(n, population)
    if draws is None:
        return Mean(n, value, value, value, population, corrected=True)
    if n < _LEAST:
        return Mean(n, value, population=population)
    variance = max(squares - n * value**2, 0.0) / (n - 1)
    half = _Z * sqrt(variance / draws)
    return Mean(n, value, value - half, value + half, population, draws != n)


def _draws(n: int, population: int | None) -> float | None:
    """How many draws with replacement a sample is worth; None for all there are."""
    if population is None or n <= LARGE_SHARE * population:
        return n
    return None if n >= population else n * (population - 1) / (population - n)


def _sampled(population: int | None, corrected: bool) -> dict[str, Any]:
    if population is None:
        return {}
    return {"population": population, "finite_population_correction": corrected}
