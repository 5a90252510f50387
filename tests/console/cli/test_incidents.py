"""Incidents: from opening to closing, with the clock that nobody types in."""

from __future__ import annotations

from tests.console.cli.place import Place

OPEN = ["incident", "open", "Declines doubled"]


def test_help_defines_the_severities(place: Place) -> None:
    """If this fails, a person chooses a severity without knowing what it means."""
    shown = place.run("incident", "open", "--help").out
    assert "critical  Answer within 15 min." in shown
    assert "low       Answer within 24 h." in shown
    assert shown.count("Example: ") == 4


def test_a_severity_is_asked_for_with_its_definitions(bank: Place) -> None:
    """If this fails, whoever opens an incident at a terminal sees no definitions to choose from."""
    with bank.terminal(*OPEN) as terminal:
        terminal.see("critical: Answer within 15 min.")
        terminal.see("Severity: ")
        terminal.type("high\r")
        assert terminal.end() == 0
    (incident,) = bank.run("incident", "list", "--json").json
    assert incident["severity"] == "high"
    alone = bank.run(*OPEN, "--json")
    assert (alone.code, alone.error["hint"]) == (2, "Give it: --severity critical|high|medium|low")


def test_an_incident_from_opening_to_closing(bank: Place) -> None:
    """If this fails, a step of answering an incident is not entered, or its clock is wrong."""
    opened = bank.run(
        *OPEN, "--severity", "critical", "--model", "credit-scorer", "--description", "Mail of Eva",
        "--detected-at", "2026-11-01T02:00:00Z", "--aware-at", "2026-11-01T03:15:00+01:00",
        "--json",
    )  # fmt: skip
    assert (opened.code, opened.json["id"]) == (0, "inc-1"), opened.err
    for arguments in (
        ["ack", "inc-1"],
        ["assign", "inc-1", "cy"],
        ["step", "inc-1", "contain", "--note", "Fallback"],
        ["note", "inc-1", "The release of Tuesday"],
        ["escalate", "inc-1", "high", "--reason", "It has stopped"],
        ["resolve", "inc-1", "Version 2.1.1"],
        ["close", "inc-1", "--confirm", "inc-1"],
    ):
        ran = bank.run("incident", *arguments, "--json", by="cy")
        assert (ran.code, ran.json["subject"]) == (0, "incident/inc-1"), ran.err
    found = bank.run("incident", "show", "inc-1", "--json").json
    assert (found["status"], found["severity"], found["assignee"]) == ("closed", "high", "cy")
    assert found["aware_at"] == "2026-11-01T02:15:00.000000Z"
    assert found["answer_due"] == "2026-11-01T03:15:00.000000Z"
    assert (found["answer_state"], found["times_met"]) == ("late", False)
    assert found["description"] == "Mail of Eva"
    assert found["notes"][0]["note"] == "The release of Tuesday"
    steps = {step["step"]: step for step in found["steps"]}
    assert (steps["contain"]["state"], steps["contain"]["done_by"]) == ("late", "cy")
    assert steps["contain"]["note"] == "Fallback"
    assert steps["assess-severity"]["state"] == "overdue"
    assert bank.run("incident", "list", "--json").json == []
    assert len(bank.run("incident", "list", "--all", "--json").json) == 1
    assert "contain" in bank.run("incident", "show", "inc-1").out


def test_a_time_without_a_zone_is_refused(bank: Place) -> None:
    """If this fails, a legal clock starts hours off."""
    ran = bank.run(*OPEN, "--severity", "low", "--aware-at", "2026-11-01T02:00:00", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert "no time zone" in ran.error["message"]


def test_what_is_not_resolved_cannot_be_closed(bank: Place) -> None:
    """If this fails, an incident ends by a slip, or without anyone saying what was done."""
    bank.run(*OPEN, "--severity", "low")
    unconfirmed = bank.run("incident", "close", "inc-1", "--json")
    assert (unconfirmed.code, unconfirmed.error["hint"]) == (2, "Give it: --confirm inc-1")
    ran = bank.run("incident", "close", "inc-1", "--confirm", "inc-1", "--json")
    assert (ran.code, ran.error["code"]) == (3, "refused")
    assert "incident resolve" in ran.error["hint"]
