"""Intervals from resampled counts are those of resampled rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from policies.fairness.bootstrap import Estimate, bounds, drawn, estimates, resample
from policies.fairness.counts import Counts, Excluded
from policies.fairness.disparities import between
from policies.fairness.measures import rates

CELLS = np.array([[[120, 30], [20, 90]], [[150, 40], [50, 60]]])


def test_the_same_seed_gives_the_same_draws_and_another_seed_others() -> None:
    """If this failed, an audit could not be run again to the same interval."""
    first, again, other = (resample(CELLS, seed) for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


def test_every_draw_has_as_many_rows_as_the_data_and_none_in_empty_cells() -> None:
    """If this failed, intervals would be those of a smaller sample, or of outcomes never seen."""
    cells = CELLS.copy()
    cells[0, 0, 1] = cells[1, 1, 1] = 0
    draws = resample(cells, 1)
    assert (draws.sum(axis=(1, 2, 3)) == cells.sum()).all()
    assert not draws[:, cells == 0].any()


def test_intervals_are_those_of_resampled_rows() -> None:
    """If this failed, resampling counts would not be the row bootstrap that it claims to be."""
    rows = np.repeat(np.arange(CELLS.size), CELLS.reshape(-1))
    generator = np.random.Generator(np.random.PCG64(5))
    by_rows = np.stack(
        [np.bincount(generator.choice(rows, rows.size), minlength=CELLS.size) for _ in range(1000)]
    ).reshape(1000, *CELLS.shape)
    ours = resample(CELLS, 5)
    for measure in (rates, lambda cells: between(rates(cells))):
        by_row, by_count = measure(by_rows), measure(ours)
        for name, values in by_row.items():
            low, high = np.percentile(values, [2.5, 97.5], axis=0)
            found_low, found_high = bounds(by_count[name])
            width = np.max(high - low)
            assert np.allclose(found_low, low, rtol=0, atol=0.15 * width), name
            assert np.allclose(found_high, high, rtol=0, atol=0.15 * width), name


def test_the_interval_of_a_rate_has_the_width_that_theory_gives() -> None:
    """If this failed, intervals would be too narrow or too wide by a factor."""
    cells = np.array([[[6000, 4000]], [[5000, 5000]]])
    low, high = bounds(rates(resample(cells, 3))["selection_rate"])
    theory = 1.96 * np.sqrt(0.4 * 0.6 / 10_000)
    assert np.allclose([low[0], high[0]], (0.4 - theory, 0.4 + theory), rtol=0, atol=0.2 * theory)


def test_draws_that_leave_a_measure_undefined_are_left_out() -> None:
    """If this failed, a group of one row would have no interval, or one that holds NaN."""
    cells = np.array([[[30, 30], [20, 20]], [[0, 0], [0, 1]]])
    found, draws = rates(cells), rates(resample(cells, 2))
    assert estimates(found["selection_rate"], draws["selection_rate"])[1] == Estimate(
        1.0, (1.0, 1.0)
    )
    assert estimates(found["fpr"], draws["fpr"])[1] == Estimate(None, None)


DRAWN = arrays(
    np.float64,
    (40, 2),
    elements=st.one_of(st.just(np.nan), st.floats(-1e6, 1e6)),
    fill=st.nothing(),
)


@settings(max_examples=100, deadline=None)
@given(DRAWN)
def test_percentiles_are_numpys(values: np.ndarray) -> None:
    """If this failed, an interval would be of another level than it says."""
    low, high = bounds(values)
    for column in range(2):
        defined = values[np.isfinite(values[:, column]), column]
        if len(defined):
            expected = np.percentile(defined, [2.5, 97.5])
            assert np.allclose([low[column], high[column]], expected, rtol=1e-12, atol=1e-12)
        else:
            assert np.isnan([low[column], high[column]]).all()


def test_intervals_of_weighted_rates_are_those_of_resampled_rows() -> None:
    """If this failed, a weighted rate would look surer, or less sure, than its rows make it."""
    generator = np.random.Generator(np.random.PCG64(11))
    cell = generator.integers(0, 4, 600)  # two groups, not selected or selected
    weight = generator.exponential(2.0, 600)
    cells = np.bincount(cell, minlength=4).reshape(2, 1, 2)
    sums = [np.bincount(cell, w, minlength=4).reshape(2, 1, 2) for w in (weight, weight**2)]
    counts = Counts(
        ("g",), (("a",), ("b",)), cells, Excluded(0, 0, 0), mass=sums[0], squares=sums[1]
    )
    ours = rates(drawn(counts, 3).draws)["selection_rate"]
    chosen = generator.integers(0, 600, (1000, 600))
    by_rows = rates(
        np.stack([np.bincount(cell[i], weight[i], minlength=4) for i in chosen]).reshape(
            -1, 2, 1, 2
        )
    )["selection_rate"]
    low, high = np.percentile(by_rows, [2.5, 97.5], axis=0)
    found_low, found_high = bounds(ours)
    assert np.allclose(found_low, low, rtol=0, atol=0.15 * np.max(high - low))
    assert np.allclose(found_high, high, rtol=0, atol=0.15 * np.max(high - low))


def test_equal_weights_change_no_interval() -> None:
    """If this failed, a weight of 2 for everybody would make an audit surer or less sure."""
    mass = {"mass": 2.0 * CELLS, "squares": 4.0 * CELLS}
    plain = Counts(("g",), (("a",), ("b",)), CELLS, Excluded(0, 0, 0))
    doubled = Counts(("g",), (("a",), ("b",)), CELLS, Excluded(0, 0, 0), **mass)
    one, two = (rates(drawn(counts, 1).draws)["tpr"] for counts in (plain, doubled))
    assert np.allclose(one, two, rtol=1e-12)
