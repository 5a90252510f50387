"""The loan agent's cases as gateways and providers write them: payloads, batches, events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sample_data.loan_agent import (
    MODEL_ASKED,
    MODEL_SERVED,
    PROMPT,
    Case,
    compact,
    iso,
    micros,
)

Lines = Iterable[str]
KEY_HASH = sha256(b"the loan agent's key").hexdigest()
# Answers come back in another order than the requests went out.
SHUFFLED = 29


def _seconds(case: Case) -> tuple[float, float]:
    return micros(case.at) / 1e6, micros(case.ended) / 1e6


def _response(case: Case) -> dict[str, Any]:
    """A chat completion as the provider returned it."""
    message = {"role": "assistant", "content": case.answer or ""}
    return {
        "id": f"chatcmpl-{case.key}",
        "object": "chat.completion",
        "created": micros(case.ended) // 10**6,
        "model": MODEL_SERVED,
        "choices": [{"index": 0, "message": message, "finish_reason": case.finish}],
        "usage": {
            "prompt_tokens": case.tokens_in,
            "completion_tokens": case.tokens_out,
            "total_tokens": case.tokens_in + case.tokens_out,
        },
    }


def _guardrail(case: Case) -> str:
    return "not_run" if case.error else "guardrail_intervened" if case.blocked else "success"


def _key(case: Case) -> dict[str, Any]:
    """What the gateway knows of the key that was used."""
    return {
        "user_api_key_hash": KEY_HASH,
        "user_api_key_alias": "loan-agent-production",
        "user_api_key_team_id": "lending",
        "user_api_key_user_id": case.officer,
        "user_api_key_user_email": f"{case.officer}@example.com",
    }


def litellm(cases: Iterable[Case]) -> Lines:
    """StandardLoggingPayloads, one a line; times are float seconds."""
    for case in cases:
        start, end = _seconds(case)
        guardrail = _guardrail(case)
        ran = {"guardrail_name": "content-policy", "guardrail_status": guardrail}
        yield compact(
            {
                "id": f"chatcmpl-{case.key}",
                "litellm_call_id": f"call-{case.key}",
                "trace_id": f"t-{case.key}",
                "session_id": case.session,
                "call_type": "acompletion",
                "stream": False,
                "status": "failure" if case.error else "success",
                "status_fields": {
                    "llm_api_status": "failure" if case.error else "success",
                    "guardrail_status": guardrail,
                },
                "custom_llm_provider": "openai",
                "startTime": start,
                "endTime": end,
                "completionStartTime": end,
                "response_time": case.lasted / timedelta(seconds=1),
                "model": MODEL_ASKED,
                "model_group": "loan-model",
                "metadata": {
                    **_key(case),
                    "requester_ip_address": "203.0.113.17",
                    "requester_metadata": case.notes,
                    "prompt_management_metadata": {"prompt_id": PROMPT},
                },
                "response_cost": float(case.cost),
                "total_tokens": case.tokens_in + case.tokens_out,
                "prompt_tokens": case.tokens_in,
                "completion_tokens": case.tokens_out,
                "request_tags": ["lending", f"prompt-{case.prompt_version}"],
                "end_user": case.officer,
                "messages": case.messages,
                "response": None if case.error else _response(case),
                "error_str": case.error,
                "model_parameters": {"temperature": 0},
                "guardrail_information": None if case.error else [ran],
            }
        )


def litellm_spend(cases: Iterable[Case]) -> Lines:
    """Rows of SpendLogs; `metadata`, `messages` and `response` are JSON text."""
    for case in cases:
        ran = {"guardrail_name": "content-policy", "guardrail_status": _guardrail(case)}
        metadata = {
            **_key(case),
            "status": "failure" if case.error else "success",
            "spend_logs_metadata": case.notes,
            "guardrail_information": None if case.error else [ran],
            "error_information": {"error_message": case.error} if case.error else None,
        }
        yield compact(
            {
                "request_id": f"chatcmpl-{case.key}",
                "litellm_call_id": f"call-{case.key}",
                "call_type": "acompletion",
                "api_key": KEY_HASH,
                "spend": float(case.cost),
                "total_tokens": case.tokens_in + case.tokens_out,
                "prompt_tokens": case.tokens_in,
                "completion_tokens": case.tokens_out,
                "startTime": iso(case.at),
                "endTime": iso(case.ended),
                "model": MODEL_ASKED,
                "model_group": "loan-model",
                "user": case.officer,
                "metadata": json.dumps(metadata),
                "request_tags": json.dumps(["lending"]),
                "team_id": "lending",
                "end_user": case.officer,
                "requester_ip_address": "203.0.113.17",
                "custom_llm_provider": "openai",
                "messages": json.dumps(case.messages),
                "response": json.dumps({} if case.error else _response(case)),
                "session_id": case.session,
                "status": "failure" if case.error else "success",
            }
        )


def batch_input(cases: Iterable[Case]) -> Lines:
    """What was asked of the Batch API, in the order in which it was asked."""
    for case in cases:
        body = {
            "model": MODEL_ASKED,
            "messages": case.messages,
            "metadata": case.notes,
            "safety_identifier": case.officer,
        }
        request = {"method": "POST", "url": "/v1/chat/completions", "body": body}
        yield compact({"custom_id": case.key, **request})


def batch_output(cases: Iterable[Case]) -> Lines:
    """What was answered, in another order."""
    for case in _shuffled(cases):
        if case.error is None:
            response = {
                "status_code": 200,
                "request_id": f"req-{case.key}",
                "body": _response(case),
            }
            yield compact(_answer(case, response, None))


def batch_errors(cases: Iterable[Case]) -> Lines:
    """What was not: the batch expired first."""
    for case in _shuffled(cases):
        if case.error is not None:
            error = {"code": "batch_expired", "message": "This request could not be executed."}
            yield compact(_answer(case, None, error))


def _answer(case: Case, response: Any, error: Any) -> dict[str, Any]:
    answer = {"id": f"batch_req_{case.key}", "custom_id": case.key}
    return {**answer, "response": response, "error": error}


def _shuffled(cases: Iterable[Case]) -> list[Case]:
    return sorted(cases, key=lambda case: case.number * SHUFFLED % 53)


def ocsf(cases: Iterable[Case]) -> Lines:
    """Events of API activity under the profile `ai_operation`."""
    for case in cases:
        status = 2 if case.error else 1
        denied = {"action_id": 2, "disposition_id": 2} if case.blocked else {}
        allowed = {"action_id": 1, "disposition_id": 1}
        failed = {"api": {"operation": "chat", "response": {"error_message": case.error}}}
        yield compact(
            {
                "class_uid": 6003,
                "category_uid": 6,
                "activity_id": 1,
                "type_uid": 600301,
                "severity_id": 3 if case.blocked else 1,
                "time": micros(case.at) // 1000,
                "duration": case.lasted // timedelta(milliseconds=1),
                "status_id": status,
                "status": "Failure" if case.error else "Success",
                "metadata": {
                    "version": "1.9.0-dev",
                    "uid": f"event-{case.key}",
                    "profiles": ["ai_operation", "security_control", "trace"],
                    "product": {"name": "loan-agent", "vendor_name": "Example Bank"},
                },
                "actor": {
                    "user": {"uid": case.officer, "email_addr": f"{case.officer}@example.com"}
                },
                **(failed if case.error else {"api": {"operation": "chat"}}),
                "src_endpoint": {"ip": "203.0.113.17"},
                "trace": {"uid": case.trace, "span": {"uid": case.span}},
                **({} if case.error else denied or allowed),
                "ai_model": {
                    "ai_provider": "openai",
                    "name": MODEL_ASKED,
                    "version": MODEL_SERVED.removeprefix(f"{MODEL_ASKED}-"),
                },
                "message_context": {
                    "uid": case.session,
                    "ai_role_id": 2,
                    "application": {"name": "loan-agent"},
                    "prompt_tokens": case.tokens_in,
                    "completion_tokens": case.tokens_out,
                    "total_tokens": case.tokens_in + case.tokens_out,
                    "prompt_text": case.question,
                    "response_text": case.answer or "",
                },
                "unmapped": case.notes,
            }
        )


WRITERS: Mapping[str, Callable[[Iterable[Case]], Lines]] = {
    "litellm_loan_agent.jsonl": litellm,
    "litellm_spend_loan_agent.jsonl": litellm_spend,
    "openai_batch_loan_agent.jsonl": batch_output,
    "openai_batch_loan_agent_errors.jsonl": batch_errors,
    "openai_batch_loan_agent_input.jsonl": batch_input,
    "ocsf_loan_agent.jsonl": ocsf,
}
