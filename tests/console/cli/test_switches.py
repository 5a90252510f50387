"""Stopping a model and letting it serve again, by the hand in a hurry."""

from __future__ import annotations

import pytest

from tests.console.cli.place import Place, modes

KILL = ["kill", "credit-scorer", "--mode", "fallback"]
CONFIRM = ["--confirm", "credit-scorer"]


def test_a_kill_reports_what_is_known(bank: Place) -> None:
    """If this fails, a model is not stopped, or a kill claims more than it knows."""
    ran = bank.run("--no-input", *KILL, *CONFIRM, "--reason", "Declines rose", "--json", by="cy")
    assert (ran.code, ran.err) == (0, "")
    report = ran.json
    assert (report["mode"], report["before"]) == ("fallback", "on")
    assert report["ordered_at"] <= report["published_at"]
    assert report["seen_by_clients"] == "not proven"
    assert modes(bank) == {"credit-scorer": "fallback"}
    kill = bank.run("switch", "history", "credit-scorer", "--json").json[-1]
    assert (kill["seq"], kill["actor"]) == (report["recorded"], "cy")
    assert kill["reason"] == "Declines rose"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--no-input", *KILL], "--confirm credit-scorer"),
        (KILL, "--confirm credit-scorer"),
        ([*KILL, "--confirm", "credit"], "--confirm credit-scorer"),
    ],
)
def test_a_kill_is_confirmed(bank: Place, arguments: list[str], hint: str) -> None:
    """If this fails, a model stops by a slip, or a script hangs at a key press."""
    ran = bank.run(*arguments, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.error["hint"]
    assert modes(bank) == {"credit-scorer": "on"}


@pytest.mark.parametrize("key", ["\r", "k", "K"])
def test_other_keys_stop_nothing(bank: Place, key: str) -> None:
    """If this fails, the key that chose the action, or Enter by habit, stops a model."""
    with bank.terminal(*KILL) as terminal:
        terminal.see("Consumer credit scorer (credit-scorer), version 2.1.0")
        terminal.see("Press s")
        terminal.type(key)
        assert terminal.end() == 2
    assert modes(bank) == {"credit-scorer": "on"}


def test_one_key_stops_it_and_the_reason_comes_after(bank: Place) -> None:
    """If this fails, stopping a model takes more than one key, or loses the reason."""
    with bank.terminal(*KILL, by="cy") as terminal:
        terminal.see("Press s")
        terminal.type("s")
        terminal.see("Reason (Enter to give it later): ")
        assert modes(bank) == {"credit-scorer": "fallback"}
        terminal.type("Declines rose\r")
        assert terminal.end() == 0
    assert "not proven" in terminal.shown
    kill = bank.run("switch", "history", "credit-scorer", "--json").json[-1]
    assert kill["reason"] == "Declines rose"


def test_the_question_is_put_even_for_json(bank: Place) -> None:
    """If this fails, a kill with --json waits for a key and does not say so."""
    with bank.terminal(*KILL, "--json", by="cy") as terminal:
        terminal.see("Consumer credit scorer (credit-scorer), version 2.1.0")
        terminal.see("Press s")
        terminal.type("s")
        terminal.see('"seen_by_clients": "not proven"')
        assert terminal.end() == 0


def test_a_reason_can_follow(bank: Place) -> None:
    """If this fails, a kill without a reason stays without one."""
    ran = bank.run(*KILL, *CONFIRM, by="cy")
    assert "quaestor switch reason credit-scorer" in ran.err
    assert bank.run("switch", "reason", "credit-scorer", "Declines rose", by="cy").code == 0
    twice = bank.run("switch", "reason", "credit-scorer", "Again", "--json", by="cy")
    assert (twice.code, twice.error["code"]) == (3, "refused")


def test_stopped_not_yet_recorded(bank: Place) -> None:
    """If this fails, a store that fails keeps a model from being stopped, or hides it."""
    database = bank.home.database
    database.rename(database.with_suffix(".away"))
    ran = bank.run(*KILL, *CONFIRM, by="cy")
    assert ran.code == 4
    assert "stopped, not yet recorded" in ran.out
    assert modes(bank) == {"credit-scorer": "fallback"}
    database.with_suffix(".away").rename(database)
    (waiting,) = bank.run("switch", "list", "--json").json
    assert (waiting["mode"], waiting["recorded"]) == ("fallback", False)
    recovered = bank.run("ledger", "recover", "--json", by="eva")
    assert (recovered.code, len(recovered.json["orders"])) == (0, 1)
    (recorded,) = bank.run("switch", "list", "--json").json
    assert (recorded["recorded"], recorded["actor"]) == (True, "cy")


def test_resuming_takes_a_second_person_and_the_name(bank: Place) -> None:
    """If this fails, one person puts a stopped model back to work, or somebody does by a slip."""
    bank.run(*KILL, *CONFIRM, "--reason", "x", by="cy")
    asked = bank.run("resume", "credit-scorer", "--reason", "Version 2.1.1", "--json")
    assert (asked.code, asked.json["approval"]) == (0, "ap-1")
    assert modes(bank) == {"credit-scorer": "fallback"}
    assert bank.run("switch", "show", "credit-scorer", "--json").json["waiting"] == ["ap-1"]
    approve = ["approval", "approve", "ap-1"]
    own = bank.run(*approve, *CONFIRM, "--json")
    assert (own.code, own.error["code"]) == (3, "refused")
    wrong = bank.run(*approve, "--confirm", "ap-1", "--json", by="cy")
    assert (wrong.code, wrong.error["hint"]) == (2, "To confirm: --confirm credit-scorer")
    assert modes(bank) == {"credit-scorer": "fallback"}
    assert bank.run(*approve, *CONFIRM, by="cy").code == 0
    assert modes(bank) == {"credit-scorer": "on"}
    back = bank.run("switch", "history", "credit-scorer", "--json").json[-1]
    assert (back["requested_by"], back["actor"], back["reason"]) == ("ada", "cy", "Version 2.1.1")


def test_approving_by_typing_the_name(bank: Place) -> None:
    """If this fails, a person at a terminal cannot approve, or approves unseen what is asked."""
    bank.run(*KILL, *CONFIRM, "--reason", "x", by="cy")
    bank.run("resume", "credit-scorer", "--reason", "Version 2.1.1")
    with bank.terminal("approval", "approve", "ap-1", by="cy") as terminal:
        terminal.see("ada asks for switch.resumed about model/credit-scorer. Reason: Version 2.1.1")
        terminal.see("Type credit-scorer to confirm")
        terminal.type("credit-scorer\r")
        assert terminal.end() == 0
    assert modes(bank) == {"credit-scorer": "on"}


def test_an_engineer_cannot_stop_a_model(bank: Place) -> None:
    """If this fails, anybody with a key stops a bank's models."""
    ran = bank.run(*KILL, *CONFIRM, "--json", by="eva")
    assert (ran.code, ran.error["code"]) == (3, "refused")
    assert modes(bank) == {"credit-scorer": "on"}
