"""Each format from its files to the entry in the ledger, and the record verified afterwards."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ledger.logs.formats import completed
from ledger.logs.importing import import_logs
from ledger.logs.recognising import one_format, recognised
from ledger.registers.logs import LogRow
from ledger.verification import verify
from tests.ledger.logs.formats.sealed import SAMPLES, rule
from tests.people import MODEL, World

ALL = {
    "otlp_loan_agent": 64,
    "mlflow_loan_agent": 48,
    "langfuse_loan_agent": 48,
    "langsmith_loan_agent": 48,
    "litellm_loan_agent": 48,
    "litellm_spend_loan_agent": 48,
    "openai_batch_loan_agent": 48,
    "ocsf_loan_agent": 48,
}


def files(name: str) -> list[Path]:
    """The log of a sample; of a batch all three files."""
    (log,) = SAMPLES.glob(f"{name}.json*")
    return [
        log,
        *sorted(SAMPLES.glob(f"{name}_errors.jsonl")),
        *SAMPLES.glob(f"{name}_input.jsonl"),
    ]


@pytest.mark.parametrize("name", ALL)
def test_from_files_to_a_verified_entry(world: World, name: str) -> None:
    """A format would be recognised as another, or sealed so that the record does not verify."""
    emil = world.person("emil")
    stated = rule(name)
    form = one_format([recognised(path) for path in files(name)])
    assert form.name == stated["format"]
    mapping = completed(form, stated)
    done = import_logs(emil.book, emil.signer, MODEL, files(name), mapping)
    assert (done.rows, done.quarantined, done.already_imported) == (ALL[name], 0, False)
    with emil.book.read() as snapshot:
        (row,) = snapshot.rows.where(LogRow)
    assert (row.rows, row.format) == (ALL[name], form.name)
    table = pq.read_table(world.home.evidence.path(done.file, "parquet"))
    decisions = table.column("decision").to_pylist()
    assert {one: decisions.count(one) for one in ("approve", "refer", "decline")} == {
        "approve": 19,
        "refer": 8,
        "decline": 15,
    }
    found = verify(world.person("ann").book)
    assert found.problems == ()
    assert found.checked["sealed_rows"] == ALL[name]
    again = import_logs(emil.book, emil.signer, MODEL, list(reversed(files(name))), mapping)
    assert again.already_imported


def test_scores_are_entered_as_feedback(world: World) -> None:
    """Officers' ratings would be entered as decisions of the model that they rate."""
    emil = world.person("emil")
    path = SAMPLES / "langfuse_loan_agent_scores.jsonl"
    form = recognised(path).format
    assert form.name == "langfuse-scores"
    mapping = completed(form, {})
    done = import_logs(emil.book, emil.signer, MODEL, [path], mapping, kind="feedback")
    with emil.book.read() as snapshot:
        (row,) = snapshot.rows.where(LogRow)
    assert (row.kind, row.rows, done.quarantined) == ("feedback", 24, 0)
    assert verify(world.person("ann").book).problems == ()
