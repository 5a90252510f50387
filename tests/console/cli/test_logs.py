"""Decision logs: imported once, bad rows counted, column maps by file and by flag."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.place import SAMPLES, Place

BAD = str(SAMPLES / "credit_decisions_bad.csv")
GOOD = str(SAMPLES / "credit_decisions_sample.csv")
MAP = str(SAMPLES / "credit_decisions.map.yaml")


def test_the_same_file_again_changes_nothing(bank: Place) -> None:
    """If this fails, a job that runs twice counts every decision twice."""
    size = bank.home.read_head()
    ran = bank.run("logs", "import", GOOD, "--model", "credit-scorer", "--map", MAP, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.json["already_imported"], ran.json["log"], ran.json["rows"]) == (True, "log-1", 500)
    assert bank.home.read_head() == size


@pytest.mark.parametrize(("max_bad", "code"), [("0", 1), ("2", 1), ("3", 0)])
def test_more_bad_rows_than_allowed(bank: Place, max_bad: str, code: int) -> None:
    """If this fails, a broken log goes unnoticed, or a tolerated row stops the night's import."""
    ran = bank.run(
        "logs", "import", BAD, "--model", "credit-scorer", "--map", MAP, "--max-bad", max_bad,
        "--json",
    )  # fmt: skip
    assert ran.code == code
    assert (ran.json["rows"], ran.json["quarantined"]) == (9, 3)
    assert ran.json["too_many_bad"] is (code == 1)
    shown = bank.run("logs", "show", ran.json["log"], "--json").json
    assert [bad["line"] for bad in shown["quarantine"]] == [5, 9, 12]
    assert all(len(bad["digest"]) == 64 for bad in shown["quarantine"])
    assert "text" not in shown["quarantine"][0]


def test_a_proposed_map_can_be_imported_with(bank: Place, tmp_path: Path) -> None:
    """If this fails, what `logs map` prints is not what `logs import --map` reads."""
    proposed = bank.run("logs", "map", BAD)
    assert proposed.code == 0
    file = tmp_path / "proposed.yaml"
    file.write_text(proposed.out)
    ran = bank.run("logs", "import", GOOD, "--model", "credit-scorer", "--map", str(file), "--json")
    assert (ran.code, ran.json["already_imported"], ran.json["rows"]) == (0, False, 500), ran.err


def test_columns_can_be_stated_as_flags(bank: Place) -> None:
    """If this fails, `--column` maps something else than it says."""
    ran = bank.run(
        "logs", "import", GOOD, "--model", "credit-scorer", "--column",
        "time=decided_at:timestamp!", "--column", "sex=sex:string", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    columns = bank.run("logs", "show", ran.json["log"], "--json").json["columns"]
    assert columns == [
        {"column": "sex", "source": "sex", "type": "string", "required": False},
        {"column": "time", "source": "decided_at", "type": "timestamp", "required": True},
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column", "time"], "'time' is not a column"),
        (["--column", "time=decided_at:tiemstamp"], "columns.time.type"),
        (["--column", "Time=decided_at:string"], "columns"),
        (["--timezone", "Mars/Olympus", "--column", "a=b:string"], "Mars/Olympus"),
        (["--format", "parquet"], "parquet"),
    ],
)
def test_a_wrong_map_is_explained(bank: Place, options: list[str], message: str) -> None:
    """If this fails, a slip in a column map is a traceback, or imports something else."""
    ran = bank.run("logs", "import", BAD, "--model", "credit-scorer", *options, "--json")
    assert (ran.code, ran.out, ran.error["code"]) == (2, "", "invalid_input")
    assert message in ran.error["message"]


def test_a_progress_bar_is_for_terminals_only(bank: Place) -> None:
    """If this fails, logs of nightly jobs are full of progress bars."""
    ran = bank.program("logs", "import", BAD, "--model", "credit-scorer", "--max-bad", "3")
    assert ran.code == 0
    assert "%" not in ran.err
    assert "importing" not in ran.err


def test_the_list_of_logs(bank: Place) -> None:
    """If this fails, nobody sees which decisions an audit would count."""
    (log,) = bank.run("logs", "list", "--json").json
    assert (log["log"], log["model"], log["rows"]) == ("log-1", "credit-scorer", 500)
    assert log["sources"][0]["name"] == "credit_decisions_sample.csv"
    assert log["redactions"]["email"] > 0
    assert bank.run("logs", "list", "--model", "other", "--json").json == []
