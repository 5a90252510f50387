"""Scores by group: discrimination, calibration and distribution, from counts of distinct scores.

Everything is a function of how often each score occurs in a group with and without the event, so
it is exact, ties included, and no row is seen by Python. Sums do not depend on the order of rows,
and rank sums are integers.

- AUC: `auc.py`.
- Calibration: ten bins of equal width over 0 to 1; expected calibration error is the mean distance
  of observed from expected by bin, weighted by rows (Naeini, Cooper and Hauskrecht, 2015);
  calibration in the large is observed minus expected over all rows. Undefined unless every score
  lies between 0 and 1.
- Distance from the reference group: Kolmogorov-Smirnov with its asymptotic p, and Wasserstein-1 in
  the score's own unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.fairness.auc import Ranked, ranks
from policies.fairness.grouped import Valued, spread, total

BINS = 10
PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Bin:
    """One bin of a reliability table or histogram: rows, mean score and share of events.

    `low` and `high` are its edges, the last bin closed; means are None where it is empty, and
    `observed` where nothing was labelled.
    """

    low: float
    high: float
    n: int
    expected: float | None
    observed: float | None

    def as_json(self) -> dict[str, Any]:
        """The bin as one flat object."""
        return {
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "expected": self.expected,
            "observed": self.observed,
        }


@dataclass(frozen=True)
class ScoreFigures:
    """What is measured of one group; None where undefined. `events` is None without a label."""

    n: int
    events: int | None
    mean: float
    sd: float | None
    percentiles: tuple[float, ...]
    bins: tuple[Bin, ...]
    ranked: Ranked | None
    brier: float | None
    calibration_error: float | None
    calibration_in_the_large: float | None

    @property
    def auc(self) -> float | None:
        """Its AUC; None without a label, without an event or without another row."""
        return self.ranked.auc if self.ranked else None


@dataclass(frozen=True)
class Distance:
    """How far a group's scores lie from the reference group's."""

    ks: float
    ks_p: float
    wasserstein: float


def tally(table: Valued) -> None:
    """Count distinct scores into the temporary table `tallied` (grp, value, label, n)."""
    table.connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE tallied AS
        SELECT grp, value, label, count(*) AS n FROM valued GROUP BY ALL
        """
    )


def scale(table: Valued) -> tuple[float, float]:
    """Give the span of the bins: 0 to 1 if every score lies there, else lowest to highest."""
    low, high = table.connection.execute("SELECT min(value), max(value) FROM tallied").fetchall()[0]
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def figures(
    table: Valued, span: tuple[float, float], *, labelled: bool
) -> Mapping[str, ScoreFigures]:
    """Measure every group of the table that was tallied."""
    probabilities = labelled and span == (0.0, 1.0)
    curves, ranked = _bins(table, span, labelled=labelled), ranks(table)
    percentiles = _percentiles(table)
    bound = max(map(abs, span))
    mean_score = f"{total('value', bound, 'n')} / sum(n)"
    squared = total("(value - label::INT) ** 2", (bound + 1) ** 2, "n")
    rows = table.connection.execute(
        f"""
        SELECT grp, sum(n)::BIGINT, coalesce(sum(n) FILTER (label), 0)::BIGINT,
            {mean_score}, {squared} / sum(n)
        FROM tallied GROUP BY grp
        """  # noqa: S608 - numbers of our own
    ).fetchall()
    spreads = dict(
        table.connection.execute(
            f"""
            SELECT grp, {spread("value", "mean", bound, "n")}
            FROM tallied
            JOIN (SELECT grp, {mean_score} AS mean FROM tallied GROUP BY grp)
                USING (grp)
            GROUP BY grp
            """  # noqa: S608 - constants
        ).fetchall()
    )
    found = {}
    for group, n, events, mean, brier in rows:
        found[group] = ScoreFigures(
            n=n,
            events=events if labelled else None,
            mean=mean,
            sd=spreads[group],
            percentiles=percentiles[group],
            bins=curves[group],
            ranked=ranked[group] if labelled else None,
            brier=brier if probabilities else None,
            calibration_error=_expected_error(curves[group], n) if probabilities else None,
            calibration_in_the_large=events / n - mean if probabilities else None,
        )
    return found


def distance(table: Valued, span: tuple[float, float], group: str, reference: str) -> Distance:
    """Measure how far a group's scores lie from the reference's (as scipy's `ks_2samp` in its
    asymptotic mode and `wasserstein_distance` do).
    """  # noqa: D205 - one sentence
    from scipy.stats import distributions

    n, m = table.groups[group], table.groups[reference]
    gap = "abs(own * $m - other * $n) / ($n::DOUBLE * $m) * step"
    statistic, area = table.connection.execute(
        f"""
        SELECT max(abs(own * $m - other * $n)) / ($n::HUGEINT * $m),
            coalesce({total(gap, span[1] - span[0])}, 0)
        FROM (
            SELECT sum(own) OVER ordered AS own, sum(other) OVER ordered AS other,
                lead(value) OVER ordered - value AS step
            FROM (
                SELECT value, coalesce(sum(n) FILTER (grp = $group), 0)::HUGEINT AS own,
                    coalesce(sum(n) FILTER (grp = $reference), 0)::HUGEINT AS other
                FROM tallied WHERE grp IN ($group, $reference) GROUP BY value
            )
            WINDOW ordered AS (ORDER BY value)
        )
        """,  # noqa: S608 - constants
        {"group": group, "reference": reference, "n": n, "m": m},
    ).fetchall()[0]
    rows = round(m * n / (m + n))
    # Of one row a side, which round to none, any statistic is as likely as another.
    p = float(distributions.kstwo.sf(statistic, rows)) if rows else 1.0
    return Distance(ks=statistic, ks_p=min(max(p, 0.0), 1.0), wasserstein=area)


def _percentiles(table: Valued) -> dict[str, tuple[float, ...]]:
    """Give the lowest score at or below which each percentage of a group's rows lies."""
    wanted = ", ".join(
        f"min(value) FILTER (below * 100 >= {percent} * total)" for percent in PERCENTILES
    )
    rows = table.connection.execute(
        f"""
        SELECT grp, {wanted}
        FROM (
            SELECT grp, value, sum(n) OVER (PARTITION BY grp ORDER BY value) AS below,
                sum(n) OVER (PARTITION BY grp) AS total
            FROM (SELECT grp, value, sum(n)::BIGINT AS n FROM tallied GROUP BY grp, value)
        )
        GROUP BY grp
        """  # noqa: S608 - constants
    ).fetchall()
    return {group: tuple(values) for group, *values in rows}


def _bins(
    table: Valued, span: tuple[float, float], *, labelled: bool
) -> dict[str, tuple[Bin, ...]]:
    low, high = span
    rows = table.connection.execute(
        f"""
        SELECT grp, {bin_of("value", span)} AS bin, sum(n)::BIGINT,
            {total("value", max(map(abs, span)), "n")} / sum(n),
            coalesce(sum(n) FILTER (label), 0)::BIGINT
        FROM tallied GROUP BY ALL
        """  # noqa: S608 - two numbers of our own
    ).fetchall()
    filled = {(group, position): found for group, position, *found in rows}
    edges = [low + (high - low) * i / BINS for i in range(BINS)] + [high]

    def one(group: str, i: int) -> Bin:
        n, expected, events = filled.get((group, i), (0, None, 0))
        observed = events / n if n and labelled else None
        return Bin(edges[i], edges[i + 1], n, expected, observed)

    return {group: tuple(one(group, i) for i in range(BINS)) for group in table.groups}


def bin_of(value: str, span: tuple[float, float]) -> str:
    """Return SQL for the position of a score's bin: the highest lower edge it reaches."""
    low, high = span
    edges = [low + (high - low) * i / BINS for i in range(1, BINS)]
    reached = " + ".join(f"({value} >= {edge!r}::DOUBLE)::INT" for edge in edges)
    return f"({reached})"


def _expected_error(bins: Sequence[Bin], n: int) -> float:
    return sum(
        each.n / n * abs(each.observed - each.expected)
        for each in bins
        if each.expected is not None and each.observed is not None
    )
