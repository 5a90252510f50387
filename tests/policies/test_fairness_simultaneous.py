"""How far groups lie apart: intervals that hold though the data say which groups those are."""

from __future__ import annotations

import numpy as np
import pytest

from policies.fairness.bootstrap import drawn
from policies.fairness.comparing import Comparing
from policies.fairness.counts import Counts, Excluded
from policies.fairness.request import FairnessRequest
from policies.fairness.result import Place, TableResult
from policies.fairness.significance import wilson
from policies.fairness.simultaneous import Limits, limits, lowest_ratio, tukey, widest_difference
from policies.fairness.verdict import judge
from policies.thresholds import parse_thresholds, shipped_text

THRESHOLDS = parse_thresholds(shipped_text()).fairness


def measured(hits: np.ndarray, n: np.ndarray) -> Limits:
    """Shares of groups with their simultaneous limits."""
    return limits(hits / n, (hits / n)[None], tukey(len(n)), hits, n)


def compared(cells: np.ndarray) -> tuple[TableResult, str]:
    """Compare groups, `(groups, labels, 2)`; the table and the verdict on it."""
    names = [f"g{i:02}" for i in range(len(cells))]
    counts = Counts(("g",), tuple((name,) for name in names), cells, Excluded(0, 0, 0))
    request = FairnessRequest("p", ("g",), label="y" if cells.shape[1] > 1 else None)
    table = Comparing(request, 30, 0.8).table(Place("g"), names, drawn(counts, 1))
    return table, judge([table], THRESHOLDS, request)[0]


@pytest.mark.parametrize(
    ("groups", "n", "lowest", "highest"), [(2, 60, 0.3, 0.5), (14, 90, 0.5, 0.5)]
)
def test_intervals_of_the_widest_gap_cover_it(
    groups: int, n: int, lowest: float, highest: float
) -> None:
    """If it fails, chance alone makes groups that fare alike look certain to lie apart."""
    random = np.random.default_rng(3)
    rates, rows = np.linspace(lowest, highest, groups), np.full(groups, n)
    held = np.zeros(2)
    for _ in range(400):
        own = measured(random.binomial(n, rates), rows)
        low, high = widest_difference(own)
        held[0] += low <= highest - lowest <= high
        low, high = lowest_ratio(own)
        held[1] += low <= lowest / highest <= high + 1e-12
    assert (held / 400 >= 0.92).all()


def test_of_two_groups_the_interval_is_newcombes() -> None:
    """If it fails, two groups are compared less surely than they could be."""
    hits, n = np.array([8, 30]), np.array([40, 60])
    (low, other_low), (high, other_high) = wilson(hits, n)
    expected = (
        0.3 - np.hypot(0.5 - other_low, high - 0.2),
        0.3 + np.hypot(other_high - 0.5, 0.2 - low),
    )
    assert widest_difference(measured(hits, n)) == pytest.approx(expected, rel=1e-9)
    below, above = measured(hits, n).ratios()
    assert below[0, 1] * above[1, 0] == pytest.approx(1)
    assert below[0, 1] < 0.4 < above[0, 1]


def test_many_groups_that_are_treated_alike_do_not_fail() -> None:
    """If it fails, a fair model of many groups is found guilty for having many groups."""
    random = np.random.default_rng(5)
    for share in (0.1, 0.5):
        chosen = random.binomial(100, share, (10, 14))
        for one in chosen:
            assert compared(np.stack([100 - one, one], axis=1)[:, None])[1] == "inconclusive"


def test_a_difference_beyond_chance_still_fails() -> None:
    """If it fails, nothing can be found any more."""
    cells = np.array([[[250, 250]], [[350, 150]], [[255, 245]]])
    table, verdict = compared(cells)
    assert verdict == "fail"
    found = table.compared.disparities["demographic_parity_difference"].interval
    assert found is not None
    assert 0.1 < found[0] < 0.2 < found[1] < 0.27


def test_two_people_do_not_settle_odds() -> None:
    """If it fails, two false negatives condemn a model, or two true positives clear it."""
    many = [[720, 180], [20, 80]]
    for two in ([2, 0], [0, 2]):
        table, verdict = compared(np.array([many, [[73, 25], two], many]))
        found = table.compared.disparities["equal_opportunity_difference"]
        assert verdict == "inconclusive"
        assert found.interval is not None
        assert found.interval[0] < 0.1 < found.interval[1]


def test_who_is_best_off_is_not_taken_for_certain() -> None:
    """If it fails, every group is held against whom chance put first."""
    chosen = np.array([30, 20, 22, 25, 27, 18, 24, 21])
    table, _ = compared(np.stack([100 - chosen, chosen], axis=1)[:, None])
    by_name = dict(zip(table.compared.groups, table.compared.impact_ratios, strict=True))
    assert table.compared.reference == "g00"
    for name, ratio in by_name.items():
        assert ratio.interval is not None
        low, high = ratio.interval
        assert 0 < low <= (ratio.value or 0) <= high <= 1
        assert high > 0.8, name
