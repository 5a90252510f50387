"""The real program where the disk is full, nothing may be written, or a key or clock is wrong.

Each time: a clear sentence and the right exit code, nothing damaged, and a kill that stops its
model wherever the switchboard can be written.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp

import orjson
import pytest

from console.exits import ExitCode
from ledger.entry import Draft, decode, entry_hash, make_part
from ledger.seat import Seat
from ledger.switchboard import read
from ledger.switching import kill
from ledger.verification import verify
from tests.console.cli.place import PASSPHRASE, Place, Ran, make_place, modes
from tests.ledger.test_crash import sound, versions
from tests.ledger.test_reserve import fill
from tests.people import MODEL, START, World

VERSION = ("model", "version", MODEL, "9.9", "--json")
LONG = (*VERSION, "--notes", "x" * 9_000)  # more than what is left of the last block of any file
KILL = ("kill", MODEL, "--confirm", MODEL, "--reason", "It harms people.", "--json")
VERIFY = ("ledger", "verify", "--allow-unconfirmed", "--json")
ROOMY = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"'
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
STRANGER = 4001
STORE_UNAVAILABLE = ExitCode.STORE_UNAVAILABLE


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a ledger with three people and a model. Not to be written to."""
    place = make_place(tmp_path_factory.mktemp("house"))
    made = place.run(
        "model", "register", MODEL, "--name", "Scorer", "--owner", "ada", "--version", "1.0"
    )
    assert made.code == 0, made.err
    return place


@pytest.fixture
def place(house: Place, tmp_path: Path) -> Place:
    """Give a copy that may be damaged."""
    return Place(Path(copytree(house.folder, tmp_path / "place")))


def explained(ran: Ran, code: int, *words: str) -> bool:
    """Whether a run ended with this code, one error in JSON, a hint, and these words in it."""
    error = ran.error
    assert ran.code == code, (ran.code, ran.out, ran.err)
    assert set(error) == {"code", "message", "hint"}, error
    assert error["hint"], error
    return all(word in " ".join(error.values()) for word in words) or pytest.fail(str(error))


def in_mount(script: str, folder: Path, what: str, *more: Path) -> dict[str, list[object]]:
    """Run a function of this module in a mount namespace of its own; return what it found."""
    mounting = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(folder)]
    run = subprocess.run(
        [*mounting, sys.executable, "-m", __name__, what, *map(str, more)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount:" in run.stderr or "unshare:" in run.stderr:
        pytest.skip(f"no file system can be mounted here: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    found: dict[str, list[object]] = orjson.loads(run.stdout)
    return found


def outcome(ran: Ran) -> list[object]:
    """How a run ended, as JSON: its code, what it printed, its error's message and hint."""
    error = ran.error if ran.err.startswith("{") else {}
    return [ran.code, orjson.loads(ran.out) if ran.out else None, error]


def on_a_full_disk(source: str, folder: str) -> dict[str, list[object]]:
    """Work and stop a model while no byte is free; make room; look at what came of it."""
    place = Place(Path(copytree(source, folder, dirs_exist_ok=True)))
    fill(place.home.folder)
    found = {"list": outcome(place.run("model", "list", "--json"))}
    found["version"] = outcome(place.run(*LONG))
    found["kill"] = outcome(place.run(*KILL, by="cy"))
    found["board"] = [str(read(place.home.switchboard).switches[MODEL])]
    (place.home.folder / "ballast").unlink()
    found["recover"] = outcome(place.run("ledger", "recover", "--json"))
    found["again"] = outcome(place.run(*LONG))
    found["switch"] = outcome(place.run("switch", "list", "--json"))
    found["verify"] = outcome(place.run(*VERIFY))
    return found


def on_a_read_only_disk(folder: str) -> dict[str, list[object]]:
    """Read, work and stop a model where nothing can be written."""
    place = Place(Path(folder))
    commands = {"list": ("model", "list", "--json"), "verify": VERIFY, "version": VERSION}
    found = {name: outcome(place.run(*command)) for name, command in commands.items()}
    found["kill"] = outcome(place.run(*KILL, by="cy"))
    return found


def test_a_full_disk(house: Place, tmp_path: Path) -> None:
    """If it fails, a full disk damages the ledger, hides what happened or keeps a model running."""
    folder = tmp_path / "disk"
    folder.mkdir()
    found = in_mount(ROOMY, folder, "on_a_full_disk", house.folder, folder)
    assert found["list"][0] == 0
    code, _, error = found["version"]
    assert (code, "No space left" in str(error)) == (4, True), found["version"]
    code, report, _ = found["kill"]
    assert (code, report["recorded"]) == (4, None)  # type: ignore[index]
    assert found["board"] == ["off"]
    assert found["recover"][0] == 0
    assert found["recover"][1]["orders"] == [report["order_id"]]  # type: ignore[index]
    assert found["again"][0] == 0
    (switch,) = found["switch"][1]  # type: ignore[misc]
    assert (switch["mode"], switch["recorded"], switch["actor"]) == ("off", True, "cy")
    assert found["verify"][0] == 0
    assert found["verify"][1]["problems"] == []  # type: ignore[index]


def test_a_read_only_disk(place: Place) -> None:
    """If it fails, a medium that cannot be written hides the record, or ends in a traceback."""
    before = modes(place)
    found = in_mount(READ_ONLY, place.home.folder, "on_a_read_only_disk", place.folder)
    assert [found["list"][0], found["verify"][0]] == [0, 0]
    for name in ("version", "kill"):
        code, _, error = found[name]
        assert (code, "Read-only" in str(error)) == (4, True), found[name]
        assert error["hint"]  # type: ignore[index]
    assert "Stop the model where it runs" in str(found["kill"][2])
    assert modes(place) == before
    assert place.run(*VERSION).code == 0
    assert place.run(*VERIFY).code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work as somebody else")
@pytest.mark.parametrize("mode", [0o2770, 0o2775])
def test_no_permission(house: Place, mode: int) -> None:
    """If it fails, whoever is not in the group gets a traceback, or a wrong reason.

    A home that may not even be looked into, and one that may be read.
    """
    folder = Path(mkdtemp(prefix="place-"))
    try:
        place = Place(Path(copytree(house.folder, folder / "place")))
        folder.chmod(0o755)
        place.folder.chmod(0o755)
        for path in (place.home.folder, *place.home.folder.rglob("*")):
            path.chmod((mode if path.is_dir() else 0o664) if mode & 5 else path.stat().st_mode)
        place.home.folder.chmod(mode)
        seats = place.folder / "seats"
        for path in (place.folder / "passphrase", seats, *seats.rglob("*")):
            os.chown(path, STRANGER, STRANGER)
        program = [sys.executable, "-m", __name__, "as_stranger", str(place.folder)]
        run = subprocess.run(
            [*program, str(house.folder), str(folder / "warm")],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        found = orjson.loads(run.stdout)
        code, looked_at, error = found.pop("doctor")
        assert (code, bool(looked_at)) == (ExitCode.CHECK_FAILED, True), error
        for name, (ended, _, error) in found.items():
            assert (ended, "ermission" in str(error)) == (STORE_UNAVAILABLE, True), (
                name,
                ended,
                error,
            )
            assert error["hint"]
        assert modes(place) == {MODEL: "on"}
        assert place.run(*VERIFY).json["problems"] == []
    finally:
        rmtree(folder)


def as_stranger(folder: str, source: str, warm: str) -> dict[str, list[object]]:
    """Work as a user outside of the home's group, once everything is imported that this needs."""
    commands = {"version": (VERSION, "ada"), "kill": (KILL, "cy")}
    looking = ("doctor", "--json")
    elsewhere = Place(Path(copytree(source, warm)))
    for command, by in commands.values():
        assert elsewhere.run(*command, by=by).code == 0
    elsewhere.run(*looking)
    rmtree(elsewhere.home.locks)
    assert elsewhere.run("model", "version", MODEL, "9.8").code == STORE_UNAVAILABLE
    os.setgroups([])
    os.setgid(STRANGER)
    os.setuid(STRANGER)
    place = Place(Path(folder))
    found = {name: outcome(place.run(*what, by=by)) for name, (what, by) in commands.items()}
    return found | {"doctor": outcome(place.run(*looking))}


def test_a_wrong_passphrase(place: Place) -> None:
    """If it fails, a mistyped passphrase is a traceback, or costs something."""
    journal = place.home.journal
    assert journal is not None
    before = journal.size()
    (place.folder / "passphrase").write_bytes(b"wrong\n")
    for command, by in ((VERSION, "ada"), (KILL, "cy")):
        assert explained(place.run(*command, by=by), 3, "passphrase")
    assert (journal.size(), modes(place)) == (before, {MODEL: "on"})
    (place.folder / "passphrase").write_bytes(PASSPHRASE)
    assert place.run(*KILL, by="cy").code == 0


@pytest.mark.parametrize("years", [-20, 20])
def test_a_clock_that_is_years_off(world: World, years: int) -> None:
    """If it fails, a wrong clock stops work, or keeps a model running, there or where it is right.

    What it claims is recorded as it was claimed; order is by seq.
    """
    wrong = World(world.folder, clock=lambda: START + timedelta(days=365 * years))
    assert wrong.person("emil").note("there").posted
    cora = wrong.person("cora")
    assert kill(cora.book, cora.signer, MODEL).recorded is not None
    assert read(world.home.switchboard).switches[MODEL] == "off"
    emil = world.person("emil")
    assert emil.note("here").posted
    rosa = world.person("rosa")
    approval = rosa.request_resumption().approval
    assert approval
    world.person("cora").approve(approval)
    assert read(world.home.switchboard).switches[MODEL] == "on"
    assert kill(cora.book, cora.signer, MODEL).recorded is not None
    assert read(world.home.switchboard).switches[MODEL] == "off"
    assert versions(world.stranger()).keys() >= {"there", "here"}
    assert sound(world, "emil") == []
    assert verify(emil.book).verdict == "verified"


@pytest.mark.parametrize(("days", "words"), [(-1, "behind the ledger"), (9_000, "days before")])
def test_a_clock_that_cannot_be_right_is_told_to_whoever_signs(
    place: Place, monkeypatch: pytest.MonkeyPatch, days: int, words: str
) -> None:
    """If it fails, somebody enters a day's work under a wrong date and nobody tells them."""
    monkeypatch.setattr(
        "ledger.clock.system_clock", lambda: datetime.now(UTC) + timedelta(days=days)
    )
    killed = place.run("kill", MODEL, "--confirm", MODEL, "--reason", "It harms.", by="cy")
    assert killed.code == 0
    assert words in killed.err
    assert "Set the clock" in killed.err
    assert (
        place.run("kill", MODEL, "--confirm", MODEL, "--json", by="cy").error["code"] == "refused"
    )
    assert modes(place) == {MODEL: "off"}


def newer_kind(place: Place) -> None:
    """Let a colleague with a newer version enter something of a kind that is not known here."""
    journal = place.home.journal
    assert journal is not None
    last = list(journal.lines_from(0))[-1][:-1]
    signer = Seat(place.seat("ada")).signer("ada", PASSPHRASE)
    ((entry, data),) = make_part(
        [Draft("model.dreamt", f"model/{MODEL}", {})],
        seq=decode(last).seq + 1,
        prev=entry_hash(last).hex(),
        time=decode(last).time,
        actor="ada",
        sign=signer.sign,
    )
    journal.append(entry.seq, [data])


def newer_form(place: Place) -> None:
    """Let the journal go on in a form that is not known here."""
    (journal,) = place.home.journal.files()  # type: ignore[union-attr]
    last = orjson.loads(journal.read_bytes().splitlines()[-1])
    last |= {"v": 2, "seq": last["seq"] + 1, "weight": 1}
    with journal.open("ab") as file:
        file.write(orjson.dumps(last, option=orjson.OPT_SORT_KEYS) + b"\n")


@pytest.mark.parametrize("making", [newer_kind, newer_form])
def test_a_ledger_of_a_newer_format(place: Place, making: Callable[[Place], None]) -> None:
    """If it fails, an older program calls a newer ledger forged, writes onto it or cannot stop."""
    making(place)
    journal = place.home.journal
    assert journal is not None
    before = journal.size()
    assert explained(place.run(*VERSION), ExitCode.WRONG_USAGE, "newer")
    assert journal.size() == before
    killed = place.run(*KILL, by="cy")
    assert killed.code == STORE_UNAVAILABLE
    assert modes(place) == {MODEL: "off"}
    verified = place.run(*VERIFY)
    assert "newer" in verified.out + verified.err


_FUNCTIONS: dict[str, Callable[..., dict[str, list[object]]]] = {
    each.__name__: each for each in (on_a_full_disk, on_a_read_only_disk, as_stranger)
}

if __name__ == "__main__":
    os.umask(0o007)
    sys.stdout.buffer.write(orjson.dumps(_FUNCTIONS[sys.argv[1]](*sys.argv[2:])))
