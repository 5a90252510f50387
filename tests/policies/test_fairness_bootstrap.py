"""Intervals from resampled counts are those of resampled rows."""

from __future__ import annotations

import numpy as np

from policies.fairness.bootstrap import Estimate, estimate, resample
from policies.fairness.measures import measure_draws

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
    measured, counted = measure_draws(by_rows), estimate(CELLS, resample(CELLS, 5))
    for name, values in vars(measured).items():
        low, high = np.percentile(values, [2.5, 97.5], axis=0)
        width = np.max(high - low)
        assert np.allclose(vars(counted.low)[name], low, rtol=0, atol=0.15 * width), name
        assert np.allclose(vars(counted.high)[name], high, rtol=0, atol=0.15 * width), name


def test_the_interval_of_a_rate_has_the_width_that_theory_gives() -> None:
    """If this failed, intervals would be too narrow or too wide by a factor."""
    cells = np.array([[[6000, 4000]], [[5000, 5000]]])
    interval = estimate(cells, resample(cells, 3)).of("selection_rate", 0).interval
    assert interval is not None
    theory = 1.96 * np.sqrt(0.4 * 0.6 / 10_000)
    assert np.allclose(interval, (0.4 - theory, 0.4 + theory), rtol=0, atol=0.2 * theory)


def test_draws_that_leave_a_measure_undefined_are_left_out() -> None:
    """If this failed, a group of one row would have no interval, or one that holds NaN."""
    cells = np.array([[[30, 30], [20, 20]], [[0, 0], [0, 1]]])
    estimated = estimate(cells, resample(cells, 2))
    assert estimated.of("selection_rate", 1) == Estimate(1.0, (1.0, 1.0))
    assert estimated.of("fpr", 1) == Estimate(None, None)
