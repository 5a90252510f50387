"""Distances on counts: scipy's figures, and what an empty cell counts as."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association

from policies.data.distances import chi_square, jensen_shannon, psi_by_cell

CELLS = st.integers(2, 12).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 10**6), min_size=size, max_size=size).filter(any)] * 2
    )
)


@given(CELLS)
@settings(deadline=None)
def test_the_same_as_scipy(cells: tuple[list[int], list[int]]) -> None:
    """If it fails, a figure in an audit is not the measure it is called."""
    reference, current = (np.array(side, np.int64) for side in cells)
    distance = jensenshannon(reference, current, base=2)
    found = jensen_shannon(reference, current)
    assert found == pytest.approx(0.0 if math.isnan(distance) else distance, rel=1e-12)
    table = np.array(cells)[:, np.array(cells).sum(axis=0) > 0]
    tested = chi_square(reference, current)
    if table.shape[1] < 2:
        assert tested is None
        return
    assert tested is not None
    expected = chi2_contingency(table, correction=False)
    assert tested.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert tested.dof == expected.dof
    assert tested.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert tested.cramers_v == pytest.approx(association(table, "cramer"), rel=1e-9, abs=1e-12)


@given(CELLS)
@settings(deadline=None)
def test_psi_by_its_definition(cells: tuple[list[int], list[int]]) -> None:
    """If it fails, a PSI cannot be held against the limits that others use for it."""
    reference, current = cells
    total = 0.0
    for r, c in zip(reference, current, strict=True):
        p = (r or 0.5) / sum(reference)
        q = (c or 0.5) / sum(current)
        total += (q - p) * math.log(q / p) if r or c else 0.0
    found = psi_by_cell(np.array(reference, np.int64), np.array(current, np.int64))
    assert found.sum() == pytest.approx(total, rel=1e-12, abs=1e-15)
    assert found.min() >= 0


@given(CELLS)
@settings(deadline=None)
def test_psi_does_not_depend_on_the_side(cells: tuple[list[int], list[int]]) -> None:
    """If it fails, whether data drifted depends on which of the two was there first."""
    reference, current = (np.array(side, np.int64) for side in cells)
    assume(reference.any() and current.any())
    there, back = psi_by_cell(reference, current), psi_by_cell(current, reference)
    assert there == pytest.approx(back)


def test_figures_worked_out_by_hand() -> None:
    """If it fails, the PSI of a textbook's two cells is another."""
    found = psi_by_cell(np.array([50, 50], np.int64), np.array([25, 75], np.int64))
    assert found.tolist() == pytest.approx([0.25 * math.log(2), 0.25 * math.log(1.5)])
