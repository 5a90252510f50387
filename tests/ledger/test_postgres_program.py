"""The real program on a ledger in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from console.settings import read_settings
from tests.console.cli.place import PASSPHRASE, Place, modes
from tests.people import MODEL
from tests.postgres import Database, Server

SECRET = "s3cret"
KILL = ("kill", MODEL, "--confirm", MODEL, "--reason", "It harms people.", "--json")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a folder in which nothing was founded yet."""
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    return Place(tmp_path)


def with_password(database: Database) -> str:
    """Give a database's URL with a password in it, as an administrator would hand it over."""
    return make_url(database.url).set(password=SECRET).render_as_string(hide_password=False)


def found(place: Place, *options: str, **environment: str) -> str:
    """Found a ledger; return everything that was printed."""
    ran = place.run(
        "init", "ada", "--name", "Ada", "--organisation", "Bank", "--origin", "bank.example/q",
        *options, "--json", **environment,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return ran.out + ran.err


def test_a_ledger_is_founded_and_worked_with_in_postgresql(place: Place, server: Server) -> None:
    """If it fails, QUAESTOR_STORE or --store leads elsewhere, or its password gets out.

    The first commands get the URL with its password; the later ones find what the home remembers.
    """
    database = server.new()
    url = with_password(database)
    said = found(place, "--store", url)
    made = place.run(
        "model", "register", MODEL, "--name", "Scorer", "--owner", "ada", "--version", "1.0",
        QUAESTOR_STORE=url,
    )  # fmt: skip
    assert made.code == 0, made.err
    assert not place.home.database.exists()
    assert place.home.store_url == database.url
    assert database.sql("SELECT count(*) FROM entry") == [(4,)]
    killed = place.run(*KILL)
    assert (killed.code, modes(place)) == (0, {MODEL: "off"})
    verified = place.run("ledger", "verify", "--strict", "--json")
    assert (verified.code, verified.json["problems"]) == (0, [])
    assert len(verified.json["notes"]) == 1
    assert "no journal" in place.run("ledger", "verify").out
    doctor = place.run("doctor", "--json")
    assert SECRET not in said + made.out + made.err + doctor.out + doctor.err
    for path in place.folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_a_database_that_is_down_is_said_and_stops_are_not_hindered(
    place: Place, server: Server
) -> None:
    """If it fails, a lost database is a traceback, tells its password, or keeps a model running."""
    database = server.new()
    found(place, "--store", database.url)
    place.run("model", "register", MODEL, "--name", "S", "--owner", "ada", "--version", "1.0")
    down = str(
        make_url(with_password(database))
        .set(host="127.0.0.1", port=1, query={})
        .render_as_string(hide_password=False)
    )
    ran = place.run("model", "list", "--json", QUAESTOR_STORE=down)
    assert (ran.code, ran.error["code"]) == (4, "store_unavailable")
    assert "PostgreSQL" in ran.error["message"]
    assert "QUAESTOR_STORE" in ran.error["hint"]
    killed = place.run(*KILL, QUAESTOR_STORE=down)
    assert (killed.code, killed.json["recorded"]) == (4, None)
    assert modes(place) == {MODEL: "off"}
    assert SECRET not in ran.err + killed.out + killed.err
    recovered = place.run("ledger", "recover", "--json")
    assert (recovered.code, len(recovered.json["orders"])) == (0, 1)


def test_nothing_is_made_where_no_ledger_can_be_founded(place: Place, server: Server) -> None:
    """If it fails, a mistyped URL leaves keys and folders behind that hinder the second attempt."""
    database = server.new()
    wrong = database.url.replace(database.name, "absent")
    ran = place.run(
        "init", "ada", "--name", "Ada", "--organisation", "Bank", "--origin", "bank.example/q",
        "--json", QUAESTOR_STORE=wrong,
    )  # fmt: skip
    assert (ran.code, ran.error["code"]) == (4, "store_unavailable")
    found(place, QUAESTOR_STORE=database.url)
    other = Place(place.folder / "other")
    other.folder.mkdir()
    (other.folder / "passphrase").hardlink_to(place.folder / "passphrase")
    again = other.run(
        "init", "ada", "--name", "Ada", "--organisation", "Bank", "--origin", "bank.example/q",
        "--json", QUAESTOR_STORE=database.url,
    )  # fmt: skip
    assert (again.code, again.error["code"]) == (3, "refused")
    assert "holds a ledger already" in again.error["message"]


def test_the_store_goes_to_the_console_too() -> None:
    """If it fails, QUAESTOR_STORE is taken from the environment and then forgotten."""
    url = "postgresql+psycopg://ada:s3cret@db/q"
    settings = read_settings({"QUAESTOR_STORE": url, "QUAESTOR_HOME": "/srv/q"})
    assert (settings.home, settings.store) == (Path("/srv/q"), url)
