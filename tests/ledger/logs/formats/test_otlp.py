"""OTLP: old and new names, integers both ways, and what the GenAI conventions put into text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.ledger.logs.formats.sealed import SAMPLES, leaves, rule, sealed, summed_up, utc, written


def line(*spans: dict[str, Any]) -> dict[str, Any]:
    """One line of a file of traces."""
    resource = {"attributes": [{"key": "service.version", "value": {"stringValue": "3.2.0"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def span(**attributes: dict[str, Any]) -> dict[str, Any]:
    """One span; `gen_ai_x` stands for `gen_ai.x`."""
    return {
        "traceId": "a" * 32,
        "spanId": "b" * 16,
        "startTimeUnixNano": "1795141152210161250",
        "endTimeUnixNano": "1795141152210176703",
        "attributes": [
            {"key": key.replace("__", "."), "value": value} for key, value in attributes.items()
        ],
    }


def test_the_sample(tmp_path: Path) -> None:
    """The loan agent's spans would lose their decisions, or the older half its tokens."""
    path = SAMPLES / "otlp_loan_agent.jsonl"
    log = sealed(tmp_path, "otlp", path, rule=rule("otlp_loan_agent"))
    assert log.bad == []
    chats = [row for row in log.rows if row["operation"] == "chat"]
    tools = [row for row in log.rows if row["operation"] == "tool"]
    assert (len(chats), len(tools)) == (48, 16)
    assert {row["parent_id"] for row in tools} <= {row["span_id"] for row in chats}
    answered = [row for row in chats if row["status"] == "ok"]
    assert len(answered) == 45
    assert all(row["tokens_in"] > 0 and row["provider"] == "openai" for row in answered)
    assert [row["error"] for row in chats if row["status"] == "error"] == [
        "Rate limit reached for gpt-4o",
        "The request timed out",
        "Bad gateway",
    ]
    assert {row["model"] for row in chats if row["status"] == "error"} == {"gpt-4o"}
    assert {row["model"] for row in answered} == {"gpt-4o-2024-08-06"}
    assert sum(row["guardrail"] == "blocked" for row in chats) == 3
    assert {row["model_version"] for row in chats} == {"3.2.0"}
    first = log.rows[0]
    assert first["duration_ms"] is not None
    assert 300 <= first["duration_ms"] < 4000
    assert first["session_id"].startswith(first["user_id"])
    assert '"schemaUrl":"https://opentelemetry.io/schemas/1.41.0"' in log.records[0]
    assert log.redactions == {"email": 2}


def test_integers_as_text_and_as_numbers(tmp_path: Path) -> None:
    """A time in nanoseconds would pass through a float, or be a time only as text."""
    tokens = "gen_ai__usage__input_tokens"
    as_text = span(**{tokens: {"intValue": "9007199254740993"}})
    as_number = span(**{tokens: {"intValue": 9007199254740993}}) | {
        "startTimeUnixNano": 1795141152210161250,
        "endTimeUnixNano": 1795141152210176703,
    }
    log = sealed(tmp_path, "otlp", written(tmp_path, "a.jsonl", [line(as_text, as_number)]))
    assert log.column("tokens_in") == [9007199254740993] * 2
    assert log.column("time") == [utc("2026-11-20T02:19:12.210161")] * 2
    assert log.column("duration_ms") == [0.015] * 2
    assert "1795141152210161250" in log.records[1]


def test_status(tmp_path: Path) -> None:
    """Calls without an error would be missing from an error rate, or failed ones count as good."""
    codes: list[Any] = [{}, {"code": 0}, {"code": 1}, {"code": 2, "message": "no"}]
    codes += [{"code": "STATUS_CODE_ERROR"}, {"code": "STATUS_CODE_UNSET"}]
    spans = [span() | {"status": code} for code in codes]
    log = sealed(tmp_path, "otlp", written(tmp_path, "a.jsonl", [line(*spans)]))
    assert log.column("status") == ["ok", "ok", "ok", "error", "error", "ok"]
    assert log.column("error") == [None, None, None, "no", None, None]


def test_old_and_new_names_in_one_file(tmp_path: Path) -> None:
    """Half of the calls would lose model, provider and tokens when a library was upgraded."""
    said: dict[str, Any] = {"stringValue": "openai"}
    old = span(
        gen_ai__system=said,
        gen_ai__usage__prompt_tokens={"intValue": "7"},
        gen_ai__usage__completion_tokens={"intValue": 8},
        gen_ai__completion={"stringValue": "refér"},
    )
    new = span(
        gen_ai__provider__name=said,
        gen_ai__usage__input_tokens={"intValue": 7},
        gen_ai__usage__output_tokens={"intValue": "8"},
        gen_ai__output__messages={"stringValue": '[{"parts":[{"content":"refér"}]}]'},
    )
    log = sealed(tmp_path, "otlp", written(tmp_path, "a.jsonl", [line(old), line(new)]))
    for name, value in {"provider": "openai", "tokens_in": 7, "tokens_out": 8}.items():
        assert log.column(name) == [value, value]
    assert log.column("output_chars") == [5, 5]


def test_a_decision_inside_text_and_inside_structured_messages(tmp_path: Path) -> None:
    """A decision three layers of JSON deep would not be found, or only in one of the encodings."""
    answer = '{"decision": "refer"}'
    text = '[{"parts":[{"type":"text","content":"{\\"decision\\": \\"refer\\"}"}]}]'
    as_text = span(gen_ai__output__messages={"stringValue": text})
    decision = span(loan__decision={"stringValue": "refer"})
    old = span(gen_ai__completion={"stringValue": answer})
    said = {"key": "content", "value": {"stringValue": answer}}
    parts = {"arrayValue": {"values": [{"kvlistValue": {"values": [said]}}]}}
    message = {"kvlistValue": {"values": [{"key": "parts", "value": parts}]}}
    structured = span(gen_ai__output__messages={"arrayValue": {"values": [message]}})
    sources = [
        "span.attributes{gen_ai.output.messages} => 0.parts.0.content => decision",
        "span.attributes{gen_ai.output.messages}.0{parts}.0{content} => decision",
        "span.attributes{loan.decision}",
        "span.attributes{gen_ai.completion} => decision",
    ]
    column = {"columns": {"decision": {"source": sources, "type": "string"}}}
    path = written(tmp_path, "a.jsonl", [line(as_text, decision, old, structured)])
    log = sealed(tmp_path, "otlp", path, rule=column)
    assert log.column("decision") == ["refer"] * 4
    assert log.column("output_chars") == [len(answer), None, len(answer), len(answer)]


def test_conversations_of_many_turns_in_attributes(tmp_path: Path) -> None:
    """If it fails, all turns but the first are kept whole although no policy says so."""
    said = "I was dismissed by my employer"
    turns = {
        name: {"stringValue": f"{said}, {number}"}
        for number, name in enumerate(
            (
                *("gen_ai__prompt__0__content", "gen_ai__prompt__7__content"),
                *("gen_ai__completion__12__content", "gen_ai__prompt__0__tool_calls__3__arguments"),
                *("llm__input_messages__4__message__content", "traceloop__entity__input"),
                *("input__value", "gen_ai__tool__call__result"),
            )
        )
    }
    roles = {f"gen_ai__prompt__{i}__role": {"stringValue": "user"} for i in range(2)}
    path = written(tmp_path, "a.jsonl", [line(span(**turns, **roles))])
    (record,) = summed_up(tmp_path, "otlp", path)
    assert said not in record
    assert record.count('"conversation":"digest"') == len(turns)
    assert record.count('"stringValue": "user"') == len(roles)


def test_a_bad_line_among_good_ones(tmp_path: Path) -> None:
    """One damaged line, or one of logs, would cost the whole file or disappear from it."""
    lines = [line(span()), '{"resourceLogs":[]}', '{"resourceSpans":[', line(span(), span())]
    log = sealed(tmp_path, "otlp", written(tmp_path, "a.jsonl", lines))
    assert len(log.rows) == 3
    assert log.bad[0] == "OTLP, but logs: decisions are read from traces"
    assert log.bad[1].startswith("not valid JSON")


@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=40))
@example([4111111111111111, 6226685686932006912, 378282246310005])  # check digits of cards
def test_any_64_bit_integer(tmp_path_factory: Any, numbers: list[int]) -> None:
    """Some integer would be sealed as another one."""
    folder = tmp_path_factory.mktemp("any")
    key = "gen_ai__usage__input_tokens"
    spans = [span(**{key: {"intValue": str(n) if n % 2 else n}}) for n in numbers]
    path = written(folder, "a.jsonl", [line(*spans)])
    log = sealed(folder, "otlp", path)
    assert log.column("tokens_in") == numbers
    kept = [leaves(record) for record in log.records]
    assert all(
        ("Decimal", str(n)) in had or ("str", str(n)) in had
        for n, had in zip(numbers, kept, strict=True)
    )
