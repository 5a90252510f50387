"""Retention: sealed logs are dropped when they are due, by two people, and leave their roots."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import orjson
import pytest
import yaml

from ledger import approving
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused
from ledger.logs.importing import Imported, import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.logs import LogRow
from ledger.registers.retention import LEAST_DAYS, DroppedRow, draft_drop
from ledger.verification import verify
from policies.adopting import adopt
from policies.auditing import decisions_of
from policies.retaining import Retained, drop, retained
from tests.people import MODEL, OTHER_MODEL, World, raising, ticking

LAST = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
COLUMNS = {
    "time": {"source": "t", "type": "timestamp"},
    "user_id": {"source": "u", "type": "string"},
}
MAP = ColumnMap.model_validate({"columns": COLUMNS, "subject": "u", "personal": ["note"]})


def imported(world: World, folder: Path, model: str = MODEL, last: datetime = LAST) -> Imported:
    """Import a log whose last decision was then; one of its three rows is bad."""
    file = folder / f"{model}.jsonl"
    lines = [{"t": last.isoformat(), "u": "ann", "note": "n"}, {"t": "never"}, {"t": None}]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    emil = world.person("emil")
    return import_logs(emil.book, emil.signer, model, [file], MAP)


def in_force(world: World, **period: Any) -> None:
    """Adopt the shipped retention policy; `period` changes its first period."""
    rosa = world.person("rosa")
    adopt(rosa.book, rosa.signer, "retention", None, "Board")
    if period:
        text = (Path(__file__).parents[2] / "policies" / "retention.yaml").read_text()
        document = yaml.safe_load(text)
        document["periods"][0].update(period)
        adopt(rosa.book, rosa.signer, "retention", yaml.safe_dump(document).encode(), "Board")


def later(world: World, days: float) -> World:
    """Go to the same world some days after the last decision."""
    return replace(world, clock=ticking(LAST + timedelta(days=days)))


def stands(world: World) -> list[Retained]:
    """Say how the logs stand now."""
    return retained(world.person("ann").book)


def dropped(world: World, log: str) -> None:
    """Drop a log: requested by one, approved by another."""
    rosa = world.person("rosa")
    done = drop(rosa.book, rosa.signer, log)
    assert done.outcome.approval is not None
    world.person("ada").approve(done.outcome.approval)


def files(world: World) -> set[str]:
    """List what lies in the evidence folder."""
    return {path.name for path in world.home.evidence.files()}


@pytest.mark.parametrize(
    ("days", "state"), [(1, "held"), (183.9, "held"), (185, "kept"), (1095, "kept"), (1097, "due")]
)
def test_a_log_is_held_then_kept_then_due(
    world: World, tmp_path: Path, days: float, state: str
) -> None:
    """If it fails, a log is dropped before the law allows it, or kept beyond the policy."""
    imported(world, tmp_path)
    in_force(world)
    (found,) = stands(later(world, days))
    assert (found.log, found.risk, found.state) == ("log-1", "not-classified", state)
    at = {"held": LEAST_DAYS, "kept": 1096, "due": 1096}[state]
    assert found.until == f"{LAST + timedelta(days=at):%Y-%m-%dT%H:%M:%S.%f}Z"
    assert found.why


def test_without_a_policy_nothing_is_due(world: World, tmp_path: Path) -> None:
    """If it fails, logs are dropped by a rule that nobody adopted."""
    imported(world, tmp_path)
    rosa = later(world, 9_000).person("rosa")
    assert "No retention policy is adopted yet" in raising(Refused, lambda: retained(rosa.book))
    raising(Refused, lambda: drop(rosa.book, rosa.signer, "log-1"))


def test_a_dropped_log_leaves_its_root_and_the_reason(world: World, tmp_path: Path) -> None:
    """If it fails, decisions stay, or nobody can prove any more what was dropped and why."""
    done = imported(world, tmp_path)
    in_force(world)
    then = later(world, 1_100)
    before = files(then)
    dropped(then, done.log)
    assert {Path(name).suffix for name in before - files(then)} == {
        ".parquet",
        ".jsonl",
        ".subjects",
    }
    with then.stranger().read() as snapshot:
        row = snapshot.rows.get(DroppedRow, done.log)
        (entry,) = snapshot.find(kind="log.dropped")
    body = orjson.loads(entry.data)["body"]
    assert row is not None
    assert (body["file"], body["rows"], body["root"]) == (done.file, done.rows, done.root)
    assert body["reason"].startswith("high-risk systems: due since")
    assert [one.state for one in stands(then)] == ["dropped"]
    assert verify(then.person("ann").book).problems == ()
    with pytest.raises(Refused):
        dropped(then, done.log)


def test_one_person_alone_drops_nothing(world: World, tmp_path: Path) -> None:
    """If it fails, one person can make evidence vanish."""
    done = imported(world, tmp_path)
    in_force(world)
    then = later(world, 1_100)
    rosa, emil = then.person("rosa"), then.person("emil")
    raising(Refused, lambda: drop(emil.book, emil.signer, done.log))
    asked = drop(rosa.book, rosa.signer, done.log)
    raising(Refused, lambda: rosa.approve(asked.outcome.approval or ""))
    assert "requested already" in raising(Refused, lambda: drop(rosa.book, rosa.signer, done.log))
    assert f"{done.file}.parquet" in files(then)


@pytest.mark.parametrize("category", ["high-risk", "not-classified", "minimal"])
def test_the_legal_minimum_holds_whatever_two_people_agree_on(
    world: World, tmp_path: Path, category: str
) -> None:
    """If it fails, a policy or two colluding people drop logs of a high-risk system too early."""
    done = imported(world, tmp_path)
    in_force(world)
    ada, rosa = later(world, 30).person("ada"), later(world, 30).person("rosa")
    if category != "not-classified":
        point = "Annex III, 5(b)" if category == "high-risk" else ""
        legal = {"category": category, "point": point, "role": "deployer", "reason": "r"}
        body = {"legal_class": legal, "materiality": "low", "testing_level": "low"}
        ada.append(Draft("model.tiered", f"model/{MODEL}", body))
    with ada.book.read() as snapshot:
        log = snapshot.rows.get(LogRow, done.log)
        from ledger.registers.policies import in_force as policy

        digest = policy(snapshot.rows, "retention").content
    assert log is not None
    draft = draft_drop(log, "2026-11-21T00:00:00.000000Z", digest, "We agree.")
    asked = approving.request(rosa.book, rosa.signer, lambda _rows: draft)
    if category == "minimal":
        ada.approve(asked.approval or "")
        assert f"{done.file}.parquet" not in files(world)
    else:
        assert "at least" in raising(Refused, lambda: ada.approve(asked.approval or ""))
        assert f"{done.file}.parquet" in files(world)


@pytest.mark.parametrize(
    "period", [{"minimum_days": 30}, {"maximum_days": 100}, {"risk": ["wild"]}, {"kinds": []}]
)
def test_an_unlawful_policy_is_not_adopted(world: World, period: dict[str, Any]) -> None:
    """If it fails, a policy promises to drop what must be kept, or nobody learns what is wrong."""
    said = raising(InvalidInput, lambda: in_force(world, **period))
    assert said.startswith("This is not a retention policy: periods.0")
    assert "\n" not in said


def test_a_file_that_two_logs_share_stays_for_the_other(world: World, tmp_path: Path) -> None:
    """If it fails, dropping one model's log deletes another model's evidence."""
    first, second = imported(world, tmp_path), imported(world, tmp_path, OTHER_MODEL)
    assert first.file == second.file
    in_force(world, models=[MODEL])
    then = later(world, 1_100)
    dropped(then, first.log)
    assert f"{second.file}.parquet" in files(then)
    assert verify(then.person("ann").book).problems == ()


def test_a_dropped_file_that_comes_back_is_found(world: World, tmp_path: Path) -> None:
    """If it fails, personal data that were dropped live on in a folder that verifies."""
    done = imported(world, tmp_path)
    in_force(world)
    then = later(world, 1_100)
    path = then.home.evidence.path(done.file, "parquet")
    copyfile(path, tmp_path / "kept")
    dropped(then, done.log)
    copyfile(tmp_path / "kept", path)
    found = verify(then.person("ann").book)
    assert [(each.check, each.subject) for each in found.problems] == [
        ("retention", f"log/{done.log}")
    ]
    assert not path.exists()
    assert verify(then.person("ann").book).problems == ()


def test_a_file_that_goes_without_an_entry_is_found(world: World, tmp_path: Path) -> None:
    """If it fails, deleting evidence looks like retention."""
    done = imported(world, tmp_path)
    in_force(world)
    world.home.evidence.path(done.file, "parquet").unlink()
    found = verify(later(world, 1_100).person("ann").book)
    assert [each.check for each in found.problems] == ["sealed_log"]


def test_audits_pass_over_dropped_logs_and_say_so(world: World, tmp_path: Path) -> None:
    """If it fails, an audit stops at a log that was lawfully dropped, or counts it."""
    first = imported(world, tmp_path)
    second = imported(world, tmp_path, last=LAST + timedelta(days=400))
    in_force(world)
    then = later(world, 1_100)
    dropped(then, first.log)
    assert decisions_of(then.person("ann").book, MODEL).logs == [second.log]
    much_later = later(world, 1_600)
    dropped(much_later, second.log)
    said = raising(InvalidInput, lambda: decisions_of(much_later.person("ann").book, MODEL))
    assert "dropped" in said
