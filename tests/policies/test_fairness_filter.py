"""The filter of an audit can choose rows, and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ledger.errors import InvalidInput
from policies.fairness.counts import FairnessRequest, count_rows
from policies.fairness.sources import opened

CSV = "sex,decision,age,day\nF,1,30,2026-01-05\nF,0,40,2026-02-05\nM,1,50,2026-03-05\n"


@pytest.fixture
def decisions(tmp_path: Path) -> Path:
    """Three decisions in a CSV file."""
    path = tmp_path / "d.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def _count(file: Path, where: str) -> int:
    counts = count_rows([file], FairnessRequest("decision", ("sex",), where=where))
    return int(counts.cells.sum())


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("age >= 40", 2),
        ("sex = 'F' AND NOT age > 30", 1),
        ("decision = 1 -- only the approved", 2),
        ("sex IN ('F', 'M') OR age IS NULL", 3),
        ("day BETWEEN '2026-01-01' AND DATE '2026-02-28'", 2),
        ("upper(sex) LIKE 'F%' AND CASE WHEN age > 0 THEN TRUE END", 2),
        ("SEX = 'F' AND month(day) + 1 = 2", 1),
    ],
)
def test_plain_conditions_choose_rows(decisions: Path, where: str, rows: int) -> None:
    """If this failed, an audit of a part of the data would measure other rows than it says."""
    assert _count(decisions, where) == rows


@pytest.mark.parametrize(
    "where",
    [
        "age IN (SELECT column0 FROM read_csv('/etc/passwd'))",
        "EXISTS (FROM read_text('/etc/passwd'))",
        "age > (SELECT 1)",
        "read_csv('/etc/passwd') IS NULL",
        "TRUE; COPY decisions TO 'stolen.csv'",
        "TRUE; SELECT 1",
        "TRUE) FROM read_text('/etc/passwd') WHERE (TRUE",
        "TRUE) UNION ALL SELECT (TRUE",
        "TRUE) ORDER BY (1",
        "TRUE) --",
        "age = 30, 2",
        "COPY decisions TO 'stolen.csv'",
        "age = ?",
        "age = $positive",
        "sum(age) > 1",
        "row_number() OVER () = 1",
        "COLUMNS(*) = 1",
        "len([x FOR x IN [age]]) = 1",
        "random() < 0.5",
        "day < now()",
        "day < current_date",
        "age(day) > INTERVAL 1 DAY",
        "getenv('HOME') = ''",
        "current_setting('threads') = 1",
        "secret = 1",
        "decisions.age = 30",
        'sex = "F"',
        "",
        "age = 30 /*",
        "age = 'thirty'",
        "- " * 2000 + "age = 1",
    ],
)
def test_anything_else_is_refused(
    decisions: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this failed, a filter could read or write a file, or select other rows the next time."""
    monkeypatch.chdir(decisions.parent)
    with pytest.raises(InvalidInput):
        _count(decisions, where)
    assert [path.name for path in decisions.parent.iterdir()] == ["d.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_text('/etc/passwd')",
        "FROM read_csv('{folder}/other.csv')",
        "COPY (SELECT 1) TO '{folder}/stolen.csv'",
        "COPY (SELECT 1) TO '{folder}/d.csv'",
        "ATTACH '{folder}/new.duckdb'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "INSTALL httpfs",
        "FROM other",
    ],
)
def test_the_connection_is_locked_even_if_the_filter_were_not(
    decisions: Path, statement: str
) -> None:
    """If this failed, one hole in the filter's check would open the machine."""
    other = decisions.with_name("other.csv")
    other.write_text("x\n1\n", encoding="utf-8")
    sql = statement.format(folder=decisions.parent)
    with opened([decisions]) as source:
        assert source.connection.execute("SELECT count(*) FROM decisions").fetchone() == (3,)
        with pytest.raises(duckdb.Error):
            source.connection.execute(sql)
    assert decisions.read_text(encoding="utf-8") == CSV
    assert sorted(path.name for path in decisions.parent.iterdir()) == ["d.csv", "other.csv"]
