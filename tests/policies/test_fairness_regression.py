"""Ratings by group: equal to scipy, scikit-learn and exact sums, and judged by their intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import fsum, sqrt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind
from sklearn.metrics import r2_score  # type: ignore[import-untyped]

from policies.fairness.grouped import ValueRequest
from policies.fairness.rating_audit import GroupRatings, RatingResult, audit_ratings
from policies.fairness.regression import Contrast
from policies.fairness.significance import holm
from policies.thresholds import parse_thresholds, shipped_text

THRESHOLDS = parse_thresholds(shipped_text())

Row = tuple[str, float, float]

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
tables = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), numbers, numbers), min_size=8, max_size=150
)


def audited(folder: Path, rows: Sequence[Row], outcome: str | None = "outcome") -> RatingResult:
    """Audit rows by sex, `a` being the reference."""
    file = folder / "ratings.parquet"
    groups, predictions, outcomes = zip(*rows, strict=True)
    pq.write_table(pa.table({"sex": groups, "rating": predictions, "outcome": outcomes}), file)
    request = ValueRequest("rating", ("sex",), outcome, references={"sex": "a"})
    return audit_ratings([file], request, THRESHOLDS, "0" * 64)


def by_group(result: RatingResult) -> dict[str, GroupRatings]:
    """Give the groups of the only table by name."""
    return {group.group: group for group in result.tables[0].groups}


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables.filter(lambda rows: sum(group == "a" for group, _, _ in rows) > 1))
@example(rows=[*[("a", 0.0, 0.0)] * 7, ("a", 0.0, 0.001), ("b", 0.0, 92682.0)])
def test_errors_and_means_are_those_of_exact_sums(rows: list[Row], tmp_path: Path) -> None:
    """If this failed, an average error shown here would be off."""
    for name, group in by_group(audited(tmp_path, rows)).items():
        own = [(p, o) for g, p, o in rows if g == name]
        gaps = [p - o for p, o in own]
        n = len(own)
        size = fsum(map(abs, gaps)) / n
        found = {key: each.value for key, each in group.figures.estimates().items()}
        assert found["mean_prediction"] == pytest.approx(
            fsum(p for p, _ in own) / n, abs=1e-12 * (1 + fsum(abs(p) for p, _ in own) / n)
        )
        assert found["mean_error"] == pytest.approx(fsum(gaps) / n, abs=1e-12 * (1 + size))
        assert found["mae"] == pytest.approx(size, rel=1e-12)
        assert found["rmse"] == pytest.approx(sqrt(fsum(g * g for g in gaps) / n), rel=1e-12)
        predictions, outcomes = zip(*own, strict=True)
        if len(set(outcomes)) > 1:
            # Squares are summed 90 bits below the widest that any group's could be.
            widest = 2 * max(abs(value) for _, *pair in rows for value in pair)
            finest = 2**-88 * widest**2 * n / (np.var(outcomes) * n)
            expected = r2_score(outcomes, predictions)
            assert found["r2"] == pytest.approx(expected, rel=1e-9, abs=finest)
        else:
            assert found["r2"] is None


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    own=st.lists(numbers, min_size=3, max_size=30, unique=True),
    other=st.lists(numbers, min_size=3, max_size=30, unique=True),
)
def test_welch_is_that_of_scipy(own: list[float], other: list[float], tmp_path: Path) -> None:
    """If this failed, a difference would be called significant that is not, or the reverse."""
    rows = [("b", p, 0.0) for p in own] + [("a", p, 0.0) for p in other]
    welch_is_scipys(own, other, by_group(audited(tmp_path, rows, outcome=None))["b"].contrast)


def test_hundreds_of_means_are_compared_as_scipy_compares_them(tmp_path: Path) -> None:
    """If this failed, some rare pair of samples would be compared otherwise than by others."""
    random = np.random.default_rng(21)
    samples = {
        f"g{i}": random.normal(*random.normal(0, 50, 2) ** 2, int(random.integers(3, 30))).tolist()
        for i in range(400)
    }
    samples["a"] = random.normal(0, 10, 40).tolist()
    rows = [(group, value, 0.0) for group, values in samples.items() for value in values]
    for group, found in by_group(audited(tmp_path, rows, outcome=None)).items():
        if group != "a":
            welch_is_scipys(samples[group], samples["a"], found.contrast)


def test_p_values_of_means_are_corrected_for_the_number_of_groups(tmp_path: Path) -> None:
    """If this failed, of twenty equal groups one would seem to be rated otherwise."""
    random = np.random.default_rng(22)
    rows = [(g, float(p), float(o)) for g in "abcd" for p, o in random.normal(size=(40, 2))]
    result = audited(tmp_path, rows)
    others = [each for name, each in by_group(result).items() if name != "a"]
    for i, test in enumerate(("prediction", "error")):
        p_values = [getattr(each.contrast, test).p for each in others]
        assert [each.p_holm[i] for each in others] == holm(p_values)
    document = result.as_json()
    assert document["groups"][1]["error_test"]["p_holm"] == others[0].p_holm[1]
    assert "Holm's correction" in document["significance"]


def welch_is_scipys(own: list[float], other: list[float], against: Contrast | None) -> None:
    """Hold a comparison of means against scipy's."""
    assert against is not None
    expected = ttest_ind(own, other, equal_var=False)
    test = against.prediction
    assert test.t == pytest.approx(expected.statistic, rel=1e-9, abs=1e-9)
    assert test.df == pytest.approx(expected.df, rel=1e-9)
    assert test.p == pytest.approx(expected.pvalue, rel=1e-7, abs=1e-12)
    interval = expected.confidence_interval(0.95)
    scale = abs(interval.low) + abs(interval.high)
    assert test.difference.interval == pytest.approx(
        (interval.low, interval.high), abs=1e-9 * (1 + scale)
    )


def test_small_differences_survive_large_values(tmp_path: Path) -> None:
    """If this failed, ratings far from zero would lose their spread to rounding."""
    random = np.random.default_rng(3)
    values = 1e9 + random.normal(size=2000)
    group = by_group(audited(tmp_path, [("a", float(v), 1e9) for v in values]))["a"]
    mean = fsum(values) / len(values)
    sd = sqrt(fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    assert group.figures.prediction[2] == pytest.approx(sd, rel=1e-9)


def test_intervals_hold_what_they_promise(tmp_path: Path) -> None:
    """If this failed, 95 % would be a word: of 200 samples, too few intervals held the truth."""
    random = np.random.default_rng(11)
    held = {"mean_error": 0, "rmse": 0, "r2": 0}
    truth = {"mean_error": 0.5, "rmse": sqrt(1.25), "r2": 1 - 1.25 / 4}
    rows: list[Row] = []
    for sample in range(200):
        outcome = random.normal(scale=2, size=400)
        prediction = outcome + 0.5 + random.normal(size=400)
        name = f"b{sample}" if sample else "a"
        rows += [(name, float(p), float(o)) for p, o in zip(prediction, outcome, strict=True)]
    for group in by_group(audited(tmp_path, rows)).values():
        estimates = group.figures.estimates()
        for name in held:
            low, high = estimates[name].interval or (0, 0)
            held[name] += low <= truth[name] <= high
    # A binomial of 200 at .95 falls below 178 once in ten thousand.
    assert min(held.values()) >= 178


def test_cohens_d_is_that_of_its_definition(tmp_path: Path) -> None:
    """If this failed, a standardized difference would not be comparable with published ones."""
    rows = [("a", float(v), 0.0) for v in (2, 4, 7, 3, 5)]
    rows += [("b", float(v), 0.0) for v in (5, 3, 4, 6, 9, 8)]
    against = by_group(audited(tmp_path, rows, outcome=None))["b"].contrast
    assert against is not None
    # Means 35/6 and 21/5, variances 5.3667 and 3.7, pooled sqrt((5*5.3667 + 4*3.7)/9).
    pooled = sqrt((5 * np.var([5, 3, 4, 6, 9, 8], ddof=1) + 4 * 3.7) / 9)
    assert against.standardized_difference.value == pytest.approx((35 / 6 - 21 / 5) / pooled)


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "pass"), (1.0, "fail"), (0.2, "inconclusive")]
)
def test_the_verdict_is_that_of_the_whole_interval(
    shift: float, verdict: str, tmp_path: Path
) -> None:
    """If this failed, a group rated too low by a whole deviation would pass."""
    random = np.random.default_rng(4)
    rows: list[Row] = []
    for group in "ab":
        outcome = random.normal(size=1000)
        error = random.normal(size=1000)
        prediction = outcome + error - error.mean() - (shift if group == "b" else 0)
        rows += [(group, float(p), float(o)) for p, o in zip(prediction, outcome, strict=True)]
    result = audited(tmp_path, rows)
    assert result.verdict == verdict
    if verdict == "fail":
        assert result.reasons[0].startswith("Mean error of b minus that of a")
    json.dumps(result.as_json(), allow_nan=False)


def test_one_row_and_no_spread_are_undefined_not_wrong(tmp_path: Path) -> None:
    """If this failed, a single person would get an interval, or a division by zero would show."""
    result = audited(tmp_path, [("a", 1.0, 1.0), ("a", 1.0, 1.0), ("b", 0.1, 2.0)])
    a, b = by_group(result).values()
    assert b.figures.estimates()["mean_error"].interval is None
    assert a.figures.r2 is None
    assert a.figures.estimates()["rmse"].value == 0
    assert b.compared()["standardized_difference"].value is None
    assert result.verdict == "inconclusive"
