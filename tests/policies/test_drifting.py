"""Drift audits on record: windows of sealed decisions, training data, and what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
import yaml

import sample_data
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.audits import AuditRow
from ledger.registers.datasets import contents_of
from ledger.registers.logs import LogRow
from ledger.verification import verify
from policies.adopting import adopt, thresholds_in_force
from policies.auditing import Audited, read_result
from policies.data.compare import DriftRequest
from policies.data_sets import Described, Files, read_profile, record_training, register, renew
from policies.drifting import Side, compare_sides, run_drift
from tests.people import MODEL, World, copy, raising, size_of

SAMPLES = Path(sample_data.__file__).parent
SAMPLE = SAMPLES / "credit_decisions_sample.csv"
MAP = ColumnMap.model_validate(yaml.safe_load((SAMPLES / "credit_decisions.map.yaml").read_text()))
WINDOWS = (Side(period="2025-09..2025-12"), Side(period="2026-01.."))
REQUEST = DriftRequest(output="approved", confidence="score")


@pytest.fixture(scope="module")
def stocked(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with 500 decisions. Not to be written to."""
    world = copy(template, tmp_path_factory.mktemp("stocked"))
    emil = world.person("emil")
    import_logs(emil.book, emil.signer, MODEL, [SAMPLE], MAP)
    return world


@pytest.fixture
def world(stocked: World, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(stocked, tmp_path / "world")


def audit(world: World, actor: str = "emil", **asked: Any) -> Audited:
    """Hold one window of decisions against another."""
    person = world.person(actor)
    asked = {"sides": WINDOWS, "request": REQUEST} | asked
    return run_drift(person.book, person.signer, MODEL, **asked)


def test_a_drift_audit_is_entered_with_all_that_repeats_it(world: World) -> None:
    """If it fails, drift is seen but not on record, or cannot be computed again."""
    done = audit(world)
    book = world.stranger()
    with book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, done.audit_id)
        (log,) = snapshot.rows.where(LogRow, model=MODEL)
    assert row is not None
    assert (row.measure, row.n, row.verdict) == ("drift", 211, done.verdict)
    assert (orjson.loads(row.logs), row.data) == ([log.log], log.file)
    assert row.thresholds == thresholds_in_force(book)[0]
    assert {each["name"]: each["value"] for each in orjson.loads(row.options)} == {
        "reference": "decisions 2025-09..2025-12",
        "current": "decisions 2026-01..",
        "output": "approved",
        "confidence": "score",
    }
    features = {each["column"]: each for each in done.document["features"]}
    assert (features["approved"]["role"], features["score"]["role"]) == ("output", "confidence")
    entered = {
        (each["by"], each["measure"]): float(each["value"])
        for each in orjson.loads(row.disparities)
    }
    assert entered["score", "psi"] == pytest.approx(features["score"]["psi"], abs=1e-12)
    assert read_result(book, row) == done.as_json()
    assert audit(world).document == done.document
    assert verify(world.person("ann").book).problems == ()


def test_windows_are_those_of_the_decisions_time(world: World) -> None:
    """If it fails, a decision counts on the wrong side, or on none."""
    frame = pd.read_csv(SAMPLE)
    times = pd.to_datetime(frame["decided_at"], utc=True)
    early, late = (times < "2026-01-01").sum(), (times >= "2026-01-01").sum()
    found = audit(world).document
    assert (found["reference_rows"], found["current_rows"]) == (early, late)
    app = (frame["channel"] == "app") & (times >= "2026-01-01")
    assert audit(world, where="channel = 'app'").document["n"] == app.sum()


def test_comparing_enters_nothing(world: World) -> None:
    """If it fails, having a look changes the record."""
    before = size_of(world.stranger())
    document, compared = compare_sides(world.person("ann").book, MODEL, WINDOWS, REQUEST)
    assert (document["verdict"], document["n"]) == (compared.verdict, 211)
    assert size_of(world.stranger()) == before


def test_training_data_is_known_by_its_bytes(world: World, tmp_path: Path) -> None:
    """If it fails, an audit does not say which data set the decisions were held against."""
    train = tmp_path / "train.parquet"
    columns = ["sex", "age_band", "income", "debt_ratio"]
    pd.read_csv(SAMPLE)[columns].to_parquet(train)
    emil = world.person("emil")
    described = Described("Applications", "ada", "Core", "internal")
    register(emil.book, emil.signer, "applications", described, Files([train], "1"))
    record_training(emil.book, emil.signer, MODEL, "1.0", "applications")
    request = DriftRequest(tuple(columns))
    done = audit(world, sides=(Side((train,)), Side(period="2026-01..")), request=request)
    assert done.document["reference"]["dataset"] == "applications 1"
    assert done.verdict == "pass"
    with world.stranger().read() as snapshot:
        kept = contents_of(snapshot.rows, "applications")
    assert kept.rows == 500
    assert read_profile(world.stranger(), kept.profile)["digest"] == kept.digest
    assert verify(world.person("ann").book).problems == ()
    path = world.home.evidence.path(kept.profile, "json")
    path.write_bytes(path.read_bytes() + b" ")
    raising(CheckFailed, lambda: read_profile(world.stranger(), kept.profile))
    problems = verify(world.person("ann").book).problems
    assert [(each.check, each.subject) for each in problems] == [
        ("evidence", "dataset/applications")
    ]


def test_new_contents_need_new_bytes(world: World, tmp_path: Path) -> None:
    """If it fails, one set of bytes is two versions, and lineage is a matter of taste."""
    emil = world.person("emil")
    data = tmp_path / "train.csv"
    data.write_text("x\n1\n2\n")
    described = Described("Numbers", "ada", "", "internal")
    register(emil.book, emil.signer, "numbers", described, Files([data], "1"))
    raising(Refused, lambda: renew(emil.book, emil.signer, "numbers", Files([data], "2")))
    data.write_text("x\n1\n3\n")
    renew(emil.book, emil.signer, "numbers", Files([data], "2", profiled=False))
    with emil.book.read() as snapshot:
        assert (contents_of(snapshot.rows, "numbers").rows) == -1


def test_a_sealed_log_that_was_touched_is_not_compared(world: World) -> None:
    """If it fails, drift is measured on rows that somebody forged."""
    (path,) = world.home.evidence.folder.glob("*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = size_of(world.stranger())
    raising(CheckFailed, lambda: audit(world))
    assert size_of(world.stranger()) == before


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (InvalidInput, {"sides": (Side(period="2025-09.."), Side(period="2031-01.."))}),
        (InvalidInput, {"sides": (Side(period="last year"), Side(period="2026-01.."))}),
        (InvalidInput, {"request": DriftRequest(("gender",))}),
        (InvalidInput, {"where": "channel ="}),
        (Refused, {"actor": "ann"}),
    ],
    ids=["no decisions then", "no period", "no such column", "no condition", "no role"],
)
def test_what_cannot_be_audited_is_explained_and_not_entered(
    world: World, error: type[Exception], asked: dict[str, Any]
) -> None:
    """If it fails, a mistake is a traceback, or an audit that says nothing moved."""
    before = size_of(world.stranger())
    raising(error, lambda: audit(world, **asked))
    assert size_of(world.stranger()) == before


def test_the_thresholds_of_the_moment_decide(world: World) -> None:
    """If it fails, adopting other thresholds does not change what counts as drift."""
    rosa = world.person("rosa")
    document = thresholds_in_force(rosa.book)[1].model_dump(mode="json")
    lower = {
        "psi_watch": "0.000001",
        "psi_max": "0.000001",
        "ks_max": "0.000001",
        "significance": "1",
    }
    for name, value in lower.items():
        document["drift"][name]["value"] = value
    adopt(rosa.book, rosa.signer, "thresholds", orjson.dumps(document), "For this test.")
    assert audit(world).verdict == "fail"
