"""Audits of imported decisions: what is planted is found, entered, and kept as it was."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

import sample_data
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.audits import AuditRow, elsewhere, superseded
from ledger.registers.logs import LogRow
from ledger.verification import verify
from policies.adopting import adopt, thresholds_in_force
from policies.auditing import Audited, decisions_of, read_result, run_fairness
from policies.fairness.audit import digest_files
from policies.fairness.counts import FairnessRequest
from policies.profiling import ProfileRequest, run_profile
from policies.scoring import run_values
from sample_data.make import write_decisions
from tests.people import MODEL, OTHER_MODEL, World, copy, raising, size_of

SAMPLES = Path(sample_data.__file__).parent
SAMPLE = SAMPLES / "credit_decisions_sample.csv"
PLANTED = yaml.safe_load((SAMPLES / "planted.yaml").read_text())
MAP = ColumnMap.model_validate(yaml.safe_load((SAMPLES / "credit_decisions.map.yaml").read_text()))
COUNTS = ("n", "tp", "fp", "tn", "fn")


def take_in(world: World, file: Path) -> World:
    """Let an engineer import a log."""
    emil = world.person("emil")
    import_logs(emil.book, emil.signer, MODEL, [file], MAP)
    return world


@pytest.fixture(scope="module")
def stocked(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with 500 decisions. Not to be written to."""
    return take_in(copy(template, tmp_path_factory.mktemp("stocked")), SAMPLE)


@pytest.fixture
def world(stocked: World, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(stocked, tmp_path / "world")


def audit(world: World, actor: str = "emil", **asked: Any) -> Audited:
    """Audit the model by sex and age band."""
    person = world.person(actor)
    request = FairnessRequest(
        **{"prediction": "approved", "label": "repaid", "by": ("sex", "age_band")} | asked
    )
    return run_fairness(person.book, person.signer, MODEL, request)


OUTCOME_MAP = ColumnMap.model_validate(
    {
        "columns": {
            "request_id": {"source": "application", "type": "string"},
            "time": {"source": "at", "type": "timestamp"},
            "outcome": {
                "source": "became",
                "type": "string",
                "values": {"repaid": "1", "defaulted": "0"},
            },
        }
    }
)


@dataclass(frozen=True)
class Followed:
    """A world whose decisions know no label; `left_out` of them have no outcome."""

    world: World
    decisions: LogRow
    outcomes: tuple[LogRow, ...]
    left_out: int


@pytest.fixture(scope="module")
def followed(template: World, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """Import the sample without its label, and the label as outcomes. Not to be written to.

    Every outcome is first logged as its opposite, and corrected in a second log; the last ten
    decisions stay without one, and the first is logged twice.
    """
    folder = tmp_path_factory.mktemp("followed")
    world = copy(template, folder / "world")
    emil = world.person("emil")
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = MAP.model_dump(mode="json")
    del columns["columns"]["repaid"]
    columns["columns"]["request_id"] = {"source": "decision_id", "type": "string"}
    again = folder / "again.csv"
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    again.write_text(lines[0] + lines[1].replace("2025-", "2027-"), encoding="utf-8")
    named = ColumnMap.model_validate(columns)
    import_logs(emil.book, emil.signer, MODEL, [SAMPLE, again], named)
    for year, names in ((2029, ("defaulted", "repaid")), (2030, ("repaid", "defaulted"))):
        log = folder / f"{year}.csv"
        told = [
            f"{row['decision_id']},{year}-01-01T00:00:00Z,{names[row['repaid'] == '0']}"
            for row in rows[:-10]
        ]
        # The later truth is entered first: it is the time that counts, not the order of logs.
        log.write_text("\n".join(["application,at,became", *told, ""]), encoding="utf-8")
    for year in (2030, 2029):
        log = folder / f"{year}.csv"
        import_logs(emil.book, emil.signer, MODEL, [log], OUTCOME_MAP, kind="outcome")
    with emil.book.read() as snapshot:
        first, *others = sorted(snapshot.rows.where(LogRow, model=MODEL), key=lambda row: row.seq)
    return Followed(world, first, tuple(others), 10 + 1)


def row_of(world: World, audit_id: str) -> AuditRow:
    """An audit as the register has it."""
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(AuditRow, audit_id)
    assert row is not None
    return row


def same(document: dict[str, Any], planted: dict[str, Any]) -> None:
    """Hold one table of an audit against what is planted."""
    by = planted["by"]
    found = {group["group"]: group for group in document["groups"] if group["by"] == by}
    assert {
        name: {count: group[count] for count in COUNTS} for name, group in found.items()
    } == planted["groups"]
    assert found[planted["lowest"]]["impact_ratio"] == pytest.approx(
        float(planted["impact_ratio"]), abs=1e-6
    )
    (table,) = [table for table in document["disparities_by"] if table["by"] == by]
    for measure in ("demographic_parity_difference", "equalized_odds_difference"):
        assert table[measure] == pytest.approx(float(planted[measure]), abs=1e-6)


def test_the_planted_bias_is_found_in_200_000_decisions(template: World, tmp_path: Path) -> None:
    """If it fails, importing, sealing or counting changes what is in the data."""
    planted = PLANTED["credit_decisions.csv"]
    write_decisions(tmp_path / "decisions.csv")
    world = take_in(copy(template, tmp_path / "world"), tmp_path / "decisions.csv")
    for condition in (None, "model_version = '2.0.4'"):
        done = audit(world, where=condition)
        wanted = [each for each in planted["audits"] if each["filter"] == condition]
        assert len(wanted) == 3
        for table in wanted:
            same(done.document, table)
        assert done.document["n"] == planted["rows_by_filter"].get(condition, planted["rows"])
    assert done.audit_id == "aud-2"
    assert (row_of(world, "aud-1").verdict, done.verdict) == ("fail", "pass")


def test_an_audit_is_entered_with_all_that_repeats_it(world: World) -> None:
    """If it fails, nobody can run an audit again and get the same, or it is not on record."""
    done = audit(world)
    row = row_of(world, done.audit_id)
    with world.stranger().read() as snapshot:
        (log,) = snapshot.rows.where(LogRow, model=MODEL)
    for table in PLANTED[SAMPLE.name]["audits"]:
        same(done.document, table)
    assert (row.label, row.prediction, orjson.loads(row.by)) == (
        "repaid",
        "approved",
        ["sex", "age_band"],
    )
    assert (row.n, row.seed, row.filter) == (500, done.document["seed"], "")
    assert orjson.loads(row.logs) == [log.log]
    assert row.thresholds == thresholds_in_force(world.stranger())[0]
    measured = {
        (each["by"], each["measure"]): each["value"] for each in orjson.loads(row.disparities)
    }
    for table in done.document["disparities_by"]:
        value = measured[table["by"], "demographic_parity_difference"]
        assert float(Decimal(value)) == pytest.approx(
            table["demographic_parity_difference"], abs=1e-12
        )
    again = audit(world)
    assert again.audit_id == "aud-2"
    assert again.document == done.document
    assert read_result(world.stranger(), row) == done.as_json()
    assert verify(world.person("ann").book).problems == ()


def test_a_repeated_question_marks_the_earlier_audit_and_both_stay(world: World) -> None:
    """If it fails, one can run audits until one passes and show that one alone."""
    first, other = audit(world), audit(world, where="region = 'north'")
    by_cut_off = audit(world, prediction="score", cutoff="640")
    again = audit(world)
    with world.stranger().read() as snapshot:
        rows = snapshot.rows.where(AuditRow, model=MODEL)
    assert [row.audit for row in rows] == ["aud-1", "aud-2", "aud-3", "aud-4"]
    assert superseded(rows) == {first.audit_id: again.audit_id}
    by_id = {row.audit: row for row in rows}
    assert elsewhere(rows, by_id[again.audit_id]) == 1
    assert elsewhere(rows, by_id[other.audit_id]) == 3
    assert orjson.loads(by_id[by_cut_off.audit_id].options) == [{"name": "cutoff", "value": "640"}]


def test_of_files_only_the_same_bytes_are_the_same_question(world: World, tmp_path: Path) -> None:
    """If it fails, an audit of a chosen part of the data supersedes that of the whole."""
    emil = world.person("emil")
    part = tmp_path / "part.csv"
    part.write_text("".join(SAMPLE.read_text().splitlines(keepends=True)[:200]))
    request = FairnessRequest(prediction="approved", by=("sex",))
    for file in (SAMPLE, part, SAMPLE):
        run_fairness(emil.book, emil.signer, MODEL, request, files=[file])
    run_fairness(emil.book, emil.signer, MODEL, request)
    with world.stranger().read() as snapshot:
        assert superseded(snapshot.rows.where(AuditRow, model=MODEL)) == {"aud-1": "aud-3"}


def test_an_entry_holds_an_audit_of_many_tables(world: World) -> None:
    """If it fails, an audit of many strata or classes is too large to be entered."""
    strata = audit(world, by=("sex", "age_band"), control=("region", "channel"))
    assert len(strata.document["disparities_by"]) > 30
    classes = audit(world, prediction="channel", outcome="multiclass", label=None, by=("sex",))
    rows = [row_of(world, done.audit_id) for done in (strata, classes)]
    entered = [
        {(each["by"], each["measure"]) for each in orjson.loads(row.disparities)} for row in rows
    ]
    assert len(entered[0]) == 12
    assert {by for by, _ in entered[1]} == {"sex"}
    assert verify(world.person("ann").book).problems == ()


def test_another_seed_is_said_and_kept(world: World) -> None:
    """If it fails, intervals cannot be reproduced."""
    emil = world.person("emil")
    request = FairnessRequest(prediction="approved", by=("sex",), label="repaid")
    done = run_fairness(emil.book, emil.signer, MODEL, request, seed=7)
    assert (done.document["seed"], row_of(world, done.audit_id).seed) == (7, 7)


def test_a_file_can_be_audited_without_importing_it(world: World) -> None:
    """If it fails, an audit before the first import is not possible, or claims sealed data."""
    emil = world.person("emil")
    request = FairnessRequest(prediction="approved", by=("sex",), label="repaid")
    done = run_fairness(emil.book, emil.signer, OTHER_MODEL, request, files=[SAMPLE])
    same(done.document, PLANTED[SAMPLE.name]["audits"][0])
    row = row_of(world, done.audit_id)
    assert (row.model, orjson.loads(row.logs)) == (OTHER_MODEL, [])


def test_a_sealed_log_that_was_touched_is_not_audited(world: World) -> None:
    """If it fails, an audit counts rows that somebody forged, and calls them the record's."""
    (path,) = world.home.evidence.folder.glob("*.parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = size_of(world.stranger())
    assert "not what was sealed" in raising(CheckFailed, lambda: audit(world))
    path.unlink()
    raising(CheckFailed, lambda: audit(world))
    assert size_of(world.stranger()) == before


def test_a_kept_result_that_was_touched_is_not_shown(world: World) -> None:
    """If it fails, an audit can be made to say something else after it was entered."""
    done = audit(world)
    path = world.home.evidence.path(done.result, "json")
    path.write_bytes(path.read_bytes().replace(b'"fail"', b'"pass"'))
    row = row_of(world, done.audit_id)
    raising(CheckFailed, lambda: read_result(world.stranger(), row))
    assert verify(world.person("ann").book).problems[0].check == "evidence"


def test_nothing_to_audit_is_explained(world: World) -> None:
    """If it fails, a mistyped column or an empty log ends in a traceback, or in a passed audit."""
    emil = world.person("emil")
    request = FairnessRequest(prediction="approved", by=("sex",))
    assert "No decisions" in raising(
        InvalidInput, lambda: run_fairness(emil.book, emil.signer, OTHER_MODEL, request)
    )
    raising(Refused, lambda: run_fairness(emil.book, emil.signer, "unknown", request))
    raising(InvalidInput, lambda: audit(world, by=("gender",)))
    raising(InvalidInput, lambda: audit(world, where="model_version ="))
    raising(InvalidInput, lambda: audit(world, where="model_version = '9.9.9'"))
    with emil.book.read() as snapshot:
        assert snapshot.rows.where(AuditRow) == []


def test_who_may_not_audit_enters_none(world: World) -> None:
    """If it fails, an audit stands in the record under a name that may not make one."""
    raising(Refused, lambda: audit(world, "ann"))
    with world.stranger().read() as snapshot:
        assert snapshot.rows.where(AuditRow) == []


def test_the_thresholds_of_the_moment_decide(world: World) -> None:
    """If it fails, changing thresholds rewrites old verdicts, or does not change new ones."""
    first = audit(world)
    rosa = world.person("rosa")
    _, thresholds = thresholds_in_force(rosa.book)
    document = thresholds.model_dump(mode="json")
    for name, limit in document["fairness"].items():
        if name != "minimum_cell":
            limit["value"] = "1" if name.endswith("_max") else "0.01"
    adopt(rosa.book, rosa.signer, "thresholds", orjson.dumps(document), "For this test.")
    second = audit(world)
    assert (first.verdict, second.verdict) == ("fail", "pass")
    rows = [row_of(world, done.audit_id) for done in (first, second)]
    assert rows[0].thresholds != rows[1].thresholds
    assert read_result(world.stranger(), rows[0])["verdict"] == "fail"
    assert verify(world.person("ann").book).problems == ()


def test_a_retired_models_past_can_still_be_audited(world: World) -> None:
    """If it fails, retiring a model buries what it did."""
    status = Draft("model.status_changed", f"model/{MODEL}", {"status": "retired"})
    world.person("ada").append(status)
    assert audit(world).verdict == "fail"


def test_labels_come_from_outcome_logs(followed: Followed, tmp_path: Path) -> None:
    """If it fails, what came true later is not what a decision is held to, or nobody sees whence.

    The same rows with the label beside them must give the same figures, whatever the profile.
    """
    world = copy(followed.world, tmp_path / "world")
    done = audit(world, label="outcome")
    part = tmp_path / "part.csv"
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)
    part.write_text("".join(lines[:-10]), encoding="utf-8")
    emil = world.person("emil")
    request = FairnessRequest("approved", ("sex", "age_band"), label="repaid")
    beside = run_fairness(emil.book, emil.signer, MODEL, request, files=[part])
    assert [
        {name: group[name] for name in ("by", "group", *COUNTS)}
        for group in done.document["groups"]
    ] == [
        {name: group[name] for name in ("by", "group", *COUNTS)}
        for group in beside.document["groups"]
    ]
    assert done.document["n"] == 490
    assert done.document["excluded"]["label_missing"] == followed.left_out
    joined = done.document["label_join"]
    assert joined == {
        "logs": [row.log for row in followed.outcomes],
        "rows": 980,
        "without_request_id": 0,
        "without_decision": 0,
        "labelled": 490,
        "repeated": 1,
    }
    assert beside.document["label_join"] is None
    row = row_of(world, done.audit_id)
    files = [followed.decisions, *followed.outcomes]
    assert orjson.loads(row.logs) == [each.log for each in files]
    assert row.excluded == followed.left_out
    paths = [world.home.evidence.path(each.file, "parquet") for each in files]
    assert row.data == done.document["data_digest"] == digest_files(paths)
    assert read_result(world.stranger(), row) == done.as_json()
    assert verify(world.person("ann").book).problems == ()


def test_scores_ratings_and_profiles_find_the_same_labels(
    followed: Followed, tmp_path: Path
) -> None:
    """If it fails, one way to audit sees an outcome that another does not."""
    world = copy(followed.world, tmp_path / "world")
    emil = world.person("emil")
    asked = FairnessRequest("score", ("sex",), label="outcome")
    found = [
        run_values(emil.book, emil.signer, MODEL, replace(asked, outcome=kind))
        for kind in ("score", "rating")
    ]
    profile = ProfileRequest(
        "eu-ai-act-10", ("sex",), prediction="approved", label="outcome", special=("none",)
    )
    found.append(run_profile(emil.book, emil.signer, MODEL, profile))
    for done in found:
        assert done.document["n"] == 490
        assert done.document["excluded"]["label_missing"] == followed.left_out
        assert done.document["label_join"]["labelled"] == 490
        assert len(orjson.loads(row_of(world, done.audit_id).logs)) == 3


def test_without_a_label_outcomes_are_not_read(followed: Followed) -> None:
    """If it fails, an audit names logs that it did not use, or its data change with outcomes."""
    book = followed.world.stranger()
    plain = decisions_of(book, MODEL)
    assert plain.logs == [followed.decisions.log]
    assert plain.labelled is None
    assert decisions_of(book, MODEL, label="approved") == plain
    assert decisions_of(book, MODEL, label="outcome").digest != plain.digest


def test_outcomes_that_were_touched_label_nothing(followed: Followed, tmp_path: Path) -> None:
    """If it fails, an audit holds decisions to outcomes that somebody forged."""
    world = copy(followed.world, tmp_path / "world")
    path = world.home.evidence.path(followed.outcomes[0].file, "parquet")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    before = size_of(world.stranger())
    said = raising(CheckFailed, lambda: audit(world, label="outcome"))
    assert followed.outcomes[0].log in said
    assert size_of(world.stranger()) == before


def test_a_label_that_cannot_be_joined_is_explained(
    followed: Followed, world: World, tmp_path: Path
) -> None:
    """If it fails, who mistypes a label, or imported no request ids, is left to guess."""
    said = raising(
        InvalidInput, lambda: decisions_of(followed.world.stranger(), MODEL, label="outcom")
    )
    assert "no" in said
    assert "'outcom'" in said
    log = tmp_path / "later.csv"
    log.write_text("application,at,became\ncs-1,2026-01-01T00:00:00Z,repaid\n", encoding="utf-8")
    emil = world.person("emil")
    import_logs(emil.book, emil.signer, MODEL, [log], OUTCOME_MAP, kind="outcome")
    said = raising(InvalidInput, lambda: audit(world, label="outcome"))
    assert "request_id" in said
