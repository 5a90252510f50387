"""The program around its commands: what it loads, and every way in which a run can end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.exits import ExitCode, exit_code_of
from ledger.authority import NeedsApproval
from ledger.entry import NewerFormat
from ledger.errors import (
    Altered,
    CheckFailed,
    InvalidInput,
    QuaestorError,
    Refused,
    StoreUnavailable,
)
from tests.console.cli.place import PROGRAM, Place

HEAVY = (
    "bcrypt", "cryptography", "duckdb", "fairlearn", "jinja2", "numpy", "orjson", "pandas",
    "platformdirs", "pyarrow", "pydantic", "pyhanko", "rich", "sqlalchemy", "sqlmodel", "textual",
    "weasyprint", "yaml",
)  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    """If this fails, every `quaestor --help` and every completion waits for what it never uses."""
    script = f"""
import sys
from console.cli.main import run
code = run(["--help"])
print(code, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == "0 []\n"
    assert "Usage: quaestor" in done.stdout


def test_a_nouns_help_loads_no_store() -> None:
    """If this fails, reading a noun's help costs the start of a database engine."""
    script = """
import sys
from console.cli.main import run
run(["incident", "--help"])
print(sorted({"duckdb", "sqlmodel", "textual", "pandas"} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"


def test_version(place: Place) -> None:
    """If this fails, a bug report cannot say which version it is about."""
    ran = place.program("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("quaestor 0.")


def test_without_a_terminal_the_console_does_not_open(place: Place) -> None:
    """If this fails, a cron job without a command hangs in a console that nobody sees."""
    ran = place.program()
    assert (ran.code, ran.out) == (2, "")
    assert "needs a terminal" in ran.err
    assert "quaestor --help" in ran.err


def test_on_a_dumb_terminal_the_console_does_not_open(place: Place) -> None:
    """If this fails, an editor's shell is filled with codes that it cannot draw."""
    with place.terminal(TERM="dumb") as person:
        person.see("cannot")
        assert person.end() == 2


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["modle", "list"], "no command 'modle'", "Did you mean model?"),
        (["model", "lst"], "No such command 'lst'", "quaestor model --help"),
        (["model", "list", "--bogus"], "No such option: --bogus", "quaestor model list --help"),
        (["model", "list", "--home", "x"], "--home", "It stands before the command"),
        (["resume", "m"], "Missing option '--reason'", "quaestor resume --help"),
        (["kill", "m", "--mode", "on"], "'on' is not one of", "quaestor kill --help"),
        (["ledger", "show", "twelve"], "'twelve' is not a valid", "quaestor ledger show --help"),
    ],
)
def test_wrong_usage(place: Place, arguments: list[str], message: str, hint: str) -> None:
    """If this fails, a mistyped command is taken for a failed one, or goes unexplained."""
    plain = place.run(*arguments)
    assert (plain.code, plain.out) == (2, "")
    assert plain.err.startswith("error: ")
    assert message in plain.err
    assert hint in plain.err
    as_json = place.run(*arguments, "--json")
    assert as_json.code == 2
    assert as_json.error["code"] == "invalid_input"
    assert message in as_json.error["message"]
    assert hint in as_json.error["hint"]


def test_no_ledger_yet(tmp_path: Path) -> None:
    """If this fails, the first thing that a newcomer sees does not say where to go from there."""
    ran = Place(tmp_path).program("model", "list", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert str(tmp_path / "home") in ran.error["message"]
    assert "quaestor init" in ran.error["hint"]


def test_an_error_is_said_and_not_traced_unless_asked(bank: Place) -> None:
    """If this fails, people read tracebacks for a typing error, or experts cannot get one."""
    quiet = bank.run("model", "show", "nosuch")
    loud = bank.run("--verbose", "model", "show", "nosuch")
    assert quiet.code == loud.code == 3
    assert quiet.err == ("error: There is no model nosuch.\nhint: Registered are: credit-scorer.\n")
    assert "Traceback" in loud.err
    assert loud.err.endswith(quiet.err)


def test_no_room_for_the_answer_is_no_defect(place: Place) -> None:
    """If it failed, a full disk under a redirected answer would be taken for a defect."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [PROGRAM, "model", "list", "--json"],
            env=place.environment("ada"), stdout=full, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert b"It cannot be written: No space left on device." in done.stderr


def test_a_defect_is_admitted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, a bug of ours is swallowed, or greets people with a traceback."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("console.cli.model.show_list", broken)
    quiet = place.run("model", "list")
    assert quiet.code == 1
    assert "defect of Quaestor: ZeroDivisionError: planted" in quiet.err
    assert "--verbose" in quiet.err
    assert "Traceback" not in quiet.err
    assert "Traceback" in place.run("--verbose", "model", "list").err
    assert place.run("model", "list", "--json").error["code"] == "defect"


def test_control_c_ends_with_130(place: Place) -> None:
    """If this fails, a script cannot tell that a person gave up at the passphrase."""
    with place.terminal("ledger", "checkpoint", QUAESTOR_PASSPHRASE_FILE="") as terminal:
        terminal.see("Passphrase of ada")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert "Traceback" not in terminal.shown


def test_a_reader_that_goes_away_is_not_complained_of(bank: Place) -> None:
    """If this fails, `quaestor ledger log | head` ends in a complaint about a broken pipe."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, "ledger", "log"],
        env=bank.environment("ada"),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput, ExitCode.WRONG_USAGE),
        (NewerFormat, ExitCode.WRONG_USAGE),
        (Refused, ExitCode.REFUSED),
        (NeedsApproval, ExitCode.REFUSED),
        (StoreUnavailable, ExitCode.STORE_UNAVAILABLE),
        (CheckFailed, ExitCode.CHECK_FAILED),
        (Altered, ExitCode.CHECK_FAILED),
        (QuaestorError, ExitCode.CHECK_FAILED),
    ],
)
def test_every_error_has_its_exit_code(error: type[QuaestorError], code: ExitCode) -> None:
    """If this fails, a script takes a refusal for a failed check, or tries again in vain."""
    assert exit_code_of(error("planted")) is code


def test_doctor_names_the_only_admin(place: Place) -> None:
    """If this fails, nobody notices that one person alone decides who is who."""
    ran = place.program("doctor", "--json")
    found = {finding["name"]: finding for finding in ran.json}
    assert found["admins"]["state"] == "warn"
    assert "ada" in found["admins"]["detail"]
    assert found["seat"]["state"] == "ok"
    stopped = any(f["needed"] and f["state"] in {"missing", "unsafe"} for f in ran.json)
    assert ran.code == (1 if stopped else 0)


def test_doctor_names_the_policies_that_nobody_adopted(place: Place) -> None:
    """If this fails, logs are imported for months before anybody decides what is kept of them."""
    said = {finding["name"]: finding for finding in place.run("doctor", "--json").json}
    for policy in ("redaction", "retention"):
        assert said[f"{policy} policy"]["state"] == "warn"
        assert f"policy adopt {policy}" in said[f"{policy} policy"]["hint"]
    assert place.run("policy", "adopt", "redaction", "--reason", "Board").code == 0
    said = {finding["name"]: finding for finding in place.run("doctor", "--json").json}
    assert said["redaction policy"]["state"] == "ok"
    assert said["retention policy"]["state"] == "warn"


def test_doctor_fails_over_an_open_home(place: Place) -> None:
    """If this fails, `doctor` finds a home open to everyone and says that all is well."""
    place.home.folder.chmod(0o777)
    ran = place.program("doctor")
    assert ran.code == 1
    assert "! unsafe" in ran.out
    assert "chmod o=" in ran.out
