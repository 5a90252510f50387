"""The loan agent's logs: made alike everywhere, and telling one story in every format."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sample_data.loan_agent import CASES, Case, cases
from sample_data.make_logs import FOLDER, main
from tests.ledger.logs.formats.sealed import Sealed, rule, sealed

STORIES = {
    "mlflow_loan_agent": ["mlflow_loan_agent.json"],
    "langfuse_loan_agent": ["langfuse_loan_agent.jsonl"],
    "langsmith_loan_agent": ["langsmith_loan_agent.jsonl"],
    "litellm_loan_agent": ["litellm_loan_agent.jsonl"],
    "litellm_spend_loan_agent": ["litellm_spend_loan_agent.jsonl"],
    "otlp_loan_agent": ["otlp_loan_agent.jsonl"],
    "ocsf_loan_agent": ["ocsf_loan_agent.jsonl"],
    "openai_batch_loan_agent": [
        "openai_batch_loan_agent.jsonl",
        "openai_batch_loan_agent_input.jsonl",
        "openai_batch_loan_agent_errors.jsonl",
    ],
}
WORDS = ("sex", "age_band", "decision", "index_version", "features_version")


def test_every_run_writes_the_same_bytes(tmp_path: Path) -> None:
    """What the README prints of a sample would not be what somebody else gets."""
    main([str(tmp_path)])
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {p.name: p.read_bytes() for p in FOLDER.iterdir() if not p.name.endswith(".map.yaml")}
    assert made == kept


def test_each_log_has_its_rule() -> None:
    """A sample could not be imported with a decision, as the README does."""
    assert {f"{name}.map.yaml" for name in STORIES} == {p.name for p in FOLDER.glob("*.map.yaml")}


def story(told: Iterable[Case]) -> list[dict[str, Any]]:
    """What every format must say of the cases, in order of time."""
    return [
        {name: case.notes.get(name) for name in WORDS}
        | {
            "decision": case.decision,
            "confidence": None if case.decision is None else float(case.confidence),
            "score": None if case.decision is None else float(case.score),
            "status": "error" if case.error else "ok",
            "user_id": case.officer,
            "blocked": case.blocked,
            "output_chars": len(case.answer) if case.answer else None,
        }
        for case in told
    ]


def heard(log: Sealed, name: str) -> list[dict[str, Any]]:
    """What a sealed log says of them."""
    rows = [row for row in log.rows if row["operation"] != "tool"]
    told = [
        {key: row[key] for key in (*WORDS, "confidence", "score", "status", "user_id")}
        # MLflow keeps the answer as an object beside the model's name.
        | {"blocked": row.get("guardrail") == "blocked", "output_chars": row["output_chars"]}
        for row in (
            sorted(rows, key=lambda row: str(row["request_id"])) if "batch" in name else rows
        )
    ]
    return [row | {"output_chars": None} for row in told] if name.startswith("mlflow") else told


@pytest.mark.parametrize("name", STORIES)
def test_every_format_tells_the_same_story(tmp_path: Path, name: str) -> None:
    """A format would lose, or change, what the others tell of the same decisions."""
    mapping = rule(name)
    files = [FOLDER / file for file in STORIES[name]]
    log = sealed(tmp_path, mapping["format"], *files, rule=mapping)
    expected = story(cases())
    if name.startswith("mlflow"):
        expected = [row | {"output_chars": None} for row in expected]
    assert len(expected) == CASES
    assert log.bad == []
    assert heard(log, name) == expected
