"""Kinds of log: their columns are found under other names, and must be there."""

from __future__ import annotations

from pathlib import Path

import pytest

import sample_data
from ledger.errors import InvalidInput
from ledger.logs.formats import FORMATS, completed
from ledger.logs.importing import import_logs
from ledger.logs.kinds import REQUIRED, fitted
from ledger.logs.proposing import propose
from ledger.registers.logs import LogRow
from ledger.verification import verify
from tests.people import MODEL, World, raising

LOGS = Path(sample_data.__file__).parent / "logs"


def test_columns_are_found_under_the_names_of_the_tool() -> None:
    """If it fails, feedback is imported and no metric knows it."""
    feedback = propose(LOGS / "loan_agent_feedback.csv", kind="feedback").columns
    assert {name: str(column.type) for name, column in feedback.items()} == {
        "request_id": "string",
        "time": "timestamp",
        "rating": "integer",
        "satisfied": "boolean",
        "complaint": "boolean",
        "hallucination": "boolean",
        "groundedness": "boolean",
    }
    assert feedback["request_id"].required
    assert feedback["rating"].source == "stars"
    outcomes = propose(LOGS / "loan_agent_outcomes.jsonl", kind="outcome").columns
    assert {"request_id", "time", "outcome", "sex", "age_band", "approved"} == outcomes.keys()
    resources = propose(LOGS / "loan_agent_resources.csv", kind="resource").columns
    assert {"time", "resource", "amount", "unit", "cost"} == resources.keys()


def test_decisions_keep_their_own_names(tmp_path: Path) -> None:
    """If it fails, the proposal for a decision log calls a score a rating."""
    log = tmp_path / "log.csv"
    log.write_text("id,score,result\n1,0.5,yes\n")
    assert propose(log).columns.keys() == {"id", "score", "result"}


def test_two_fields_of_one_meaning_do_not_share_a_column(tmp_path: Path) -> None:
    """If it fails, one of the fields is lost."""
    log = tmp_path / "log.csv"
    log.write_text("request_id,trace_id,rating,score,satisfied\na,t,5,0.5,very\n")
    columns = propose(log, kind="feedback").columns
    sources = {name: column.source for name, column in columns.items()}
    assert sources == {name: name for name in sources}
    assert columns["satisfied"].type == "string"  # "very" is neither yes nor no


@pytest.mark.parametrize("kind", ["feedback", "outcome"])
def test_an_answer_without_a_request_is_a_bad_row(world: World, tmp_path: Path, kind: str) -> None:
    """If it fails, answers to nothing are counted as imported."""
    log = tmp_path / "answers.csv"
    log.write_text("request_id,rating,outcome\na,5,x\n,4,y\nb,3,z\n")
    emil = world.person("emil")
    known = next(each for each in REQUIRED if each == kind)
    done = import_logs(
        emil.book, emil.signer, MODEL, [log], propose(log, kind=known), kind=known, max_bad=1
    )
    assert (done.kind, done.rows, done.quarantined) == (kind, 2, 1)
    with emil.book.read() as snapshot:
        (row,) = snapshot.rows.where(LogRow, kind=kind)
    assert row.log == done.log
    assert verify(emil.book).problems == ()


def test_a_map_without_the_request_is_refused(world: World, tmp_path: Path) -> None:
    """If it fails, a log of feedback is sealed that can never be joined to a decision."""
    log = tmp_path / "answers.csv"
    log.write_text("rating\n5\n")
    emil = world.person("emil")
    mapping = propose(log)
    raising(
        InvalidInput,
        lambda: import_logs(emil.book, emil.signer, MODEL, [log], mapping, kind="outcome"),
    )
    import_logs(emil.book, emil.signer, MODEL, [log], mapping, kind="resource")


def test_a_format_of_scores_gets_what_its_kind_needs() -> None:
    """If it fails, scores of a session, which answer no request, count as feedback on one."""
    scores = fitted(completed(FORMATS["langfuse-scores"], {}), "feedback")
    assert scores.columns["request_id"].required
    assert fitted(scores, "feedback") == scores
