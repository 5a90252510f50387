"""LiteLLM proxy: the StandardLoggingPayload of its callbacks, and rows of its SpendLogs table.

The payload's times are seconds since 1970 as floats, which are rounded to microseconds; those of
SpendLogs are text, and `metadata` is JSON text there. Both hold hashes of API keys and e-mail
addresses, and prompts unless the proxy was told not to keep them.

Sources: `StandardLoggingPayload` (types/utils.py) and `SpendLogsPayload` (proxy/_types.py) of
litellm 1.106.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import (
    BLOCKED,
    GUARDED,
    blocked,
    count,
    lasting,
    length,
    moment,
    number,
    text,
)
from ledger.logs.mapping import Case, Column, Unit

STATUS = {"success": "ok", "failure": "error"}
CALLS = {
    **dict.fromkeys(("completion", "acompletion", "responses", "aresponses"), "chat"),
    **dict.fromkeys(("anthropic_messages", "generate_content", "agenerate_content"), "chat"),
    **dict.fromkeys(("embedding", "aembedding"), "embeddings"),
    **dict.fromkeys(("text_completion", "atext_completion"), "text_completion"),
}
KEY_FIELDS = (
    "user_api_key_hash",
    "user_api_key",
    "user_api_key_alias",
    "user_api_key_user_id",
    "user_api_key_user_email",
    "user_api_key_end_user_id",
    "requester_ip_address",
    "user_agent",
)

# What a guardrail, a tool or a search was given and gave back: parts of the conversation.
_CHECKED = tuple(
    f"guardrail_information{each}.{name}"
    for each in ("", ".*")
    for name in ("guardrail_request", "guardrail_response", "match_details", "classification")
)
_BESIDE = (
    "mcp_tool_call_metadata.arguments",
    "mcp_tool_call_metadata.result",
    "vector_store_request_metadata",
    "prompt_management_metadata.prompt_variables",
)
# Of one request several may have run; before 1.80 it was one object.
_RAN = (*(f"guardrail_information.{i}" for i in range(4)), "guardrail_information")


def _guardrail(metadata: str, response: str) -> Column:
    """What the guardrails did, if the gateway's own and the answer stand at these places.

    One that masked something counts as a success there, and one that did not run says nothing of
    the provider's filter.
    """
    whole = f"{metadata}status_fields.guardrail_status"
    each = tuple(f"{metadata}{ran}.guardrail_status" for ran in _RAN)
    masked = tuple(f"{metadata}{ran}.masked_entity_count" for ran in _RAN)
    return text(
        *(whole, *each),
        values=GUARDED,
        cases=(
            blocked(whole, *each, words=BLOCKED),
            blocked(f"{response}choices.0.finish_reason"),
            Case(source=masked, but=("{}", "0"), text="masked"),
        ),
    )


def _masked(metadata: str) -> Column:
    """What was masked, by kind."""
    places = (f"{metadata}{ran}.masked_entity_count" for ran in _RAN)
    return text(*places, values={"{}": ""})


COLUMNS = {
    "time": moment("startTime", unit=Unit.SECONDS),
    "duration_ms": lasting("startTime", "endTime", Unit.SECONDS),
    "request_id": text("id"),
    "trace_id": text("trace_id"),
    "span_id": text("litellm_call_id"),
    "session_id": text("session_id"),
    "user_id": text(
        "end_user",
        "metadata.user_api_key_end_user_id",
        "model_parameters.user",
        "metadata.user_api_key_user_id",
    ),
    "operation": text("call_type", values=CALLS),
    "provider": text("custom_llm_provider"),
    "model": text("response.model", "model"),
    "model_requested": text("model_group", "model"),
    "prompt_name": text("metadata.prompt_management_metadata.prompt_id"),
    "tokens_in": count("prompt_tokens"),
    "tokens_out": count("completion_tokens"),
    "cost": number("response_cost"),
    "status": text("status", values=STATUS),
    "error": text("error_str", "error_information.error_message"),
    "guardrail": _guardrail("", "response."),
    "masked_entities": _masked(""),
    "output_chars": length("response.choices.0.message.content"),
}

SPEND_COLUMNS = {
    "time": moment("startTime"),
    "duration_ms": lasting("startTime", "endTime"),
    "request_id": text("request_id"),
    "span_id": text("litellm_call_id"),
    "session_id": text("session_id"),
    "user_id": text("end_user", "user"),
    "operation": text("call_type", values=CALLS),
    "provider": text("custom_llm_provider"),
    "model": text("model"),
    "model_requested": text("model_group"),
    "tokens_in": count("prompt_tokens"),
    "tokens_out": count("completion_tokens"),
    "cost": number("spend"),
    "status": text("status", "metadata => status", values=STATUS),
    "error": text(
        "metadata => error_information.error_message",
        "metadata => error_information.error_class",
    ),
    "guardrail": _guardrail("metadata => ", "response => "),
    "masked_entities": _masked("metadata => "),
    "output_chars": length("response => choices.0.message.content"),
}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is a StandardLoggingPayload."""
    return {"id", "call_type", "response_cost", "startTime", "endTime"} <= record.keys()


def recognises_spend(record: Mapping[str, Any]) -> bool:
    """Whether a record is a row of SpendLogs."""
    return {"request_id", "call_type", "spend", "startTime", "endTime"} <= record.keys()


LITELLM = Format(
    name="litellm",
    title="LiteLLM proxy (StandardLoggingPayload)",
    recognises=recognises,
    columns=COLUMNS,
    personal=(
        "end_user",
        "requester_ip_address",
        "user_agent",
        "model_parameters.user",
        *(f"metadata.{name}" for name in KEY_FIELDS),
    ),
    conversation=(
        *("messages", "response"),
        *_CHECKED,
        *(f"metadata.{name}" for name in _BESIDE),
    ),
)
LITELLM_SPEND = Format(
    name="litellm-spend",
    title="LiteLLM proxy (SpendLogs)",
    recognises=recognises_spend,
    columns=SPEND_COLUMNS,
    personal=(
        "api_key",
        "user",
        "end_user",
        "requester_ip_address",
        *(f"metadata => {name}" for name in KEY_FIELDS),
    ),
    conversation=(
        *("messages", "response", "proxy_server_request"),
        *(f"metadata => {name}" for name in (*_CHECKED, *_BESIDE)),
    ),
)
