"""Ratings and other numeric predictions by group: errors, means, and their differences.

Two passes in the engine, so that nothing is lost by subtracting large sums: the first takes
means, the second sums of squared distances from them, in an arithmetic that does not depend on
the order of rows. Intervals are normal-theory: Student's t for means, Welch's t for differences of
means, the delta method for RMSE, R2 and ratios of means.

Error is prediction minus outcome: a positive mean error says that the group was rated too high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt

from policies.fairness.bootstrap import Estimate
from policies.fairness.grouped import Valued, spread, total
from policies.fairness.moments import (
    Moments,
    Welch,
    mean_interval,
    normal_quantile,
    standardized_difference,
    welch,
)

_COLUMNS = {"prediction": "value", "outcome": "label", "error": "gap", "absolute": "abs(gap)"}
METHOD = (
    "95 % intervals by Student's t (means), Welch's t (differences), the delta method (RMSE, R2, "
    "ratios of means), and Hedges and Olkin (standardized differences)"
)


@dataclass(frozen=True)
class RatingFigures:
    """What is measured of one group; outcomes and errors are None where none were asked for.

    `mse` and `mse_sd` are the mean of the squared errors and their standard deviation; `r2_sd` is
    the standard deviation of R2's influence function. All in the unit of the rating or its square.
    """

    n: int
    prediction: Moments
    outcome: Moments | None = None
    error: Moments | None = None
    absolute: Moments | None = None
    mse: float | None = None
    mse_sd: float | None = None
    r2: float | None = None
    r2_sd: float | None = None

    def estimates(self) -> dict[str, Estimate]:
        """Each measure by name, with its interval."""
        nothing = Estimate(None, None)
        return {
            "mean_prediction": mean_interval(self.prediction),
            "mean_outcome": mean_interval(self.outcome) if self.outcome else nothing,
            "mean_error": mean_interval(self.error) if self.error else nothing,
            "mae": mean_interval(self.absolute) if self.absolute else nothing,
            "rmse": self._rmse(),
            "r2": _normal(self.r2, self.r2_sd, self.n),
        }

    def _rmse(self) -> Estimate:
        if self.mse is None:
            return Estimate(None, None)
        root = sqrt(self.mse)
        spread = self.mse_sd / (2 * root) if root and self.mse_sd is not None else self.mse_sd
        found = _normal(root, spread, self.n)
        low, high = found.interval or (root, root)
        return Estimate(root, (max(low, 0.0), high) if found.interval else None)


@dataclass(frozen=True)
class Contrast:
    """A group held against the reference: differences are its own minus the reference's.

    `prediction` and `error` are Welch's tests of equal means; `mean_ratio` is the group's mean
    prediction over the reference's, undefined unless both are positive.
    """

    prediction: Welch
    error: Welch | None
    mean_ratio: Estimate
    standardized_difference: Estimate
    standardized_error_difference: Estimate


def rating_figures(table: Valued, *, labelled: bool) -> Mapping[str, RatingFigures]:
    """Measure every group of a table; `label` holds the outcome where `labelled`."""
    gap = "value - label" if labelled else "NULL::DOUBLE"
    highest, widest, farthest = table.connection.execute(
        f"SELECT max(abs(value)), max(abs({gap})), max(abs(label::DOUBLE)) FROM valued"  # noqa: S608
    ).fetchall()[0]
    bounds = {"prediction": highest}
    if labelled:
        bounds |= {"outcome": farthest, "error": widest, "absolute": widest}
    first = ", ".join(
        f"{total(_COLUMNS[name], bound)} / count(*) AS {name}_mean"
        for name, bound in bounds.items()
    )
    mse = f"{total('gap ** 2', widest**2)} / count(*)" if labelled else "NULL"
    table.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE centred AS
        SELECT grp, {first}, {mse} AS mse
        FROM (SELECT *, {gap} AS gap FROM valued) GROUP BY grp
        """  # noqa: S608 - constants
    )
    second = ", ".join(
        f"any_value({name}_mean), {spread(_COLUMNS[name], f'{name}_mean', bound)}"
        for name, bound in bounds.items()
    )
    squares = _squares(widest, farthest) if labelled else ", ".join(["NULL"] * 6)
    rows = table.connection.execute(
        f"""
        SELECT grp, count(*), {squares}, {second}
        FROM (SELECT *, {gap} AS gap FROM valued) JOIN centred USING (grp)
        GROUP BY grp
        """  # noqa: S608 - constants
    ).fetchall()
    found = {}
    for group, n, mse, mse_sd, *rest in rows:
        sums, pairs = rest[:4], rest[4:]
        prediction: Moments = (n, pairs[0], pairs[1])
        if not labelled:
            found[group] = RatingFigures(n, prediction)
            continue
        r2, r2_sd = _r2(n, mse, *sums)
        found[group] = RatingFigures(
            n=n,
            prediction=prediction,
            outcome=(n, pairs[2], pairs[3]),
            error=(n, pairs[4], pairs[5]),
            absolute=(n, pairs[6], pairs[7]),
            mse=mse,
            mse_sd=mse_sd,
            r2=r2,
            r2_sd=r2_sd,
        )
    return found


def _squares(widest: float, farthest: float) -> str:
    """Return SQL for the mean squared error, its spread, and what R2 is made of."""
    away, apart = (2 * farthest) ** 2, widest**2
    d = "(label - outcome_mean)"
    return f"""
        any_value(mse), {spread("gap ** 2", "mse", apart)},
        CASE WHEN min(label) < max(label) THEN {total(f"{d} ** 2", away)} ELSE 0 END,
        {total(f"{d} ** 4", away**2)}, {total("gap ** 4", apart**2)},
        {total(f"gap ** 2 * {d} ** 2", apart * away)}
    """


def contrast(own: RatingFigures, other: RatingFigures) -> Contrast:
    """Hold one group against the reference."""
    error, apart = None, Estimate(None, None)
    if own.error is not None and other.error is not None:
        error = welch(own.error, other.error)
        apart = standardized_difference(own.error, other.error)
    return Contrast(
        prediction=welch(own.prediction, other.prediction),
        error=error,
        mean_ratio=_ratio(own.prediction, other.prediction),
        standardized_difference=standardized_difference(own.prediction, other.prediction),
        standardized_error_difference=apart,
    )


def _r2(
    n: int, mse: float, squares: float, fourths: float, error_fourths: float, crossed: float
) -> tuple[float | None, float | None]:
    """R2 = 1 - MSE / variance of the outcome, and the spread of its influence function.

    With u = e^2 - MSE and w = d^2 - V the influence of a row is -u / V + MSE w / V^2; its mean
    square follows from the sums of e^4, d^4 and e^2 d^2. Undefined where the outcome is constant.
    """
    variance = squares / n
    if not variance:
        return None, None
    share = mse / variance
    mean_square = (
        (error_fourths / n - mse**2)
        - 2 * share * (crossed / n - mse * variance)
        + share**2 * (fourths / n - variance**2)
    ) / variance**2
    return 1 - share, sqrt(max(mean_square, 0.0))


def _ratio(own: Moments, other: Moments) -> Estimate:
    """A ratio of means, with an interval on the scale of its logarithm."""
    (n, mean, sd), (m, other_mean, other_sd) = own, other
    if mean <= 0 or other_mean <= 0:
        return Estimate(None, None)
    ratio = mean / other_mean
    if sd is None or other_sd is None:
        return Estimate(ratio, None)
    reach = normal_quantile() * sqrt((sd / mean) ** 2 / n + (other_sd / other_mean) ** 2 / m)
    return Estimate(ratio, (exp(log(ratio) - reach), exp(log(ratio) + reach)))


def _normal(value: float | None, sd: float | None, n: int) -> Estimate:
    if value is None or sd is None:
        return Estimate(value, None)
    reach = normal_quantile() * sd / sqrt(n)
    return Estimate(value, (value - reach, value + reach))
