"""Profiles: everything that was planted in the data is found, and nothing that was not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from policies.data.findings import SEVERITIES
from policies.data.profile import DataProfile, profile_data
from policies.data.table import opened
from policies.thresholds import QualityThresholds, parse_thresholds, shipped_text
from tests.people import raising

LIMITS = parse_thresholds(shipped_text()).quality
ROWS = 400
FORMS = ["csv", "jsonl", "parquet"]


def clean(**more: Any) -> dict[str, Any]:
    """Give columns in which nothing is odd."""
    rng = np.random.default_rng(5)
    return {
        "id": [f"c-{i:05}" for i in range(ROWS)],
        "income": rng.uniform(1_000, 2_000, ROWS).round(2),
        "region": rng.choice(["north", "south"], ROWS),
        "repaid": rng.choice(["yes", "no"], ROWS),
        **more,
    }


def profiled(
    folder: Path,
    columns: dict[str, Any],
    form: str = "csv",
    limits: QualityThresholds = LIMITS,
    **asked: Any,
) -> DataProfile:
    """Profile these columns by way of a file."""
    path, frame = folder / f"data.{form}", pd.DataFrame(columns)
    if form == "parquet":
        frame.to_parquet(path)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return profile_data([path], limits, **asked)


def checks(found: DataProfile) -> set[tuple[str, str]]:
    """List what is complained of, but for identifiers."""
    return {(c.check, c.column) for c in found.concerns if c.check != "identifier"}


@pytest.mark.parametrize("form", FORMS)
def test_of_clean_data_nothing_is_said(tmp_path: Path, form: str) -> None:
    """If it fails, people learn to ignore what a profile complains of."""
    found = profiled(tmp_path, clean(), form, label="repaid")
    assert checks(found) == set()
    assert found.rows == ROWS
    assert found.identifiers == (("id", 0),)
    assert [(c.column, c.kind) for c in found.columns] == [
        ("id", "category"),
        ("income", "number"),
        ("region", "category"),
        ("repaid", "category"),
    ]


def every(nth: int, odd: Any, usual: Any) -> list[Any]:
    """Give a column in which every nth cell is odd."""
    return [odd if i % nth == 0 else (usual(i) if callable(usual) else usual) for i in range(ROWS)]


@pytest.mark.parametrize(
    ("check", "severity", "column"),
    [
        ("missing", "medium", every(10, None, lambda i: i % 7)),
        ("missing", "high", every(1, "unknown", "")),
        ("missing", "medium", every(10, "NaN", "north")),
        ("sentinel", "high", every(50, -999, lambda i: 100 + i % 20)),
        ("sentinel", "high", every(80, 9999, lambda i: 1 + i % 20)),
        ("outliers", "medium", [*[100 + i % 20 for i in range(ROWS - 1)], 5_000]),
        ("constant", "low", ["same"] * ROWS),
        ("constant", "low", [7] * ROWS),
        ("mixed-case", "medium", every(9, "North", "north")),
        ("padded", "low", every(9, " north", "north")),
        ("text-among-numbers", "high", every(40, "n.b.", lambda i: str(i % 30))),
        ("codes", "low", every(40, "01234", lambda i: str(10_000 + i % 30))),
        ("numbers-as-text", "medium", every(2, "12,5", lambda i: f"1.{i % 10}00,25")),
        ("numbers-as-text", "medium", every(2, "1,200.50", lambda i: f"{i % 10 + 1},000")),
        ("numbers-as-text", "medium", every(2, "7 %", lambda i: f"{i % 10}.5%")),
        ("numbers-as-text", "medium", every(2, "€7", lambda i: f"{i % 10} EUR")),
        ("numbers-among-text", "low", every(40, "7", lambda i: f"a{i % 5}")),
        ("numbers-among-text", "medium", every(2, "7", lambda i: f"a{i % 5}")),
        ("mixed-dates", "high", every(5, "03/01/2026", lambda i: f"2026-01-{i % 28 + 1:02}")),
        ("mixed-dates", "high", every(9, "2026-01-02 08:00", "2026-01-02T08:00:00Z")),
        ("mixed-dates", "high", every(9, "01/20/2026", lambda i: f"{i % 28 + 1:02}/01/2026")),
        ("mixed-dates", "high", every(9, "2 Jan 2026", lambda i: f"{i % 28 + 1:02}.01.2026")),
        ("mixed-flags", "medium", every(9, "yes", lambda i: str(i % 2))),
        ("missing", "medium", every(9, "NA", "north")),
        ("missing", "medium", every(9, "?", lambda i: str(i % 30))),
    ],
)  # fmt: skip
def test_what_is_planted_in_a_column_is_found(
    tmp_path: Path, check: str, severity: str, column: list[Any]
) -> None:
    """If it fails, one kind of bad data goes unseen into training."""
    found = profiled(tmp_path, clean(planted=column))
    said = {concern.check: concern for concern in found.concerns if concern.column == "planted"}
    assert said[check].severity == severity
    assert {column for _, column in checks(found)} == {"planted"}


def test_sentinels_are_counted(tmp_path: Path) -> None:
    """If it fails, a code for a missing value is taken for a value."""
    columns = clean(age=every(50, -999, lambda i: 30 + i % 20))
    spread = profiled(tmp_path, columns).columns[-1].spread
    assert spread is not None
    assert spread.sentinels == ((-999.0, 8),)
    assert (spread.beyond_whiskers, spread.beyond_robust_z) == (8, 8)


def test_repeated_rows_and_identifiers_are_counted(tmp_path: Path) -> None:
    """If it fails, a model is trained and tested on the same rows."""
    frame = pd.DataFrame(clean())
    twice = pd.concat([frame, frame.head(3)]).to_dict("list")
    found = profiled(tmp_path, twice)
    assert (found.repeated_rows, found.identifiers) == (3, (("id", 3),))
    assert {("duplicate-rows", ""), ("duplicate-ids", "id")} == checks(found)
    said = profiled(
        tmp_path, clean(account=["a"] * 2 + list("bcde") * 99 + ["f", "g"]), identifiers=["account"]
    )
    assert ("duplicate-ids", "account") in checks(said)


def test_the_same_record_under_another_number_is_found(tmp_path: Path) -> None:
    """If it fails, a person who was entered twice is trained on and tested on."""
    columns = {name: [*cells, *cells[:5]] for name, cells in clean().items()}
    columns["id"] = [f"c-{i:05}" for i in range(ROWS + 5)]
    found = profiled(tmp_path, columns)
    assert (found.repeated_rows, found.alike_rows, checks(found)) == (0, 5, {("alike-rows", "")})
    coarse = profiled(tmp_path, {"id": range(ROWS), "region": clean()["region"]})
    assert (coarse.alike_rows, checks(coarse)) == (ROWS - 2, set())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["number", "category", "gaps"])
def test_labels_that_a_column_contradicts_are_suspicious(
    tmp_path: Path, form: str, kind: str
) -> None:
    """If it fails, a few wrong labels, or a leak with a little noise, go unseen into training."""
    columns = clean()
    paid = np.array(columns["repaid"]) == "yes"
    scores = np.where(paid, 700, 400) + np.arange(ROWS) % 97
    columns["told"] = {
        "number": scores,
        "category": np.where(paid, "closed", "agency"),
        "gaps": np.where(paid, scores % 7 + 1, np.nan),
    }[kind]
    for row in (3, 50, 200):
        columns["repaid"][row] = "no" if paid[row] else "yes"
    found = profiled(tmp_path, columns, form, label="repaid")
    assert found.label is not None
    assert (found.label.telling, found.label.nearly_telling) == ((), (("told", 3),))
    assert checks(found) - {("missing", "told")} == {("suspicious-labels", "repaid")}


@pytest.mark.parametrize("form", FORMS)
def test_columns_that_give_the_label_away_are_found(tmp_path: Path, form: str) -> None:
    """If it fails, a leak is trained on, and the model fails when it serves."""
    columns = clean()
    paid = np.array(columns["repaid"]) == "yes"
    columns["collected"] = np.where(paid, "none", "agency")
    columns["balance"] = np.where(paid, 0.5, 10) * np.linspace(1, 2, ROWS)
    columns["paid_on"] = np.where(paid, "Monday", "")
    found = profiled(tmp_path, columns, form, label="repaid")
    assert found.label is not None
    assert set(found.label.telling) == {"collected", "balance", "paid_on"}
    assert ("leakage", "balance") in checks(found)


def test_contradicting_labels_are_counted(tmp_path: Path) -> None:
    """If it fails, labels that cannot all be right look learnable."""
    columns = {
        "id": range(90),
        "a": [1, 2, 3] * 30,
        "b": ["x"] * 90,
        "y": ["1", "1", "0"] * 29 + ["0", "1", "0"],
    }
    label = profiled(tmp_path, columns, label="y").label
    assert label is not None
    assert (label.contradictions, label.contradicting_rows) == (1, 30)
    assert dict(label.classes or ()) == {"1": 59, "0": 31}


@pytest.mark.parametrize(("rare", "severity"), [(2, "high"), (12, "medium"), (40, None)])
def test_rare_classes_are_complained_of(tmp_path: Path, rare: int, severity: str | None) -> None:
    """If it fails, a model that never says yes looks accurate."""
    found = profiled(tmp_path, clean(y=[1] * rare + [0] * (ROWS - rare)), label="y")
    said = [concern.severity for concern in found.concerns if concern.check == "imbalance"]
    assert said == ([severity] if severity else [])


CELLS = st.lists(
    st.sampled_from(["", "unknown", "NaN", "a", "A", " b", "1", "2.5", "null"]),
    min_size=1,
    max_size=40,
)


@given(CELLS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_missing_values_are_counted_as_python_counts_them(tmp_path: Path, cells: list[str]) -> None:
    """If it fails, gaps are over- or understated."""
    path = tmp_path / "cells.csv"
    path.write_text("x,y\n" + "".join(f'"{cell}",1\n' for cell in cells))
    column = profile_data([path], LIMITS).columns[0]
    words = [cell.strip().lower() for cell in cells]
    spelled = sum(word in {"unknown", "nan", "null"} for word in words)
    assert column.missing.null + column.missing.empty == words.count("")
    assert (column.missing.spelled, column.rows) == (spelled, len(cells))
    present = {c.strip() for c in cells if c.strip().lower() not in {"", "unknown", "nan", "null"}}
    numbers = {float(value) for value in present if value in {"1", "2.5"}}
    assert column.distinct == (len(numbers) if column.kind == "number" else len(present))


@pytest.mark.parametrize(
    ("limit", "value", "column"),
    [
        ("missing_medium", "0.2", every(10, None, lambda i: i % 7)),
        ("missing_high", "0.05", every(10, None, lambda i: i % 7)),
        ("outlier_z_max", "1000", [*[100 + i % 20 for i in range(ROWS - 1)], 5_000]),
        ("outliers_few", "0.001", [*[100 + i % 20 for i in range(ROWS - 1)], 5_000]),
        ("whisker_reach", "200", every(50, -999, lambda i: 100 + i % 20)),
        ("mostly_min", "0.99", every(40, "n.b.", lambda i: str(i % 30))),
        ("numbers_among_text_medium", "0.01", every(40, "7", lambda i: f"a{i % 5}")),
        ("identifier_min", "0.5", [f"k{i % 300}" for i in range(ROWS)]),
        ("identifier_rows", ROWS + 1, [f"k{i}" for i in range(ROWS)]),
        ("rare_class_medium", "0.01", [int(i < ROWS // 40) for i in range(ROWS)]),
        ("rare_class_high", "0.04", [int(i < ROWS // 40) for i in range(ROWS)]),
        ("most_classes", 3, [int(i < ROWS // 40) + i % 4 * 2 for i in range(ROWS)]),
        ("suspicious_labels_max", "0.001", ["no"] * (ROWS // 2) + ["yes"] * (ROWS // 2)),
        ("suspicious_labels_minority_max", "0.001", ["no"] * (ROWS // 2) + ["yes"] * (ROWS // 2)),
        ("repeated_rows_high", "0.5", [i % (ROWS - 20) for i in range(ROWS)]),
        ("alike_rows_max", "0.01", [i % (ROWS - 20) for i in range(ROWS)]),
    ],
)
def test_every_limit_is_the_one_that_was_adopted(
    tmp_path: Path, limit: str, value: str | int, column: list[Any]
) -> None:
    """If it fails, an organisation adopts a limit, and profiles go on by one in the code."""
    columns: dict[str, Any] = {"planted": column}
    if limit.startswith("suspicious"):
        columns["tells"] = [*column[: ROWS - 4], *["no"] * 4]
    if limit == "alike_rows_max":
        columns["id"] = [f"c-{i}" for i in range(ROWS)]
    label = "planted" if "class" in limit or "label" in limit else None
    changed = LIMITS.model_dump() | {limit: {"value": value, "why": "", "source": ""}}
    theirs = QualityThresholds.model_validate(changed)
    shipped = profiled(tmp_path, columns, label=label)
    found = profiled(tmp_path, columns, limits=theirs, label=label)
    assert (shipped.concerns, shipped.label) != (found.concerns, found.label)
    assert found.as_json()["thresholds"][limit] == value


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_large_identifiers_are_told_apart(tmp_path: Path, form: str) -> None:
    """If it fails, ids of 64 bits are said to repeat, for some of them are one double."""
    found = profiled(tmp_path, {"id": range(2**60, 2**60 + ROWS)}, form, identifiers=["id"])
    assert found.identifiers == (("id", 0),)
    assert checks(found) == set()


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_infinite_numbers_are_counted_as_such(tmp_path: Path, form: str) -> None:
    """If it fails, a division by nought is taken for a gap, or turns a number into text."""
    cells = [float("inf"), -float("inf"), float("nan"), *[i % 9 + 0.5 for i in range(ROWS - 3)]]
    (column,) = profiled(tmp_path, {"x": cells}, form).columns
    assert (column.kind, column.missing.infinite, column.missing.rows) == ("number", 2, 3)
    assert column.spread
    assert column.spread.high == 8.5


def test_concerns_come_gravest_first(tmp_path: Path) -> None:
    """If it fails, what matters is at the end of a long list."""
    found = profiled(tmp_path, clean(a=["x"] * ROWS, b=every(50, -999, 5), c=every(9, None, "z")))
    order = [SEVERITIES.index(concern.severity) for concern in found.concerns]
    assert order == sorted(order)
    assert found.as_json()["severities"] == {
        severity: found.count(severity) for severity in SEVERITIES
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b""), ("a.csv", b"x,y\n"), ("a.parquet", b"no"), ("a.jsonl", b"{"), ("a.doc", b"x")],
)
def test_what_cannot_be_profiled_is_explained(tmp_path: Path, name: str, content: bytes) -> None:
    """If it fails, a wrong file is a traceback, or data without concerns."""
    (tmp_path / name).write_bytes(content)
    assert raising(InvalidInput, lambda: profile_data([tmp_path / name], LIMITS))


def test_unknown_columns_are_explained(tmp_path: Path) -> None:
    """If it fails, a mistyped label is profiled as no label at all."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    for asked in ({"label": "y"}, {"identifiers": ["y"]}, {"where": "y = 1"}):
        raising(InvalidInput, lambda: profile_data([tmp_path / "a.csv"], LIMITS, **asked))  # type: ignore[arg-type] # noqa: B023


@pytest.mark.parametrize("cells", ["4;5", "4;5;6;7", "4"])
@pytest.mark.parametrize("packed", [False, True])
def test_lines_of_other_lengths_are_named(tmp_path: Path, cells: str, *, packed: bool) -> None:
    """If it fails, whole lines are taken for one column of which nothing bad can be said."""
    text = "a;b;c\n1;2;3\n" + f"{cells}\n" + '"x;y";8;9\n' * 30
    path = tmp_path / ("data.csv.gz" if packed else "data.csv")
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    said = raising(InvalidInput, lambda: profile_data([path], LIMITS))
    assert f"line 3 has {cells.count(';') + 1} cells, the first one has 3" in said


@pytest.mark.parametrize("held", [0, 2**20])
def test_csv_is_read_as_its_first_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """If it fails, lines are skipped as comments, or a quotation mark glues two cells together."""
    monkeypatch.setattr("policies.data.table._HELD", held)
    path = tmp_path / "data.csv"
    lines = ["name;said", "# 7;x", 'a;"one; ""two"""', "it's;5\" wide", 'b;"two', 'lines"']
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    with opened([path]) as table:
        assert sorted(table.ask(f"FROM {table.relation}")) == [
            ("# 7", "x"),
            ("a", 'one; "two"'),
            ("b", "two\nlines"),
            ("it's", '5" wide'),
        ]


def test_a_column_may_be_called_as_a_list(tmp_path: Path) -> None:
    """If it fails, a single column is refused for the commas in its name."""
    path = tmp_path / "data.csv"
    path.write_text('"income, in euros"\n1\n2\n')
    (column,) = profile_data([path], LIMITS).columns
    assert (column.column, column.kind) == ("income, in euros", "number")


def test_what_is_no_text_is_said_without_the_line(tmp_path: Path) -> None:
    """If it fails, nobody knows what is wrong with a file, or a person's data stand in an error."""
    path = tmp_path / "data.csv"
    path.write_bytes("name,age\nMüller,2\n".encode("latin-1"))
    said = raising(InvalidInput, lambda: profile_data([path], LIMITS))
    assert "Line: 2" in said
    assert "not utf-8" in said
    assert "ller" not in said
