"""Settings: what goes before what, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.settings import default_home, default_seat, read_passphrase, read_settings
from ledger.errors import InvalidInput, Refused


def test_what_is_given_goes_before_the_environment() -> None:
    """If this fails, `--home` is ignored where QUAESTOR_HOME is set: another ledger is written."""
    env = {"QUAESTOR_HOME": "/from/env", "QUAESTOR_SEAT": "/seat/env", "QUAESTOR_ACTOR": "env"}
    named = read_settings(env, home=Path("/given"), actor="ada")
    assert (named.home, named.seat, named.actor) == (Path("/given"), Path("/seat/env"), "ada")
    assert read_settings(env).home == Path("/from/env")


def test_home_and_seat_never_share_a_folder() -> None:
    """If this fails, anchors lie inside the ledger's folder by default and vouch for nothing."""
    settings = read_settings({})
    assert (settings.home, settings.seat) == (default_home(), default_seat())
    assert not settings.seat.is_relative_to(settings.home)
    assert not settings.home.is_relative_to(settings.seat)


def test_a_stores_url_names_the_home() -> None:
    """If this fails, QUAESTOR_STORE is read and has no effect, or the wrong one."""
    url = "duckdb:////srv/q/ledger.duckdb"
    assert read_settings({"QUAESTOR_STORE": url}).home == Path("/srv/q")
    assert read_settings({"QUAESTOR_STORE": url, "QUAESTOR_HOME": "/srv/q"}).home == Path("/srv/q")
    with pytest.raises(InvalidInput, match="not the database of the home"):
        read_settings({"QUAESTOR_STORE": url, "QUAESTOR_HOME": "/srv/other"})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:s3cret/@db/q",
        "postgresql://db/q?password=s3cret",
        "host=db password=s3cret",
        "duckdb:///:memory:",
        "/srv/q/ledger.duckdb",
    ],
)
def test_other_stores_are_refused(url: str) -> None:
    """If this fails, a store that does not work yet is taken and another is written instead."""
    with pytest.raises(InvalidInput) as caught:
        read_settings({"QUAESTOR_STORE": url})
    assert "names no store" in caught.value.message
    assert "s3cret" not in caught.value.message
    assert "duckdb:///" in caught.value.hint


def test_a_passphrase_file_loses_one_line_end(tmp_path: Path) -> None:
    """If this fails, a passphrase with spaces at its ends does not open the key."""
    file = tmp_path / "pass"
    file.write_bytes(b" two  words \n\n")
    file.chmod(0o600)
    assert read_passphrase(str(file)) == b" two  words \n"


def test_a_passphrase_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """If this fails, a key is as safe as a file that everyone on the machine can read."""
    file = tmp_path / "pass"
    file.write_bytes(b"secret\n")
    file.chmod(0o644)
    with pytest.raises(Refused) as caught:
        read_passphrase(str(file))
    assert "chmod 600" in caught.value.hint


def test_a_passphrase_comes_through_a_descriptor() -> None:
    """If this fails, a secret store cannot hand a passphrase over without a file."""
    read, write = os.pipe()
    os.write(write, b"secret\n")
    os.close(write)
    assert read_passphrase(f"fd:{read}") == b"secret"


@pytest.mark.parametrize("source", ["fd:x", "fd:987654", "/nonexistent/pass"])
def test_no_passphrase_is_said(source: str) -> None:
    """If this fails, a wrong QUAESTOR_PASSPHRASE_FILE ends in a traceback."""
    with pytest.raises(InvalidInput, match="No passphrase can be read"):
        read_passphrase(source)


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    """If this fails, a file that was never filled locks new keys with nothing."""
    file = tmp_path / "pass"
    file.touch(0o600)
    with pytest.raises(InvalidInput, match="empty"):
        read_passphrase(str(file))
