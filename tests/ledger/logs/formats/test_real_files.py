"""What real libraries wrote, mapped: every column, exactly.

The files in `data/` were written by opentelemetry 1.45.2, mlflow 3.17.2, langsmith 0.14.17 and
litellm 1.106.2.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.logs.formats import FORMATS
from tests.ledger.logs.formats.sealed import DATA, leaves, sealed, utc

EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "otlp_traces.jsonl": (
        "otlp",
        {
            "time": utc("2026-11-20T02:19:12.210161"),
            "duration_ms": 0.015,
            "request_id": "chatcmpl-123",
            "trace_id": "686843a29bb89fdf669ddecc452f161e",
            "span_id": "eb2b09c5ce13d0d7",
            "session_id": "conv_1",
            "operation": "chat",
            "provider": "openai",
            "model": "gpt-4o-2024-08-06",
            "model_requested": "gpt-4o",
            "tokens_in": 100,
            "tokens_out": 20,
            "status": "ok",
            "guardrail": "none",
            "output_chars": len("Refer to human."),
        },
    ),
    "mlflow_trace.json": (
        "mlflow",
        {
            "time": utc("2026-11-20T02:20:12.703"),
            "duration_ms": 2.0,
            "request_id": "tr-105ce6daaebd580347e7e9f45de5630c",
            "trace_id": "tr-105ce6daaebd580347e7e9f45de5630c",
            "span_id": "z/lOuwtt8LA=",
            "operation": "chain",
            "status": "ok",
            "output_chars": len('{"decision": "refer", "score": 0.42}'),
            "task": "decide",
        },
    ),
    "langsmith_run.json": (
        "langsmith",
        {
            "time": utc("2026-01-02T03:04:05"),
            "duration_ms": 1000.0,
            "request_id": "b2d28411-01dd-498b-b13e-47ab3e5d8d4c",
            "trace_id": "b2d28411-01dd-498b-b13e-47ab3e5d8d4c",
            "span_id": "b2d28411-01dd-498b-b13e-47ab3e5d8d4c",
            "operation": "chat",
            "provider": "openai",
            "model": "gpt-4o",
            "model_requested": "gpt-4o",
            "tokens_in": 5,
            "tokens_out": 2,
            "status": "ok",
            "output_chars": len("hello"),
            "task": "ChatOpenAI",
        },
    ),
    "litellm_standard_logging_payload.json": (
        "litellm",
        {
            "time": utc("2026-11-20T02:20:52.253040"),
            "duration_ms": 197.231,
            "request_id": "chatcmpl-a976efcd-204d-474d-8d71-c6fd1cae4184",
            "trace_id": "6b2034dc-5469-475d-a691-339d1890880c",
            "span_id": "15f60b16-adc0-4738-9bc0-894ab03de692",
            "user_id": "u1",
            "operation": "chat",
            "provider": "openai",
            "model": "gpt-4o",
            "model_requested": "gpt-4o",
            "tokens_in": 10,
            "tokens_out": 20,
            "cost": 0.00022500000000000002,
            "status": "ok",
            "guardrail": "none",
            "output_chars": len("Refer to human."),
        },
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_column_of_what_a_library_wrote(tmp_path: Path, name: str) -> None:
    """A field of a real log would be read from another place, in another unit or not at all."""
    form, expected = EXPECTED[name]
    log = sealed(tmp_path, form, DATA / name)
    missing = dict.fromkeys(FORMATS[form].columns.keys() - expected.keys())
    assert log.rows == [expected | missing]
    assert log.bad == []
    assert not leaves(log.records[0]) - leaves((DATA / name).read_bytes()) - STRUCTURE
    assert not leaves((DATA / name).read_bytes()) - leaves(log.records[0]) - STRUCTURE


# Names that unfolding gives to the parts of a span, or takes from around them.
STRUCTURE = leaves('{"resourceSpans": {"scopeSpans": {"spans": {"span": 1}}}}')
