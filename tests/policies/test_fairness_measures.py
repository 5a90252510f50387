"""Measures from counts are those that fairlearn finds in the rows."""

from __future__ import annotations

import functools
import math
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    equalized_odds_ratio,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, precision_score

from policies.fairness.counts import FairnessRequest, count_rows
from policies.fairness.measures import DISPARITIES, RATES, Measures, measure, measure_draws

DATA = Path(__file__).parent / "data"

Row = tuple[str, str, int, int]

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
ONE_GROUP: list[Row] = [("F", "old", 1, 0), ("F", "old", 0, 1)]
LABELS_ALL_0: list[Row] = [("F", "old", 0, 0), ("M", "old", 0, 1), ("M", "young", 0, 0)]
LABELS_ALL_1: list[Row] = [("F", "old", 1, 0), ("M", "old", 1, 1), ("M", "young", 1, 1)]
PREDICTIONS_ALL_0: list[Row] = [("F", "old", 1, 0), ("F", "old", 0, 0), ("M", "young", 0, 0)]
EMPTY_CELLS: list[Row] = [("F", "old", 1, 1), ("M", "old", 0, 0), ("X", "young", 1, 0)]


def _measured(rows: list[Row]) -> dict[str, tuple[tuple[str, ...], Measures]]:
    """Every table of the rows, by way of a Parquet file and DuckDB."""
    # A row that the filter drops makes the positive value occur in every column.
    padded = [(*row, True) for row in rows] + [("F", "old", 1, 1, False)]
    table = pa.table(
        dict(zip(["sex", "age", "y", "p", "kept"], zip(*padded, strict=True), strict=True))
    )
    request = FairnessRequest("p", ("sex", "age"), label="y", where="kept")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        pq.write_table(table, path)
        counts = count_rows([path], request)
    return {
        table.by: (table.groups, measure(table.merge(counts.cells))) for table in counts.tables()
    }


def _same(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=0, abs_tol=1e-12)


def _check_rates(measures: Measures, frame: pd.DataFrame, key: pd.Series) -> None:
    expected = MetricFrame(
        metrics={
            "selection_rate": selection_rate,
            "tpr": true_positive_rate,
            "fpr": false_positive_rate,
            "precision": functools.partial(precision_score, zero_division=0),
            "accuracy": accuracy_score,
        },
        y_true=frame["y"],
        y_pred=frame["p"],
        sensitive_features=key,
    ).by_group
    # Where a rate divides by nothing fairlearn has 0; here it is undefined.
    needed = {"tpr": frame["y"] == 1, "fpr": frame["y"] == 0, "precision": frame["p"] == 1}
    for name in RATES:
        for i, group in enumerate(expected.index):
            value = float(getattr(measures, name)[i])
            if name in needed and not (needed[name] & (key == group)).any():
                assert math.isnan(value), name
            else:
                assert _same(value, expected.loc[group, name]), name


def _check_disparities(measures: Measures, frame: pd.DataFrame, key: pd.Series) -> None:
    rows: dict[str, Any] = {"y_true": frame["y"], "y_pred": frame["p"], "sensitive_features": key}
    expected = {
        "demographic_parity_difference": demographic_parity_difference(**rows),
        "demographic_parity_ratio": demographic_parity_ratio(**rows),
    }
    if frame.groupby(key)["y"].nunique().eq(2).all():
        expected["equalized_odds_difference"] = equalized_odds_difference(**rows)
        expected["equalized_odds_ratio"] = equalized_odds_ratio(**rows)
    for name, value in expected.items():
        found = float(getattr(measures, name))
        # A ratio of 0 to 0 is undefined; fairlearn's may then be that of the other half.
        nothing = name.endswith("ratio") and (
            not frame["p"].any()
            or not (frame["p"] & frame["y"]).any()
            or not (frame["p"] & (1 - frame["y"])).any()
        )
        assert (nothing and math.isnan(found)) or _same(found, value), name


@settings(max_examples=30, deadline=None)
@given(ROWS)
@example(ONE_GROUP)
@example(LABELS_ALL_0)
@example(LABELS_ALL_1)
@example(PREDICTIONS_ALL_0)
@example(EMPTY_CELLS)
@pytest.mark.filterwarnings("ignore")
def test_measures_of_counts_equal_fairlearn_over_the_rows(rows: list[Row]) -> None:
    """If this failed, counting would have changed what everybody else finds in the same rows."""
    frame = pd.DataFrame(rows, columns=["sex", "age", "y", "p"])
    for by, (groups, measures) in _measured(rows).items():
        key = frame[by.split(",")].agg(",".join, axis=1).rename("group")
        assert groups == tuple(sorted(key.unique()))
        _check_rates(measures, frame, key)
        _check_disparities(measures, frame, key)


def test_a_disparity_is_not_made_out_of_an_undefined_rate() -> None:
    """If this failed, a group without positive labels would count as one with a TPR of 0."""
    cells = np.array([[[5, 5], [2, 8]], [[6, 4], [1, 9]], [[7, 3], [0, 0]]])
    measures = measure(cells)
    assert math.isnan(measures.tpr[2])
    assert _same(float(measures.equalized_odds_difference), 0.2)
    nobody_to_compare = measure(cells[1:])
    assert math.isnan(nobody_to_compare.equalized_odds_difference)


CELLS = arrays(np.int64, (3, 2, 2), elements=st.integers(0, 9)).filter(
    lambda cells: bool((cells.sum(axis=(1, 2)) > 0).all())
)


@settings(max_examples=30, deadline=None)
@given(CELLS)
def test_draws_are_measured_as_fairlearn_measures_the_counts(cells: np.ndarray) -> None:
    """If this failed, an interval would be of another measure than the value it stands beside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counted, drawn = measure(cells), measure_draws(np.stack([cells, cells[::-1]]))
    for name, values in vars(counted).items():
        assert np.allclose(vars(drawn)[name][0], values, rtol=0, atol=1e-12, equal_nan=True), name


def test_without_labels_only_selection_is_measured() -> None:
    """If this failed, rates would be reported that nothing was known about."""
    measures = measure(np.array([[[60, 40]], [[80, 20]]]))
    assert measures.selection_rate.tolist() == [0.4, 0.2]
    assert measures.impact_ratio.tolist() == [1.0, 0.5]
    unknown = [*RATES[1:], *DISPARITIES[2:]]
    assert all(np.isnan(getattr(measures, name)).all() for name in unknown)


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
    measures = measure(np.stack([applicants - selected, selected], axis=1)[:, np.newaxis])
    for i, row in enumerate(table):
        assert measures.selection_rate[i] == pytest.approx(row["rate"], abs=0.0065)
        assert measures.impact_ratio[i] == pytest.approx(row["impact_ratio"], abs=0.0065)
