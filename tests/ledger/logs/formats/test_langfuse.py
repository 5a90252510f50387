"""Langfuse: the same observations as JSON Lines, Parquet, CSV and from the API; scores."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.logs.recognising import recognised
from tests.ledger.logs.formats.sealed import SAMPLES, rule, sealed, utc, written

FILE = SAMPLES / "langfuse_loan_agent.jsonl"
RULE = rule("langfuse_loan_agent")


def observations() -> list[dict[str, Any]]:
    """The sample's rows."""
    return [json.loads(line) for line in FILE.read_text().splitlines()]


def camel(name: str) -> str:
    """Spell a name as the API does."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def as_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as the export does: objects and arrays as JSON text."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            cells = row.items()
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in cells}
            )
    return path


def test_the_sample(tmp_path: Path) -> None:
    """The loan agent's observations would lose a column, or be set in another time zone."""
    log = sealed(tmp_path, "langfuse", FILE, rule=RULE)
    assert (len(log.rows), log.bad) == (48, [])
    row, told = log.rows[0], observations()[0]
    assert row["time"] == utc(told["start_time"])
    assert row["duration_ms"] == pytest.approx(told["latency"] * 1000, abs=0.0005)
    assert (row["request_id"], row["trace_id"]) == ("obs-loan-0000", "t-loan-0000")
    assert (row["parent_id"], row["error"]) == (None, None)
    assert (row["tokens_in"], row["cost"]) == (told["usage_details"]["input"], told["total_cost"])
    assert (row["prompt_name"], row["prompt_version"]) == ("loan-triage", "1.3")
    assert (row["model"], row["model_version"]) == ("gpt-4o", "3.2.0")
    assert (row["operation"], row["task"]) == ("chat", "loan-application")
    assert row["output_chars"] == len(told["output"])
    assert row["sex"] == told["metadata"]["sex"]
    assert [row["error"] for row in log.rows if row["status"] == "error"] == [
        "Rate limit reached for gpt-4o",
        "The request timed out",
        "Bad gateway",
    ]


def test_every_container_maps_alike(tmp_path: Path) -> None:
    """What is read of an observation would depend on the file type of the integration."""
    rows = observations()
    lines = sealed(tmp_path, "langfuse", FILE, rule=RULE)
    cells = sealed(tmp_path, "langfuse", as_csv(tmp_path / "o.csv", rows), rule=RULE)
    assert cells.rows == lines.rows
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "o.parquet")
    columnar = sealed(tmp_path, "langfuse", tmp_path / "o.parquet", rule=RULE)
    assert columnar.rows == lines.rows


def test_times_of_parquet_without_a_zone(tmp_path: Path) -> None:
    """Typed Parquet timestamps, which state no zone, would be rejected or moved."""
    rows = [
        row | {name: utc(row[name]).replace(tzinfo=None) for name in ("start_time", "end_time")}
        for row in observations()
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "o.parquet")
    columnar = sealed(tmp_path, "langfuse", tmp_path / "o.parquet", rule=RULE)
    assert columnar.rows == sealed(tmp_path, "langfuse", FILE, rule=RULE).rows


def test_the_api_spells_names_otherwise(tmp_path: Path) -> None:
    """Observations fetched from the API would be sealed without a column of theirs."""
    rows = [
        {camel(name): value for name, value in row.items()}
        | {
            "startTime": row["start_time"].replace(" ", "T") + "Z",
            "endTime": row["end_time"].replace(" ", "T") + "Z",
        }
        for row in observations()
    ]
    fetched = sealed(
        tmp_path,
        "langfuse-api",
        written(tmp_path, "api.jsonl", rows),
        rule=RULE | {"format": "langfuse-api"},
    )
    assert fetched.rows == sealed(tmp_path, "langfuse", FILE, rule=RULE).rows


def test_latency_is_not_believed(tmp_path: Path) -> None:
    """An older integration's milliseconds would be taken for seconds, or the other way round."""
    row = observations()[0]
    path = written(tmp_path, "o.jsonl", [row | {"latency": latency} for latency in (397, 0.397)])
    first, second = sealed(tmp_path, "langfuse", path).column("duration_ms")
    assert first == second == pytest.approx(row["latency"] * 1000, abs=0.0005)


def test_empty_text_is_not_set(tmp_path: Path) -> None:
    """An observation that has not ended, or has no user, would be a bad row or have user ''."""
    blank = ("end_time", "user_id", "session_id", "prompt_version", "total_cost", "output")
    row = observations()[0] | dict.fromkeys(blank, "")
    (read,) = sealed(tmp_path, "langfuse", as_csv(tmp_path / "o.csv", [row])).rows
    assert [read[name] for name in ("duration_ms", "user_id", "session_id")] == [None] * 3
    assert (read["prompt_version"], read["output_chars"]) == (None, None)
    assert read["cost"] == row["cost_details"]["total"]


def test_field_groups_may_be_left_out(tmp_path: Path) -> None:
    """An export without input and output would not be readable at all."""
    core = ("id", "trace_id", "type", "start_time", "end_time", "project_id")
    row = {name: observations()[0][name] for name in core}
    (read,) = sealed(tmp_path, "langfuse", written(tmp_path, "o.jsonl", [row])).rows
    assert read["duration_ms"] > 0
    assert (read["tokens_in"], read["output_chars"], read["status"]) == (None, None, None)


def test_scores_are_feedback(tmp_path: Path) -> None:
    """A rating could not be joined with the answer that it rates."""
    path = SAMPLES / "langfuse_loan_agent_scores.jsonl"
    log = sealed(tmp_path, "langfuse-scores", path)
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert log.bad == []
    assert log.column("rating") == [float(score["value"]) for score in told]
    answers = {row["id"] for row in observations()}
    assert set(log.column("request_id")) <= answers
    assert log.column("time") == [utc(score["timestamp"]) for score in told]
    assert set(log.column("comment")) == {None, "The reason does not fit the file."}
    assert set(log.column("rated_by")) == {"ANNOTATION"}
    named = [
        told[0]
        | {"observation_id": "", "data_type": "CATEGORICAL", "value": 0, "string_value": "ok"}
    ]
    (row,) = sealed(tmp_path, "langfuse-scores", written(tmp_path, "s.jsonl", named)).rows
    assert (row["request_id"], row["outcome"]) == (told[0]["trace_id"], "ok")


def test_a_table_of_cells_is_recognised(tmp_path: Path) -> None:
    """An export as CSV, compressed as the integration writes it, would be a plain table."""
    packed = tmp_path / "o.csv.gz"
    packed.write_bytes(gzip.compress(as_csv(tmp_path / "o.csv", observations()).read_bytes()))
    assert recognised(packed).format.name == "langfuse"
    assert sealed(tmp_path, "langfuse", packed, rule=RULE).bad == []
