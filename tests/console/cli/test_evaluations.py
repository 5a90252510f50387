"""Evaluations and findings on the command line: from files of results to a closed finding."""

from __future__ import annotations

from typing import get_args

import orjson
import pytest

from console.cli import evaluate, finding
from ledger.registers import evaluations, findings
from tests.console.cli.place import SAMPLES, Place

SUITES = SAMPLES / "suites"
OLD, NEW = (str(SUITES / f"support-assistant-{version}.jsonl") for version in ("0.9.0", "0.9.1"))
MODEL = "support-assistant"


@pytest.fixture
def tested(place: Place) -> Place:
    """Give a ledger with the support assistant in two versions."""
    card = str(SAMPLES / "cards" / f"{MODEL}.yaml")
    registered = place.run("model", "register", MODEL, "--card", card, "--owner", "ada")
    versioned = place.run("model", "version", MODEL, "0.9.1")
    assert (registered.code, versioned.code) == (0, 0), registered.err + versioned.err
    return place


def arguments(version: str, *more: str) -> list[str]:
    """Give what is typed."""
    return ["audit", "evaluate", "--model", MODEL, "--version", version, *more]


def test_an_evaluation_from_files_to_its_document(tested: Place) -> None:
    """If this fails, an evaluation is not entered, not shown again, or not as documented."""
    first = tested.run(*arguments("0.9.0", "--suite", OLD, "--golden", "--json"), by="eva")
    assert (first.code, first.json["verdict"]) == (0, "inconclusive"), first.err
    ran = tested.run("audit", "evaluate", "--model", MODEL, "--suite", NEW, "--json", by="eva")
    assert ran.code == 1
    document = ran.json
    assert document["version"] == "0.9.1"  # the latest
    assert set(document) == {
        "evaluation_id", "model", "version", "prompt_versions", "risk_level", "minimum_cases",
        "files", "suite_digest", "suites", "n", "passed", "errors", "measures", "subgroups",
        "categories", "failures", "comparisons", "thresholds", "seed", "verdict", "reasons",
        "golden", "texts_kept", "cases", "findings", "found_again", "measure",
    }  # fmt: skip
    assert (document["evaluation_id"], document["findings"]) == ("ev-2", ["fi-1", "fi-2"])
    (compared,) = document["comparisons"]
    assert (compared["against"], compared["broken"], compared["fixed"]) == ("golden", 3, 6)
    assert compared["regressions"] == [
        "functional/fn-058", "functional/fn-141", "functional/fn-172",
    ]  # fmt: skip
    shown = tested.run("audit", "show", "ev-2", "--json").json
    assert {**shown, "found_again": []} == document
    text = tested.run("audit", "show", "ev-2").out
    for word in ("prompt-injection", "hallucination", "language fr", "fn-141", "fi-1, fi-2"):
        assert word in text
    listed = tested.run("audit", "list", "--json").json
    assert [(each["audit_id"], each["measure"]) for each in listed] == [
        ("ev-1", "evaluation"),
        ("ev-2", "evaluation"),
    ]
    again = tested.run(*arguments("0.9.1", "--suite", NEW, "--json"), by="eva").json
    assert (again["findings"], again["found_again"]) == ([], ["fi-1", "fi-2"])
    later = {e["audit_id"]: e["superseded_by"] for e in tested.run("audit", "list", "--json").json}
    assert later == {"ev-1": None, "ev-2": "ev-3", "ev-3": None}


def test_files_of_every_format_are_one_evaluation(tested: Place) -> None:
    """If this fails, the formats that the documentation names are not taken together."""
    files = [path for path in sorted(SUITES.iterdir()) if not path.name.startswith("support")]
    named = [word for path in files for word in ("--suite", str(path))]
    ran = tested.run(*arguments("0.9.0", *named, "--json"), by="eva")
    assert ran.code == 0, ran.err
    assert [file["format"] for file in ran.json["files"]] == [
        "inspect", "promptfoo", "lm-eval", "lm-eval",
    ]  # fmt: skip
    assert {each["suite"]: each["n"] for each in ran.json["suites"]} == {
        "functional": 20, "accuracy": 60, "adversarial": 24,
    }  # fmt: skip
    assert "fewer than the 200" in ran.json["reasons"][0]


def test_a_wrong_file_is_explained_and_enters_nothing(tested: Place) -> None:
    """If this fails, whoever names the wrong file sees a traceback, or half an evaluation."""
    card = str(SAMPLES / "cards" / f"{MODEL}.yaml")
    ran = tested.run(*arguments("0.9.0", "--suite", card, "--json"), by="eva")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert ran.error["hint"]
    unknown = tested.run(*arguments("7.0", "--suite", OLD, "--json"), by="eva")
    assert (unknown.code, unknown.error["code"]) == (3, "refused")
    assert "quaestor model version" in unknown.error["hint"]
    assert tested.run("audit", "list", "--json").json == []
    missing = tested.run("audit", "show", "ev-1", "--json")
    assert (missing.code, missing.error["code"]) == (3, "refused")


def test_a_finding_from_opening_to_closing(tested: Place) -> None:
    """If this fails, a finding has no owner, is not seen to be overdue, or cannot be closed."""
    opened = tested.run(
        "finding", "open", "Never drilled", "--severity", "medium", "--model", MODEL,
        "--owner", "eva", "--due", "2026-01-02T17:00:00+01:00", "--detail", "Mail of Eva", "--json",
    )  # fmt: skip
    assert (opened.code, opened.json["id"]) == (0, "fi-1"), opened.err
    (listed,) = tested.run("finding", "list", "--json").json
    assert (listed["state"], listed["owner"], listed["due"]) == (
        "overdue", "eva", "2026-01-02T16:00:00.000000Z",
    )  # fmt: skip
    assert "! overdue" in tested.run("finding", "list", "--owner", "eva").out
    assert tested.run("finding", "list", "--owner", "ada", "--json").json == []
    moved = ["finding", "assign", "fi-1", "ada", "--due", "2999-01-01T00:00:00Z", "--reason", "Ill"]
    for typed in (moved, ["finding", "note", "fi-1", "Drill on Monday"]):
        ran = tested.run(*typed, "--json")
        assert (ran.code, ran.json["subject"]) == (0, "finding/fi-1"), ran.err
    assert tested.run("finding", "list", "--json").json[0]["state"] == "open"
    refused = tested.run("finding", "close", "fi-1", "Drilled", "--json", by="eva")
    assert (refused.code, refused.error["code"]) == (3, "refused")
    closed = tested.run("finding", "close", "fi-1", "Drilled", "--outcome", "remedied", "--json")
    assert (closed.code, closed.json["kind"]) == (0, "finding.closed"), closed.err
    found = tested.run("finding", "show", "fi-1", "--json").json
    assert (found["state"], found["outcome"], found["resolution"]) == (
        "closed",
        "remedied",
        "Drilled",
    )
    assert found["detail"] == "Mail of Eva"
    assert [(each["owner"], each["note"]) for each in found["history"]] == [
        ("ada", "Ill"),
        (None, "Drill on Monday"),
    ]
    assert "Drill on Monday" in tested.run("finding", "show", "fi-1").out
    assert tested.run("finding", "list", "--json").json == []
    assert len(tested.run("finding", "list", "--all", "--json").json) == 1


def test_a_finding_needs_somebody(tested: Place) -> None:
    """If this fails, a finding is opened that nobody has to remedy."""
    ran = tested.run("finding", "open", "Lost", "--severity", "low", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert "--owner" in ran.error["hint"]
    nothing = tested.run("finding", "assign", "fi-1", "--json")
    assert nothing.code == 2


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(evaluate.SuiteKind, evaluations.Suite), (finding.Outcome, findings.Outcome)],
)
def test_words_are_those_of_the_registers(ours: object, theirs: object) -> None:
    """If this fails, the command line refuses a word that the record knows, or offers another."""
    assert get_args(ours) == get_args(theirs)


def test_the_documented_shape_is_the_one_printed(tested: Place) -> None:
    """If this fails, docs/evaluations.md names other fields than `--json` has."""
    page = (SAMPLES.parent / "docs" / "evaluations.md").read_text()
    document = tested.run(*arguments("0.9.1", "--suite", NEW, "--json"), by="eva").json
    parts = [document, *(document[name][0] for name in
             ("files", "suites", "measures", "subgroups", "categories", "failures"))]  # fmt: skip
    names = {name for part in parts for name in part} - {"measure"}
    assert not [name for name in names if f'"{name}"' not in page]
    line = orjson.loads((SUITES / "support-assistant-0.9.1.jsonl").read_bytes().split(b"\n")[0])
    assert not [name for name in line if f"`{name}`" not in page]
