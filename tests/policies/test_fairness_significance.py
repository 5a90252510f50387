"""Tests and intervals of shares are those of scipy, and those published."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from policies.fairness.significance import compare, holm, two_shares, wilson
from policies.fairness.strata import mantel_haenszel, pooled

SHARES = st.one_of(st.integers(1, 40), st.integers(1, 3_000), st.integers(1, 10**7)).flatmap(
    lambda n: st.tuples(st.integers(0, n), st.just(n))
)


@settings(max_examples=300, deadline=None)
@given(SHARES, SHARES)
def test_two_shares_are_tested_as_scipy_tests_them(
    own: tuple[int, int], other: tuple[int, int]
) -> None:
    """If this failed, a p-value would be another than the test that is named beside it gives."""
    table = np.array([[own[0], own[1] - own[0]], [other[0], other[1] - other[0]]])
    p_value, method = two_shares(*own, *other)
    constant = not table.sum(axis=0).all()
    few = constant or stats.contingency.expected_freq(table).min() < 5
    assert method == ("fisher" if few or table.sum() < 1_000 else "z")
    if method == "fisher":
        assert p_value == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-12)
    else:
        expected = stats.chi2_contingency(table, correction=False).pvalue
        assert p_value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(SHARES)
def test_the_interval_of_a_share_is_wilsons(share: tuple[int, int]) -> None:
    """If this failed, an interval called Wilson's would be another."""
    hits, n = share
    low, high = wilson(np.array([hits]), np.array([n]))
    expected = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert float(low[0]) == pytest.approx(expected.low, abs=1e-12)
    assert float(high[0]) == pytest.approx(expected.high, abs=1e-12)


def test_a_share_of_nothing_has_no_interval_and_no_test() -> None:
    """If this failed, a group without rows would be tested, or would end in an error."""
    low, high = wilson(np.array([0]), np.array([0]))
    assert np.isnan([low, high]).all()
    hits, n = np.array([3, 0, 4]), np.array([10, 0, 10])
    found = compare(hits, n, reference=0)
    assert [one is None for one in found] == [True, True, False]
    assert compare(hits, n, reference=1) == [None, None, None]


def test_p_values_are_corrected_as_holm_does() -> None:
    """If this failed, one lucky group of twenty would read as a discovery."""
    published = [0.01, 0.02, 0.03, 0.04, 0.05]  # R's p.adjust(p, "holm")
    assert holm(published) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.9, 0.001]) == pytest.approx([0.9, 0.002])
    assert holm([]) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.999))
def test_a_corrected_p_says_what_the_step_down_procedure_rejects(
    p_values: list[float], alpha: float
) -> None:
    """If this failed, a corrected p below alpha would not mean a rejection at alpha."""
    adjusted = holm(p_values)
    assume(all(abs(p - alpha) > 1e-9 for p in adjusted))
    rejected: set[int] = set()
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[i] * (len(p_values) - rank) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected


# Admissions to six departments of Berkeley in 1973, by sex: (rejected, admitted), as in Bickel,
# Hammel and O'Connell (1975) and R's UCBAdmissions.
MEN = np.array([[313, 512], [207, 353], [205, 120], [279, 138], [138, 53], [351, 22]])
WOMEN = np.array([[19, 89], [8, 17], [391, 202], [244, 131], [299, 94], [317, 24]])


def test_berkeleys_admissions_depend_on_sex_only_until_departments_are_held_fixed() -> None:
    """If this failed, the best known example of a control attribute would come out otherwise."""
    # R: mantelhaen.test(UCBAdmissions, correct = FALSE), odds of men to women.
    odds_ratio, statistic, p_value = mantel_haenszel(MEN, WOMEN)
    assert odds_ratio == pytest.approx(0.9046968, abs=5e-8)
    assert statistic == pytest.approx(1.5246, abs=5e-5)
    assert p_value == pytest.approx(0.2169, abs=5e-5)
    men, women = MEN.sum(axis=0), WOMEN.sum(axis=0)
    crude, _ = two_shares(int(men[1]), int(men.sum()), int(women[1]), int(women.sum()))
    assert crude < 1e-20


STRATA = st.integers(1, 5).flatmap(
    lambda k: arrays(np.int64, (2, k, 2), elements=st.integers(0, 60))
)


@pytest.mark.filterwarnings("ignore:.*encountered in divide")
@settings(max_examples=150, deadline=None)
@given(STRATA)
def test_the_pooled_test_is_that_of_the_hypergeometric_margins(cells: np.ndarray) -> None:
    """If this failed, conditional independence would be tested with a wrong mean or variance."""
    own, other = cells
    assume((own.sum(axis=1) > 0).all() and (other.sum(axis=1) > 0).all())
    hits = own[:, 1] + other[:, 1]
    margins = stats.hypergeom(own.sum(axis=1) + other.sum(axis=1), hits, own.sum(axis=1))
    variance = float(margins.var().sum())
    _, statistic, p_value = mantel_haenszel(own, other)
    if variance < 1e-12:
        assert statistic is None
        return
    assert statistic is not None
    expected = float(own[:, 1].sum() - margins.mean().sum()) ** 2 / variance
    assert statistic == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert p_value == pytest.approx(stats.chi2.sf(expected, 1), rel=1e-9, abs=1e-12)


def test_only_strata_that_have_both_groups_count() -> None:
    """If this failed, a region without women would decide how women fare."""
    cells = np.stack([MEN, WOMEN], axis=1)
    alone = np.array([[[40, 60], [0, 0]]])
    (found,) = pooled("sex", None, ["men", "women"], 1, np.concatenate([cells, alone]))
    assert (found.group, found.reference, found.strata) == ("men", "women", 6)
    assert found.n == MEN.sum() + WOMEN.sum()
    assert found.p_value == found.p_holm
    (nothing,) = pooled("sex", None, ["men", "women"], 1, alone)
    assert (nothing.strata, nothing.odds_ratio, nothing.p_value) == (0, None, None)
    assert not any(isinstance(v, float) and math.isnan(v) for v in nothing.as_json().values())
