"""OCSF events of API activity (class 6003) under the profile `ai_operation`, 1.9.0-dev.

The profile is in a development version of the schema, so that version is pinned: an event that
states another is a bad row. Times are milliseconds since 1970.

Source: ocsf/ocsf-schema, profiles/ai_operation.json, objects/message_context.json and
profiles/security_control.json; `disposition_id` and `status_id` from its dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import count, length, moment, number, text
from ledger.logs.formats.slicing import members
from ledger.logs.mapping import Case, Unit

VERSION = "1.9.0-dev"
API_ACTIVITY = 6003
STATUS = {"1": "ok", "2": "error", "Success": "ok", "Failure": "error"}
# 1 and 2 mean the same as an action (allowed, denied) and as a disposition (allowed, blocked).
OUTCOMES = {
    **dict.fromkeys(("3", "15", "16", "17", "18", "19"), "flagged"),  # seen, and let through
    "0": "unknown",
    "1": "passed",
    "2": "blocked",
    "4": "isolated",
    "6": "dropped",
    "25": "rejected",
    "99": "other",
}


COLUMNS = {
    "time": moment("time", unit=Unit.MILLISECONDS),
    "duration_ms": number("duration"),
    "request_id": text("api.request.uid", "metadata.uid"),
    "trace_id": text("trace.uid", "metadata.correlation_uid"),
    "span_id": text("trace.span.uid"),
    "parent_id": text("trace.span.parent_uid"),
    "session_id": text("message_context.uid", "actor.session.uid"),
    "user_id": text("actor.user.uid", "actor.user.name"),
    "operation": text("api.operation"),
    "provider": text("ai_model.ai_provider", "ai_agent.ai_model.ai_provider"),
    "model": text("ai_model.name", "ai_agent.ai_model.name"),
    "model_version": text("ai_model.version", "ai_agent.ai_model.version"),
    "tokens_in": count("message_context.prompt_tokens"),
    "tokens_out": count("message_context.completion_tokens"),
    "status": text("status_id", "status", values=STATUS),
    "error": text("api.response.error_message", "api.response.error", "status_detail"),
    "guardrail": text(
        "disposition_id",
        "action_id",
        values=OUTCOMES,
        cases=(
            Case(source="disposition_id", among=("2",), text="blocked"),
            Case(source="disposition_id", among=("3",), text="quarantined"),
            Case(source="action_id", among=("4",), text="masked"),  # modified, and let through
        ),
    ),
    "confidence": number("confidence_score"),
    "output_chars": length("message_context.response_text"),
    "task": text("ai_agent.name", "metadata.product.name"),
}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is an event of API activity with the profile, whatever its version."""
    metadata = record.get("metadata")
    profiles = metadata.get("profiles") if isinstance(metadata, dict) else None
    return (
        record.get("class_uid") == API_ACTIVITY
        and isinstance(profiles, list)
        and "ai_operation" in profiles
    )


def unfold(event: bytes) -> list[bytes]:
    """Pass an event of the pinned version on as it is."""
    metadata = members(members(event, "the event").get("metadata", b"{}"), "its metadata")
    if metadata.get("version") != f'"{VERSION}"'.encode():
        raise ValueError(f"OCSF, but not of version {VERSION}, the one whose names are known")
    return [event]


OCSF = Format(
    name="ocsf",
    title=f"OCSF API activity (ai_operation, {VERSION})",
    recognises=recognises,
    columns=COLUMNS,
    unfold=unfold,
    personal=(
        "actor.user.uid",
        "actor.user.name",
        "actor.user.email_addr",
        "actor.user.full_name",
        "src_endpoint.ip",
    ),
    conversation=("message_context.prompt_text", "message_context.response_text"),
)
