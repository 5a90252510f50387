"""Two sets of data compared: scipy's figures from files, schema changes, and where mass moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from ledger.errors import InvalidInput
from policies.data.compare import DriftRequest, Rows, compare_data
from policies.data.drift import Compared, FeatureDrift
from policies.thresholds import parse_thresholds, shipped_text
from tests.people import raising

THRESHOLDS = parse_thresholds(shipped_text()).drift


def write(folder: Path, name: str, columns: dict[str, Any]) -> Path:
    """Write a file of these columns, in the format of its name."""
    path, frame = folder / name, pd.DataFrame(columns)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return path


def compared(
    folder: Path, reference: dict[str, Any], current: dict[str, Any], form: str = "parquet"
) -> Compared:
    """Compare two sets of columns by way of files."""
    paths = [
        write(folder, f"{name}.{form}", columns)
        for name, columns in (("reference", reference), ("current", current))
    ]
    return compare_data(Rows(paths[:1]), Rows(paths[1:]), DriftRequest(), THRESHOLDS)


def feature(found: Compared, column: str) -> FeatureDrift:
    """Find a column's comparison."""
    return next(each for each in found.features if each.column == column)


def agree(found: FeatureDrift, reference: Any, current: Any) -> None:
    """Hold a number's comparison against scipy on the rows."""
    ks = stats.ks_2samp(reference, current, method="asymp")
    assert found.ks == pytest.approx(ks.statistic, rel=1e-12)
    assert found.ks_p == pytest.approx(ks.pvalue, rel=1e-9, abs=1e-300)
    distance = stats.wasserstein_distance(reference, current)
    assert found.wasserstein == pytest.approx(distance, rel=1e-12)
    assert found.wasserstein_normalised == pytest.approx(distance / np.std(reference), rel=1e-9)
    deciles = np.unique(np.quantile(reference, np.arange(1, 10) / 10, method="inverted_cdf"))
    cells = [
        np.bincount(np.searchsorted(deciles, side, side="left"), minlength=len(deciles) + 1)
        for side in (reference, current)
    ]
    assert [cell.reference for cell in found.cells] == cells[0].tolist()
    assert [cell.current for cell in found.cells] == cells[1].tolist()
    distance = jensenshannon(cells[0], cells[1], base=2)
    assert found.jensen_shannon == pytest.approx(distance, rel=1e-12)
    expected = stats.chi2_contingency(np.stack(cells), correction=False)
    assert found.chi_square is not None
    assert found.chi_square.statistic == pytest.approx(expected.statistic, rel=1e-12)


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_figures_are_scipys_whatever_the_format(tmp_path: Path, form: str) -> None:
    """If it fails, the same data drifts in one format and not in another."""
    rng = np.random.default_rng(1)
    reference = {"x": rng.normal(0, 1, 3_000).round(6), "k": rng.integers(0, 5, 3_000)}
    current = {"x": rng.normal(0.2, 1, 1_700).round(6), "k": rng.integers(0, 6, 1_700)}
    found = compared(tmp_path, reference, current, form)
    assert (found.reference_rows, found.current_rows) == (3_000, 1_700)
    agree(feature(found, "x"), reference["x"], current["x"])
    ks = stats.ks_2samp(reference["k"], current["k"], method="asymp").statistic
    assert feature(found, "k").ks == pytest.approx(ks, rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.01, 0.5])
def test_figures_are_scipys_where_most_rows_are_never_fetched(tmp_path: Path, shift: float) -> None:
    """If it fails, large data is compared inexactly."""
    rng = np.random.default_rng(2)
    reference = {"x": rng.normal(0, 1, 250_000), "heavy": rng.standard_cauchy(250_000)}
    current = {"x": rng.normal(shift, 1, 180_000), "heavy": rng.standard_cauchy(180_000) + shift}
    found = compared(tmp_path, reference, current)
    for name, values in reference.items():
        agree(feature(found, name), values, current[name])


CATEGORIES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "unknown", None]), min_size=1)


@given(CATEGORIES, CATEGORIES)
@example([None], ["a"] * 5)  # nothing at all on one side, which Parquet calls integers
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_categories_are_counted_as_python_counts_them(
    tmp_path: Path, reference: list[str | None], current: list[str | None]
) -> None:
    """If it fails, a category's rows, new or lost categories or missing values are miscounted."""
    found = compared(tmp_path, {"c": reference}, {"c": current})
    (drift,) = found.features
    sides = [
        ["(missing)" if v in {"", "unknown", None} else v for v in s] for s in (reference, current)
    ]
    both = sides[0] + sides[1]
    cells = {cell.name: (cell.reference, cell.current) for cell in drift.cells}
    for name in set(both):
        if name == "(missing)" or both.count(name) >= 5:
            assert cells[name] == (sides[0].count(name), sides[1].count(name))
        else:
            assert name not in cells
    assert sum(counts[0] for counts in cells.values()) == len(reference)
    frequent = {name for name in both if both.count(name) >= 5} - {"(missing)"}
    assert set(drift.new_categories) == frequent - set(sides[0])
    assert set(drift.lost_categories) == frequent - set(sides[1])
    assert sum(cell.change for cell in drift.cells) == pytest.approx(0, abs=1e-12)


def test_changes_of_the_schema_fail_and_are_named(tmp_path: Path) -> None:
    """If it fails, a column that vanished or became text looks like data without drift."""
    reference = {"gone": [1.5] * 300, "kept": [1, 2, 3] * 100, "turned": [1, 2, 3] * 100}
    current = {"kept": [1, 2, 3] * 100, "turned": ["x", "y", "z"] * 100, "fresh": ["n"] * 300}
    found = compared(tmp_path, reference, current)
    schema = found.as_json()["schema"]
    assert (schema["added"], schema["removed"]) == (["fresh"], ["gone"])
    assert [each["column"] for each in schema["retyped"]] == ["turned"]
    assert [each.column for each in found.features] == ["kept"]
    assert found.verdict == "fail"
    assert found.reasons[0] == "Column gone is gone."
    only = compare_data(
        Rows([tmp_path / "reference.parquet"]),
        Rows([tmp_path / "current.parquet"]),
        DriftRequest(("kept",)),
        THRESHOLDS,
    )
    assert (only.verdict, only.schema.removed) == ("pass", ())


def test_where_the_mass_moved_is_said_first(tmp_path: Path) -> None:
    """If it fails, a person learns that something moved but not what."""
    reference = {"channel": ["web"] * 500 + ["app"] * 500}
    current = {"channel": ["web"] * 200 + ["app"] * 500 + ["shop"] * 300}
    (drift,) = compared(tmp_path, reference, current).features
    assert [cell.name for cell in drift.moved] == ["shop", "web", "app"]
    assert [round(cell.change, 12) for cell in drift.moved] == [0.3, -0.3, 0]
    assert drift.new_categories == ("shop",)
    assert drift.verdict == "fail"
    assert "shop went from 0.0 % to 30.0 %" in drift.reasons[0]


def test_verdicts_at_their_limits(tmp_path: Path) -> None:
    """If it fails, chance fails an audit, or a moderate shift passes one unseen."""

    def verdict(share: int, rows: int = 1_000) -> str:
        sides = [{"c": ["a"] * n + ["b"] * (rows - n)} for n in (rows // 2, rows * share // 100)]
        return compared(tmp_path, *sides).features[0].verdict

    assert [verdict(share) for share in (50, 52, 66, 76)] == [
        "pass",
        "pass",
        "inconclusive",
        "fail",
    ]
    assert verdict(76, rows=100) == "inconclusive"
    small = compared(tmp_path, {"c": ["a"] * 10}, {"c": ["b"] * 10})
    assert (small.verdict, "fewer than 200" in small.reasons[0]) == ("inconclusive", True)


def test_missing_values_are_drift_too(tmp_path: Path) -> None:
    """If it fails, a feature that is no longer delivered looks unchanged."""
    values = [float(i % 50) for i in range(1_000)]
    holes = [value if i % 2 else None for i, value in enumerate(values)]
    drift = compared(tmp_path, {"x": values}, {"x": holes}).features[0]
    assert (drift.current_missing, drift.moved[0].name, drift.verdict) == (500, "(missing)", "fail")
    empty = compared(tmp_path, {"x": values}, {"x": [""] * 1_000}, "csv").features[0]
    assert (empty.verdict, empty.ks, empty.kind) == ("fail", None, "number")


def test_thousands_of_rare_categories_are_seen_to_be_others(tmp_path: Path) -> None:
    """If it fails, towns that nobody ever lived in pass for the old ones, or chance for drift."""
    rng = np.random.default_rng(3)
    towns = {"x": [f"t{i}" for i in rng.integers(0, 3_000, 4_000)]}
    alike = {"x": [f"t{i}" for i in rng.integers(0, 3_000, 2_500)]}
    other = {"x": [f"u{i}" for i in rng.integers(0, 3_000, 2_500)]}
    assert compared(tmp_path, towns, alike).verdict == "pass"
    found = compared(tmp_path, towns, other)
    unseen = next(cell for cell in found.features[0].cells if cell.name == "(other, new)")
    counts = pd.Series(towns["x"]).value_counts()
    again = pd.Series(other["x"]).value_counts()
    assert (unseen.reference, unseen.current) == ((counts == 1).sum(), again[again < 5].sum())
    assert found.verdict == "fail"


def test_cells_have_names_that_tell_them_apart(tmp_path: Path) -> None:
    """If it fails, mass moves from 9.0072e+15 to 9.0072e+15, or its deviation is lost there."""
    large = np.arange(2**53, 2**53 + 4_000, 2)
    columns = {"x": np.repeat(large, 2), "c": [7] * 4_000}
    x, constant = compared(tmp_path, columns, {**columns, "x": columns["x"] + 400}).features
    assert len({cell.name for cell in x.cells}) == len(x.cells)
    assert x.wasserstein_normalised == pytest.approx(400 / np.std(np.arange(0, 4_000, 2)))
    assert [cell.name for cell in constant.cells] == ["below 7", "7", "above 7"]


def test_flags_are_compared_however_they_are_written(tmp_path: Path) -> None:
    """If it fails, training data in CSV drifts from the same decisions in Parquet."""
    flags = {"x": [True, False, True] * 100}
    paths = [write(tmp_path, name, flags) for name in ("a.csv", "b.parquet")]
    found = compare_data(*(Rows([path]) for path in paths), DriftRequest(), THRESHOLDS)
    assert found.features[0].psi == 0
    assert found.verdict == "pass"


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_infinite_numbers_are_missing_values(tmp_path: Path, form: str) -> None:
    """If it fails, one infinity makes every distance infinite, or the column one of texts."""
    reference = {"x": [1.0, 2.0, 3.0, float("inf")] * 100}
    current = {"x": [1.0, 2.0, 3.0, float("nan")] * 100}
    drift = compared(tmp_path, reference, current, form).features[0]
    assert (drift.reference_missing, drift.current_missing) == (100, 100)
    assert (drift.ks, drift.wasserstein, drift.psi) == (0, 0, 0)


def test_identifiers_and_times_are_not_compared_unless_asked_for(tmp_path: Path) -> None:
    """If it fails, every comparison fails for its row numbers and dates."""
    reference = {"id": range(300), "at": pd.date_range("2026-01-01", periods=300), "x": [1] * 300}
    current = {
        "id": range(300, 600),
        "at": pd.date_range("2026-11-01", periods=300),
        "x": [1] * 300,
    }
    # Of one of these HyperLogLog finds 0.88 of the rows; of the others several are one double.
    for start, rows in ((2**53, 5_000), (2**60, 300)):
        ids = {"id": range(start, start + rows)}
        assert compared(tmp_path, ids, ids).schema.not_compared
    found = compared(tmp_path, reference, current)
    assert [each.column for each in found.features] == ["x"]
    assert [name for name, _ in found.schema.not_compared] == ["id", "at"]
    asked = compare_data(
        Rows([tmp_path / "reference.parquet"]),
        Rows([tmp_path / "current.parquet"]),
        DriftRequest(("id",), output="x"),
        THRESHOLDS,
    )
    assert {each.column: each.role for each in asked.features} == {"id": "feature", "x": "output"}
    assert feature(asked, "id").ks == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"x\n"),
        ("a.parquet", b"PAR1 not"),
        ("a.jsonl", b"{"),
        ("a.xml", b"<a/>"),
    ],
)
def test_what_cannot_be_compared_is_explained(tmp_path: Path, name: str, content: bytes) -> None:
    """If it fails, a wrong file is a traceback, or data without drift."""
    (tmp_path / name).write_bytes(content)
    sound = write(tmp_path, "sound.csv", {"x": [1, 2]})
    for sides in ((sound, tmp_path / name), (tmp_path / name, sound)):
        rows = [Rows([side]) for side in sides]
        raising(InvalidInput, lambda: compare_data(*rows, DriftRequest(), THRESHOLDS))  # noqa: B023 - called at once


def test_answers_are_known_by_their_usual_names(tmp_path: Path) -> None:
    """If it fails, nobody sees whether what the model answers moved, or what it is asked."""
    columns = {"decision": ["a", "b"] * 150, "confidence": [0.1, 0.9] * 150, "x": [1, 2] * 150}
    found = compared(tmp_path, columns, columns)
    roles = {each.column: each.role for each in found.features}
    assert roles == {"decision": "output", "confidence": "confidence", "x": "feature"}


def test_wrong_requests_are_explained(tmp_path: Path) -> None:
    """If it fails, a mistyped column or filter is compared as if it were another."""
    rows = Rows([write(tmp_path, "sound.csv", {"x": [1, 2]})])
    for request in (DriftRequest(("y",)), DriftRequest(output="y")):
        raising(InvalidInput, lambda: compare_data(rows, rows, request, THRESHOLDS))  # noqa: B023 - called at once
    filtered = Rows(rows.files, where="x > 1; DROP TABLE x")
    raising(InvalidInput, lambda: compare_data(rows, filtered, DriftRequest(), THRESHOLDS))
