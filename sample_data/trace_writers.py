"""The loan agent's cases as tracing systems write them: spans, traces, observations, runs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from sample_data.loan_agent import (
    MODEL_ASKED,
    MODEL_SERVED,
    NEW_PROMPT,
    PROMPT,
    Case,
    compact,
    iso,
    micros,
)

Lines = Iterable[str]


def otlp(cases: Iterable[Case]) -> Lines:
    """A line a case: its call of the model, and for every third also the tool that it used.

    The first `NEW_PROMPT` cases carry the attribute names of older instrumentation, and integers
    as JSON numbers, which the protocol allows as well.
    """
    for case in cases:
        spans = [_chat_span(case)] + ([_tool_span(case)] if case.number % 3 == 0 else [])
        resource = {"service.name": "loan-agent", "service.version": "3.2.0"}
        scope = {"name": "loan_agent.tracing", "version": "1.0"}
        yield compact(
            {
                "resourceSpans": [
                    {
                        "resource": {"attributes": _attributes(resource, old=False)},
                        "scopeSpans": [{"scope": scope, "spans": spans}],
                        "schemaUrl": "https://opentelemetry.io/schemas/1.41.0",
                    }
                ]
            }
        )


def _chat_span(case: Case) -> dict[str, Any]:
    old = case.number < NEW_PROMPT
    question = [{"role": "user", "parts": [{"type": "text", "content": case.question}]}]
    values: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.system" if old else "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": "loan-agent",
        "gen_ai.request.model": MODEL_ASKED,
        "gen_ai.conversation.id": case.session,
        "gen_ai.prompt.name": PROMPT,
        "gen_ai.prompt.version": case.prompt_version,
        "gen_ai.input.messages": json.dumps(question),
        "enduser.id": case.officer,
        **{f"loan.{name}": value for name, value in case.notes.items()},
    }
    if case.error is None:
        values |= {
            "gen_ai.response.id": f"chatcmpl-{case.key}",
            "gen_ai.response.model": MODEL_SERVED,
            "gen_ai.response.finish_reasons": [case.finish],
            f"gen_ai.usage.{'prompt' if old else 'input'}_tokens": case.tokens_in,
            f"gen_ai.usage.{'completion' if old else 'output'}_tokens": case.tokens_out,
            "gen_ai.usage.cost": float(case.cost),
        }
    if case.answer is not None:
        parts = [{"type": "text", "content": case.answer}]
        answer = [{"role": "assistant", "parts": parts, "finish_reason": case.finish}]
        values["gen_ai.output.messages"] = json.dumps(answer)
    status = {"code": 2, "message": case.error} if case.error else {}
    return _span(case, case.span, f"chat {MODEL_ASKED}", values, status, old=old)


def _tool_span(case: Case) -> dict[str, Any]:
    values = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "credit_register",
        "gen_ai.tool.call.arguments": json.dumps({"applicant": case.applicant}),
    }
    span = _span(case, f"{case.span[:-8]}700{case.span[-5:]}", "credit_register", values, {})
    return {**span, "parentSpanId": case.span}


def _span(
    case: Case,
    span: str,
    name: str,
    values: Mapping[str, Any],
    status: Mapping[str, Any],
    *,
    old: bool = False,
) -> dict[str, Any]:
    start, end = micros(case.at) * 1000, micros(case.ended) * 1000
    return {
        "traceId": case.trace,
        "spanId": span,
        "flags": 256,
        "name": name,
        "kind": 3,
        "startTimeUnixNano": start if old else str(start),
        "endTimeUnixNano": end if old else str(end),
        "attributes": _attributes(values, old=old),
        "status": status,
    }


def _attributes(values: Mapping[str, Any], *, old: bool) -> list[dict[str, Any]]:
    return [{"key": name, "value": _any_value(value, old=old)} for name, value in values.items()]


def _any_value(value: Any, *, old: bool) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any_value(one, old=old) for one in value]}}
    if isinstance(value, int):
        return {"intValue": value if old else str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def mlflow(cases: Iterable[Case]) -> Lines:
    """One JSON array of traces, as a search writes them."""
    yield "[\n" + ",\n".join(compact(_mlflow_trace(case)) for case in cases) + "\n]"


def _mlflow_trace(case: Case) -> dict[str, Any]:
    inputs = {"model": MODEL_ASKED, "messages": case.messages, **case.notes}
    total = {"input_tokens": case.tokens_in, "output_tokens": case.tokens_out}
    outputs = None if case.answer is None else {"model": MODEL_SERVED, **json.loads(case.answer)}
    text = json.dumps(outputs) if outputs else ""
    attributes = {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.llm.model": MODEL_ASKED,
        "mlflow.llm.provider": "openai",
        "mlflow.spanInputs": inputs,
        **({"mlflow.spanOutputs": outputs} if outputs else {}),
        **({"finish_reason": case.finish} if not case.error else {}),
    }
    return {
        "info": {
            "trace_id": f"tr-{case.trace}",
            "trace_location": {
                "type": "MLFLOW_EXPERIMENT",
                "mlflow_experiment": {"experiment_id": "573472432925485154"},
            },
            "request_time": f"{case.at:%Y-%m-%dT%H:%M:%S}.{case.at.microsecond // 1000:03d}Z",
            "state": "ERROR" if case.error else "OK",
            "request_preview": json.dumps(inputs)[:997] + "...",
            "response_preview": text[:997],
            "client_request_id": case.key,
            "execution_duration_ms": case.lasted // timedelta(milliseconds=1),
            "trace_metadata": {
                "mlflow.trace_schema.version": "3",
                "mlflow.traceInputs": json.dumps(inputs)[:247] + "...",
                "mlflow.traceOutputs": text if len(text) <= 250 else text[:247] + "...",  # noqa: PLR2004
                "mlflow.trace.session": case.session,
                "mlflow.trace.user": case.officer,
                "mlflow.user": "loan-agent",
                "mlflow.modelId": "m-3f5c27a1",
                "mlflow.trace.tokenUsage": json.dumps(total),
                "mlflow.trace.cost": f'{{"total_cost": {case.cost}}}',
            },
            "tags": {
                "mlflow.traceName": "decide",
                "mlflow.linkedPrompts": json.dumps(
                    [{"name": PROMPT, "version": case.prompt_version}]
                ),
            },
        },
        "data": {
            "spans": [
                {
                    "trace_id": b64encode(bytes.fromhex(case.trace)).decode(),
                    "span_id": b64encode(bytes.fromhex(case.span)).decode(),
                    "parent_span_id": None,
                    "name": "decide",
                    "start_time_unix_nano": micros(case.at) * 1000 + 324,
                    "end_time_unix_nano": micros(case.ended) * 1000 + 792,
                    "events": [],
                    "status": {
                        "code": "STATUS_CODE_ERROR" if case.error else "STATUS_CODE_OK",
                        "message": case.error or "",
                    },
                    "attributes": {name: json.dumps(value) for name, value in attributes.items()},
                    "links": [],
                }
            ]
        },
    }


def langfuse(cases: Iterable[Case]) -> Lines:
    """Rows of `observations_v2/`, whose times state no zone and are UTC."""
    for case in cases:
        usage = {
            "input": case.tokens_in,
            "output": case.tokens_out,
            "total": case.tokens_in + case.tokens_out,
        }
        yield compact(
            {
                "id": f"obs-{case.key}",
                "trace_id": f"t-{case.key}",
                "project_id": "p-lending",
                "environment": "production",
                "type": "GENERATION",
                "parent_observation_id": "",
                "start_time": f"{case.at:%Y-%m-%d %H:%M:%S.%f}",
                "end_time": f"{case.ended:%Y-%m-%d %H:%M:%S.%f}",
                "name": "assess",
                "metadata": {**case.notes, "finish_reason": "" if case.error else case.finish},
                "level": "ERROR" if case.error else "WARNING" if case.blocked else "DEFAULT",
                "status_message": case.error or "",
                "version": "3.2.0",
                "input": json.dumps(case.messages),
                "output": case.answer or "",
                "provided_model_name": MODEL_ASKED,
                "model_parameters": '{"temperature":0}',
                "usage_details": usage,
                "cost_details": {"total": float(case.cost)},
                "prompt_name": PROMPT,
                "prompt_version": case.prompt_version,
                "total_cost": float(case.cost),
                "latency": case.lasted / timedelta(seconds=1),
                "user_id": case.officer,
                "session_id": case.session,
                "trace_name": "loan-application",
                "tags": ["lending"],
                "release": "",
            }
        )


def langfuse_scores(cases: Iterable[Case]) -> Lines:
    """Rows of `scores/`: what loan officers said of every second answer."""
    for case in cases:
        if case.answer is None or case.number % 2:
            continue
        stars = 1 + case.number % 5
        yield compact(
            {
                "id": f"score-{case.key}",
                "timestamp": f"{case.ended + timedelta(minutes=9):%Y-%m-%d %H:%M:%S.%f}",
                "project_id": "p-lending",
                "environment": "production",
                "trace_id": f"t-{case.key}",
                "observation_id": f"obs-{case.key}",
                "session_id": case.session,
                "dataset_run_id": "",
                "name": "officer-rating",
                "value": stars,
                "source": "ANNOTATION",
                "comment": "The reason does not fit the file." if stars == 1 else "",
                "data_type": "NUMERIC",
                "string_value": "",
            }
        )


def langsmith(cases: Iterable[Case]) -> Lines:
    """Runs as the API returns them; every second says UTC as an offset rather than as Z."""
    for case in cases:
        offset = iso(case.at).replace("Z", "+00:00") if case.number % 2 else iso(case.at)
        generation = {
            "text": case.answer or "",
            "generation_info": {"finish_reason": case.finish},
        }
        outputs = {"generations": [[generation]], "llm_output": {"model_name": MODEL_SERVED}}
        yield compact(
            {
                "id": f"{case.trace[:8]}-0000-4000-8000-{case.trace[-12:]}",
                "name": "ChatOpenAI",
                "run_type": "llm",
                "start_time": offset,
                "end_time": iso(case.ended),
                "extra": {
                    "metadata": {
                        "ls_provider": "openai",
                        "ls_model_name": MODEL_ASKED,
                        "thread_id": case.session,
                        "user_id": case.officer,
                        "lc_hub_repo": PROMPT,
                        "lc_hub_commit_hash": case.prompt_version,
                        "revision_id": "3.2.0",
                        **case.notes,
                    }
                },
                "error": case.error,
                "inputs": {"messages": [[[m["role"], m["content"]] for m in case.messages]]},
                "outputs": None if case.error else outputs,
                "parent_run_id": None,
                "tags": ["lending"],
                "session_id": "7ebad780-0860-49c9-bf06-ce32daa7ce50",
                "status": "error" if case.error else "success",
                "prompt_tokens": case.tokens_in,
                "completion_tokens": case.tokens_out,
                "total_tokens": case.tokens_in + case.tokens_out,
                "total_cost": case.cost,
                "trace_id": f"{case.trace[:8]}-0000-4000-8000-{case.trace[-12:]}",
                "dotted_order": f"{case.at:%Y%m%dT%H%M%S%f}Z{case.key}",
            }
        )


WRITERS: Mapping[str, Callable[[Iterable[Case]], Lines]] = {
    "otlp_loan_agent.jsonl": otlp,
    "mlflow_loan_agent.json": mlflow,
    "langfuse_loan_agent.jsonl": langfuse,
    "langfuse_loan_agent_scores.jsonl": langfuse_scores,
    "langsmith_loan_agent.jsonl": langsmith,
}
