"""A world in which a model has a past worth reporting."""

from __future__ import annotations

from pathlib import Path

import yaml

import sample_data
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.switching import kill
from policies.auditing import run_fairness
from policies.fairness.counts import FairnessRequest
from policies.responding import open_incident
from reports.issuing import IssuedReport, issue_model_report
from tests.people import MODEL, PASSPHRASE, START, World

SAMPLES = Path(sample_data.__file__).parent
REQUEST = FairnessRequest(prediction="approved", by=("sex",), label="repaid")


def work(world: World) -> World:
    """Import, audit, open an incident, stop the model and have it switched on again."""
    emil, cora, rosa = (world.person(actor) for actor in ("emil", "cora", "rosa"))
    column_map = ColumnMap.model_validate(
        yaml.safe_load((SAMPLES / "credit_decisions.map.yaml").read_text())
    )
    log = SAMPLES / "credit_decisions_sample.csv"
    import_logs(emil.book, emil.signer, MODEL, [log], column_map)
    run_fairness(emil.book, emil.signer, MODEL, REQUEST)
    open_incident(
        cora.book,
        cora.signer,
        title="Women are declined too often",
        severity="high",
        model=MODEL,
        description="Found by aud-1.",
        detected_at=START,
        aware_at=START,
    )
    kill(cora.book, cora.signer, MODEL, reason="It harms people.")
    approval = rosa.request_resumption("Version 2.0.4 is back.").approval
    cora.approve(approval or "")
    return world


def issue(world: World, actor: str = "rosa") -> IssuedReport:
    """Issue the model's report as somebody."""
    person = world.person(actor)
    key = person.seat.report_key(actor, PASSPHRASE)
    return issue_model_report(person.book, person.signer, key, MODEL)
