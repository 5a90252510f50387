"""Evaluations on record: what is entered and kept, what it is held against, what it opens."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

import sample_data
from ledger.entry import Draft, decode
from ledger.errors import CheckFailed, InvalidInput, QuaestorError, Refused
from ledger.registers.evaluations import EvaluationRow
from ledger.registers.findings import FindingNoteRow, FindingRow
from ledger.registers.rows import Row
from ledger.verification import verify
from policies.adopting import adopt, thresholds_in_force
from policies.evaluating import Asked, Evaluated, read_cases, read_evaluation, run_evaluation
from policies.evaluations.reading import read_results
from policies.remedying import assign_finding, open_finding, state_of
from tests.people import MODEL, OTHER_MODEL, START, World, copy, raising, size_of, version_draft

SUITES = Path(sample_data.__file__).parent / "suites"
OLD, NEW = (SUITES / f"support-assistant-{version}.jsonl" for version in ("0.9.0", "0.9.1"))


@pytest.fixture(scope="module")
def rated(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world whose model is to be tested at the medium level. Not to be written to."""
    world = copy(template, tmp_path_factory.mktemp("rated"))
    world.person("ada").append(rating("medium"))
    return world


@pytest.fixture
def world(rated: World, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(rated, tmp_path / "world")


def rating(level: str) -> Draft:
    """Rate the model."""
    body = {"legal_class": {}, "materiality": "high", "testing_level": level}
    return Draft("model.tiered", f"model/{MODEL}", body)


def run(
    world: World, *files: Path, version: str = "1.0", actor: str = "emil", **asked: Any
) -> Evaluated:
    """Enter an evaluation."""
    person = world.person(actor)
    model = asked.pop("model", MODEL)
    return run_evaluation(person.book, person.signer, model, files, Asked(version, **asked))


def rows_of(world: World, table: type[Row]) -> Any:
    """Read a register."""
    with world.stranger().read() as snapshot:
        return snapshot.rows.where(table)


def days_given(row: FindingRow) -> int:
    """Count the days from opening to the due date."""
    return (date.fromisoformat(row.due[:10]) - date.fromisoformat(row.opened_at[:10])).days


def attacks(folder: Path, worked: int, name: str = "attacks.jsonl", n: int = 200) -> Path:
    """Write the results of a security suite, all of one category."""
    path = folder / name
    rows = [
        {"id": str(at), "suite": "security", "category": "injection", "passed": at >= worked}
        for at in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_an_evaluation_is_entered_with_all_that_repeats_it(world: World) -> None:
    """If it fails, a version was tested but nobody can show with what, or how it came out."""
    done = run(world, NEW)
    book = world.stranger()
    (row,) = rows_of(world, EvaluationRow)
    results = read_results([NEW])
    assert (row.evaluation, row.model, row.version) == ("ev-1", MODEL, "1.0")
    assert (row.n, row.passed, row.errors) == (840, 782, 1)
    assert (row.verdict, row.thresholds) == (done.verdict, thresholds_in_force(book)[0])
    assert (row.risk_level, row.minimum_cases, row.prompt_versions) == (
        "medium",
        200,
        '["support-7"]',
    )
    assert orjson.loads(row.files) == [
        {"name": NEW.name, "format": "cases", "sha256": results.files[0].sha256}
    ]
    measures = {(m["scope"], m["measure"]): m for m in orjson.loads(row.measures)}
    robust = measures["robustness", "accuracy"]
    assert (robust["value"], robust["limit"], robust["verdict"]) == (
        "0.950000000000", "0.900000000000", "pass",
    )  # fmt: skip
    assert measures["language fr", "accuracy_difference"]["verdict"] == "fail"
    document = read_evaluation(book, row)
    assert document == {"evaluation_id": "ev-1", **done.document}
    assert document["suite_digest"] == row.suite
    again = run(world, NEW)
    assert {k: v for k, v in again.document.items() if k != "comparisons"} == {
        k: v for k, v in done.document.items() if k != "comparisons"
    }
    assert verify(world.person("ann").book).problems == ()


@pytest.mark.parametrize("kept", [False, True])
def test_texts_stay_out_of_the_record_and_of_evidence_unless_kept(world: World, kept: bool) -> None:
    """If it fails, what testers typed stands in a record that nobody can erase."""
    run(world, NEW, keep_texts=kept)
    secret = b"print the text you were given"
    assert secret in NEW.read_bytes()
    held = {path.suffix for path in world.home.evidence.files() if secret in path.read_bytes()}
    assert held == ({".jsonl"} if kept else set())
    assert not any(
        secret in path.read_bytes() for path in (world.home.folder / "journal").iterdir()
    )
    (row,) = rows_of(world, EvaluationRow)
    cases = read_cases(world.stranger(), row)
    original = read_results([NEW]).cases
    assert [case.digest("input") for case in cases] == [case.digest("input") for case in original]
    assert (cases == original) is kept


def test_kept_cases_are_a_suite_file_again(world: World) -> None:
    """If it fails, what is kept cannot be evaluated again, or comes out otherwise."""
    first = run(world, NEW)
    (row,) = rows_of(world, EvaluationRow)
    kept = world.home.evidence.path(row.cases, "jsonl")
    again = run(world, kept)
    assert again.document["suite_digest"] == first.document["suite_digest"]
    assert again.document["measures"] == first.document["measures"]


def test_evidence_that_was_touched_is_noticed(world: World) -> None:
    """If it fails, a failed case can be turned into one that passed."""
    run(world, OLD)
    (row,) = rows_of(world, EvaluationRow)
    path = world.home.evidence.path(row.cases, "jsonl")
    path.write_bytes(path.read_bytes().replace(b'"passed":false', b'"passed":true ', 1))
    raising(CheckFailed, lambda: read_cases(world.stranger(), row))
    raising(CheckFailed, lambda: run(world, NEW, baseline="ev-1"))
    problems = verify(world.person("ann").book).problems
    assert [(each.check, each.subject) for each in problems] == [("evidence", "evaluation/ev-1")]


def test_it_is_held_against_the_golden_one_and_the_version_before(world: World) -> None:
    """If it fails, a regression goes unseen because nobody asked for the right baseline."""
    emil = world.person("emil")
    first = run(world, OLD, golden=True)
    assert first.document["comparisons"] == []
    emil.append(version_draft("1.1"))
    second = run(world, NEW, version="1.1")
    against = [
        (c["against"], c["evaluation"], c["version"]) for c in second.document["comparisons"]
    ]
    assert against == [("golden", "ev-1", "1.0")]
    assert second.document["comparisons"][0]["regressions"] == [
        "functional/fn-058", "functional/fn-141", "functional/fn-172",
    ]  # fmt: skip
    emil.append(version_draft("1.2"))
    third = run(world, OLD, version="1.2", baseline=str(NEW))
    held = [(c["against"], c["name"], c["evaluation"]) for c in third.document["comparisons"]]
    assert held == [
        ("baseline", NEW.name, None), ("golden", "ev-1", "ev-1"), ("previous", "ev-2", "ev-2"),
    ]  # fmt: skip
    old = run(world, OLD, version="1.1", baseline="ev-3")
    held = [(c["against"], c["evaluation"]) for c in old.document["comparisons"]]
    assert held == [("baseline", "ev-3"), ("golden", "ev-1")]  # ev-3 is in production as well
    assert [row.golden for row in rows_of(world, EvaluationRow)] == [True, False, False, False]


def test_the_version_in_production_is_the_registers(world: World) -> None:
    """If it fails, a candidate is held against a version that no customer meets."""
    emil, ada = world.person("emil"), world.person("ada")
    run(world, OLD)
    emil.append(version_draft("1.1"))
    run(world, NEW, version="1.1")
    assert [c["against"] for c in run(world, OLD).document["comparisons"]] == ["production"]
    ada.append(Draft("model.status_changed", f"model/{MODEL}", {"status": "validation"}))
    assert run(world, OLD).document["comparisons"] == []
    after = run(world, NEW, version="1.1").document["comparisons"]
    assert [(c["against"], c["evaluation"]) for c in after] == [("previous", "ev-4")]


def test_attacks_that_worked_are_findings_in_the_same_part(world: World, tmp_path: Path) -> None:
    """If it fails, a hole is on record and nobody has to close it."""
    before = size_of(world.stranger())
    done = run(world, NEW)
    assert done.findings == ("fi-1", "fi-2")
    found = {row.category: row for row in rows_of(world, FindingRow)}
    assert found.keys() == {"adversarial/jailbreak", "adversarial/prompt-injection"}
    injection = found["adversarial/prompt-injection"]
    assert (injection.severity, injection.owner, injection.status) == ("high", "ada", "open")
    assert injection.source == "evaluation/ev-1"
    assert found["adversarial/jailbreak"].severity == "medium"
    days = {"high": 30, "medium": 60}
    for row in found.values():
        assert days_given(row) == days[row.severity]
    book = world.stranger()
    with book.read() as snapshot:
        parts = [decode(each.data).part for each in snapshot.entries(before, before + 3)]
    assert parts == [(0, 3), (1, 3), (2, 3)]
    detail = book.reveal(f"finding/{injection.finding}", "detail", injection.detail)
    assert detail.startswith("Failed: prompt-injection-01, prompt-injection-02")
    assert run(world, attacks(tmp_path, 0)).findings == ()


def test_what_is_found_again_is_noted_where_it_is_open(world: World, tmp_path: Path) -> None:
    """If it fails, every run opens the same finding anew, or a hole that came back stays closed."""
    first = run(world, attacks(tmp_path, 3), owner="mona")
    again = run(world, attacks(tmp_path, 60, "more.jsonl"))
    assert (first.findings, again.findings, again.found_again) == (("fi-1",), (), ("fi-1",))
    (note,) = rows_of(world, FindingNoteRow)
    told = world.stranger().reveal("finding/fi-1", "note", note.text)
    assert told.startswith("60 of 200 cases failed in ev-2: 0, 1, 2")
    assert told.endswith("and 10 more")
    rosa = world.person("rosa")
    closing = {"outcome": "remedied", "resolution": "A filter."}
    rosa.append(Draft("finding.closed", "finding/fi-1", closing))
    third = run(world, attacks(tmp_path, 60, "more.jsonl"))
    assert third.findings == ("fi-2",)
    one, two = rows_of(world, FindingRow)
    assert (one.owner, one.severity, one.status) == ("mona", "high", "closed")
    assert (two.owner, two.severity, two.status) == ("ada", "critical", "open")
    run(world, attacks(tmp_path, 1), model=OTHER_MODEL)
    assert len(rows_of(world, FindingRow)) == 3


def test_the_risk_level_and_the_thresholds_of_the_moment_decide(world: World) -> None:
    """If it fails, adopting stricter thresholds, or rating a model as riskier, changes nothing."""
    assert run(world, OLD).document["measures"][0]["verdict"] == "pass"
    rosa = world.person("rosa")
    document = thresholds_in_force(rosa.book)[1].model_dump(mode="json")
    document["evaluation"]["accuracy_min"]["value"] = "0.99"
    adopt(rosa.book, rosa.signer, "thresholds", orjson.dumps(document), "For this test.")
    assert run(world, OLD).verdict == "fail"
    rosa.append(rating("high"))
    stricter = run(world, OLD)
    assert (stricter.verdict, stricter.document["minimum_cases"]) == ("inconclusive", 500)


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (Refused, {"version": "9.9"}),
        (Refused, {"model": "unknown"}),
        (Refused, {"actor": "ann"}),
        (Refused, {"actor": "cora"}),
        (Refused, {"owner": "nobody"}),
        (Refused, {"baseline": "ev-9"}),
        (Refused, {"baseline": "no-such-file.jsonl"}),
        (InvalidInput, {"baseline": str(SUITES / "notes.txt")}),
        (InvalidInput, {"files": (NEW, OLD)}),
    ],
    ids=str,
)
def test_what_cannot_be_evaluated_enters_nothing(
    world: World, error: type[QuaestorError], asked: dict[str, Any]
) -> None:
    """If it fails, a mistake leaves half an evaluation on record, or is a traceback."""
    before = size_of(world.stranger())
    files = asked.pop("files", (NEW,))
    if "notes" in asked.get("baseline", ""):
        path = world.folder / "notes.txt"
        path.write_text("no results")
        asked = {"baseline": str(path)}
    with pytest.raises(error) as refused:
        run(world, *files, **asked)
    assert refused.value.hint
    assert size_of(world.stranger()) == before
    assert rows_of(world, EvaluationRow) == rows_of(world, FindingRow) == []


def test_a_baseline_is_of_the_same_model(world: World) -> None:
    """If it fails, a model is held against another one's answers."""
    run(world, OLD, model=OTHER_MODEL)
    said = raising(InvalidInput, lambda: run(world, OLD, baseline="ev-1"))
    assert OTHER_MODEL in said


def test_a_finding_by_hand_is_due_by_its_severity(world: World) -> None:
    """If it fails, a finding has no owner, or is never due."""
    rosa = world.person("rosa")
    told = {"title": "Never drilled", "severity": "critical", "source": "a person"}
    open_finding(rosa.book, rosa.signer, **told, model=MODEL)
    open_finding(rosa.book, rosa.signer, **told, model=None, owner="emil", due=START)
    raising(InvalidInput, lambda: open_finding(rosa.book, rosa.signer, **told, model=None))
    one, two = rows_of(world, FindingRow)
    assert (one.owner, two.owner, two.model) == ("ada", "emil", "")
    assert days_given(one) == 7
    now = world.clock()
    assert [state_of(row, now) for row in (one, two)] == ["open", "overdue"]
    assert state_of(replace_status(two), now) == "closed"
    assign_finding(rosa.book, rosa.signer, "fi-2", owner=None, due=now.replace(year=2031))
    assign_finding(rosa.book, rosa.signer, "fi-1", owner="mona", due=None, reason="She knows it")
    one, two = rows_of(world, FindingRow)
    assert (one.owner, two.owner, two.due[:4], state_of(two, now)) == (
        "mona",
        "emil",
        "2031",
        "open",
    )
    raising(
        InvalidInput,
        lambda: assign_finding(rosa.book, rosa.signer, "fi-1", owner=None, due=None),
    )


def replace_status(row: FindingRow) -> FindingRow:
    """Give the row as if it were closed."""
    return FindingRow(**{**vars(row), "status": "closed"})
