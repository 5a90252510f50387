"""LangSmith: models in metadata, costs as text, times that may lack a zone, bulk exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ledger.logs.formats.sealed import SAMPLES, rule, sealed, utc, written

FILE = SAMPLES / "langsmith_loan_agent.jsonl"
RULE = rule("langsmith_loan_agent")


def runs() -> list[dict[str, Any]]:
    """The sample's runs."""
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def test_the_sample(tmp_path: Path) -> None:
    """The loan agent's runs would lose a column, or the project be taken for the conversation."""
    log = sealed(tmp_path, "langsmith", FILE, rule=RULE)
    assert (len(log.rows), log.bad) == (48, [])
    row, told = log.rows[0], runs()[0]
    metadata = told["extra"]["metadata"]
    assert row["time"] == utc(told["start_time"].removesuffix("Z"))
    assert 300 <= row["duration_ms"] < 4000
    assert row["request_id"] == row["span_id"] == told["id"]
    assert row["session_id"] == metadata["thread_id"] != told["session_id"]
    assert row["user_id"] == metadata["user_id"]
    assert (row["provider"], row["model"]) == ("openai", "gpt-4o-2024-08-06")
    assert (row["model_requested"], row["model_version"]) == ("gpt-4o", "3.2.0")
    assert (row["prompt_name"], row["prompt_version"]) == ("loan-triage", "1.3")
    assert row["cost"] == float(told["total_cost"])
    assert row["tokens_in"] == told["prompt_tokens"]
    assert row["guardrail"] == "none"
    failed = [row for row in log.rows if row["status"] == "error"]
    assert {row["model"] for row in failed} == {"gpt-4o"}
    assert len(failed) == 3


def test_costs_are_decimal_text(tmp_path: Path) -> None:
    """A cost in text would be missing, or one in scientific notation be a bad row."""
    costs = ["0.000225", "1E-7", None, "0"]
    told = [runs()[0] | {"total_cost": cost} for cost in costs]
    log = sealed(tmp_path, "langsmith", written(tmp_path, "r.jsonl", told))
    assert log.column("cost") == [0.000225, 1e-7, None, 0.0]
    assert '"total_cost": "1E-7"' in log.records[1]


def test_times_without_a_zone_are_not_guessed(tmp_path: Path) -> None:
    """Decisions would be dated by a guess, hours from when they were made."""
    told = [runs()[0] | {"start_time": "2026-07-02T03:04:05", "end_time": "2026-07-02T03:04:06.5"}]
    path = written(tmp_path, "r.jsonl", told)
    log = sealed(tmp_path, "langsmith", path)
    assert (log.rows, len(log.bad)) == ([], 1)
    assert log.bad[0].endswith("a time without a zone, and the column map states none")
    stated = sealed(tmp_path, "langsmith", path, rule={"timezone": "Europe/Berlin"})
    assert stated.column("time") == [utc("2026-07-02T01:04:05")]
    assert stated.column("duration_ms") == [1500.0]


@pytest.mark.parametrize("texts", [True, False])
def test_a_bulk_export(tmp_path: Path, texts: bool) -> None:
    """A Parquet export would map differently from the API, with objects typed or as text."""
    nested = ("extra", "inputs", "outputs")
    told = [
        run | {n: json.dumps(run[n]) if texts else run[n] for n in nested if run[n] is not None}
        for run in runs()
    ]
    pq.write_table(pa.Table.from_pylist(told), tmp_path / "r.parquet")
    exported = sealed(tmp_path, "langsmith", tmp_path / "r.parquet", rule=RULE)
    assert exported.rows == sealed(tmp_path, "langsmith", FILE, rule=RULE).rows
