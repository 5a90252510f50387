"""A world in which a model has a past worth reporting."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import yaml

import sample_data
from ledger.entry import Draft
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.switching import kill
from policies.adopting import adopt
from policies.auditing import run_fairness
from policies.data.compare import DriftRequest
from policies.data_sets import Described, Files, record_training, register
from policies.drifting import Side, run_drift
from policies.evaluating import Asked, run_evaluation
from policies.fairness.counts import FairnessRequest
from policies.remedying import open_finding
from policies.responding import open_incident
from policies.retaining import drop
from reports.issuing import IssuedReport, issue_model_report
from tests.people import MODEL, PASSPHRASE, START, World, version_draft

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


def work_on(world: World) -> World:
    """Let the same model be trained, compared, tested and remedied; drop an old log of it."""
    emil, rosa, ada = (world.person(actor) for actor in ("emil", "rosa", "ada"))
    sample = SAMPLES / "credit_decisions_sample.csv"
    described = Described("Applications", "ada", "Core banking", "internal")
    register(emil.book, emil.signer, "applications", described, Files([sample], "1"))
    record_training(emil.book, emil.signer, MODEL, "1.0", "applications")
    windows = (Side(period="2025-09..2025-12"), Side(period="2026-01.."))
    answers = DriftRequest(output="approved", confidence="score")
    run_drift(emil.book, emil.signer, MODEL, windows, answers)
    north = FairnessRequest("approved", ("sex",), "repaid", where="region = 'north'")
    for request in (REQUEST, north):
        run_fairness(emil.book, emil.signer, MODEL, request)
    emil.append(version_draft("1.1"))
    for suite, version, golden in (("0.9.0", "1.0", True), ("0.9.1", "1.1", False)):
        file = SAMPLES / "suites" / f"support-assistant-{suite}.jsonl"
        asked = Asked(version, golden=golden)
        run_evaluation(emil.book, emil.signer, MODEL, [file], asked)
    open_finding(
        rosa.book,
        rosa.signer,
        title="The card names no limitation",
        severity="low",
        model=MODEL,
        source="review of the card",
        due=START - timedelta(days=1),
    )
    closing = {"outcome": "remedied", "resolution": "The prompt was hardened."}
    rosa.append(Draft("finding.closed", "finding/fi-1", closing))
    _drop_an_old_log(world)
    ada.append(version_draft("1.2"))
    return world


def _drop_an_old_log(world: World) -> None:
    """Import decisions of four years ago, one of them bad, and drop them at once."""
    emil, rosa = world.person("emil"), world.person("rosa")
    file = world.folder / "old.jsonl"
    told = [{"t": "2022-11-01T08:00:00Z", "u": None, "note": "Call 0171 2345678"}, {"t": "never"}]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in told))
    columns = {
        "time": {"source": "t", "type": "timestamp"},
        "user_id": {"source": "u", "type": "string"},
    }
    column_map = ColumnMap.model_validate({"columns": columns})
    log = import_logs(emil.book, emil.signer, MODEL, [file], column_map).log
    adopt(rosa.book, rosa.signer, "retention", None, "Board")
    asked = drop(rosa.book, rosa.signer, log)
    world.person("ada").approve(asked.outcome.approval or "")


def issue(world: World, actor: str = "rosa") -> IssuedReport:
    """Issue the model's report as somebody."""
    person = world.person(actor)
    key = person.seat.report_key(actor, PASSPHRASE)
    return issue_model_report(person.book, person.signer, key, MODEL)
