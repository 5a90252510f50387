"""Witnesses on the command line: kept elsewhere, and passed to and fro."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.console.cli.place import Place


def fork_of(place: Place, folder: Path) -> Place:
    """Copy a place whole, seats and all."""
    return Place(Path(shutil.copytree(place.folder, folder)))


def work(place: Place, version: str) -> None:
    """Enter something."""
    assert place.run("model", "version", "credit-scorer", version).code == 0


def test_a_witness_is_added_listed_and_asked_by_verify(bank: Place, tmp_path: Path) -> None:
    """If this fails, a checkpoint on a stick does not catch a ledger put back to yesterday."""
    stick = tmp_path / "stick"
    stick.mkdir()
    yesterday = tmp_path / "yesterday"
    shutil.copytree(bank.home.folder, yesterday)
    work(bank, "9.1")
    added = bank.run("ledger", "witness", "add", str(stick), "--json")
    assert (added.code, added.json["signers"], added.json["before"]) == (0, ["ada"], 0)
    (listed,) = bank.run("ledger", "witness", "list", "--json").json
    assert (listed["folder"], listed["says"], listed["by"]) == (str(stick), "agrees", "ada")
    assert listed["size"] == added.json["size"]
    places = {each["where"] for each in bank.run("ledger", "verify", "--json").json["anchors"]}
    assert any(str(stick) in where for where in places)

    shutil.rmtree(bank.home.folder)
    shutil.copytree(yesterday, bank.home.folder)
    shutil.rmtree(bank.seat("ada") / "ledgers")
    ran = bank.run("ledger", "verify", "--json")
    assert (ran.code, ran.json["verdict"]) == (1, "altered")
    contradicted = bank.run("ledger", "witness", "list", "--json")
    assert (contradicted.code, contradicted.json[0]["says"]) == (1, "contradicts")
    again = bank.run("ledger", "witness", "add", str(stick), "--json")
    assert (again.code, again.error["code"]) == (1, "altered")


def test_two_histories_show_in_one_exchange(bank: Place, tmp_path: Path) -> None:
    """If this fails, two people who are shown two histories never find out."""
    fork = fork_of(bank, tmp_path / "fork")
    file = str(tmp_path / "to-and-fro.checkpoint")
    made = bank.run("ledger", "witness", "exchange", file, "--json")
    assert (made.code, made.json["before"]) == (0, 0)
    work(bank, "9.1")
    work(fork, "9.2")
    assert bank.run("ledger", "witness", "exchange", file).code == 0
    shown = fork.run("ledger", "witness", "exchange", file, "--json")
    assert (shown.code, shown.error["code"]) == (1, "altered")
    work(fork, "9.3")
    kept = Path(file).read_bytes()
    longer = fork.run("ledger", "witness", "exchange", file, "--json")
    assert (longer.code, longer.error["code"]) == (1, "altered")
    assert Path(file).read_bytes() == kept


def test_an_exchange_that_changes_nothing_leaves_the_file(bank: Place, tmp_path: Path) -> None:
    """If this fails, a file that is passed round grows by a line at every stop."""
    file = tmp_path / "to-and-fro.checkpoint"
    for by in ("ada", "cy", "ada", "cy"):
        assert bank.run("ledger", "witness", "exchange", str(file), by=by).code == 0
    assert file.read_text().count("\N{EM DASH} ") == 3
    missing = bank.run("ledger", "witness", "exchange", str(tmp_path / "no" / "file"), "--json")
    assert (missing.code, missing.error["code"]) == (4, "store_unavailable")
    inside = bank.run("ledger", "witness", "add", str(bank.home.folder), "--json")
    assert (inside.code, inside.error["code"]) == (2, "invalid_input")


def test_a_checkpoint_is_not_signed_against_ones_own_seat(bank: Place, tmp_path: Path) -> None:
    """If this fails, somebody signs a ledger that was cut behind their back."""
    yesterday = tmp_path / "yesterday"
    shutil.copytree(bank.home.folder, yesterday)
    work(bank, "9.1")
    shutil.rmtree(bank.home.folder)
    shutil.copytree(yesterday, bank.home.folder)
    for command in (["checkpoint"], ["prove", "1"]):
        ran = bank.run("ledger", *command, "--json")
        assert (ran.code, ran.error["code"], ran.out) == (1, "altered", "")
