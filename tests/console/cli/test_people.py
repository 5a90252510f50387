"""Founding, keys, actors, and what takes two people."""

from __future__ import annotations

from pathlib import Path

import orjson

from ledger.keys import fingerprint, read_request
from ledger.seat import Seat
from tests.console.cli.place import PASSPHRASE, Place


def test_a_ledger_is_founded_and_a_person_enrolled(tmp_path: Path) -> None:
    """If this fails, nobody gets from an empty folder to a ledger with two people in it."""
    place = Place(tmp_path)
    (tmp_path / "passphrase").write_bytes(PASSPHRASE + b"\n")
    (tmp_path / "passphrase").chmod(0o600)
    founding = ["init", "ada", "--name", "Ada", "--organisation", "Bank", "--origin"]
    init = place.run(*founding, "bank.example/ai", "--json")
    assert init.code == 0, init.err
    assert init.json["origin"] == "bank.example/ai"
    assert init.json["ca_fingerprint"].startswith("SHA256:")
    again = place.run(*founding, "bank.example/ai", "--json")
    assert (again.code, again.error["code"]) == (3, "refused")

    new = place.run("key", "new", "cy", "--name", "Cy", by="cy")
    request = read_request(new.out.encode())
    assert (new.code, request.actor, request.name) == (0, "cy", "Cy")
    assert fingerprint(request.public_key) in new.err
    assert place.run("key", "show", "cy", "--request", by="cy").out == new.out

    file = tmp_path / "cy.request"
    file.write_text(new.out)
    added = place.run("actor", "add", str(file), "--role", "incident-commander", "--json")
    assert added.code == 0, added.err
    assert (added.json["kind"], added.json["approval"]) == ("actor.enrolled", None)
    shown = place.run("actor", "show", "cy", "--json").json
    assert (shown["name"], shown["roles"]) == ("Cy", ["incident-commander"])
    assert shown["certified"] is True
    assert place.run("ledger", "verify", "--strict").code == 0


def test_the_list_of_actors_names_who_enrolled_them(place: Place) -> None:
    """If this fails, an auditor cannot see whether two people are two."""
    found = {actor["actor"]: actor for actor in place.run("actor", "list", "--json").json}
    assert list(found) == ["ada", "cy", "eva"]
    assert found["ada"]["name"] == "Ada Lindqvist"
    assert found["cy"]["enrolled_by"] == ["ada"]
    assert found["cy"]["enrolled_at"].endswith("Z")


def test_once_there_are_two_admins_both_are_needed(place: Place) -> None:
    """If this fails, one admin can make approvers out of names that they invented."""
    first = place.run("actor", "grant", "cy", "admin", "--json")
    assert (first.code, first.json["approval"]) == (0, None)
    second = place.run("actor", "grant", "eva", "risk-officer", "--json")
    assert (second.code, second.json["approval"]) == (0, "ap-1")
    assert place.run("actor", "show", "eva", "--json").json["roles"] == ["engineer"]
    own = place.run("approval", "approve", "ap-1", "--confirm", "eva", "--json")
    assert (own.code, own.error["code"]) == (3, "refused")
    approved = place.run("approval", "approve", "ap-1", "--confirm", "eva", "--json", by="cy")
    assert (approved.code, approved.json["kind"]) == (0, "actor.granted")
    assert place.run("actor", "show", "eva", "--json").json["roles"] == ["engineer", "risk-officer"]
    assert place.run("approval", "list", "--json").json == []
    assert place.run("approval", "list", "--all", "--json").json[0]["decided_by"] == "cy"


def test_a_request_can_be_rejected(place: Place) -> None:
    """If this fails, what one person asked for cannot be turned down."""
    place.run("actor", "grant", "cy", "admin")
    place.run("actor", "grant", "eva", "auditor")
    rejected = place.run("approval", "reject", "ap-1", "--reason", "Not needed", "--json", by="cy")
    assert (rejected.code, rejected.json["kind"]) == (0, "approval.rejected")
    assert place.run("approval", "show", "ap-1", "--json").json["state"] == "rejected"


def test_a_role_is_missing(place: Place) -> None:
    """If this fails, a refusal does not say whom to ask, or does not end with 3."""
    ran = place.run("policy", "adopt", "thresholds", "--reason", "Mine", "--json", by="eva")
    assert (ran.code, ran.out, ran.error["code"]) == (3, "", "refused")
    assert "eva (engineer)" in ran.error["message"]
    assert "admin" in ran.error["hint"]


def test_a_role_and_a_key_are_revoked(place: Place) -> None:
    """If this fails, neither a role nor a stolen key can be taken back."""
    role = place.run("actor", "revoke", "cy", "incident-commander", "--json")
    assert role.json["kind"] == "actor.role_revoked"
    unclear = place.run("actor", "revoke", "cy", "--json")
    assert (unclear.code, "--since-seq" in unclear.error["hint"]) == (2, True)
    key = ["actor", "revoke", "eva", "--key", "--since-seq", "5", "--reason", "Stolen", "--json"]
    slip = place.run(*key, "--confirm", "cy")
    assert (slip.code, slip.error["hint"]) == (2, "To confirm: --confirm eva")
    assert place.run(*key, "--confirm", "eva").json["kind"] == "actor.key_revoked"
    shown = place.run("actor", "show", "eva", "--json").json
    assert shown["keys"][0]["untrusted_since"] == 5
    assert place.run("incident", "open", "x", "--severity", "low", by="eva").code == 3


def test_a_key_is_rotated(place: Place) -> None:
    """If this fails, a person with a new key can no longer act, or the old one still can."""
    new = place.run("key", "new", "eva", "--name", "Eva", "--replace", by="eva")
    file = place.folder / "eva.request"
    file.write_text(new.out)
    note = ["incident", "open", "x", "--severity", "low", "--json"]
    early = place.run(*note, by="eva")
    assert (early.code, early.error["code"]) == (3, "refused")
    rotated = place.run("actor", "rotate", str(file), "--json")
    assert (rotated.code, rotated.json["kind"]) == (0, "actor.rekeyed")
    assert place.run(*note, by="eva").code == 0


def test_retiring_wants_the_name(place: Place) -> None:
    """If this fails, an actor is retired for good by a slip."""
    retire = ["actor", "retire", "eva", "--reason", "Left"]
    asked = place.run(*retire, "--json")
    assert (asked.code, asked.error["hint"]) == (2, "Give it: --confirm eva")
    wrong = place.run(*retire, "--confirm", "ewa", "--json")
    assert wrong.code == 2
    assert place.run("actor", "show", "eva", "--json").json["status"] == "active"
    assert place.run(*retire, "--confirm", "eva").code == 0
    assert place.run("actor", "show", "eva", "--json").json["status"] == "retired"


def test_several_keys_leave_it_open_who_acts(place: Place) -> None:
    """If this fails, a seat with two keys acts as whichever comes first."""
    Seat(place.seat("ada")).keep_key(
        "bob", Seat(place.seat("cy")).signer("cy", PASSPHRASE).key, PASSPHRASE, rounds=1
    )
    ran = place.run("ledger", "checkpoint", "--json")
    assert (ran.code, ran.error["code"]) == (2, "invalid_input")
    assert "ada, bob" in ran.error["message"]
    assert "--as ada" in ran.error["hint"]
    assert place.run("--as", "ada", "ledger", "checkpoint").code == 0
    assert place.run("ledger", "checkpoint", QUAESTOR_ACTOR="ada").code == 0


def test_a_seat_without_keys_says_how_to_make_one(place: Place) -> None:
    """If this fails, a newcomer is refused without a next step."""
    ran = place.run("ledger", "checkpoint", "--json", by="nobody")
    assert ran.code == 2
    assert "quaestor key new" in ran.error["hint"]


def test_a_wrong_passphrase_is_refused(place: Place) -> None:
    """If this fails, a wrong passphrase ends in a traceback or, worse, opens the key."""
    (place.folder / "passphrase").write_bytes(b"wrong")
    ran = place.run("ledger", "checkpoint", "--json")
    assert (ran.code, ran.out, ran.error["code"]) == (3, "", "refused")


def test_nobody_there_to_type_the_passphrase(place: Place) -> None:
    """If this fails, a script hangs at a prompt, or is not told how to do without."""
    ran = place.run("--no-input", "ledger", "checkpoint", "--json", QUAESTOR_PASSPHRASE_FILE="")
    assert (ran.code, ran.out) == (2, "")
    assert "QUAESTOR_PASSPHRASE_FILE" in ran.error["hint"]


def test_a_passphrase_is_typed_unseen(place: Place) -> None:
    """If this fails, a person at a terminal cannot unlock their key, or shows the passphrase."""
    with place.terminal("ledger", "checkpoint", QUAESTOR_PASSPHRASE_FILE="") as terminal:
        terminal.see("Passphrase of ada:")
        terminal.type(PASSPHRASE.decode() + "\r")
        terminal.see("— northgate.example/ai/ada ")
        assert terminal.end() == 0
    assert PASSPHRASE.decode() not in terminal.shown


def test_the_passphrase_is_changed(place: Place) -> None:
    """If this fails, keys stay under the old passphrase, or open under none."""
    fresh = place.folder / "fresh"
    fresh.write_bytes(b"battery staple")
    fresh.chmod(0o600)
    ran = place.run("key", "passphrase", "--new-file", str(fresh), "--json", by="cy")
    assert ran.json == {"changed": ["cy", "cy.report"]}
    assert place.run("ledger", "checkpoint", by="cy").code == 3
    fresh.rename(place.folder / "passphrase")
    assert place.run("ledger", "checkpoint", by="cy").code == 0


def test_the_keys_of_a_seat_are_shown_without_unlocking(place: Place) -> None:
    """If this fails, people cannot compare fingerprints by telephone."""
    (place.folder / "passphrase").unlink()
    (key,) = place.run("key", "show", "--json", by="cy").json
    request = read_request(Seat(place.seat("cy")).request("cy"))
    assert key["fingerprint"] == fingerprint(request.public_key)
    assert key["enrolled"] is True
    assert orjson.loads(place.run("key", "show", "--request", by="cy").out)["actor"] == "cy"
