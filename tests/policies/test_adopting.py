"""What is in force is what the record adopted."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import yaml

from ledger.clock import write_time
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.registers.incidents import IncidentRow
from ledger.verification import verify
from policies import shipped
from policies.adopting import (
    adopt,
    playbook_in_force,
    policy_in_force,
    shipped_policies,
    thresholds_in_force,
)
from policies.data_sets import profile_files
from policies.playbook import answer_due
from policies.responding import open_incident
from policies.thresholds import parse_thresholds, shipped_text
from tests.people import START, World, raising, size_of


def test_the_shipped_policies_are_adopted_at_founding(world: World) -> None:
    """If it fails, a new ledger judges by thresholds that no entry names."""
    book = world.stranger()
    assert thresholds_in_force(book)[1] == parse_thresholds(shipped_text())
    assert playbook_in_force(book)[1] == shipped.playbook()


def test_a_policy_of_ones_own_takes_effect_by_its_entry(world: World) -> None:
    """If it fails, a bank's own playbook is adopted and not followed, or followed unadopted."""
    rosa = world.person("rosa")
    document = orjson.loads(shipped.canonical(shipped.playbook()))
    high = next(each for each in document["severities"] if each["id"] == "high")
    high["answer_minutes"] = document["phases"][0]["due_minutes"]["high"] = 45
    written = yaml.safe_dump(document).encode()
    assert playbook_in_force(rosa.book)[1] == shipped.playbook()
    appended = adopt(rosa.book, rosa.signer, "playbook", written, "Our supervisor asks for it.")
    digest, playbook = playbook_in_force(rosa.book)
    assert appended.entries[0].body["content"] == digest
    assert answer_due(playbook, "high", START) != answer_due(shipped.playbook(), "high", START)
    incident = open_incident(
        rosa.book,
        rosa.signer,
        title="Bias",
        severity="high",
        model=None,
        description="",
        detected_at=START,
        aware_at=START,
    ).name
    with rosa.book.read() as snapshot:
        row = snapshot.rows.get(IncidentRow, incident)
    assert row is not None
    assert (row.playbook, row.answer_due) == (
        digest,
        write_time(answer_due(playbook, "high", START)),
    )
    adopt(rosa.book, rosa.signer, "playbook", None, "Back to the shipped one.")
    assert playbook_in_force(rosa.book)[1] == shipped.playbook()
    assert verify(world.person("ann").book).problems == ()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{", b"[]", b"a: 1", b"fairness: {impact_ratio_min: many}"]
)
@pytest.mark.parametrize("policy", ["thresholds", "playbook"])
def test_what_is_no_policy_is_sent_back(world: World, policy: str, content: bytes) -> None:
    """If it fails, a broken policy is in force, and every audit or incident after it fails."""
    rosa = world.person("rosa")
    before = size_of(rosa.book)
    raising(InvalidInput, lambda: adopt(rosa.book, rosa.signer, policy, content, "x"))  # type: ignore[arg-type]
    assert size_of(rosa.book) == before


def test_a_policy_that_was_touched_is_not_followed(world: World) -> None:
    """If it fails, thresholds can be relaxed by editing a file in the home."""
    digest, content = policy_in_force(world.stranger(), "thresholds")
    path = world.home.evidence.path(digest, "json")
    path.write_bytes(content.replace(b"0.8", b"0.1"))
    raising(CheckFailed, lambda: thresholds_in_force(world.stranger()))


def test_data_are_looked_at_by_the_limits_in_force(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a limit is adopted and not followed, or older ones end in a traceback."""
    rosa, data = world.person("rosa"), tmp_path / "data.csv"
    data.write_text("age\n" + "".join(f"{i % 7 if i % 10 else ''}\n" for i in range(60)))
    assert profile_files(rosa.book, [data])["severities"]["medium"] == 1
    text = shipped_text().replace(
        'missing_medium:\n    value: "0.05"', 'missing_medium:\n    value: "0.2"'
    )
    adopt(rosa.book, rosa.signer, "thresholds", text.encode(), "Our data have gaps by nature.")
    found = profile_files(rosa.book, [data])
    assert (found["severities"]["medium"], found["thresholds"]["missing_medium"]) == (0, "0.2")
    assert found["thresholds_adopted"] == thresholds_in_force(rosa.book)[0]
    older = {k: v for k, v in yaml.safe_load(text).items() if k != "quality"}
    monkeypatch.setattr("policies.adopting._checked", lambda *_: orjson.dumps(older))
    adopt(rosa.book, rosa.signer, "thresholds", b"", "As an earlier version of the program did.")
    said = raising(Refused, lambda: thresholds_in_force(rosa.book))
    assert "quality: Field required" in said


def test_an_engineer_sets_no_thresholds(world: World) -> None:
    """If it fails, whoever is judged sets what they are judged by."""
    emil = world.person("emil")
    relaxed = shipped_policies()["thresholds"]
    raising(Refused, lambda: adopt(emil.book, emil.signer, "thresholds", relaxed, "easier"))
