"""Measures from counts are those that fairlearn and scikit-learn find in the rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sklearn.metrics as sk
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from policies.fairness.counts import FairnessRequest, count_rows
from policies.fairness.disparities import (
    DISPARITIES,
    against,
    between,
    every_spread,
    parity,
    to_overall,
)
from policies.fairness.measures import NAMES, SELECTED, WITHOUT_LABEL, Rates, rates
from policies.fairness.tables import tables

pytestmark = pytest.mark.filterwarnings("ignore")

DATA = Path(__file__).parent / "data"

Row = tuple[str, str, int, int]
Tables = np.ndarray

# Zeros often, so that cells, labels and predictions are missing in many groups.
COUNTS = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 10**6))
WEIGHTS = st.one_of(st.just(0.0), st.floats(1e-3, 1e4))


def filled(cells: Tables) -> bool:
    """Whether every group has a row: fairlearn knows no others."""
    return bool((cells.sum(axis=(1, 2)) > 0).all())


SHAPES = st.tuples(st.integers(1, 6), st.just(2), st.just(2))
CELLS = SHAPES.flatmap(lambda shape: arrays(np.int64, shape, elements=COUNTS)).filter(filled)
WEIGHED = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=WEIGHTS)).filter(filled)

NEITHER = partial(sk.precision_score, zero_division=np.nan)
ORACLES: dict[str, Callable[..., float]] = {
    "selection_rate": fl.selection_rate,
    "prevalence": lambda y_true, _, sample_weight: fl.selection_rate(
        y_true, y_true, sample_weight=sample_weight
    ),
    "tpr": partial(fl.true_positive_rate, pos_label=1),
    "tnr": partial(fl.true_negative_rate, pos_label=1),
    "fpr": partial(fl.false_positive_rate, pos_label=1),
    "fnr": partial(fl.false_negative_rate, pos_label=1),
    "precision": NEITHER,
    "npv": partial(NEITHER, pos_label=0),
    "fdr": lambda *rows, sample_weight: 1 - NEITHER(*rows, sample_weight=sample_weight),
    "for": lambda *rows, sample_weight: (
        1 - NEITHER(*rows, pos_label=0, sample_weight=sample_weight)
    ),
    "accuracy": sk.accuracy_score,
    "zero_one_loss": sk.zero_one_loss,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": partial(sk.f1_score, zero_division=np.nan),
    "mean_prediction": fl.mean_prediction,
}
NEEDS_A_POSITIVE = {"tpr", "fnr", "balanced_accuracy"}
NEEDS_A_NEGATIVE = {"tnr", "fpr", "balanced_accuracy"}
BETWEEN: dict[str, Callable[..., float]] = {
    "demographic_parity_difference": fl.demographic_parity_difference,
    "demographic_parity_ratio": fl.demographic_parity_ratio,
    "equalized_odds_difference": fl.equalized_odds_difference,
    "equalized_odds_ratio": fl.equalized_odds_ratio,
    "equalized_odds_mean_difference": partial(fl.equalized_odds_difference, agg="mean"),
    "equalized_odds_mean_ratio": partial(fl.equalized_odds_ratio, agg="mean"),
    "equal_opportunity_difference": fl.equal_opportunity_difference,
    "equal_opportunity_ratio": fl.equal_opportunity_ratio,
}


def same(found: float, expected: float) -> bool:
    """Equal to 1e-12, relative beyond 1, or both undefined."""
    if math.isnan(found) or math.isnan(expected):
        return math.isnan(found) and math.isnan(expected)
    return math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)


def spread(cells: Tables) -> dict[str, Any]:
    """Rows of a table of counts or weights, one a cell that holds something."""
    group, label, prediction = np.nonzero(cells)
    return {
        "y_true": label,
        "y_pred": prediction,
        "sensitive_features": group.tolist(),
        "sample_weight": cells[group, label, prediction],
    }


def rates_are_the_oracles(cells: Tables) -> None:
    """Hold every rate of every group against its oracle."""
    found = rates(cells)
    for group, table in enumerate(cells):
        rows = spread(table[np.newaxis])
        weight, answers = rows["sample_weight"], (rows["y_true"], rows["y_pred"])
        for name, oracle in ORACLES.items():
            lacks = (name in NEEDS_A_POSITIVE and not table[1].any()) or (
                name in NEEDS_A_NEGATIVE and not table[0].any()
            )
            expected = math.nan if lacks else float(oracle(*answers, sample_weight=weight))
            assert same(float(found[name][group]), expected), (name, table.tolist())
        selected, false = cells[..., 1].sum(), table[0, 1]
        assert same(found["ppr"][group], table[:, 1].sum() / selected if selected else math.nan)
        assert same(found["treatment_ratio"][group], table[1, 0] / false if false else math.nan)


def disparities_are_the_oracles(cells: Tables) -> None:
    """Hold disparities against fairlearn's, where it does not call an undefined rate 0."""
    rows = spread(cells)
    found = between(rates(cells))
    whole = to_overall(rates(cells), rates(cells.sum(axis=0, keepdims=True)))
    both_labels = (cells.sum(axis=2) > 0).all()
    for name, oracle in BETWEEN.items():
        if name.startswith("demographic") or both_labels:
            undefined = name.endswith("ratio") and not _highest(name, cells)
            expected = math.nan if undefined else oracle(**rows)
            assert same(float(found[name]), expected), (name, cells.tolist())
            if "opportunity" not in name and (name.endswith("difference") or (cells > 0).all()):
                assert same(float(whole[name]), oracle(**rows, method="to_overall")), name
    spreads_are_the_oracles(cells)
    measured = every_spread(rates(cells))
    for name, metric in (("predictive_parity", "precision"), ("accuracy_equality", "accuracy")):
        for kind, value in zip(("difference", "ratio"), measured[metric], strict=True):
            assert same(float(found[f"{name}_{kind}"]), float(value)), name


def spreads_are_the_oracles(cells: Tables) -> None:
    """Hold how far groups lie apart in each measure that is defined in all against fairlearn."""
    rows, measured = spread(cells), rates(cells)
    names = [name for name in ORACLES if np.isfinite(measured[name]).all()]
    frame = fl.MetricFrame(
        metrics={name: ORACLES[name] for name in names},
        y_true=rows["y_true"],
        y_pred=rows["y_pred"],
        sensitive_features=rows["sensitive_features"],
        sample_params={name: {"sample_weight": rows["sample_weight"]} for name in names},
    )
    difference, ratio, highest = frame.difference(), frame.ratio(), frame.group_max()
    apart = every_spread(measured)
    for name in names:
        assert same(float(apart[name][0]), difference[name]), (name, cells.tolist())
        if highest[name] > 0:
            assert same(float(apart[name][1]), ratio[name]), (name, cells.tolist())


def _highest(name: str, cells: Tables) -> bool:
    """Whether a ratio of rates is not 0 to 0."""
    if name.startswith("demographic"):
        return bool(cells[..., 1].any())
    odds = cells[:, :, 1].any(axis=0)
    return bool(odds[1] if "opportunity" in name else odds.all())


@settings(max_examples=30, deadline=None)
@given(CELLS)
@example(np.array([[[3, 2], [4, 1]]]))
@example(np.array([[[0, 0], [4, 1]], [[0, 0], [1, 1]]]))
@example(np.array([[[5, 0], [4, 0]], [[2, 0], [1, 0]]]))
def test_counts_are_measured_as_fairlearn_and_scikit_learn_measure_them(cells: Tables) -> None:
    """If this failed, counting would have changed what everybody else finds in the same rows."""
    rates_are_the_oracles(cells)
    disparities_are_the_oracles(cells)


@settings(max_examples=15, deadline=None)
@given(WEIGHED)
def test_weights_are_measured_as_fairlearn_and_scikit_learn_measure_them(cells: Tables) -> None:
    """If this failed, a weighted audit would not be that of its weights."""
    rates_are_the_oracles(cells)
    disparities_are_the_oracles(cells)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(st.one_of(CELLS, WEIGHED))
def test_thousands_of_tables_are_measured_as_others_do(cells: Tables) -> None:
    """If this failed, some rare table would be measured otherwise than by everybody else."""
    rates_are_the_oracles(cells)
    disparities_are_the_oracles(cells)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["F", "M", "X"]),
        st.sampled_from(["old", "young"]),
        st.integers(0, 1),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=15, deadline=None)
@given(ROWS)
@example([("F", "old", 1, 0), ("F", "old", 0, 1)])
@example([("F", "old", 1, 1), ("M", "old", 0, 0), ("X", "young", 1, 0)])
def test_rows_of_a_file_are_measured_as_fairlearn_measures_them(rows: list[Row]) -> None:
    """If this failed, the way from rows through the engine to counts would change them."""
    frame = pd.DataFrame(rows, columns=["sex", "age", "y", "p"])
    for by, (groups, found) in _measured(rows).items():
        key = frame[by.split(",")].agg(",".join, axis=1).rename("group")
        assert groups == tuple(sorted(key.unique()))
        expected = fl.MetricFrame(
            metrics={"selection_rate": fl.selection_rate, "accuracy": sk.accuracy_score},
            y_true=frame["y"],
            y_pred=frame["p"],
            sensitive_features=key,
        ).by_group
        for name in expected:
            assert all(map(same, found[name], expected[name].to_numpy(dtype=float))), name


def _measured(rows: list[Row]) -> dict[str, tuple[tuple[str, ...], Rates]]:
    """Every table of the rows, by way of a Parquet file and DuckDB."""
    # A row that the filter drops makes the positive value occur in every column.
    padded = [(*row, True) for row in rows] + [("F", "old", 1, 1, False)]
    names = ["sex", "age", "y", "p", "kept"]
    table = pa.table(dict(zip(names, zip(*padded, strict=True), strict=True)))
    request = FairnessRequest("p", ("sex", "age"), label="y", where="kept")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table, path)
        counts = count_rows([path], request)
    return {table.by: (table.groups, rates(table.merge(counts.cells))) for table in tables(counts)}


def test_a_disparity_is_not_made_out_of_an_undefined_rate() -> None:
    """If this failed, a group without positive labels would count as one with a TPR of 0."""
    cells = np.array([[[5, 5], [2, 8]], [[6, 4], [1, 9]], [[7, 3], [0, 0]]])
    measured = rates(cells)
    assert math.isnan(measured["tpr"][2])
    assert same(float(between(measured)["equalized_odds_difference"]), 0.2)
    nobody_to_compare = between(rates(cells[1:]))
    assert math.isnan(nobody_to_compare["equalized_odds_difference"])


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_draws_are_measured_as_counts_are(cells: Tables) -> None:
    """If this failed, an interval would be of another measure than the value it stands beside."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counted, drawn = rates(cells), rates(np.stack([cells, cells[::-1]]).astype(np.float64))
        once, twice = between(counted), between(drawn)
    for name in NAMES:
        assert np.array_equal(drawn[name][0], counted[name], equal_nan=True), name
        assert np.array_equal(drawn[name][1], counted[name][::-1], equal_nan=True), name
    for name in DISPARITIES:
        assert same(float(twice[name][0]), float(once[name])), name


def test_without_labels_only_selection_is_measured() -> None:
    """If this failed, rates would be reported that nothing was known about."""
    found = rates(np.array([[[60, 40]], [[80, 20]]]))
    assert found["selection_rate"].tolist() == [0.4, 0.2]
    assert same(found["ppr"][0], 2 / 3)
    assert all(np.isnan(found[name]).all() for name in NAMES if name not in WITHOUT_LABEL)


def test_a_group_stands_to_the_reference_as_aequitas_has_it() -> None:
    """If this failed, ratio, difference or parity would be of the wrong group or the wrong way."""
    ratio, difference = against(np.array([0.4, 0.2, np.nan, 0.5]), 0)
    assert ratio.tolist()[:2] == [1.0, 0.5]
    assert difference.tolist()[:2] == [0.0, -0.2]
    assert math.isnan(ratio[2])
    assert [parity(value, 0.8) for value in (0.79, 0.8, 1.25, 1.26, None)] == [
        *(False, True, True, False, None)
    ]
    nothing, _ = against(np.array([0.4, 0.0]), 1)
    assert math.isnan(nothing[0]), "a ratio to 0 is undefined, not infinite"
    each_draw, _ = against(np.array([[0.4, 0.2], [0.1, 0.2]]), np.array([0, 1]))
    assert each_draw.tolist() == [[1.0, 0.5], [0.5, 1.0]]


def _published() -> list[Any]:
    tables = yaml.safe_load((DATA / "ll144_published_tables.yaml").read_text(encoding="utf-8"))
    return [
        pytest.param(tables[example][table], id=f"{example}-{table}")
        for example in ("example_1_selection", "example_2_scoring")
        for table in tables[example]
    ]


@pytest.mark.parametrize("table", _published())
def test_the_worked_examples_of_new_york_city_come_out(table: list[dict[str, Any]]) -> None:
    """If this failed, an audit under 6 RCNY 5-301 would print other ratios than the rule does."""
    selected = np.array([row["selected"] for row in table])
    applicants = np.array([row["applicants"] for row in table])
    found = rates(np.stack([applicants - selected, selected], axis=1)[:, np.newaxis])[SELECTED]
    ratios, _ = against(found, int(np.argmax(found)))
    for i, row in enumerate(table):
        assert found[i] == pytest.approx(row["rate"], abs=0.0065)
        assert ratios[i] == pytest.approx(row["impact_ratio"], abs=0.0065)
