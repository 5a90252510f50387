"""AUCs held against each other: DeLong's variance pair by pair, and its test by simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import kstest, norm

from policies.fairness.auc import Ranked, auc_test, difference_of, ranks, ratio_of, unspread
from policies.fairness.bootstrap import Estimate
from policies.fairness.grouped import ValueRequest, measured, tabled
from policies.fairness.scores import tally

NOTHING = Estimate(None, None)


def ranked(folder: Path, group: np.ndarray, score: np.ndarray, event: np.ndarray) -> dict:
    """Rank rows of a file by group."""
    file = folder / "scores.parquet"
    pq.write_table(pa.table({"sex": group, "score": score, "event": event}), file)
    request = ValueRequest("score", ("sex",), "event", "true")
    with measured([file], request, "event") as source, tabled(source, request, [0]) as table:
        tally(table)
        return ranks(table)


def by_pairs(score: np.ndarray, event: np.ndarray) -> tuple[float, float]:
    """Compare every event with every other row; AUC and variance as DeLong's paper has them."""
    higher, lower = score[event][:, None], score[~event][None]
    psi = (higher > lower) + 0.5 * (higher == lower)
    v10, v01 = psi.mean(axis=1), psi.mean(axis=0)
    return psi.mean(), v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)


def test_delongs_variance_and_test_are_those_of_every_pair(tmp_path: Path) -> None:
    """If it fails, a difference of AUC is called chance, or not, by a wrong figure."""
    random = np.random.default_rng(4)
    group = np.sort(random.integers(0, 300, 9000))
    steps = random.choice([1, 2, 7, 1000], 300)[group]
    score = random.integers(0, steps + 1) / steps
    event = random.random(9000) < random.choice([0.05, 0.5, 0.9], 300)[group]
    found = ranked(tmp_path, np.char.add("g", group.astype(str)), score, event)
    pairs, tested = {}, 0
    for one in range(300):
        own, got = group == one, found[f"g{one}"]
        m, n = int(event[own].sum()), int((~event[own]).sum())
        assert (got.events, got.others) == (m, n)
        if min(m, n) < 2:
            assert got.variance is None
            assert auc_test(got, found["g0"]) is None
            continue
        pairs[one] = by_pairs(score[own], event[own])
        assert got.auc == pytest.approx(pairs[one][0], rel=1e-12)
        assert got.variance == pytest.approx(pairs[one][1], rel=1e-9, abs=1e-15)
    for one, other in zip(list(pairs), list(pairs)[1:], strict=False):
        (auc, variance), (other_auc, other_variance) = pairs[one], pairs[other]
        test = auc_test(found[f"g{one}"], found[f"g{other}"])
        if min(variance, other_variance) > 1e-12:
            z = (auc - other_auc) / np.sqrt(variance + other_variance)
            assert test is not None
            assert test.z == pytest.approx(z, rel=1e-9, abs=1e-12)
            assert test.p == pytest.approx(2 * norm.sf(abs(z)), rel=1e-9)
            tested += 1
        else:
            assert test is None
    assert tested > 100


def test_p_values_of_equal_groups_are_spread_evenly_and_errors_are_the_bootstraps(
    tmp_path: Path,
) -> None:
    """If it fails, the test finds differences where there are none, or misses them."""
    random = np.random.default_rng(9)
    groups, rows = 400, 120
    group = np.repeat(np.arange(groups), rows)
    event = random.random(len(group)) < 0.4
    score = np.round(random.normal(size=len(group)) + event, 1)
    found = ranked(tmp_path, np.char.add("g", group.astype(str)), score, event)
    p = [auc_test(found[f"g{i}"], found[f"g{i + 1}"]).p for i in range(0, groups, 2)]  # type: ignore[union-attr]
    assert kstest(p, "uniform").pvalue > 0.01
    own = slice(0, rows)
    picks = random.integers(0, rows, (1000, rows))
    drawn = [by_pairs(score[own][pick], event[own][pick])[0] for pick in picks]
    assert found["g0"].standard_error == pytest.approx(np.std(drawn), rel=0.1)


def test_sums_stay_exact_at_any_number_of_rows() -> None:
    """If it fails, a variance of billions of rows is what rounding left of it."""
    few = Ranked(2, 2, 5, 17, 13)
    times = 10**9
    many = Ranked(2 * times, 2 * times, 5 * times**2, 17 * times**3, 13 * times**3)
    assert few.auc == many.auc == 5 / 8
    assert few.variance == (17 * 2 - 25 + 13 * 2 - 25) / 64
    # As many rows of each kind: the sums of squares grow in step, m - 1 becomes m.
    assert many.variance == pytest.approx((17 * 2 - 25 + 13 * 2 - 25) / 128 / times, rel=1e-8)


def test_an_auc_without_an_error_is_not_taken_for_certain() -> None:
    """If it fails, three events that happen to rank first condemn another group's score."""
    perfect = Ranked(3, 37, 2 * 3 * 37, 3 * 74**2, 37 * 6**2)
    assert perfect.variance == 0
    assert auc_test(perfect, Ranked(30, 30, 1000, 40_000, 41_000)) is None
    found = unspread(perfect, Estimate(1.0, (1.0, 1.0)))
    assert found.interval is not None
    low, high = found.interval
    # Newcombe's model at the end: 1.96 standard errors lead back to the AUC.
    model = 1 + 19 * (1 - low) / (2 - low) + 19 * low / (1 + low)
    assert (1 - low) / np.sqrt(low * (1 - low) * model / (3 * 37)) == pytest.approx(norm.ppf(0.975))
    assert high == 1
    worst = unspread(Ranked(3, 37, 0, 0, 0), Estimate(0.0, (0.0, 0.0)))
    assert worst.interval == pytest.approx((0.0, 1 - low))
    told = Estimate(0.7, (0.6, 0.8))
    assert unspread(Ranked(30, 30, 1260, 1, 1), told) is told
    assert difference_of(found, told).interval == pytest.approx(
        (0.3 - np.hypot(1 - low, 0.1), 0.3 + 0.1)
    )
    ratio = ratio_of(found, told)
    assert ratio.value == pytest.approx(1 / 0.7)
    assert ratio.interval is not None
    assert ratio.interval[0] < 1 / 0.7 < ratio.interval[1]
    assert ratio_of(worst, told) == NOTHING
