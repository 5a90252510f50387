"""Models: registering by card and flags, and every change of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.cli.place import SAMPLES, Place

CARD = SAMPLES / "cards" / "credit-scorer.yaml"


REGISTER = ["model", "register", "credit-scorer", "--owner", "ada"]


def test_a_card_registers_and_flags_go_before_it(place: Place) -> None:
    """If this fails, a card's fields are lost, or a flag does not win over the card."""
    flags = ["--card", str(CARD), "--version", "2.2.0", "--set", "limitations=None"]
    ran = place.run(*REGISTER, *flags, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["subject"] == "model/credit-scorer"
    shown = place.run("model", "show", "credit-scorer", "--json").json
    assert (shown["owner"], shown["version"]) == ("ada", "2.2.0")
    assert shown["legal_class"]["point"] == "Annex III 5(b)"
    assert (shown["materiality"], shown["status"], shown["switch"]) == ("high", "proposed", "on")
    assert shown["card"]["limitations"] == "None"
    assert shown["card"]["purpose"].startswith("Estimates, from an application")


def test_flags_alone_register(place: Place) -> None:
    """If this fails, nobody can register a model without writing a file."""
    flags = ["--name", "Triage", "--owner", "eva", "--version", "1", "--switch", "off"]
    assert place.run("model", "register", "triage", *flags, "--set", "purpose=Sorts").code == 0
    listed = place.run("model", "list", "--json").json
    assert listed == [
        {
            "id": "triage",
            "name": "Triage",
            "owner": "eva",
            "status": "proposed",
            "version": "1",
            "switch": "off",
        }
    ]


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("purpose:", "porpoise:", "unknown field 'porpoise'", "Did you mean purpose?"),
        ("  category:", "  categroy:", "unknown field 'categroy'", "Did you mean category?"),
        ("category: high-risk", "category: dire", "legal_class.category", "Correct it"),
        ("version: 2.1.0", "version: 2.1", "version:", "in quotes"),
        ("id: credit-scorer", "id: fraud-screen", "the card of fraud-screen", "of credit-scorer"),
        ("name: Consumer", "nom de guerre: Consumer", "unknown field", ""),
        ("name: Consumer", "name: [Consumer", "is not YAML", "Correct it"),
    ],
)
def test_a_wrong_card_is_refused(
    place: Place, tmp_path: Path, old: str, new: str, message: str, hint: str
) -> None:
    """If this fails, a slip in a card is entered into the record, or not explained."""
    text = CARD.read_text()
    assert old in text
    card = tmp_path / "card.yaml"
    card.write_text(text.replace(old, new, 1))
    ran = place.run(*REGISTER, "--card", str(card), "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert message in ran.error["message"]
    assert hint in ran.error["hint"]
    assert place.run("model", "list", "--json").json == []


def test_what_is_missing_is_named_as_a_flag(place: Place) -> None:
    """If this fails, a person is told of a field and not of the flag that gives it."""
    ran = place.run("model", "register", "triage", "--name", "T", "--version", "1", "--json")
    assert (ran.code, ran.error["message"]) == (2, "owner is missing.")
    assert "--owner" in ran.error["hint"]


def test_a_text_of_the_card_changes_alone(bank: Place) -> None:
    """If this fails, correcting one text of a card loses the others."""
    before = bank.run("model", "card", "credit-scorer", "--json").json
    ran = bank.run("model", "card", "credit-scorer", "--set", "fallback=People", "--json")
    assert ran.json["kind"] == "model.carded"
    after = bank.run("model", "card", "credit-scorer", "--json").json
    assert after == before | {"fallback": "People"}
    wrong = bank.run("model", "card", "credit-scorer", "--set", "falback=x", "--json")
    assert (wrong.code, wrong.error["hint"]) == (2, "Did you mean fallback?")


def test_a_new_card_replaces_the_old_whole(bank: Place, tmp_path: Path) -> None:
    """If this fails, texts of an old card survive in a new one that does not have them."""
    card = tmp_path / "card.yaml"
    card.write_text("purpose: Another\n")
    assert bank.run("model", "card", "credit-scorer", "--card", str(card)).code == 0
    texts = bank.run("model", "card", "credit-scorer", "--json").json
    assert {name: text for name, text in texts.items() if text} == {"purpose": "Another"}


def test_owner_version_status_and_ratings(bank: Place) -> None:
    """If this fails, one of the changes of a model is not entered, or changes something else."""
    for arguments, kind in (
        (["own", "credit-scorer", "eva"], "model.owned"),
        (["version", "credit-scorer", "2.2.0", "--notes", "Capped"], "model.versioned"),
        (["status", "credit-scorer", "validation"], "model.status_changed"),
        (["tier", "credit-scorer", "--materiality", "medium"], "model.tiered"),
    ):
        ran = bank.run("model", *arguments, "--json")
        assert (ran.code, ran.json["kind"]) == (0, kind), ran.err
    shown = bank.run("model", "show", "credit-scorer", "--json").json
    assert (shown["owner"], shown["version"], shown["status"]) == ("eva", "2.2.0", "validation")
    assert [each["version"] for each in shown["versions"]] == ["2.1.0", "2.2.0"]
    assert (shown["materiality"], shown["testing_level"]) == ("medium", "high")
    assert shown["legal_class"]["category"] == "high-risk"


def test_retiring_a_model_wants_its_name(bank: Place) -> None:
    """If this fails, a model is retired for good by a slip."""
    assert bank.run("model", "retire", "credit-scorer").code == 2
    ran = bank.run("model", "retire", "credit-scorer", "--confirm", "credit-scorer", "--json")
    assert (ran.code, ran.json["kind"]) == (0, "model.status_changed")
    assert bank.run("model", "own", "credit-scorer", "eva").code == 3
