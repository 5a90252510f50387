"""LangSmith runs, from its API (JSON) or its bulk export (Parquet): one run is one record.

In a bulk export `inputs`, `outputs` and `extra` may be JSON text, which `=>` reads like the objects
of the API. The model's name is in `extra.metadata`, costs are decimal strings, and `session_id` is
the project, not the conversation. Times that state no zone are not guessed: the map must state it.

Source: docs.langchain.com, "Run (span) data format"; `langsmith.schemas.Run` of 0.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.logs.formats.base import Format
from ledger.logs.formats.columns import STOPS, count, lasting, length, moment, number, text

RUN_TYPES = {
    "llm": "chat",
    "embedding": "embeddings",
    **{kind: kind for kind in ("chain", "tool", "retriever", "prompt", "parser")},
}
STATUS = {"success": "ok", "error": "error", "pending": "pending"}


def _metadata(*names: str) -> tuple[str, ...]:
    return tuple(f"extra => metadata.{name}" for name in names)


_MESSAGE = "generations.0.0.message.kwargs"  # of a chat model under LangChain

COLUMNS = {
    "time": moment("start_time"),
    "duration_ms": lasting("start_time", "end_time"),
    "request_id": text("id"),
    "trace_id": text("trace_id"),
    "span_id": text("id"),
    "parent_id": text("parent_run_id"),
    "session_id": text(*_metadata("session_id", "thread_id", "conversation_id")),
    "user_id": text(*_metadata("user_id", "user", "end_user_id")),
    "operation": text("run_type", values=RUN_TYPES),
    "provider": text(*_metadata("ls_provider")),
    "model": text(
        "outputs => llm_output.model_name",
        f"outputs => {_MESSAGE}.response_metadata.model_name",
        *_metadata("ls_model_name"),
    ),
    "model_requested": text(*_metadata("ls_model_name")),
    "model_version": text(*_metadata("revision_id")),
    "prompt_name": text(*_metadata("lc_hub_repo")),
    "prompt_version": text(*_metadata("lc_hub_commit_hash")),
    "tokens_in": count("prompt_tokens"),
    "tokens_out": count("completion_tokens"),
    "cost": number("total_cost"),
    "status": text("status", values=STATUS),
    "error": text("error"),
    "guardrail": text(
        "outputs => generations.0.0.generation_info.finish_reason",
        f"outputs => {_MESSAGE}.response_metadata.finish_reason",
        f"outputs => {_MESSAGE}.response_metadata.stop_reason",
        "outputs => choices.0.finish_reason",
        values=STOPS,
    ),
    "output_chars": length(
        "outputs => generations.0.0.text",
        "outputs => output",
        "outputs => choices.0.message.content",
    ),
    "task": text("name"),
}


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether a record is a run."""
    needed = {"id", "run_type", "start_time"}
    placed = {"trace_id", "dotted_order", "session_id"} & record.keys()
    return needed <= record.keys() and bool(placed) and record["run_type"] in list(RUN_TYPES)


LANGSMITH = Format(
    name="langsmith",
    title="LangSmith runs",
    recognises=recognises,
    columns=COLUMNS,
    personal=_metadata("user_id", "user", "end_user_id"),
    conversation=("inputs", "outputs", "events", "inputs_preview", "outputs_preview"),
)
