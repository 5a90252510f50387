"""Findings and evaluations in the record: what may be entered, what is refused, and by whom."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from ledger.entry import Draft
from ledger.errors import InvalidInput, QuaestorError, Refused
from ledger.registers.evaluations import (
    EvaluationRow,
    golden_of,
    known,
    latest_of,
    next_evaluation,
)
from ledger.registers.findings import FindingNoteRow, FindingRow, next_finding
from ledger.verification import verify
from tests.people import MODEL, OTHER_MODEL, World, raising, size_of, version_draft

DIGEST = sha256(b"x").hexdigest()
DUE = "2027-01-01T00:00:00.000000Z"
LATER = "2027-06-01T00:00:00.000000Z"


def opening(finding: str = "fi-1", **changed: Any) -> Draft:
    """Open a finding."""
    body = {
        "title": "It tells its instructions",
        "model": MODEL,
        "severity": "high",
        "source": "evaluation/ev-1",
        "category": "security/injection",
        "owner": "mona",
        "due": DUE,
        "detail": "Jo Meyer saw it.",
        **changed,
    }
    return Draft("finding.opened", f"finding/{finding}", body)


def assigning(
    owner: str = "emil", finding: str = "fi-1", reason: str | None = "She left."
) -> Draft:
    """Assign a finding anew."""
    body = {"owner": owner, "due": LATER, "reason": reason}
    return Draft("finding.assigned", f"finding/{finding}", body)


def noting(text: str = "In review.", finding: str = "fi-1") -> Draft:
    """Note something."""
    return Draft("finding.noted", f"finding/{finding}", {"note": text})


def closing(finding: str = "fi-1", **changed: Any) -> Draft:
    """Close a finding."""
    body = {"outcome": "remedied", "resolution": "A filter.", **changed}
    return Draft("finding.closed", f"finding/{finding}", body)


def evaluation(name: str = "ev-1", **changed: Any) -> Draft:
    """Enter an evaluation."""
    body = {
        "model": MODEL,
        "version": "1.0",
        "prompt_versions": [],
        "risk_level": "low",
        "minimum_cases": 50,
        "files": [],
        "suite": DIGEST,
        "suites": ["security"],
        "n": 1,
        "passed": 1,
        "errors": 0,
        "measures": [],
        "failures": [],
        "comparisons": [],
        "thresholds": DIGEST,
        "golden": False,
        "texts_kept": False,
        "verdict": "pass",
        "result": DIGEST,
        "cases": DIGEST,
        **changed,
    }
    return Draft("evaluation.completed", f"evaluation/{name}", body)


def the_finding(world: World) -> FindingRow:
    """Read the one finding."""
    with world.stranger().read() as snapshot:
        (row,) = snapshot.rows.where(FindingRow)
    return row


def test_a_findings_life(world: World) -> None:
    """If it fails, it is not on record who had to remedy what by when, or what was done."""
    ada, emil = world.person("ada"), world.person("emil")
    emil.append(opening())
    row = the_finding(world)
    assert (row.status, row.owner, row.due, row.opened_by) == ("open", "mona", DUE, "emil")
    world.person("mona").append(assigning())
    emil.append(noting())
    row = the_finding(world)
    assert (row.owner, row.due, row.status) == ("emil", LATER, "open")
    ada.append(closing())
    emil.append(noting("Seen in production as well."))
    row = the_finding(world)
    assert (row.status, row.outcome, row.closed_by) == ("closed", "remedied", "ada")
    with world.stranger().read() as snapshot:
        notes = snapshot.rows.where(FindingNoteRow, finding="fi-1")
        assert next_finding(snapshot.rows) == "fi-2"
        assert next_finding(snapshot.rows, ahead=2) == "fi-4"
    assert [(note.owner, note.due, note.actor) for note in notes] == [
        ("emil", LATER, "mona"),
        ("", "", "emil"),
        ("", "", "emil"),
    ]
    said = [
        ada.book.reveal("finding/fi-1", "reason" if note.owner else "note", note.text)
        for note in notes
    ]
    assert said == ["She left.", "In review.", "Seen in production as well."]
    assert verify(world.person("ann").book).problems == ()


def test_what_is_said_of_people_is_ciphertext(world: World) -> None:
    """If it fails, a text about a person stands in the record for ever."""
    ada = world.person("ada")
    entries = [
        *ada.append(opening()).entries,
        *ada.append(assigning(reason="Meyer is ill.")).entries,
        *ada.append(noting("Meyer is back.")).entries,
        *ada.append(closing(resolution="Meyer did it.")).entries,
    ]
    assert not any("Meyer" in str(entry.body) for entry in entries)
    row = the_finding(world)
    assert ada.book.reveal("finding/fi-1", "detail", row.detail) == "Jo Meyer saw it."
    assert ada.book.reveal("finding/fi-1", "resolution", row.resolution) == "Meyer did it."


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        ([opening()], opening()),
        ([], opening(model="unknown")),
        ([], opening(owner="nobody")),
        ([], opening(due="soon")),
        ([], opening(severity="grave")),
        ([], assigning()),
        ([], noting()),
        ([], closing()),
        ([opening()], assigning("nobody")),
        ([opening()], closing(outcome="forgotten")),
        ([opening(), closing()], closing()),
        ([opening(), closing()], assigning()),
        ([evaluation()], evaluation()),
        ([], evaluation(model="unknown")),
        ([], evaluation(version="9.9")),
        ([], evaluation(suites=["speed"])),
        ([], evaluation(n=-1)),
    ],
    ids=lambda value: value.kind if isinstance(value, Draft) else str(len(value)),
)
def test_what_does_not_follow_is_refused(world: World, first: list[Draft], refused: Draft) -> None:
    """If it fails, a finding ends twice or is nobody's, or a version is tested that never was."""
    ada = world.person("ada")
    for draft in first:
        ada.append(draft)
    before = size_of(world.stranger())
    with pytest.raises(QuaestorError) as error:
        ada.append(refused)
    assert isinstance(error.value, Refused | InvalidInput)
    assert error.value.hint
    assert size_of(world.stranger()) == before


@pytest.mark.parametrize(
    ("actor", "may"),
    [
        ("rosa", {"evaluation", "opened", "assigned", "noted", "closed"}),
        ("mona", {"evaluation", "opened", "assigned", "noted"}),
        ("emil", {"evaluation", "opened", "noted"}),
        ("cora", set()),
        ("ann", set()),
    ],
)
def test_who_remedies_does_not_close(world: World, actor: str, may: set[str]) -> None:
    """If it fails, whoever has to remedy a finding can say that it never was one."""
    world.person("ada").append(opening("fi-9"))
    person = world.person(actor)
    drafts = {
        "evaluation": evaluation(),
        "opened": opening(),
        "assigned": assigning(finding="fi-9"),
        "noted": noting(finding="fi-9"),
        "closed": closing("fi-9"),
    }
    for what, draft in drafts.items():
        if what in may:
            person.append(draft)
        else:
            raising(Refused, lambda: person.append(draft))  # noqa: B023 - called at once


def test_baselines_are_found_by_model_and_version(world: World) -> None:
    """If it fails, a version is held against an evaluation that is out of date, or not its own."""
    ada = world.person("ada")
    ada.append(version_draft("1.1"))
    ada.append(evaluation("ev-1", golden=True))
    ada.append(evaluation("ev-2", golden=True), evaluation("ev-3"))
    ada.append(evaluation("ev-4", version="1.1"))
    ada.append(evaluation("ev-5", model=OTHER_MODEL, golden=True))
    with world.stranger().read() as snapshot:
        rows = snapshot.rows
        golden, latest = golden_of(rows, MODEL), latest_of(rows, MODEL, "1.0")
        assert next_evaluation(rows) == "ev-6"
        assert latest_of(rows, MODEL, "2.0") is None
        assert isinstance(known(rows, "ev-4"), EvaluationRow)
        raising(Refused, lambda: known(rows, "ev-7"))
    assert golden is not None
    assert latest is not None
    assert (golden.evaluation, latest.evaluation) == ("ev-2", "ev-3")
