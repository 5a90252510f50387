"""How well scores rank: the AUC of each group, how sure it is, and whether two of them differ.

- AUC: the rank-sum (Mann-Whitney) form, a tie counting one half.
- Variance: by structural components (DeLong, DeLong and Clarke-Pearson, 1988, equations 4 to 7).
  The placement of an event is the share of the others that score lower, a tie counting one half;
  that of another row the share of the events that score higher. All sums are of whole numbers
  taken in the engine, so they are exact at any number of rows.
- Test: groups share no rows, so that their AUCs are independent and the variances add up; z is
  the difference over the root of their sum, p two-sided.

Where scores part events from others without an overlap, the ranks show no spread and resampling
finds none, as if the AUC were certain. Its interval is then Newcombe's (2006, method 5), and no
test is defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import erfc, exp, hypot, log, sqrt

from policies.fairness.bootstrap import Estimate
from policies.fairness.grouped import Valued
from policies.fairness.moments import normal_quantile

TEST = (
    "DeLong's test of AUCs, two-sided, undefined where a group has fewer than two events or two "
    "others, or where its ranks show no spread"
)


@dataclass(frozen=True)
class Ranked:
    """One group's ranks: twice its Mann-Whitney U, and sums of squares of twice its placements.

    `event_squares` are those of its events, in numbers of other rows, `other_squares` those of
    its other rows, in numbers of events.
    """

    events: int
    others: int
    twice_u: int
    event_squares: int
    other_squares: int

    @property
    def auc(self) -> float | None:
        """The AUC; None without an event or without another row."""
        return self.twice_u / (2 * self.events * self.others) if self.events * self.others else None

    @property
    def variance(self) -> float | None:
        """DeLong's variance of the AUC; None below two events or two others."""
        m, n = self.events, self.others
        if min(m, n) < 2:  # noqa: PLR2004 - a variance needs two
            return None
        of_events = Fraction(m * self.event_squares - self.twice_u**2, m - 1)
        of_others = Fraction(n * self.other_squares - self.twice_u**2, n - 1)
        return float((of_events + of_others) / (2 * m * n) ** 2)

    @property
    def standard_error(self) -> float | None:
        """The root of the variance."""
        return None if self.variance is None else sqrt(self.variance)


@dataclass(frozen=True)
class AucTest:
    """DeLong's test of one group's AUC against the reference's: z and its two-sided p."""

    z: float
    p: float


def ranks(table: Valued) -> dict[str, Ranked]:
    """Rank every group of the table that was tallied."""
    rows = table.connection.execute(
        """
        SELECT grp, sum(events), sum(others), sum(others * lower),
            sum(others * lower * lower), sum(events * below * below)
        FROM (
            SELECT grp, events::HUGEINT AS events, others::HUGEINT AS others,
                2 * sum(others) OVER up - others AS below,
                2 * sum(events) OVER up - events AS lower
            FROM (
                SELECT grp, value, coalesce(sum(n) FILTER (label), 0)::BIGINT AS events,
                    coalesce(sum(n) FILTER (NOT label), 0)::BIGINT AS others
                FROM tallied GROUP BY grp, value
            )
            WINDOW up AS (PARTITION BY grp ORDER BY value)
        )
        GROUP BY grp
        """
    ).fetchall()
    return {group: _ranked(*map(int, sums)) for group, *sums in rows}


def _ranked(events: int, others: int, lower: int, lower_squares: int, event_squares: int) -> Ranked:
    """From what lies lower: of an event's and another row's 2 * events, the rest lies higher."""
    return Ranked(
        events=events,
        others=others,
        twice_u=2 * events * others - lower,
        event_squares=event_squares,
        other_squares=4 * events * (events * others - lower) + lower_squares,
    )


def auc_test(own: Ranked, other: Ranked) -> AucTest | None:
    """Test whether two groups' AUCs differ; None where a variance is undefined or 0."""
    if own.auc is None or other.auc is None or not (own.variance and other.variance):
        return None
    z = (own.auc - other.auc) / sqrt(own.variance + other.variance)
    return AucTest(z, erfc(abs(z) / sqrt(2)))


def unspread(ranked: Ranked, estimate: Estimate) -> Estimate:
    """Give an AUC of exactly 0 or 1 the interval that resampling cannot, and keep any other's.

    The end is where the distance from the AUC is z standard errors of Newcombe's model there.
    """
    from scipy.optimize import brentq

    auc, m, n = ranked.auc, ranked.events, ranked.others
    if auc not in {0.0, 1.0}:
        return estimate
    z, more = normal_quantile(), (m + n) / 2 - 1

    def excess(a: float) -> float:
        model = 1 + more * (1 - a) / (2 - a) + more * a / (1 + a)
        return 1 - a - z**2 * a * model / (m * n)

    end = float(brentq(excess, 0.0, 1.0))
    return Estimate(auc, (end, 1.0) if auc else (0.0, 1.0 - end))


def difference_of(own: Estimate, other: Estimate) -> Estimate:
    """A difference of two independent figures from their intervals (Zou and Donner, 2008)."""
    if own.value is None or other.value is None:
        return Estimate(None, None)
    gap = own.value - other.value
    if own.interval is None or other.interval is None:
        return Estimate(gap, None)
    below = hypot(own.value - own.interval[0], other.interval[1] - other.value)
    above = hypot(own.interval[1] - own.value, other.value - other.interval[0])
    return Estimate(gap, (gap - below, gap + above))


def ratio_of(own: Estimate, other: Estimate) -> Estimate:
    """A ratio of two independent figures, likewise on the scale of its logarithm.

    Undefined unless both are positive, without an interval unless theirs are.
    """
    if not own.value or not other.value:
        return Estimate(None, None)
    ratio = own.value / other.value
    found = difference_of(_log(own), _log(other)).interval
    return Estimate(ratio, (exp(found[0]), exp(found[1])) if found else None)


def _log(one: Estimate) -> Estimate:
    ends = one.interval if one.interval and one.interval[0] > 0 else None
    return Estimate(log(one.value or 1.0), (log(ends[0]), log(ends[1])) if ends else None)
