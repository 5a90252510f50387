"""Langfuse: observations and scores, as its blob storage export and its public API v2 write them.

The export (`observations_v2/`, `observations/`, `scores/` as Parquet, JSON Lines or CSV) has
snake_case names, times without a zone that are UTC by its documentation, and empty text for what
is not set; cells of CSV hold JSON. The API has the same data under camelCase names. `latency` was
in milliseconds for integrations made before 2026-04-01, so durations are taken from the two times.

A score is feedback on an observation or, with none named, on a trace: import it with
`--kind feedback`.

Source: langfuse.com, "Blob storage export field reference".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import count, lasting, length, moment, number, text
from ledger.logs.mapping import Column

TYPES = {
    "GENERATION": "chat",
    "EMBEDDING": "embeddings",
    **{
        kind: kind.lower()
        for kind in (
            "SPAN",
            "EVENT",
            "AGENT",
            "TOOL",
            "CHAIN",
            "RETRIEVER",
            "EVALUATOR",
            "GUARDRAIL",
        )
    },
}
LEVELS = {"ERROR": "error", "WARNING": "ok", "DEFAULT": "ok", "DEBUG": "ok"}
SCORED_BY = ("API", "ANNOTATION", "EVAL")

Spelling = Callable[[str], str]


def _snake(name: str) -> str:
    return name


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _observed(spelt: Spelling) -> dict[str, Column]:
    """Columns of observations whose names are spelt so."""
    usage, cost = spelt("usage_details"), spelt("cost_details")
    return {
        "time": moment(spelt("start_time")),
        "duration_ms": lasting(spelt("start_time"), spelt("end_time")),
        "request_id": text("id"),
        "trace_id": text(spelt("trace_id")),
        "span_id": text("id"),
        "parent_id": text(spelt("parent_observation_id")),
        "session_id": text(spelt("session_id")),
        "user_id": text(spelt("user_id")),
        "operation": text("type", values=TYPES),
        "model": text(spelt("provided_model_name"), "model"),
        "model_version": text("version", "release"),
        "prompt_name": text(spelt("prompt_name")),
        "prompt_version": text(spelt("prompt_version")),
        "tokens_in": count(f"{usage} => input"),
        "tokens_out": count(f"{usage} => output"),
        "cost": number(spelt("total_cost"), f"{cost} => total"),
        "status": text("level", values=LEVELS),
        "error": text(spelt("status_message")),
        "output_chars": length("output"),
        "task": text(spelt("trace_name"), "name"),
    }


def _scored(spelt: Spelling) -> dict[str, Column]:
    """Columns of scores whose names are spelt so."""
    return {
        "time": moment("timestamp"),
        "request_id": text(spelt("observation_id"), spelt("trace_id")),
        "trace_id": text(spelt("trace_id")),
        "session_id": text(spelt("session_id")),
        "feedback_id": text("id"),
        "measure": text("name"),
        "rating": number("value"),
        "outcome": text(spelt("string_value")),
        "comment": text("comment"),
        "rated_by": text("source"),
    }


def _observation(spelt: Spelling) -> Callable[[Mapping[str, Any]], bool]:
    needed = {"id", "type", spelt("trace_id"), spelt("start_time")}

    def recognises(record: Mapping[str, Any]) -> bool:
        return needed <= record.keys() and record["type"] in list(TYPES)

    return recognises


def _score(spelt: Spelling) -> Callable[[Mapping[str, Any]], bool]:
    needed = {"id", "timestamp", "name", "value", "source", spelt("data_type")}
    about = {spelt("trace_id"), spelt("session_id")}

    def recognises(record: Mapping[str, Any]) -> bool:
        scores = needed <= record.keys() and not about.isdisjoint(record.keys())
        return scores and record["source"] in SCORED_BY

    return recognises


def _formats(name: str, origin: str, spelt: Spelling) -> tuple[Format, Format]:
    """The two formats of an origin that spells names so."""
    return (
        Format(
            name=name,
            title=f"Langfuse observations ({origin})",
            recognises=_observation(spelt),
            columns=_observed(spelt),
            timezone="UTC",
            personal=(spelt("user_id"),),
            conversation=("input", "output", "metadata", spelt("tool_calls")),
        ),
        Format(
            name=f"{name}-scores",
            title=f"Langfuse scores ({origin})",
            recognises=_score(spelt),
            columns=_scored(spelt),
            timezone="UTC",
            personal=(spelt("author_user_id"),),
            conversation=("comment",),
        ),
    )


LANGFUSE, LANGFUSE_SCORES = _formats("langfuse", "blob storage export", _snake)
LANGFUSE_API, LANGFUSE_API_SCORES = _formats("langfuse-api", "public API v2", _camel)
