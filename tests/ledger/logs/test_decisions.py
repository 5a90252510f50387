from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput
from ledger.logs.decisions import Decision, decision_at, find_request
from ledger.logs.erasing import erase_subject
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.logs import LogKind
from tests.people import MODEL, OTHER_MODEL, Person, World, copy, raising, version_draft

RECORDS = [
    {
        "id": f"r{n}",
        "at": f"2026-11-20T{7 + n:02d}:30:00Z",
        "prompt": "apply",
        "pv": f"{n}",
        "served": "scorer-2b",
        "sure": n / 4,
        "rail": "passed",
        "answer": "decline",
        "who": "cust-1",
        "note": "lives alone",
        "big": 12345678901234567890123,
        "attributions": {"age": -0.5, "income": 0.25, "note": "none"},
        "zip": 0.75,
    }
    for n in range(4)
]
MAPPED = {
    "columns": {
        "time": {"source": "at", "type": "timestamp"},
        "request_id": {"source": "id", "type": "string"},
        "prompt_name": {"source": "prompt", "type": "string"},
        "prompt_version": {"source": "pv", "type": "string"},
        "model": {"source": "served", "type": "string"},
        "confidence": {"source": "sure", "type": "number"},
        "guardrail": {"source": "rail", "type": "string"},
        "outcome_text": {"source": "answer", "type": "string"},
        "attribution_zip": {"source": "zip", "type": "number"},
    },
    "decision": "outcome_text",
    "personal": ["note"],
    "subject": "who",
}
ANSWERS = {
    "columns": {
        "request_id": {"source": "id", "type": "string"},
        "rating": {"source": "stars", "type": "number"},
    }
}


def take_in(
    person: Person,
    records: list[dict[str, Any]],
    mapping: dict[str, Any],
    kind: LogKind = "decision",
    model: str = MODEL,
) -> str:
    """Import records; return the log's id."""
    log = person.book.home.folder.parent / f"{kind}-{model}.jsonl"
    log.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    column_map = ColumnMap.model_validate(mapping)
    return import_logs(person.book, person.signer, model, [log], column_map, kind=kind).log


@pytest.fixture(scope="module")
def told(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with decisions, feedback on two of them, and feedback on another model's."""
    world = copy(template, tmp_path_factory.mktemp("told"))
    emil = world.person("emil")
    assert take_in(emil, RECORDS, MAPPED) == "log-1"
    take_in(emil, [{"id": "r1", "stars": 2}, {"id": "r1", "stars": 1}], ANSWERS, "feedback")
    take_in(emil, [{"id": "r1", "stars": 5}], ANSWERS, "feedback", OTHER_MODEL)
    take_in(emil, [{"id": "r1", "stars": 4}], ANSWERS, "outcome")
    return world


def decision(world: World, row: int) -> Decision:
    """Read a decision of the first log."""
    return decision_at(world.person("emil").book, "log-1", row)


def test_a_decision_is_told_with_its_context(told: World) -> None:
    """If it failed, who answers a complaint would have to look in five places."""
    document = decision(told, 1).as_json()
    assert document["decision_id"] == "log-1:1"
    assert (document["time"], document["request_id"]) == ("2026-11-20T08:30:00.000000Z", "r1")
    assert document["model"]["model"] == MODEL
    assert document["model"]["served"] == "scorer-2b"
    assert document["prompt"] == {"name": "apply", "version": "1"}
    assert (document["decision"], document["label"]) == ("decline", None)
    assert (document["confidence"], document["guardrail"]) == (0.25, "passed")
    assert document["sealed"]["rows"] == 4


def test_attributions_come_from_columns_and_record_the_strongest_first(told: World) -> None:
    """If it failed, the explanation of a decision would not be the one that was logged."""
    assert decision(told, 0).attributions == [("zip", 0.75), ("age", -0.5), ("income", 0.25)]


def test_feedback_and_outcomes_of_the_same_request_are_joined(told: World) -> None:
    """If it failed, a decision would be told without what became of it, or with another's."""
    answers = decision(told, 1).answers
    assert [(each["log"], each["row"], each["kind"], each["rating"]) for each in answers] == [
        ("log-2", 0, "feedback", 2.0),
        ("log-2", 1, "feedback", 1.0),
        ("log-4", 0, "outcome", 4.0),
    ]
    assert decision(told, 2).answers == []


def test_the_version_is_that_of_the_moment(told: World, tmp_path: Path) -> None:
    """If it failed, a decision would be blamed on a version that came later."""
    world = copy(told, tmp_path)
    world.person("rosa").append(version_draft("2.0"))
    later = [{**RECORDS[0], "id": "late", "at": "2026-11-21T00:00:00Z"}]
    log = take_in(world.person("emil"), later, MAPPED)
    book = world.person("emil").book
    assert [decision(world, row).version for row in (0, 3)] == [None, "1.0"]
    assert decision_at(book, log, 0).version == "2.0"


def test_the_record_is_what_was_sealed_digit_for_digit(told: World) -> None:
    """If it failed, numbers of a record would be rounded on the way to who reads it."""
    record = decision(told, 0).record
    assert b'"big":12345678901234567890123' in record.replace(b" ", b"")


def test_personal_fields_are_read_until_they_are_erased(told: World, tmp_path: Path) -> None:
    """If it failed, erasing a person would leave their text in what is shown of decisions."""
    world = copy(told, tmp_path)
    assert orjson.loads(decision(world, 0).record)["note"] == "lives alone"
    rosa = world.person("rosa")
    outcome = erase_subject(rosa.book, rosa.signer, "cust-1", "They asked.")
    world.person("ada").approve(str(outcome.approval))
    assert orjson.loads(decision(world, 0).record)["note"] == "[erased]"


def test_audits_of_the_log_are_named(told: World, tmp_path: Path) -> None:
    """If it failed, nobody would see whether a decision was ever looked at."""
    world = copy(told, tmp_path)
    ada = world.person("ada")
    kept = ada.book.home.evidence.keep(b"{}", "json")
    body = {
        "model": MODEL, "measure": "fairness", "n": 4, "data": "ab" * 32, "thresholds": kept,
        "disparities": [], "verdict": "pass", "result": kept, "filter": "sure > 0.1",
    }  # fmt: skip
    ada.append(Draft("audit.completed", "audit/aud-1", {**body, "logs": ["log-1"]}))
    ada.append(Draft("audit.completed", "audit/aud-2", {**body, "logs": ["log-2"]}))
    (audit,) = decision(world, 0).as_json()["audits"]
    assert (audit["audit"], audit["verdict"], audit["filter"]) == ("aud-1", "pass", "sure > 0.1")


def test_a_request_is_found_wherever_it_was_imported(told: World) -> None:
    """If it failed, a customer's reference number would not lead to their decision."""
    book = told.person("emil").book
    assert find_request(book, "r2") == [("log-1", 2)]
    assert find_request(book, "nobody's") == []
    assert find_request(book, "' OR 1=1 --") == []


@pytest.mark.parametrize(("log", "row"), [("log-1", 4), ("log-1", -1), ("log-9", 0), ("x", 0)])
def test_what_is_not_there_is_said_to_be_missing(told: World, log: str, row: int) -> None:
    """If it failed, a wrong number would be answered with another decision, or a traceback."""
    book = told.person("emil").book
    assert raising(InvalidInput, lambda: decision_at(book, log, row))


def test_a_changed_log_tells_nothing(told: World, tmp_path: Path) -> None:
    """If it failed, somebody's own record could be shown to an auditor as the sealed one."""
    world = copy(told, tmp_path)
    path = world.home.evidence.path(decision(world, 0).log.file, "parquet")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    assert "not what was sealed" in raising(CheckFailed, lambda: decision(world, 0))
