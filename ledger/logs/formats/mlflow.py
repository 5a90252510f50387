"""MLflow traces (schema 3): `{"info": {...}, "data": {"spans": [...]}}`, one decision a trace.

Attributes of spans and some metadata are JSON text inside JSON. `request_preview` and
`response_preview` are cut off at 1,000 characters and the metadata `mlflow.traceOutputs` may be at
250, so a decision is best read from the first span, the root:
`data.spans.0.attributes."mlflow.spanOutputs" => decision`.

Sources: `mlflow.get_trace(id).to_json()` of 3.17; mlflow/tracing/constant.py for the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import STOPS, blocked, count, length, moment, number, text

STATES = {"OK": "ok", "ERROR": "error", "IN_PROGRESS": "pending"}
# As they stand in an attribute: JSON text, with its quotes.
OPERATIONS = {
    '"LLM"': "chat",
    '"CHAT_MODEL"': "chat",
    '"EMBEDDING"': "embeddings",
    **{
        f'"{kind}"': kind.lower()
        for kind in (
            *("AGENT", "CHAIN", "EVALUATOR", "GUARDRAIL", "MEMORY", "PARSER", "RERANKER"),
            *("RETRIEVER", "TASK", "TOOL", "UNKNOWN", "WORKFLOW"),
        )
    },
}
# Attributes of any span that hold prompts and answers; the others are kept as they are.
SAID = (
    *("mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.chat.messages"),
    *("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"),
    *("gen_ai.prompt", "gen_ai.completion", "input.value", "output.value"),
    *("gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.documents"),
)
SPANS = 6  # that are looked at for what only the call of a language model tells


def _metadata(name: str, inside: str = "") -> str:
    return f'info.trace_metadata."{name}"' + (f" => {inside}" if inside else "")


CUT = (
    *("info.request_preview", "info.response_preview"),
    *(_metadata("mlflow.traceInputs"), _metadata("mlflow.traceOutputs")),
)


def _root(name: str) -> str:
    return f'data.spans.0.attributes."{name}"'


def _first(name: str, inside: str = "") -> tuple[str, ...]:
    return tuple(f'data.spans.{i}.attributes."{name}" => {inside}' for i in range(SPANS))


# Why the calls of a trace ended, as OpenAI's and Anthropic's answers say it.
_ENDED = (
    *_first("mlflow.spanOutputs", "choices.0.finish_reason"),
    *_first("mlflow.spanOutputs", "stop_reason"),
)

COLUMNS = {
    "time": moment("info.request_time"),
    "duration_ms": number("info.execution_duration_ms"),
    "request_id": text("info.client_request_id", "info.trace_id"),
    "trace_id": text("info.trace_id"),
    "span_id": text("data.spans.0.span_id"),
    "session_id": text(_metadata("mlflow.trace.session")),
    # Not mlflow.user: that is who ran the program.
    "user_id": text(_metadata("mlflow.trace.user")),
    "operation": text(_root("mlflow.spanType"), values=OPERATIONS),
    "provider": text(*_first("mlflow.llm.provider")),
    "model": text(
        *_first("mlflow.spanOutputs", "model"),
        *_first("mlflow.llm.model"),
        *_first("mlflow.spanInputs", "model"),
    ),
    "model_requested": text(*_first("mlflow.spanInputs", "model"), *_first("mlflow.llm.model")),
    "model_version": text(_metadata("mlflow.modelId"), _metadata("mlflow.source.git.commit")),
    "prompt_name": text('info.tags."mlflow.linkedPrompts" => 0.name'),
    "prompt_version": text('info.tags."mlflow.linkedPrompts" => 0.version'),
    "tokens_in": count(
        _metadata("mlflow.trace.tokenUsage", "input_tokens"),
        *_first("mlflow.chat.tokenUsage", "input_tokens"),
    ),
    "tokens_out": count(
        _metadata("mlflow.trace.tokenUsage", "output_tokens"),
        *_first("mlflow.chat.tokenUsage", "output_tokens"),
    ),
    "cost": number(_metadata("mlflow.trace.cost", "total_cost")),
    "status": text("info.state", values=STATES),
    "error": text("data.spans.0.status.message"),
    "guardrail": text(*_ENDED, values=STOPS, cases=(blocked(*_ENDED),)),
    "output_chars": length(_root("mlflow.spanOutputs"), _metadata("mlflow.traceOutputs")),
    "task": text('info.tags."mlflow.traceName"'),
}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a document is one trace."""
    info, data = record.get("info"), record.get("data")
    return (
        isinstance(info, dict)
        and "trace_id" in info
        and ("trace_location" in info or "trace_metadata" in info)
        and isinstance(data, dict)
        and isinstance(data.get("spans"), list)
    )


MLFLOW = Format(
    name="mlflow",
    title="MLflow traces (schema 3)",
    recognises=recognises,
    columns=COLUMNS,
    personal=(
        _metadata("mlflow.trace.user"),
        _metadata("mlflow.user"),
        _metadata("mlflow.auth.userId"),
        _metadata("mlflow.auth.username"),
    ),
    cut=CUT,
    conversation=(
        *CUT,
        *(f'data.spans.*.attributes."{name}"' for name in SAID),
        "data.spans.*.events",
    ),
)
