"""What the formats say of themselves: canonical names, sources that can be read, whose data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.logs.formats import FORMATS
from ledger.logs.mapping import Type
from ledger.logs.paths import find, parse
from tests.ledger.logs.formats.sealed import SAMPLES, sealed

CANONICAL = {
    **dict.fromkeys(("time",), Type.TIMESTAMP),
    **dict.fromkeys(("duration_ms", "cost", "confidence", "rating"), Type.NUMBER),
    **dict.fromkeys(("tokens_in", "tokens_out", "output_chars"), Type.INTEGER),
    **dict.fromkeys(
        (
            *("request_id", "trace_id", "span_id", "parent_id", "session_id", "user_id"),
            *("operation", "provider", "model", "model_requested", "model_version"),
            *("prompt_name", "prompt_version", "status", "error", "guardrail", "task"),
            *("comment", "outcome", "feedback_id", "measure", "rated_by", "masked_entities"),
        ),
        Type.STRING,
    ),
}
SAMPLE = {
    "otlp": ["otlp_loan_agent.jsonl"],
    "mlflow": ["mlflow_loan_agent.json"],
    "langfuse": ["langfuse_loan_agent.jsonl"],
    "langfuse-scores": ["langfuse_loan_agent_scores.jsonl"],
    "langsmith": ["langsmith_loan_agent.jsonl"],
    "litellm": ["litellm_loan_agent.jsonl"],
    "litellm-spend": ["litellm_spend_loan_agent.jsonl"],
    "openai-batch": [
        "openai_batch_loan_agent.jsonl",
        "openai_batch_loan_agent_errors.jsonl",
        "openai_batch_loan_agent_input.jsonl",
    ],
    "ocsf": ["ocsf_loan_agent.jsonl"],
}
# What the loan agent's records do not have: one call each, nothing masked, no prompts of the
# Responses API.
NOT_TOLD = {
    "langfuse": {"parent_id"},
    "langfuse-scores": {"outcome"},
    "langsmith": {"parent_id"},
    "mlflow": {"guardrail"},
    "litellm": {"masked_entities"},
    "litellm-spend": {"masked_entities"},
    "openai-batch": {"session_id", "prompt_name", "prompt_version"},
    "ocsf": {"parent_id", "confidence"},
}
KINDS = [name for name in FORMATS if name != "table"]


@pytest.mark.parametrize("name", KINDS)
def test_names_and_types_are_the_canonical_ones(name: str) -> None:
    """A query over logs of several formats would find a column in some of them only."""
    columns = FORMATS[name].columns
    assert {target: column.type for target, column in columns.items()} == {
        target: CANONICAL[target] for target in columns
    }
    assert {"time", "request_id"} <= columns.keys()
    assert not any(column.required for column in columns.values())


@pytest.mark.parametrize("name", SAMPLE)
def test_every_column_is_filled_from_somewhere(tmp_path: Path, name: str) -> None:
    """A column would be there in name only, its source misspelt."""
    log = sealed(tmp_path, name, *(SAMPLES / file for file in SAMPLE[name]))
    filled = {target for row in log.rows for target, value in row.items() if value is not None}
    assert FORMATS[name].columns.keys() - filled == NOT_TOLD.get(name, set())


def found(name: str, sources: tuple[str, ...]) -> list[Any]:
    """What stands at some sources of a format's first record."""
    form = FORMATS[name]
    text = (SAMPLES / SAMPLE[name][0]).read_text()
    first = json.dumps(json.loads(text)[0]) if text.startswith("[") else text.splitlines()[0]
    unfolded = list(form.unfold(first.encode())) if form.unfold else [first.encode()]
    return [find(json.loads(unfolded[0]), source) for source in sources]


@pytest.mark.parametrize("name", KINDS)
def test_personal_data_and_conversations_are_named(name: str) -> None:
    """Officers or applicants' words would be kept in clear although the format knows where."""
    form = FORMATS[name]
    assert all(parse(source) for source in (*form.personal, *form.conversation))
    if name in SAMPLE and name != "openai-batch":
        said = json.dumps(found(name, form.conversation))
        assert "Assess applicant" in said or name.endswith("scores")
        whose = [str(value) for value in found(name, form.personal) if value]
        assert any(value.startswith("officer-") for value in whose) or name.endswith("scores")
