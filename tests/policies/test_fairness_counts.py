"""Rows to counts: what is positive, what is missing, and what cannot be counted."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import InvalidInput
from policies.fairness.counts import Excluded, FairnessRequest, count_rows
from policies.fairness.tables import tables

BY_SEX = FairnessRequest(prediction="decision", by=("sex",))


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_groups_labels_and_predictions_are_counted_where_they_belong(tmp_path: Path) -> None:
    """If this failed, true positives would be counted as something else."""
    file = _file(
        tmp_path, "d.csv", "sex,decision,repaid\nF,1,1\nF,1,0\nF,0,1\nM,0,0\nM,1,1\nM,1,1\n"
    )
    counts = count_rows([file], FairnessRequest("decision", ("sex",), label="repaid"))
    assert counts.groups == (("F",), ("M",))
    assert counts.cells.tolist() == [[[0, 1], [1, 1]], [[1, 0], [0, 2]]]


def test_sexes_f_and_t_stay_text(tmp_path: Path) -> None:
    """If this failed, DuckDB's CSV reader would have turned the category F into false."""
    file = _file(tmp_path, "d.csv", "sex,decision\nF,1\nF,0\n")
    assert count_rows([file], BY_SEX).groups == (("F",),)


def test_missing_categories_are_a_group_and_missing_outcomes_are_excluded(tmp_path: Path) -> None:
    """If this failed, people would vanish from the audit without being counted anywhere."""
    lines = [
        '{"sex": "F", "decision": 1, "repaid": 1}',
        '{"sex": null, "decision": 0, "repaid": 1}',
        '{"sex": " Unknown ", "decision": 1, "repaid": 0}',
        '{"sex": "F", "decision": null, "repaid": 0}',
        '{"sex": "F", "decision": 0}',
        '{"sex": "M"}',
    ]
    file = _file(tmp_path, "d.jsonl", "\n".join(lines))
    counts = count_rows([file], FairnessRequest("decision", ("sex",), label="repaid"))
    assert counts.groups == (("F",), ("unknown",))
    assert counts.cells.sum(axis=(1, 2)).tolist() == [1, 2]
    assert counts.excluded == Excluded(rows=3, label_missing=2, prediction_missing=2)


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (pa.array([True, False, True]), "1"),
        (pa.array([True, False, True]), "true"),
        (pa.array([1.0, 0.0, 1.0]), "1"),
        (pa.array([1, 0, 1], pa.int8()), "1"),
        (pa.array(["1", "0", "1"]), "1"),
        (pa.array(["True", "False", "True"]), "1"),
        (pa.array(["approved", "denied", "approved"]), "approved"),
        (pa.array([0, 1, 0]), "0"),
    ],
)
def test_the_positive_value_is_found_in_every_type(
    tmp_path: Path, values: pa.Array, positive: str
) -> None:
    """If this failed, a flag stored as a boolean or a float would count as never positive."""
    pq.write_table(pa.table({"sex": ["F", "F", "M"], "decision": values}), tmp_path / "d.parquet")
    request = FairnessRequest("decision", ("sex",), positive=positive)
    counts = count_rows([tmp_path / "d.parquet"], request)
    assert counts.cells[:, 0].tolist() == [[1, 1], [0, 1]]


def test_a_nan_is_missing(tmp_path: Path) -> None:
    """If this failed, a label that pandas left as NaN would count as a negative outcome."""
    table = pa.table({"sex": ["F", "F"], "decision": pa.array([1.0, float("nan")])})
    pq.write_table(table, tmp_path / "d.parquet")
    assert count_rows([tmp_path / "d.parquet"], BY_SEX).excluded.rows == 1


def test_several_files_are_counted_together_by_column_name(tmp_path: Path) -> None:
    """If this failed, a second file with its columns in another order would be misread."""
    one = _file(tmp_path, "1.csv", "sex,decision\nF,1\n")
    two = _file(tmp_path, "2.csv", "decision,sex\n0,F\n1,M\n")
    counts = count_rows([one, two], BY_SEX)
    assert counts.cells[:, 0].tolist() == [[1, 1], [0, 1]]


def test_a_positive_value_that_never_occurs_is_refused_with_the_values_seen(tmp_path: Path) -> None:
    """If this failed, a misspelt positive value would report that nobody is ever selected."""
    file = _file(tmp_path, "d.csv", "sex,decision\nF,approved\nM,denied\nM,denied\n")
    with pytest.raises(InvalidInput, match="never holds the positive value '1'") as refused:
        count_rows([file], BY_SEX)
    assert "denied, approved" in refused.value.hint


def test_a_filter_that_leaves_no_positive_row_is_no_error(tmp_path: Path) -> None:
    """If this failed, a part of the data in which nobody was selected could not be audited."""
    file = _file(tmp_path, "d.csv", "sex,decision,region\nF,0,n\nM,0,n\nM,1,s\n")
    counts = count_rows([file], FairnessRequest("decision", ("sex",), where="region = 'n'"))
    assert counts.cells[:, 0].tolist() == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("name", "text", "request_", "message"),
    [
        ("d.csv", "sex,decision\nF,1\n", FairnessRequest("score", ("sex",)), "no column 'score'"),
        ("d.csv", "sex,decision\nF,1\n", FairnessRequest("decision", ()), "different columns"),
        ("d.csv", "sex,decision\n", BY_SEX, "no row to measure"),
        ("d.xlsx", "sex,decision\n", BY_SEX, "one known format"),
        ("d.parquet", "sex,decision\n", BY_SEX, "cannot be counted"),
        ("d[1].csv", "sex,decision\nF,1\n", BY_SEX, "for a pattern"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    tmp_path: Path, name: str, text: str, request_: FairnessRequest, message: str
) -> None:
    """If this failed, bad input would end in a traceback or in figures about nothing."""
    with pytest.raises(InvalidInput, match=message):
        count_rows([_file(tmp_path, name, text)], request_)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """If this failed, a mistyped path would end in a traceback."""
    with pytest.raises(InvalidInput, match="There is no file"):
        count_rows([tmp_path / "none.csv"], BY_SEX)


@pytest.mark.parametrize("groups", [501, 6000])
def test_a_column_of_too_many_categories_is_refused(tmp_path: Path, groups: int) -> None:
    """If this failed, grouping by an applicant number would fill memory and say nothing."""
    file = _file(tmp_path, "d.csv", "sex,decision\n" + "".join(f"a{i},1\n" for i in range(groups)))
    with pytest.raises(InvalidInput, match="more than 500 groups"):
        count_rows([file], BY_SEX)


def test_tables_of_each_column_and_of_their_intersection_add_up(tmp_path: Path) -> None:
    """If this failed, the table of one column would not be the sum of its intersections."""
    text = "sex,age,decision\nF,old,1\nF,young,0\nM,old,1\nM,old,0\n"
    counts = count_rows(
        [_file(tmp_path, "d.csv", text)], FairnessRequest("decision", ("sex", "age"))
    )
    found = {
        table.by: dict(zip(table.groups, table.merge(counts.cells)[:, 0].tolist(), strict=True))
        for table in tables(counts)
    }
    assert found == {
        "sex": {"F": [1, 1], "M": [1, 1]},
        "age": {"old": [1, 2], "young": [1, 0]},
        "sex,age": {"F,old": [0, 1], "F,young": [1, 0], "M,old": [1, 1]},
    }
