"""Every log is recognised as what it is, and as nothing else."""

from __future__ import annotations

import csv
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.logs.formats import FORMATS, recognise
from tests.ledger.logs.formats.sealed import DATA, SAMPLES

FILES = {
    "otlp_loan_agent.jsonl": "otlp",
    "mlflow_loan_agent.json": "mlflow",
    "langfuse_loan_agent.jsonl": "langfuse",
    "langfuse_loan_agent_scores.jsonl": "langfuse-scores",
    "langsmith_loan_agent.jsonl": "langsmith",
    "litellm_loan_agent.jsonl": "litellm",
    "litellm_spend_loan_agent.jsonl": "litellm-spend",
    "openai_batch_loan_agent.jsonl": "openai-batch",
    "openai_batch_loan_agent_errors.jsonl": "openai-batch",
    "openai_batch_loan_agent_input.jsonl": "openai-batch",
    "ocsf_loan_agent.jsonl": "ocsf",
}
REAL = {
    "otlp_traces.jsonl": "otlp",
    "mlflow_trace.json": "mlflow",
    "langsmith_run.json": "langsmith",
    "litellm_standard_logging_payload.json": "litellm",
}


def records() -> dict[str, list[dict[str, Any]]]:
    """Parsed container records of every sample, by file."""
    read = {}
    for name in FILES:
        text = (SAMPLES / name).read_text()
        whole = name.endswith(".json")
        read[name] = json.loads(text) if whole else list(map(json.loads, text.splitlines()))
    for name in REAL:
        read[name] = [json.loads((DATA / name).read_text())]
    return read


def claims(record: dict[str, Any]) -> set[str]:
    """Name the formats that take a record for theirs; the table takes any."""
    return {name for name, each in FORMATS.items() if each.recognises(record)} - {"table"}


@pytest.mark.parametrize(("name", "expected"), [*FILES.items(), *REAL.items()])
def test_every_record_is_claimed_by_its_format_alone(name: str, expected: str) -> None:
    """A log would be read with another format's columns, or as a plain table."""
    read = records()[name]
    assert {frozenset(claims(record)) for record in read} == {frozenset({expected})}
    assert recognise(read[:5]).name == expected


def camel(name: str) -> str:
    """Spell a name as the API of Langfuse does."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def test_langfuse_spelt_as_its_api_does() -> None:
    """The same observations, fetched instead of exported, would be taken for a table."""
    read = records()
    for name, expected in (
        ("langfuse_loan_agent.jsonl", "langfuse-api"),
        ("langfuse_loan_agent_scores.jsonl", "langfuse-api-scores"),
    ):
        spelt = [{camel(key): value for key, value in record.items()} for record in read[name]]
        assert {frozenset(claims(record)) for record in spelt} == {frozenset({expected})}


def test_rows_of_a_table_are_nobodys() -> None:
    """A classical model's decisions would be read as traces of a language model."""
    with (SAMPLES.parent / "credit_decisions_sample.csv").open() as file:
        assert {frozenset(claims(dict(row))) for row in csv.DictReader(file)} == {frozenset()}
    alike: list[dict[str, Any]] = [
        {"id": 1, "type": "GENERATION", "trace_id": "t"},
        {"id": 1, "type": {"a": 1}, "trace_id": "t", "start_time": "x"},
        {"id": 1, "run_type": ["llm"], "trace_id": "t", "start_time": "x"},
        {"info": {"trace_id": "t"}, "data": {"spans": []}},
        {"resourceSpans": "none"},
        {"custom_id": "a", "response": None},
        {"class_uid": 6003, "metadata": {"profiles": ["cloud"]}},
    ]
    for record in alike:
        assert claims(record) == set()
        assert recognise([record]).name == "table"


NAMES = sorted({key for read in records().values() for key in read[0]})
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=25))
def test_any_object_can_be_asked_about(record: dict[str, Any]) -> None:
    """A strange record under familiar names would end an import with a traceback."""
    assert recognise([record]) in FORMATS.values()
