"""OTLP JSON traces under the GenAI semantic conventions of OpenTelemetry, new and old names.

A line is one `TracesData`. Each of its spans is one decision record, with the resource and the
scope that it came under: `{"resource": {...}, "scope": {...}, "span": {...}}`; what else stands
around them (a `schemaUrl`) is kept under the name of where it stood.

Sources: the OTLP file exporter and the JSON encoding of OTLP at opentelemetry.io; attribute names
of open-telemetry/semantic-conventions-genai (v1.42), of its predecessors (`gen_ai.system`,
`gen_ai.usage.prompt_tokens`, `gen_ai.prompt`) and of OpenLLMetry (`llm.*`, `traceloop.*`); what
OpenInference calls its conversations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import GUARDED, STOPS, count, lasting, length, moment, number, text
from ledger.logs.formats.slicing import elements, joined, members
from ledger.logs.mapping import Unit

SIGNALS = {"resourceSpans": "traces", "resourceLogs": "logs", "resourceMetrics": "metrics"}
STATUS = {
    # Unset is what stays when nothing went wrong, and JSON leaves out what is unset.
    **dict.fromkeys(("{}", "0", "1", "STATUS_CODE_UNSET", "STATUS_CODE_OK"), "ok"),
    **dict.fromkeys(("2", "STATUS_CODE_ERROR"), "error"),
}
OPERATIONS = {
    "execute_tool": "tool",
    "embedding": "embeddings",
    "apply_guardrail": "guardrail",
}


def _attributes(*names: str) -> tuple[str, ...]:
    return tuple(f"span.attributes{{{name}}}" for name in names)


def _said(messages: str) -> tuple[str, ...]:
    """What stands first in messages: JSON text, or the structure that newer spans may hold."""
    attribute = f"span.attributes{{{messages}}}"
    return f"{attribute} => 0.parts.0.content", f"{attribute}.0{{parts}}.0{{content}}"


COLUMNS = {
    "time": moment("span.startTimeUnixNano", unit=Unit.NANOSECONDS),
    "duration_ms": lasting("span.startTimeUnixNano", "span.endTimeUnixNano", Unit.NANOSECONDS),
    "request_id": text(*_attributes("gen_ai.response.id"), "span.spanId"),
    "trace_id": text("span.traceId"),
    "span_id": text("span.spanId"),
    "parent_id": text("span.parentSpanId"),
    "session_id": text(*_attributes("gen_ai.conversation.id", "session.id")),
    "user_id": text(*_attributes("enduser.id", "user.id", "enduser.pseudo.id", "llm.user")),
    "operation": text(*_attributes("gen_ai.operation.name", "llm.request.type"), values=OPERATIONS),
    "provider": text(*_attributes("gen_ai.provider.name", "gen_ai.system", "llm.vendor")),
    # A call that failed has no response: it counts for the model that was asked for.
    "model": text(
        *_attributes("gen_ai.response.model", "llm.response.model"),
        *_attributes("gen_ai.request.model", "llm.request.model"),
    ),
    "model_requested": text(*_attributes("gen_ai.request.model", "llm.request.model")),
    "model_version": text(
        *_attributes("gen_ai.agent.version"), "resource.attributes{service.version}"
    ),
    "prompt_name": text(*_attributes("gen_ai.prompt.name", "traceloop.prompt.key")),
    "prompt_version": text(*_attributes("gen_ai.prompt.version", "traceloop.prompt.version")),
    "tokens_in": count(
        *_attributes("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        *_attributes("llm.usage.prompt_tokens"),
    ),
    "tokens_out": count(
        *_attributes("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        *_attributes("llm.usage.completion_tokens"),
    ),
    "cost": number(*_attributes("gen_ai.usage.cost")),
    "status": text("span.status.code", "span.status", values=STATUS),
    "error": text("span.status.message", *_attributes("error.type", "exception.message")),
    "guardrail": text(
        *_attributes("gen_ai.guardrail.action", "gen_ai.guardrail.action.type"),
        *_attributes("gen_ai.security.decision.type"),
        "span.attributes{gen_ai.response.finish_reasons}.0",
        *_attributes("gen_ai.completion.0.finish_reason"),
        values={**STOPS, **GUARDED},
    ),
    "output_chars": length(
        *_said("gen_ai.output.messages"),
        *_attributes("gen_ai.completion", "gen_ai.completion.0.content"),
    ),
    "task": text(
        *_attributes("gen_ai.workflow.name", "gen_ai.agent.name", "traceloop.workflow.name")
    ),
}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a line holds a signal of OTLP; logs and metrics are told apart by `unfold`."""
    return any(isinstance(record.get(signal), list) for signal in SIGNALS)


def unfold(line: bytes) -> list[bytes]:
    """Take the spans out of a line, each with its resource and scope."""
    traces = members(line, "the line")
    if "resourceSpans" not in traces:
        signal = next((SIGNALS[name] for name in traces if name in SIGNALS), "no spans")
        raise ValueError(f"OTLP, but {signal}: decisions are read from traces")
    resources = elements(traces.pop("resourceSpans"), "resourceSpans")
    around = {"tracesData": joined(traces)} if traces else {}
    return [joined({**around, **span}) for resource in resources for span in _spans(resource)] or (
        _nothing("the line")
    )


def _spans(resource_spans: bytes) -> Iterator[dict[str, bytes]]:
    """Spans of one resource, as the members of a record."""
    resource = members(resource_spans, "an element of resourceSpans")
    scopes = elements(resource.pop("scopeSpans", b"[]"), "scopeSpans")
    above = {"resource": resource.pop("resource", b"{}"), **_rest("resourceSpans", resource)}
    for scope_spans in scopes or _nothing("a resource"):
        scope = members(scope_spans, "an element of scopeSpans")
        spans = elements(scope.pop("spans", b"[]"), "spans")
        beside = {"scope": scope.pop("scope", b"{}"), **_rest("scopeSpans", scope)}
        for span in spans or _nothing("a scope"):
            if not span.startswith(b"{"):
                raise ValueError("a span is not a JSON object")
            yield {**above, **beside, "span": span}


def _rest(name: str, parts: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: joined(parts)} if parts else {}


def _nothing(where: str) -> list[bytes]:
    # What is known of a resource would be lost if one without spans were passed over.
    raise ValueError(f"{where} holds no span")


OTLP = Format(
    name="otlp",
    title="OTLP JSON traces (OpenTelemetry GenAI conventions)",
    recognises=recognises,
    columns=COLUMNS,
    unfold=unfold,
    personal=(
        *_attributes("enduser.id", "enduser.pseudo.id", "user.id", "user.email", "user.name"),
        *_attributes("user.full_name", "llm.user", "client.address"),
    ),
    conversation=(
        *_attributes("gen_ai.input.messages", "gen_ai.output.messages"),
        *_attributes("gen_ai.system_instructions", "gen_ai.prompt", "gen_ai.completion"),
        *_attributes("gen_ai.prompt.*.content", "gen_ai.completion.*.content"),
        *_attributes("gen_ai.*.tool_calls.*.arguments", "llm.*_messages.*", "llm.prompts.*"),
        *_attributes("traceloop.entity.input", "traceloop.entity.output"),
        *_attributes("input.value", "output.value", "gen_ai.evaluation.explanation"),
        *_attributes("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"),
        *_attributes("gen_ai.retrieval.documents", "gen_ai.retrieval.query.text"),
        "span.events",
    ),
)
