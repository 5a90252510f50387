"""OpenAI batches: answers joined with their requests, in any order and from any file."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.logs.formats import openai_batch
from ledger.logs.formats.openai_batch import gather
from tests.ledger.logs.formats.sealed import SAMPLES, leaves, rule, sealed, utc, written

OUTPUT, ERRORS, INPUT = (
    SAMPLES / f"openai_batch_loan_agent{part}.jsonl" for part in ("", "_errors", "_input")
)
RULE = rule("openai_batch_loan_agent")


def asked(custom_id: str, url: str = "/v1/chat/completions", **body: Any) -> dict[str, Any]:
    """A line of an input file."""
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": {"model": "m"} | body}


def answered(custom_id: str, body: dict[str, Any], code: int = 200) -> dict[str, Any]:
    """A line of an output file."""
    response = {"status_code": code, "request_id": f"req-{custom_id}", "body": body}
    return {"id": f"b-{custom_id}", "custom_id": custom_id, "response": response, "error": None}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_sample_in_any_order_of_files(tmp_path: Path, order: Sequence[int]) -> None:
    """An answer would lose its prompt, depending on which file was named first."""
    files = [(OUTPUT, ERRORS, INPUT)[i] for i in order]
    log = sealed(tmp_path, "openai-batch", *files, rule=RULE)
    assert (len(log.rows), log.bad) == (48, [])
    requests = {one["custom_id"]: one for one in map(json.loads, INPUT.read_text().splitlines())}
    for row, record in zip(log.rows, log.records, strict=True):
        request = json.loads(record)["request"]
        about = request["body"]["metadata"]
        assert request["custom_id"] == row["request_id"]
        assert row["sex"] == about["sex"]
        assert row["model_requested"] == "gpt-4o"
        if row["status"] == "ok" and row["guardrail"] != "blocked":
            assert row["decision"] in {"approve", "refer", "decline"}
    # The prompts with an address were redacted within the joined records.
    unredacted = {name for name, one in requests.items() if "@example.org" not in json.dumps(one)}
    kept = {row["request_id"]: record for row, record in zip(log.rows, log.records, strict=True)}
    assert len(requests.keys() - unredacted) == log.redactions["email"] == 2
    for name in unredacted:
        assert not leaves(json.dumps(requests[name])) - leaves(kept[name])
    assert Counter(log.column("status")) == {"ok": 45, "error": 3}
    assert Counter(log.column("guardrail")) == {"none": 42, "blocked": 3, None: 3}
    errors = [row for row in log.rows if row["status"] == "error"]
    assert {row["error"] for row in errors} == {"This request could not be executed."}
    assert {row["model"] for row in errors} == {"gpt-4o"}


def test_answers_alone(tmp_path: Path) -> None:
    """Answers whose input file is gone could not be imported at all."""
    log = sealed(tmp_path, "openai-batch", OUTPUT, rule=RULE)
    assert (len(log.rows), log.bad) == (45, [])
    assert set(log.column("model_requested")) == {None}
    assert set(log.column("operation")) == {"chat"}
    assert log.column("decision").count(None) == 3
    assert log.records == OUTPUT.read_text().splitlines()


def test_requests_without_an_answer(tmp_path: Path) -> None:
    """Requests that nothing answered would be sealed as decisions, or vanish."""
    log = sealed(tmp_path, "openai-batch", OUTPUT, INPUT)
    assert (len(log.rows), len(log.bad)) == (45, 3)
    assert set(log.bad) == {"a request without an answer: add the output and error files"}
    alone = sealed(tmp_path, "openai-batch", INPUT)
    assert (alone.rows, len(alone.bad)) == ([], 48)


def test_two_batches_that_share_ids(tmp_path: Path) -> None:
    """An answer would be joined with the prompt of another batch."""
    lines = [asked("a"), asked("a", other=1), answered("a", {}), asked("b"), answered("b", {})]
    log = sealed(tmp_path, "openai-batch", written(tmp_path, "x.jsonl", lines))
    assert log.column("request_id") == ["b"]
    assert log.bad == ["its custom_id stands in two requests: import one batch at a time"] * 3


def test_every_endpoint(tmp_path: Path) -> None:
    """Answers of another endpoint would have no tokens, no time or another operation."""
    chat = {"object": "chat.completion", "created": 1711652795, "model": "gpt-4o-2024-08-06"}
    chat |= {"usage": {"prompt_tokens": 22, "completion_tokens": 2}}
    chat |= {"choices": [{"message": {"content": "refer"}, "finish_reason": "stop"}]}
    responses = {
        "object": "response",
        "created_at": 1711652796,
        "model": "m",
        "status": "completed",
    }
    responses |= {"usage": {"input_tokens": 5, "output_tokens": 6}}
    responses |= {"output": [{"content": [{"type": "output_text", "text": "reférred"}]}]}
    embeddings = {"object": "list", "model": "e", "usage": {"prompt_tokens": 9}}
    cut = responses | {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
    lines = [
        answered("c", chat),
        answered("r", responses),
        answered("e", embeddings),
        answered("i", cut),
        answered("x", {"error": {"message": "Unknown model"}}, 400),
        asked("c"),
        asked("r", "/v1/responses", prompt={"id": "p", "version": "2"}),
        asked("e", "/v1/embeddings"),
        asked("i", "/v1/responses"),
        asked("x"),
    ]
    log = sealed(tmp_path, "openai-batch", written(tmp_path, "x.jsonl", lines))
    assert log.bad == []
    assert log.column("operation") == ["chat", "chat", "embeddings", "chat", "chat"]
    assert log.column("tokens_in") == [22, 5, 9, 5, None]
    assert log.column("tokens_out") == [2, 6, None, 6, None]
    assert log.column("time")[:3] == [
        utc("2024-03-28T19:06:35"),
        utc("2024-03-28T19:06:36"),
        None,
    ]
    assert log.column("output_chars") == [5, 8, None, 8, None]
    assert log.column("guardrail") == ["none", None, None, "blocked", None]
    assert log.column("status") == ["ok", "ok", "ok", "ok", "error"]
    assert log.column("error") == [None, None, None, None, "Unknown model"]
    assert log.column("prompt_version") == [None, "2", None, None, None]
    assert log.column("model")[-1] == "m"


def test_a_packed_input_file(tmp_path: Path) -> None:
    """A compressed input file would be seen as no requests, and prompts be missing."""
    packed = tmp_path / "input.jsonl.gz"
    packed.write_bytes(gzip.compress(INPUT.read_bytes()))
    log = sealed(tmp_path, "openai-batch", OUTPUT, ERRORS, packed)
    plain = sealed(tmp_path, "openai-batch", OUTPUT, ERRORS, INPUT)
    assert log.records == plain.records


def test_lines_that_belong_to_no_batch(tmp_path: Path) -> None:
    """A stray line would stop the import, or be sealed as an answer."""
    stray = ['{"custom_id": 7, "response": null}', '{"custom_id": "a"}', "{}"]
    lines = [answered("a", {}), *stray]
    log = sealed(tmp_path, "openai-batch", written(tmp_path, "x.jsonl", lines))
    assert log.column("request_id") == ["a"]
    assert log.bad == ["not a line of a batch's input, output or error file"] * 3


def test_requests_are_not_kept_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts would lie unredacted on disk while a long batch is joined, or not be joined there."""
    monkeypatch.setattr(openai_batch, "KEPT", 100)
    requests = INPUT.read_bytes().splitlines()
    unfold = gather([*requests, *OUTPUT.read_bytes().splitlines()])
    file = unfold.__self__._file  # type: ignore[attr-defined]
    assert file._rolled
    file.seek(0)
    kept = file.read()
    assert len(kept) > sum(map(len, requests))
    assert b"applicant" not in kept
    assert b"custom_id" not in kept
    for line in OUTPUT.read_bytes().splitlines():
        (record,) = unfold(line)
        assert json.dumps(json.loads(record)["request"], separators=(",", ":")).encode() in requests


IDS = st.sampled_from(["a", "b", "c", "d", "é"])
SPACE = st.sampled_from(["", " ", "\n"])


@settings(max_examples=150)
@given(st.lists(st.tuples(IDS, st.booleans()), max_size=12), SPACE)
def test_each_line_ends_up_somewhere(lines: list[tuple[str, bool]], space: str) -> None:
    """Some order of requests and answers would lose a line, or join it wrongly."""
    told = [
        (name, asks, json.dumps(asked(name, n=i) if asks else answered(name, {"n": i})) + space)
        for i, (name, asks) in enumerate(lines)
    ]
    unfold = gather(line.encode() for *_, line in told)
    asked_for = Counter(name for name, asks, _ in told if asks)
    answers = {name for name, asks, _ in told if not asks}
    for name, asks, line in told:
        if asked_for[name] > 1 or (asks and name not in answers):
            with pytest.raises(ValueError, match="request"):
                unfold(line.encode())
        elif asks:
            assert unfold(line.encode()) == []
        else:
            (record,) = map(json.loads, unfold(line.encode()))
            request = record.pop("request", None)
            assert record == json.loads(line)
            assert bool(request) == bool(asked_for[name])
            assert request is None or request["custom_id"] == name
