"""Keeping a ledger, by the command line: exports, backups, registers made anew, moves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.console.cli.place import Place
from tests.postgres import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a real PostgreSQL server."""
    with Server() as started:
        yield started


def test_an_export_is_extended(bank: Place, tmp_path: Path) -> None:
    """If this fails, nobody can publish a ledger, or every export starts over."""
    folder = str(tmp_path / "public")
    first = bank.run("ledger", "export", "--tiles", folder, "--json")
    assert first.code == 0, first.err
    assert (Path(folder) / "checkpoint").is_file()
    again = bank.run("ledger", "export", "--tiles", folder, "--json")
    assert (again.json["files"], again.json["root"]) == (0, first.json["root"])


def test_a_backup_opens_as_a_home(bank: Place, tmp_path: Path) -> None:
    """If this fails, a backup cannot be restored by opening it."""
    folder = tmp_path / "copy"
    done = bank.run("ledger", "backup", str(folder), "--json")
    assert (done.code, done.json["entries"]) == (0, done.json["size"]), done.err
    log = bank.run("ledger", "log", "--json").json
    copy = ["--home", str(folder), "ledger"]
    assert bank.run(*copy, "log", "--json").json == log
    verified = bank.run(*copy, "verify", "--strict", "--json").json
    assert (verified["verdict"], verified["root"]) == ("verified", done.json["root"])
    assert verified["checked"]["sealed_rows"] == 500
    wrong = bank.run("ledger", "backup", str(tmp_path), "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "invalid_input")


def test_registers_are_rebuilt(bank: Place) -> None:
    """If this fails, a register that was edited can never be put right."""
    with duckdb.connect(str(bank.home.database)) as database:
        database.execute("UPDATE model SET owner = 'mallory'")
    assert bank.run("ledger", "verify").code == 1
    assert bank.run("ledger", "rebuild", "--json").json["rows"] > 0
    assert bank.run("ledger", "verify").code == 0


def test_a_move_interrupted_at_its_end_says_how_to_go_on(bank: Place, server: Server) -> None:
    """If this fails, a home between two stores can be used by nobody, and nobody learns why."""
    url, origin = server.new().url, "northgate.example/ai"
    journal, kept = bank.home.folder / "journal", bank.folder / "kept"
    shutil.copytree(journal, kept)
    assert bank.run("ledger", "move", url, "--confirm", origin).code == 0
    journal.rmdir()
    kept.rename(journal)
    stuck = bank.run("model", "list", "--json")
    assert (stuck.code, stuck.error["code"]) == (2, "invalid_input")
    assert f"quaestor ledger move '{url}'" in stuck.error["hint"]
    done = bank.run("ledger", "move", url, "--confirm", origin, "--json")
    assert (done.code, done.json["entries"]) == (0, 0), done.err
    assert bank.run("ledger", "verify").code == 0


def test_a_move_is_confirmed_and_says_no_password(bank: Place, server: Server) -> None:
    """If this fails, a ledger moves by a slip, or a password stands in a log."""
    url = server.new().url.replace("postgres@", "postgres:secret@")
    assert "secret" in url
    origin = "northgate.example/ai"
    unconfirmed = bank.run("ledger", "move", url, "--confirm", "bank", "--json")
    assert (unconfirmed.code, unconfirmed.error["code"]) == (2, "invalid_input")
    root = bank.run("ledger", "verify", "--json").json["root"]
    done = bank.run("ledger", "move", url, "--confirm", origin, "--json")
    assert (done.code, done.json["root"]) == (0, root), done.err
    assert "secret" not in done.out + (bank.home.folder / "store").read_text()
    assert bank.run("model", "version", "credit-scorer", "9.9").code == 0
    twice = bank.run("ledger", "move", url, "--confirm", origin, "--json")
    assert (twice.code, twice.error["code"]) == (3, "refused")
    back = bank.run("ledger", "move", "duckdb:", "--confirm", origin, "--json")
    assert (back.code, back.json["size"]) == (0, done.json["size"] + 1), back.err
    assert bank.run("ledger", "verify", "--strict").code == 0
    wrong = bank.run("ledger", "move", "mysql://x", "--confirm", origin, "--json")
    assert (wrong.code, wrong.error["code"]) == (2, "invalid_input")


def test_an_honest_restore_is_declared_and_accepted(bank: Place, tmp_path: Path) -> None:
    """If this fails, who puts a backup back can never work with the ledger again."""
    wrong = bank.run("ledger", "accept", "--confirm", "Nord Bank", "--json")
    assert (wrong.code, wrong.error["hint"]) == (2, "To confirm: --confirm 'Northgate Bank'")
    organisation = bank.run("ledger", "show", "0", "--json").json["body"]["organisation"]
    nothing = bank.run("ledger", "restored", "--reason", "x", "--confirm", organisation, "--json")
    assert (nothing.code, nothing.error["code"]) == (3, "refused")
    shutil.copytree(bank.home.folder, tmp_path / "yesterday")
    version = ["model", "version", "credit-scorer", "99.1"]
    assert bank.run(*version).code == 0
    shutil.rmtree(bank.home.folder)
    shutil.copytree(tmp_path / "yesterday", bank.home.folder)
    assert bank.run("ledger", "verify", "--json").json["verdict"] == "altered"
    declared = bank.run(
        "ledger", "restored", "--reason", "Lost a disk", "--confirm", organisation, "--json"
    )
    assert (declared.code, declared.json["approval"] is not None) == (0, True), declared.err
    assert bank.run("ledger", "verify", "--json").json["problems"] == []
