"""The doctor, on homes and seats as they should not be, and on a machine that lacks things."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.doctor import Finding, examine
from ledger.reserve import keep_reserve
from ledger.spool import spooled_orders
from tests.ledger.stopping import board, order, spool
from tests.ledger.test_reserve import on_small_disk
from tests.people import MODEL, World

NOW = datetime.now(UTC)
LOOK = """
import os
from datetime import datetime, timezone
from pathlib import Path
from console.doctor import examine
home = Path(os.environ["LOOK_AT"])
for found in examine(home, None, now=datetime.now(timezone.utc), environ=os.environ):
    print(found.name, found.state, found.stops_the_job, found.detail, sep="|")
"""


def look(home: Path | None, seat: Path | None, *, now: datetime = NOW) -> dict[str, Finding]:
    """Examine in this process; findings by name."""
    return {found.name: found for found in examine(home, seat, now=now, environ=os.environ)}


def look_elsewhere(
    home: Path, wrap: list[str] | None = None, *, stderr: int | None = None, **environ: str
) -> dict[str, list[str]]:
    """Examine in another process; `[state, stops the job, detail]` by name."""
    run = subprocess.run(
        [*(wrap or []), sys.executable, "-c", LOOK],
        env={**os.environ, "LOOK_AT": str(home), **environ},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=True,
    )
    lines = (line.split("|") for line in run.stdout.splitlines())
    return {name: rest for name, *rest in lines}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a home as it should be, empty."""
    home = tmp_path / "home"
    for folder in ("journal", "locks"):
        (home / folder).mkdir(parents=True)
    home.chmod(0o2770)
    keep_reserve(home)
    return home


@pytest.fixture
def seat(tmp_path: Path) -> Path:
    """Make a seat as it should be, with one key."""
    seat = tmp_path / "seat"
    (seat / "keys").mkdir(parents=True)
    seat.chmod(0o700)
    (seat / "keys" / "ada").touch(mode=0o600)
    return seat


@pytest.fixture
def namespaces(tmp_path: Path) -> None:
    """Skip where nothing can be mounted."""
    if subprocess.run(on_small_disk(tmp_path, "true"), capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace can be made here")


def test_a_sound_machine_home_and_seat(home: Path, seat: Path) -> None:
    """If this fails, the doctor cries wolf: everything here is as set-up leaves it."""
    found = examine(home, seat, now=NOW, environ={"TERM": "xterm-256color"})
    assert [each for each in found if each.state in {"missing", "unsafe"}] == []
    assert {"home", "seat", "keys", "locks", "reserve", "disk"} <= {each.name for each in found}
    assert all(each.hint for each in found if each.state != "ok")


def test_a_fresh_machine_may_lack_home_and_seat(tmp_path: Path) -> None:
    """If this fails, `doctor` fails before `init`, when a newcomer runs it first."""
    for folder in (None, tmp_path / "absent"):
        found = look(folder, folder)
        assert {found[name].state for name in ("home", "seat")} == {"warn"}
        assert not any(found[name].stops_the_job for name in ("home", "seat"))


@pytest.mark.parametrize("mode", [0o2775, 0o701, 0o2772])
def test_a_home_open_to_everyone_is_unsafe(home: Path, mode: int) -> None:
    """If this fails, a ledger that any user of the machine can read or write looks fine."""
    home.chmod(mode)
    assert look(home, None)["home"].state == "unsafe"


@pytest.mark.parametrize("mode", [0o750, 0o705])
def test_a_seat_open_to_others_is_unsafe(seat: Path, mode: int) -> None:
    """If this fails, somebody else can replace a person's anchors and nobody is warned."""
    seat.chmod(mode)
    assert look(None, seat)["seat"].stops_the_job


def test_a_key_that_others_can_read_is_unsafe(seat: Path) -> None:
    """If this fails, a copied key goes unnoticed."""
    (seat / "keys" / "ada").chmod(0o640)
    found = look(None, seat)["keys"]
    assert found.stops_the_job
    assert str(seat / "keys" / "ada") in found.hint


def test_a_clock_behind_the_journal_is_unsafe(home: Path) -> None:
    """If this fails, entries get times before the entries they follow."""
    (home / "journal" / "0.jsonl").touch()
    os.utime(home / "journal" / "0.jsonl", (NOW.timestamp(), NOW.timestamp()))
    assert look(home, None)["clock and ledger"].state == "ok"
    behind = look(home, None, now=NOW - timedelta(minutes=1))
    assert behind["clock and ledger"].stops_the_job
    ahead = look(home, None, now=NOW + timedelta(days=3 * 366))
    assert ahead["clock and ledger"].stops_the_job


@pytest.mark.parametrize("year", [1970, 2180])
def test_a_clock_that_was_never_set_is_unsafe(year: int) -> None:
    """If this fails, a machine without a battery signs entries of 1970."""
    assert look(None, None, now=NOW.replace(year=year, day=1))["clock"].stops_the_job


def test_a_reserve_that_is_not_laid_in_is_told(home: Path) -> None:
    """If this fails, people rely on kills on a full disk that cannot work."""
    (home / "reserve" / "order.0").unlink()
    assert look(home, None)["reserve"].state == "warn"


def test_a_home_that_cannot_be_locked_is_told(home: Path) -> None:
    """If this fails, the first append, not the doctor, says that the home has no locks."""
    (home / "locks").rmdir()
    (home / "locks").symlink_to("/proc")
    assert look(home, None)["locks"].stops_the_job


def test_looking_leaves_nothing_behind(home: Path, seat: Path) -> None:
    """If this fails, examining a home changes it."""
    before = sorted(home.rglob("*"))
    look(home, seat)
    assert sorted(home.rglob("*")) == before


@pytest.mark.usefixtures("namespaces")
def test_a_missing_library_is_missing(home: Path) -> None:
    """If this fails, the doctor finds libraries that WeasyPrint cannot load.

    The library's file is covered by /dev/null, in a mount namespace of the test's own.
    """
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    file = re.search(r"libpango-1\.0\.so\.0 .*=> (\S+)", listed.stdout)
    assert file is not None
    hide = 'mount --bind /dev/null "$0" && exec "$@"'
    wrap = ["unshare", "--map-root-user", "--mount", "sh", "-c", hide, file[1]]
    found = look_elsewhere(home, wrap)
    assert found["Pango"][:2] == ["missing", "True"]
    assert found["HarfBuzz subset"][0] == "ok"


@pytest.mark.usefixtures("namespaces")
def test_a_full_disk_is_told(home: Path) -> None:
    """If this fails, the first sign of a full disk is a failed import."""
    assert look_elsewhere(home, on_small_disk(home))["disk"][:2] == ["missing", "True"]


def test_a_missing_font_finder_is_no_missing_font(home: Path) -> None:
    """If this fails, a machine with the font but without fc-list is refused."""
    assert look_elsewhere(home, PATH="/nowhere")["Noto Sans"][:2] == ["warn", "False"]


@pytest.mark.parametrize(
    ("lines", "columns", "term", "state"),
    [
        (40, 120, "xterm-256color", "ok"),
        (24, 80, "xterm-256color", "ok"),
        (23, 200, "xterm-256color", "warn"),
        (50, 79, "xterm-256color", "warn"),
        (40, 120, "dumb", "warn"),
    ],
)
def test_the_terminal_is_measured(
    home: Path, lines: int, columns: int, term: str, state: str
) -> None:
    """If this fails, people learn only from a broken screen that their terminal is too small."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        found = look_elsewhere(home, stderr=theirs, TERM=term)["terminal"]
    finally:
        os.close(ours)
        os.close(theirs)
    assert found[0] == state
    assert f"{columns} x {lines}" in found[2]


def test_a_damaged_stop_is_noticed_before_it_is_thrown_away(world: World) -> None:
    """If this fails, a bit in a waiting order puts a stopped model back to work unnoticed."""
    spool(world, world.person("cora").signer, order(world))
    with world.stranger().read():
        pass
    assert board(world)[MODEL] == "off"
    found = look(world.home.folder, None)["waiting stops"]
    assert (found.state, found.detail[:2]) == ("ok", "1,")
    (spooled,) = spooled_orders(world.home)
    bent = spooled.sig.swapcase().encode()
    spooled.path.write_bytes(spooled.path.read_bytes().replace(spooled.sig.encode(), bent))
    found = look(world.home.folder, None)["waiting stops"]
    assert (found.state, found.stops_the_job) == ("unsafe", True)
    assert f"quaestor kill {MODEL}" in found.hint
    world.person("emil").note("the next entry")
    findings = look(world.home.folder, None)
    assert findings["waiting stops"].detail.startswith("0")
    assert findings["refused stops"].state == "warn"
