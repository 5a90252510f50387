"""LiteLLM: float seconds, the gateway's guardrails, and metadata that is JSON text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.logs.formats import FORMATS
from tests.ledger.logs.formats.sealed import DATA, SAMPLES, rule, sealed, summed_up, utc, written

PAYLOAD = DATA / "litellm_standard_logging_payload.json"


def payload(**changes: Any) -> dict[str, Any]:
    """The payload that litellm wrote, changed."""
    read: dict[str, Any] = json.loads(PAYLOAD.read_text())
    return read | changes


def test_the_samples_agree(tmp_path: Path) -> None:
    """The same calls would be told differently by the callback and by the proxy's table."""
    names = ("litellm_loan_agent", "litellm_spend_loan_agent")
    logged, spent = (
        sealed(tmp_path, form, SAMPLES / f"{name}.jsonl", rule=rule(name))
        for form, name in zip(("litellm", "litellm-spend"), names, strict=True)
    )
    assert (len(logged.rows), logged.bad, spent.bad) == (48, [], [])
    for name in (
        "time",
        "request_id",
        "span_id",
        "session_id",
        "user_id",
        "tokens_in",
        "tokens_out",
        "cost",
    ):
        assert logged.column(name) == spent.column(name), name
    for name in ("decision", "sex", "confidence", "status", "error", "output_chars", "operation"):
        assert logged.column(name) == spent.column(name), name
    assert logged.column("duration_ms") == pytest.approx(spent.column("duration_ms"), abs=0.001)
    assert logged.column("model_requested") == ["loan-model"] * 48
    assert logged.column("guardrail").count("blocked") == 3
    assert spent.column("guardrail").count("blocked") == 3
    assert logged.column("guardrail").count("passed") == 42


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ("1795141252.25304", "2026-11-20T02:20:52.253040"),
        ("1795141252.2530398", "2026-11-20T02:20:52.253040"),
        ("1795141252.0000002", "2026-11-20T02:20:52"),
        ("1795141252", "2026-11-20T02:20:52"),
        ("1795141251.9999998", "2026-11-20T02:20:52"),
    ],
)
def test_float_seconds_are_rounded_to_microseconds(
    tmp_path: Path, seconds: str, expected: str
) -> None:
    """A call would be dated by the noise of a float, or cut instead of rounded."""
    text = json.dumps(payload(startTime=0)).replace('"startTime": 0', f'"startTime": {seconds}')
    log = sealed(tmp_path, "litellm", written(tmp_path, "p.jsonl", [text]))
    assert log.column("time") == [utc(expected)]
    assert f'"startTime": {seconds}' in log.records[0]


def test_guardrails(tmp_path: Path) -> None:
    """If it fails, a blocked or masked answer counts as passed, by another guardrail's word."""
    hidden = {"guardrail_status": "success", "masked_entity_count": {"EMAIL_ADDRESS": 2}}
    nothing = hidden | {"masked_entity_count": {}}
    stopped = {"choices": [{"finish_reason": "content_filter"}]}
    ran = [{"guardrail_status": "success"}, {"guardrail_status": "guardrail_intervened"}]
    overall = {"status_fields": {"guardrail_status": "guardrail_intervened"}}
    payloads = [
        payload(guardrail_information=ran, **overall),
        payload(guardrail_information=ran[1:], status_fields=None),
        payload(guardrail_information=ran[0], status_fields=None),
        payload(status_fields={"guardrail_status": "guardrail_failed_to_respond"}),
        payload(status_fields={"guardrail_status": "not_run"}),
        payload(status_fields=None),
        payload(guardrail_information=[nothing, hidden], status_fields={}),
        payload(guardrail_information=[hidden], status_fields={"guardrail_status": "success"}),
        payload(guardrail_information=[hidden, ran[1]], status_fields=None),
        payload(guardrail_information=[nothing], status_fields=None),
        payload(response=stopped, status_fields={"guardrail_status": "not_run"}),
        payload(status_fields={"guardrail_status": "guardrail_flagged"}),
    ]
    log = sealed(tmp_path, "litellm", written(tmp_path, "p.jsonl", payloads))
    outcomes = [
        *("blocked", "blocked", "passed", "guardrail_failed_to_respond", "none", None),
        *("masked", "masked", "blocked", "passed", "blocked", "flagged"),
    ]
    assert log.column("guardrail") == outcomes
    row = json.loads((SAMPLES / "litellm_spend_loan_agent.jsonl").read_text().splitlines()[0])
    for told in payloads:
        for name in ("status_fields", "guardrail_information"):
            told.setdefault(name, None)
    spent = [
        row
        | {"response": json.dumps(told["response"])}
        | {"metadata": json.dumps({k: told[k] for k in ("status_fields", "guardrail_information")})}
        for told in payloads
    ]
    log = sealed(tmp_path, "litellm-spend", written(tmp_path, "s.jsonl", spent))
    assert log.column("guardrail") == outcomes


def test_what_was_masked(tmp_path: Path) -> None:
    """If it fails, an answer whose personal data a guardrail masked looks like any that passed."""
    ran: list[dict[str, Any]] = [{"guardrail_status": "success", "masked_entity_count": None}]
    ran += [{"guardrail_status": "success", "masked_entity_count": {"PHONE": 1}}]
    ways: tuple[Any, ...] = (ran, ran[:1], ran[1], None, [{"masked_entity_count": {}}])
    payloads = [payload(guardrail_information=told) for told in ways]
    log = sealed(tmp_path, "litellm", written(tmp_path, "p.jsonl", payloads))
    masked = ['{"PHONE":1}', None, '{"PHONE":1}', None, None]
    assert log.column("masked_entities") == masked
    row = json.loads((SAMPLES / "litellm_spend_loan_agent.jsonl").read_text().splitlines()[0])
    rows = [row | {"metadata": json.dumps({"guardrail_information": told})} for told in ways]
    spent = sealed(tmp_path, "litellm-spend", written(tmp_path, "s.jsonl", rows))
    assert spent.column("masked_entities") == masked


def test_what_guardrails_and_tools_were_given(tmp_path: Path) -> None:
    """If it fails, words of a conversation that the policy does not keep stay beside it."""
    said = "I was dismissed by my employer in May"
    told = payload(
        guardrail_information=[
            {"guardrail_status": "success"},
            {"guardrail_status": "success", "guardrail_response": [{"text": said}]},
        ],
        metadata={"mcp_tool_call_metadata": {"name": "search", "arguments": {"query": said}}},
    )
    path = written(tmp_path, "p.jsonl", [told])
    row = json.loads((SAMPLES / "litellm_spend_loan_agent.jsonl").read_text().splitlines()[0])
    row["metadata"] = json.dumps(
        told["metadata"] | {"guardrail_information": {"match_details": said}}
    )
    spend = written(tmp_path, "s.jsonl", [row])
    for form, log, parts in (("litellm", path, 2), ("litellm-spend", spend, 2)):
        (record,) = summed_up(tmp_path, form, log)
        assert said not in record
        assert record.count('"roles\\":[]' if form == "litellm-spend" else '"roles":[]') >= parts
        assert "search" in record


def test_failures_and_kept_back_prompts(tmp_path: Path) -> None:
    """A failed call, or one whose messages the proxy did not keep, would be a bad row."""
    kept_back = "redacted-by-litellm"
    payloads = [
        payload(status="failure", error_str="Bad gateway", response=None, response_cost=0),
        payload(messages=kept_back, response={"text": kept_back}),
        payload(messages=kept_back, response=kept_back),
    ]
    log = sealed(tmp_path, "litellm", written(tmp_path, "p.jsonl", payloads))
    assert log.column("status") == ["error", "ok", "ok"]
    assert log.column("error") == ["Bad gateway", None, None]
    assert log.column("output_chars") == [None] * 3
    assert log.column("model") == ["gpt-4o"] * 3


def test_spend_logs_without_a_zone(tmp_path: Path) -> None:
    """Rows copied out of the database, whose times state no zone, would be dated by a guess."""
    row = json.loads((SAMPLES / "litellm_spend_loan_agent.jsonl").read_text().splitlines()[0])
    row |= {"startTime": "2026-11-20 02:20:52.253", "endTime": "2026-11-20 02:20:53"}
    path = written(tmp_path, "s.jsonl", [row])
    assert "without a zone" in sealed(tmp_path, "litellm-spend", path).bad[0]
    stated = sealed(tmp_path, "litellm-spend", path, rule={"timezone": "UTC"})
    assert stated.column("time") == [utc("2026-11-20T02:20:52.253")]


def test_whose_data_it_is() -> None:
    """Hashes of keys, e-mail and network addresses would be kept as if they were nobody's."""
    for name, prefix in (("litellm", "metadata."), ("litellm-spend", "metadata => ")):
        personal = set(FORMATS[name].personal)
        assert {f"{prefix}user_api_key_user_email", f"{prefix}user_api_key_hash"} <= personal
        assert {"end_user", "requester_ip_address"} <= personal
        assert {"messages", "response"} <= set(FORMATS[name].conversation)
    assert "api_key" in FORMATS["litellm-spend"].personal
