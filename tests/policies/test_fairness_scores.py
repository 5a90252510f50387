"""Scores by group: equal to scikit-learn and scipy, and judged by their intervals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.metrics import brier_score_loss, roc_auc_score  # type: ignore[import-untyped]

from ledger.errors import InvalidInput
from policies.fairness.grouped import ValueRequest, measured, tabled
from policies.fairness.score_audit import GroupScores, ScoreResult, audit_scores
from policies.fairness.score_intervals import gather, measure
from policies.fairness.scores import PERCENTILES, ScoreFigures, figures, scale, tally
from policies.fairness.significance import holm
from policies.thresholds import parse_thresholds, shipped_text

THRESHOLDS = parse_thresholds(shipped_text())
ONCE = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Row = tuple[str, float, bool]

tied = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
scores = st.one_of(tied, st.floats(0, 1).map(lambda score: round(score, 9)))
# Each group of a file is a table of its own.
GROUPS = "abcdefgh"
tables = st.lists(
    st.tuples(st.sampled_from(GROUPS), scores, st.booleans()), min_size=6, max_size=150
)


def write(folder: Path, rows: Sequence[Row]) -> Path:
    """Keep rows as a Parquet file."""
    file = folder / "scores.parquet"
    groups, values, events = zip(*rows, strict=True)
    pq.write_table(pa.table({"sex": groups, "score": values, "event": events}), file)
    return file


def audited(
    folder: Path, rows: Sequence[Row], label: str | None = "event", seed: int = 1
) -> ScoreResult:
    """Audit rows by sex."""
    request = ValueRequest("score", ("sex",), label, "true")
    return audit_scores([write(folder, rows)], request, THRESHOLDS, "0" * 64, seed)


def by_group(result: ScoreResult) -> dict[str, GroupScores]:
    """Give the groups of the only table by name."""
    return {group.group: group for group in result.tables[0].groups}


def planted(n: int, *, seed: int, shift: float = 0.0, noise: float = 0.0) -> list[Row]:
    """Make scores of two groups: calibrated in `a`; in `b` events fall short, or rank at random."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for group in "ab":
        score = random.random(n)
        chance = np.clip(score - (shift if group == "b" else 0.0), 0, 1)
        if group == "b":
            chance = (1 - noise) * chance + noise / 2
        happened = random.random(n) < chance
        rows += [(group, float(s), bool(h)) for s, h in zip(score, happened, strict=True)]
    return rows


@ONCE
@given(rows=tables)
def test_every_figure_is_what_the_libraries_say(rows: list[Row], tmp_path: Path) -> None:
    """If this failed, an AUC, a Brier score or a distance shown here would be wrong."""
    found = by_group(audited(tmp_path, rows))
    are_the_libraries({name: each.figures for name, each in found.items()}, rows)


def test_a_thousand_tables_are_what_the_libraries_say(tmp_path: Path) -> None:
    """If this failed, some rare table of scores would be measured otherwise than by others."""
    random = np.random.default_rng(20)
    request = ValueRequest("score", ("sex",), "event", "true")
    for _ in range(2):
        rows: list[Row] = []
        for group in range(500):
            n, steps = int(random.integers(1, 30)), int(random.choice([1, 2, 7, 1000]))
            score = random.integers(0, steps + 1, n) / steps
            event = random.random(n) < random.choice([0.0, 0.1, 0.5, 1.0])
            rows += [(f"g{group}", float(s), bool(e)) for s, e in zip(score, event, strict=True)]
        with (
            measured([write(tmp_path, rows)], request, "event") as source,
            tabled(source, request, [0]) as table,
        ):
            tally(table)
            are_the_libraries(figures(table, scale(table), labelled=True), rows)


def are_the_libraries(found: Mapping[str, ScoreFigures], rows: Sequence[Row]) -> None:
    """Hold the figures of every group against scikit-learn's, or against exact sums."""
    members: dict[str, list[tuple[float, bool]]] = {}
    for group, one, happened in rows:
        members.setdefault(group, []).append((one, happened))
    assert found.keys() == members.keys()
    for group, own in members.items():
        score, event = (np.array(column) for column in zip(*own, strict=True))
        got = found[group]
        assert (got.n, got.events) == (len(own), int(event.sum()))
        assert got.mean == pytest.approx(fsum(score) / len(own), rel=1e-12, abs=1e-15)
        assert got.brier == pytest.approx(
            brier_score_loss(event, score, pos_label=True), rel=1e-12, abs=1e-15
        )
        if 0 < event.sum() < len(own):
            assert got.auc == pytest.approx(roc_auc_score(event, score), rel=1e-12)
        else:
            assert got.auc is None
        ordered = sorted(score)
        assert got.percentiles == tuple(ordered[-(-p * len(own) // 100) - 1] for p in PERCENTILES)
        assert got.calibration_in_the_large == pytest.approx(event.mean() - score.mean(), abs=1e-12)
        assert got.calibration_error == pytest.approx(expected_error(score, event), abs=1e-12)


def expected_error(score: np.ndarray, event: np.ndarray) -> float:
    """Compute the calibration error row by row: ten bins, the last one closed."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for s, e in zip(score, event, strict=True):
        position = sum(bool(s >= i / 10) for i in range(1, 10))
        bins.setdefault(position, []).append((s, e))
    return sum(abs(sum(s for s, _ in rows) - sum(e for _, e in rows)) for rows in bins.values()) / (
        len(score)
    )


@ONCE
@given(rows=tables.filter(lambda rows: len({group for group, _, _ in rows}) > 1))
def test_distances_are_those_of_scipy(rows: list[Row], tmp_path: Path) -> None:
    """If this failed, two groups would look nearer or further apart than they are."""
    result = audited(tmp_path, rows, label=None)
    found, reference = by_group(result), result.tables[0].reference
    sample = {name: [s for g, s, _ in rows if g == name] for name in found}
    for other in found.keys() - {reference}:
        expected = ks_2samp(sample[other], sample[reference], method="asymp")
        distance = found[other].distance
        assert distance is not None
        assert distance.ks == pytest.approx(expected.statistic, rel=1e-12)
        alone = len(sample[other]) == len(sample[reference]) == 1
        p = 1.0 if alone else expected.pvalue  # scipy has none of one row a side
        assert distance.ks_p == pytest.approx(p, rel=1e-9)
        area = wasserstein_distance(sample[other], sample[reference])
        assert distance.wasserstein == pytest.approx(area, rel=1e-12, abs=1e-15)
    assert found[reference].distance is None


@ONCE
@given(rows=tables)
def test_a_draw_that_is_the_data_gives_the_figures_themselves(
    rows: list[Row], tmp_path: Path
) -> None:
    """If this failed, intervals would be those of another measure than the one shown."""
    request = ValueRequest("score", ("sex",), "event", "true")
    result = by_group(audited(tmp_path, rows))
    with (
        measured([write(tmp_path, rows)], request, "event") as source,
        tabled(source, request, [0]) as table,
    ):
        tally(table)
        for group, grid in gather(table, scale(table)).items():
            drawn = measure(grid, grid.counts[None])
            for name, values in drawn.measures.items():
                exact = getattr(result[group].figures, name)
                if exact is None:
                    assert np.isnan(values[0])
                else:
                    assert values[0] == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_many_distinct_scores_are_gathered_for_the_intervals_alone(tmp_path: Path) -> None:
    """If this failed, continuous scores would have no interval, or figures that are rounded."""
    rows = planted(3000, seed=5)
    group = by_group(audited(tmp_path, rows))["a"]
    score, event = zip(*[(s, e) for g, s, e in rows if g == "a"], strict=True)
    auc = roc_auc_score(event, score)
    low, high = group.estimates["auc"].interval or (0, 0)
    assert group.figures.auc == pytest.approx(auc, rel=1e-12)
    assert low < auc < high
    # The row bootstrap's own standard error, about .007 at this size, gives the width.
    assert 0.02 < high - low < 0.04


def test_intervals_are_about_those_of_the_row_bootstrap(tmp_path: Path) -> None:
    """If this failed, the stated confidence would not be that of resampling rows."""
    rows = [(g, round(s, 2), e) for g, s, e in planted(400, seed=6)]
    low, high = by_group(audited(tmp_path, rows))["b"].estimates["auc"].interval or (0, 0)
    own = [(s, e) for g, s, e in rows if g == "b"]
    score, event = (np.array(column) for column in zip(*own, strict=True))
    random = np.random.default_rng(1)
    picks = random.integers(0, len(own), size=(1000, len(own)))
    drawn = [roc_auc_score(event[pick], score[pick]) for pick in picks]
    assert (low, high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.01)


def test_ratios_and_corrected_p_values_stand_beside_the_differences(tmp_path: Path) -> None:
    """If this failed, many groups would make a chance shift of scores look like a finding."""
    rows = planted(300, seed=8, shift=0.1) + [("c", s, e) for _, s, e in planted(60, seed=9)]
    result = audited(tmp_path, rows)
    found, reference = by_group(result), by_group(result)[result.tables[0].reference]
    others = [each for each in found.values() if each is not reference]
    p_values = [each.distance.ks_p for each in others if each.distance]
    assert [each.ks_p_holm for each in others] == holm(p_values)
    tests = [each.auc_test.p for each in others if each.auc_test]
    assert len(tests) == len(others)
    assert [each.auc_p_holm for each in others] == holm(tests)
    kept = {group["group"]: group for group in result.as_json()["groups"]}
    for each in others:
        assert each.auc_test is not None
        told = {"z": each.auc_test.z, "p": each.auc_test.p, "p_holm": each.auc_p_holm}
        assert kept[each.group]["auc_test"] == told
    assert (reference.ks_p_holm, kept[reference.group]["auc_test"]) == (None, None)
    for each in others:
        for name, figure in (("mean_ratio", "mean"), ("auc_ratio", "auc")):
            ratio = getattr(each.figures, figure) / getattr(reference.figures, figure)
            estimate = each.estimates[name]
            assert estimate.value == pytest.approx(ratio, rel=1e-12)
            assert estimate.interval is not None
            assert estimate.interval[0] < ratio < estimate.interval[1]
    assert "Holm's correction" in result.as_json()["significance"]
    assert "DeLong" in result.as_json()["significance"]
    assert "DeLong" not in audited(tmp_path, rows, label=None).as_json()["significance"]


def test_a_handful_of_events_that_rank_first_settle_nothing(tmp_path: Path) -> None:
    """If it fails, an AUC of 1 from three events fails a score as if it were certain."""
    rows = [*planted(400, seed=4)[:400], *[("b", i / 40, i >= 37) for i in range(40)]]
    few = by_group(audited(tmp_path, rows))["b"]
    own, difference = few.estimates["auc"].interval, few.estimates["auc_difference"].interval
    assert few.figures.auc == 1
    assert own is not None
    assert difference is not None
    assert own[0] < 0.75
    assert difference[0] < 0.05 < difference[1]
    assert few.auc_test is None


def test_numbers_too_large_to_measure_are_refused_in_words(tmp_path: Path) -> None:
    """If it fails, one absurd score ends an audit in a traceback."""
    with pytest.raises(InvalidInput, match="numbers beyond 1e"):
        audited(tmp_path, [("a", -1e308, True), ("b", 1e308, False)])


def test_groups_of_one_row_have_figures_that_can_be_kept(tmp_path: Path) -> None:
    """If it fails, an audit of tiny groups ends in a number that no JSON can hold."""
    document = audited(tmp_path, [("a", 0.2, True), ("b", 0.4, False)]).as_json()
    json.dumps(document, allow_nan=False)
    assert [group["ks_p"] for group in document["groups"]] == [None, 1.0]


def test_equal_groups_pass(tmp_path: Path) -> None:
    """If this failed, a score that treats groups alike would be held against its owner."""
    result = audited(tmp_path, planted(5000, seed=7))
    assert result.verdict == "pass"


def test_a_group_whose_score_promises_too_much_is_found(tmp_path: Path) -> None:
    """If this failed, a score could mean a lower chance in one group and nobody would know."""
    result = audited(tmp_path, planted(5000, seed=8, shift=0.15))
    assert result.verdict == "fail"
    assert any("Calibration in the large of b minus that of a" in one for one in result.reasons)


def test_a_group_that_is_ranked_worse_is_found(tmp_path: Path) -> None:
    """If this failed, poorer decisions for one group would pass at every cut-off."""
    result = audited(tmp_path, planted(5000, seed=9, noise=0.6))
    assert result.verdict == "fail"
    assert any(one.startswith("AUC of b minus that of a") for one in result.reasons)


def test_what_is_too_small_or_unlabelled_is_said(tmp_path: Path) -> None:
    """If this failed, a verdict could rest on ten people, or on a label nobody gave."""
    rows = [*planted(100, seed=1)[:100], *[("b", 0.5, True)] * 10]
    result = audited(tmp_path, rows, label=None)
    assert result.verdict == "inconclusive"
    assert any("fewer than 30 rows: b (10)" in one for one in result.reasons)
    assert any("No label was given" in one for one in result.reasons)
    assert by_group(result)["a"].figures.auc is None


def test_scores_that_are_no_probabilities_have_no_calibration(tmp_path: Path) -> None:
    """If this failed, a credit score of 700 would be called badly calibrated."""
    rows = [(g, 300 + 500 * s, e) for g, s, e in planted(200, seed=2)]
    result = audited(tmp_path, rows)
    figures = by_group(result)["a"].figures
    assert (figures.brier, figures.calibration_error) == (None, None)
    assert figures.auc is not None
    assert any("Not every score lies between 0 and 1" in one for one in result.reasons)
    assert sum(each.n for each in figures.bins) == figures.n


def test_rows_without_a_score_or_label_are_counted_and_the_result_repeats(tmp_path: Path) -> None:
    """If this failed, rows would vanish, or the same audit would give two results."""
    file = tmp_path / "scores.csv"
    lines = [f"{'FM'[i % 2]},{i % 7 / 7:.3f},{int(i % 3 == 0)}" for i in range(200)]
    file.write_text("\n".join(["sex,score,y", *lines, "F,,1", "M,x,", ",0.5,1", "M,inf,0"]))
    request = ValueRequest("score", ("sex",), "y")
    first, again = (audit_scores([file], request, THRESHOLDS, "0" * 64, 3) for _ in range(2))
    document = first.as_json()
    assert document["n"] == 201
    assert document["excluded"] == {"rows": 3, "label_missing": 1, "prediction_missing": 3}
    assert "unknown" in {group["group"] for group in document["groups"]}
    assert json.dumps(document, allow_nan=False) == json.dumps(again.as_json())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"value": "nothing"}, "no column 'nothing'"),
        ({"value": "sex"}, "no row to measure"),
        ({"by": ()}, "one or more different columns"),
        ({"references": {"sex": "x"}}, "no group 'x'"),
        ({"where": "score >"}, "cannot be used"),
    ],
)
def test_what_cannot_be_measured_is_explained(
    change: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    """If this failed, a slip of the pen would end in a traceback."""
    file = write(tmp_path, planted(40, seed=3))
    asked: dict[str, object] = {"value": "score", "by": ("sex",), "label": "event"} | change
    request = ValueRequest(**{"positive": "true"} | asked)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=complaint):
        audit_scores([file], request, THRESHOLDS, "0" * 64, 1)
