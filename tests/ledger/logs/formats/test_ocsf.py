"""OCSF: milliseconds, numbers for words, and one pinned version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.logs.formats.sealed import SAMPLES, rule, sealed, utc, written

FILE = SAMPLES / "ocsf_loan_agent.jsonl"


def event(**changes: Any) -> dict[str, Any]:
    """The sample's first event, changed."""
    read: dict[str, Any] = json.loads(FILE.read_text().splitlines()[0])
    return read | changes


def test_the_sample(tmp_path: Path) -> None:
    """The loan agent's events would lose a column, or a blocked answer count as passed."""
    log = sealed(tmp_path, "ocsf", FILE, rule=rule("ocsf_loan_agent"))
    assert (len(log.rows), log.bad) == (48, [])
    row, told = log.rows[0], event()
    assert int(row["time"].timestamp() * 1000) == told["time"]
    assert row["duration_ms"] == float(told["duration"])
    assert row["request_id"] == "event-loan-0000"
    assert (row["trace_id"], row["span_id"]) == (told["trace"]["uid"], told["trace"]["span"]["uid"])
    assert row["session_id"] == told["message_context"]["uid"]
    assert row["user_id"] == told["actor"]["user"]["uid"]
    assert (row["operation"], row["provider"]) == ("chat", "openai")
    assert (row["model"], row["model_version"]) == ("gpt-4o", "2024-08-06")
    assert row["tokens_in"] == told["message_context"]["prompt_tokens"]
    assert row["output_chars"] == len(told["message_context"]["response_text"])
    assert log.column("status").count("error") == 3
    assert [row["error"] for row in log.rows if row["status"] == "error"][2] == "Bad gateway"
    assert log.column("guardrail").count("blocked") == 3
    assert log.column("guardrail").count("passed") == 42


def test_an_agents_model_stands_within_it(tmp_path: Path) -> None:
    """Events of an agent would name no model."""
    model = {"ai_provider": "internal", "name": "qwen3", "version": "4b"}
    told = event(ai_agent={"name": "triage", "ai_model": model})
    del told["ai_model"]
    (row,) = sealed(tmp_path, "ocsf", written(tmp_path, "e.jsonl", [told])).rows
    assert [row[name] for name in ("provider", "model", "model_version", "task")] == [
        "internal",
        "qwen3",
        "4b",
        "triage",
    ]


@pytest.mark.parametrize("version", ["1.9.0", "1.8.0", "2.0.0-dev", 1.9, None])
def test_another_version_is_not_guessed_at(tmp_path: Path, version: object) -> None:
    """Names that another version may have moved would be read as if they meant the same."""
    told = event()
    told["metadata"] |= {"version": version}
    log = sealed(tmp_path, "ocsf", written(tmp_path, "e.jsonl", [event(), told]))
    assert len(log.rows) == 1
    assert log.bad == ["OCSF, but not of version 1.9.0-dev, the one whose names are known"]


def test_times_are_milliseconds(tmp_path: Path) -> None:
    """An event would be dated in 1970, or 55,000 years from now."""
    told = [event(time=1795141252253), event(time="1795141252253"), event(time="yesterday")]
    log = sealed(tmp_path, "ocsf", written(tmp_path, "e.jsonl", told))
    assert log.column("time") == [utc("2026-11-20T02:20:52.253")] * 2
    assert log.bad == ["time: not a timestamp"]


def test_outcomes(tmp_path: Path) -> None:
    """An event without a control's verdict would count as passed, or a denial go unseen."""
    told = event()
    for name in ("action_id", "disposition_id"):
        told.pop(name, None)
    verdicts: list[dict[str, Any]] = [{}, {"action_id": 2}, {"action_id": 1}]
    verdicts += [{"action_id": 1, "disposition_id": 2}, {"disposition_id": 15}]
    verdicts += [{"action_id": 4, "disposition_id": 1}, {"action_id": 3}, {"disposition_id": 3}]
    lines = [told | verdict for verdict in verdicts]
    log = sealed(tmp_path, "ocsf", written(tmp_path, "e.jsonl", lines))
    outcomes = [None, "blocked", "passed", "blocked", "flagged", "masked", "flagged", "quarantined"]
    assert log.column("guardrail") == outcomes
