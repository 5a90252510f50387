"""MLflow: JSON inside JSON, integers beyond a float, truncated previews, arrays and lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.logs.paths import find
from tests.ledger.logs.formats.sealed import (
    DATA,
    SAMPLES,
    leaves,
    rule,
    sealed,
    summed_up,
    utc,
    written,
)

RULE = rule("mlflow_loan_agent")


def trace(**attributes: object) -> dict[str, Any]:
    """The trace that mlflow wrote, with other attributes of its span, encoded as it encodes."""
    read: dict[str, Any] = json.loads((DATA / "mlflow_trace.json").read_text())
    span = read["data"]["spans"][0]
    span["attributes"] = {name: json.dumps(value) for name, value in attributes.items()}
    return read


def test_the_sample(tmp_path: Path) -> None:
    """The loan agent's traces would lose what is in their metadata and attributes."""
    path = SAMPLES / "mlflow_loan_agent.json"
    log = sealed(tmp_path, "mlflow", path, rule=RULE)
    assert (len(log.rows), log.bad) == (48, [])
    row, text = log.rows[0], json.loads(path.read_text())[0]
    assert row["request_id"] == "loan-0000"
    assert row["trace_id"] == text["info"]["trace_id"]
    assert row["session_id"].startswith(row["user_id"])
    assert (row["operation"], row["provider"]) == ("chat", "openai")
    assert (row["model"], row["model_requested"]) == ("gpt-4o-2024-08-06", "gpt-4o")
    assert (row["prompt_name"], row["prompt_version"]) == ("loan-triage", "1.3")
    assert row["model_version"] == "m-3f5c27a1"
    usage = json.loads(text["info"]["trace_metadata"]["mlflow.trace.tokenUsage"])
    assert (row["tokens_in"], row["tokens_out"]) == tuple(usage.values())
    assert row["cost"] == pytest.approx((row["tokens_in"] * 25 + row["tokens_out"] * 100) / 1e7)
    assert row["decision"] in {"approve", "refer", "decline"}
    failed = [row for row in log.rows if row["status"] == "error"]
    assert {row["error"] for row in failed} == {
        "Rate limit reached for gpt-4o",
        "The request timed out",
        "Bad gateway",
    }


def test_an_array_lines_and_one_document_are_the_same(tmp_path: Path) -> None:
    """How traces were written to a file would decide what is read from them."""
    text = (SAMPLES / "mlflow_loan_agent.json").read_text()
    traces = json.loads(text)
    lines = written(tmp_path, "lines.jsonl", traces)
    array = sealed(tmp_path, "mlflow", SAMPLES / "mlflow_loan_agent.json", rule=RULE)
    assert sealed(tmp_path, "mlflow", lines, rule=RULE).rows == array.rows
    one = tmp_path / "one.json"
    one.write_text(json.dumps(traces[3], indent=2))
    assert sealed(tmp_path, "mlflow", one, rule=RULE).rows == [array.rows[3]]


def test_nanoseconds_keep_every_digit(tmp_path: Path) -> None:
    """A span's time would pass through a float and move by some hundred nanoseconds."""
    moment = {"source": "data.spans.0.start_time_unix_nano", "type": "timestamp", "unit": "ns"}
    whole = {"source": "data.spans.0.start_time_unix_nano", "type": "integer"}
    columns = {"columns": {"began": moment, "began_ns": whole}}
    log = sealed(tmp_path, "mlflow", DATA / "mlflow_trace.json", rule=columns)
    assert log.column("began") == [utc("2026-11-20T02:20:12.703753")]
    assert log.column("began_ns") == [1795141212703753324]
    assert ("Decimal", "1795141212706137792") in leaves(log.records[0])


def test_attributes_are_read_a_second_time(tmp_path: Path) -> None:
    """A model would be called `"gpt-4o"` with its quotes, or a decision in text not be found."""
    told = trace(
        **{
            "mlflow.spanType": "CHAT_MODEL",
            "mlflow.llm.model": 'gpt "4"',
            "mlflow.spanOutputs": {"decision": "approve"},
            "mlflow.chat.tokenUsage": {"input_tokens": 3, "output_tokens": 4},
        }
    )
    column = {
        "source": 'data.spans.0.attributes."mlflow.spanOutputs" => decision',
        "type": "string",
    }
    path = written(tmp_path, "a.jsonl", [told])
    (row,) = sealed(tmp_path, "mlflow", path, rule={"columns": {"decision": column}}).rows
    assert (row["model"], row["operation"]) == ('gpt "4"', "chat")
    assert find(told, 'data.spans.0.attributes."mlflow.llm.model" =>') == 'gpt "4"'
    assert (row["tokens_in"], row["tokens_out"]) == (3, 4)
    assert row["decision"] == "approve"


def test_the_call_is_found_below_the_root(tmp_path: Path) -> None:
    """A chain's trace would have no model, because its first span is not the call."""
    chain, call = trace(**{"mlflow.spanType": "CHAIN"}), trace(**{"mlflow.llm.model": "gpt-4o"})
    chain["data"]["spans"].append(call["data"]["spans"][0])
    path = written(tmp_path, "a.jsonl", [chain])
    (row,) = sealed(tmp_path, "mlflow", path).rows
    assert (row["model"], row["operation"]) == ("gpt-4o", "chain")


def test_cut_off_previews_are_not_parsed_as_decisions(tmp_path: Path) -> None:
    """A truncated preview would end the import, or its half be taken for a decision."""
    told = trace(**{"mlflow.spanOutputs": {"decision": "refer", "reason": "x" * 5000}})
    whole = json.dumps({"decision": "refer", "reason": "x" * 5000})
    told["info"]["response_preview"] = whole[:997] + "..."
    told["info"]["trace_metadata"]["mlflow.traceOutputs"] = whole[:247] + "..."
    sources = {
        "previewed": "info.response_preview => decision",
        "kept": 'info.trace_metadata."mlflow.traceOutputs" => decision',
        "decision": 'data.spans.0.attributes."mlflow.spanOutputs" => decision',
    }
    columns = {name: {"source": source, "type": "string"} for name, source in sources.items()}
    path = written(tmp_path, "a.jsonl", [told])
    log = sealed(tmp_path, "mlflow", path, rule={"columns": columns})
    (row,) = log.rows
    assert (row["previewed"], row["kept"], row["decision"]) == (None, None, "refer")
    assert row["output_chars"] == len(whole)


def test_spans_are_kept_without_what_was_said(tmp_path: Path) -> None:
    """If it fails, a trace loses its spans' times, or keeps the words in one of them."""
    said = "I was dismissed by my employer"
    chain, call = trace(applicant_id=17), trace(**{"mlflow.spanInputs": {"prompt": said}})
    chain["data"]["spans"] += call["data"]["spans"] * 8
    chain["data"]["spans"][3]["events"] = [{"name": "gen_ai.user.message", "content": said}]
    (record,) = summed_up(tmp_path, "mlflow", written(tmp_path, "a.jsonl", [chain]))
    assert said not in record
    assert record.count("1795141212706137792") == 9
    assert '"applicant_id":"17"' in record.replace(" ", "")


def test_states(tmp_path: Path) -> None:
    """A trace that is still running would count as done."""
    traces = []
    for state in ("OK", "ERROR", "IN_PROGRESS", "STATE_UNSPECIFIED"):
        told = trace()
        told["info"]["state"] = state
        traces.append(told)
    path = written(tmp_path, "a.jsonl", traces)
    assert sealed(tmp_path, "mlflow", path).column("status") == [
        "ok",
        "error",
        "pending",
        "STATE_UNSPECIFIED",
    ]
