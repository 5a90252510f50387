"""What of this machine, this home and this seat is present, missing or unsafe.

Nothing here prints and nothing is repaired. Libraries are looked for by the names under which
WeasyPrint loads them, without importing it, so that the answer is the same where it cannot load.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from ctypes import CDLL
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_IMODE
from tempfile import NamedTemporaryFile
from typing import Literal

from console.timekeeping import SET_IT, YEARS, doubt
from ledger.errors import QuaestorError
from ledger.home import Home
from ledger.reserve import missing_spares
from ledger.spool import orders_set_aside, refusal, spooled_orders

State = Literal["ok", "warn", "missing", "unsafe"]

APT = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core"
LIBRARIES = {
    "Pango": ("libpango-1.0.so.0", "libpango-1.0.dylib"),
    "PangoFT2": ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib"),
    "HarfBuzz": ("libharfbuzz.so.0", "libharfbuzz.0.dylib"),
    "HarfBuzz subset": ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib"),
    "GObject": ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib"),
    "Fontconfig": ("libfontconfig.so.1", "libfontconfig.1.dylib"),
}
FONT = "Noto Sans"
PYTHONS = ((3, 11), (3, 14))
SCREEN = (80, 24)
LITTLE_ROOM = 100 * 2**20
SCARCE_ROOM = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed`: the main job cannot be done, or not safely, without it."""

    name: str
    state: State
    detail: str
    hint: str = ""
    needed: bool = True

    @property
    def stops_the_job(self) -> bool:
        """Whether `doctor` exits 1 over this."""
        return self.needed and self.state in {"missing", "unsafe"}


def examine(
    home: Path | None,
    seat: Path | None,
    *,
    now: datetime,
    environ: Mapping[str, str],
    store: str = "",
) -> list[Finding]:
    """Look at machine, terminal, home and seat, in this order.

    `home` and `seat` are the folders the settings name, whether or not they exist; None where
    none is named. `now` is the computer's clock, with a zone; `store` a URL that goes before what
    the home remembers.
    """
    findings = [_python(), *map(_library, LIBRARIES), _font(), _terminal(environ), _year(now)]
    if home is None or not home.is_dir():
        findings.append(
            Finding(
                "home", "warn", f"no ledger at {home}", "Start one: quaestor init", needed=False
            )
        )
    elif not os.access(home, os.R_OK | os.X_OK):
        detail = f"{home} may not be looked into by you"
        findings.append(Finding("home", "missing", detail, "Join the group that owns it."))
    else:
        findings += [_home_mode(home), _ledger_time(home, now), _room(home), _reserve(home)]
        findings += [_locks(home), *_orders(Home(home, store))]
    if seat is None or not seat.is_dir():
        findings.append(
            Finding(
                "seat", "warn", f"no seat at {seat}", "Make a key: quaestor key new", needed=False
            )
        )
    else:
        findings += _seat(seat)
    return findings


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] < PYTHONS[1]:
        return Finding("Python", "ok", running)
    return Finding("Python", "unsafe", running, "Quaestor is tested on Python 3.11 to 3.13.")


def _library(name: str) -> Finding:
    for file in LIBRARIES[name]:
        try:
            CDLL(file)
        except OSError:
            continue
        return Finding(name, "ok", file)
    return Finding(name, "missing", "reports cannot be built", f"Debian, Ubuntu: {APT}")


def _font() -> Finding:
    """Look for Noto Sans: its 1,000 units per em keep glyph widths within PDF/A."""
    program = shutil.which("fc-list")
    if program is None:
        return Finding(FONT, "warn", "fc-list is not installed, cannot look", f"See: {APT}")
    listed = subprocess.run(
        [program, FONT, "file"], capture_output=True, text=True, check=False
    ).stdout.split(":")[0]
    if listed:
        return Finding(FONT, "ok", listed.strip())
    return Finding(FONT, "missing", "reports would not be PDF/A", f"Debian, Ubuntu: {APT}")


def _terminal(environ: Mapping[str, str]) -> Finding:
    """Textual draws on stderr, so that is the terminal that counts."""
    try:
        columns, lines = os.get_terminal_size(sys.__stderr__.fileno() if sys.__stderr__ else 2)
    except OSError:
        return Finding("terminal", "ok", "none here; commands print plain text", needed=False)
    kind = environ.get("TERM", "")
    plain = kind in {"", "dumb"} or bool(environ.get("NO_COLOR"))
    colour = "no colour" if plain else environ.get("COLORTERM") or kind
    detail = f"{columns} x {lines}, {colour}"
    if columns < SCREEN[0] or lines < SCREEN[1]:
        hint = "The console wants {} x {} or more.".format(*SCREEN)
        return Finding("terminal", "warn", detail, hint, needed=False)
    if kind in {"", "dumb"}:
        hint = "The console needs a terminal that can place text: set TERM."
        return Finding("terminal", "warn", detail, hint, needed=False)
    return Finding("terminal", "ok", detail, needed=False)


def _year(now: datetime) -> Finding:
    if YEARS[0] <= now.year < YEARS[1]:
        return Finding("clock", "ok", f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    return Finding("clock", "unsafe", f"the year is {now.year}", SET_IT)


def _home_mode(home: Path) -> Finding:
    mode = S_IMODE(home.stat().st_mode)
    if mode & 0o007:
        hint = f"Run: chmod o= {home}"
        return Finding("home", "unsafe", f"{home} is open to everyone ({mode:o})", hint)
    return Finding("home", "ok", f"{home} ({mode:o})")


def _ledger_time(home: Path, now: datetime) -> Finding:
    """Entries carry their writer's clock; one that contradicts the record would write nonsense."""
    odd = doubt(home, now)
    if odd:
        return Finding("clock and ledger", "unsafe", odd, SET_IT)
    return Finding("clock and ledger", "ok", "the clock goes on from what is recorded")


def _room(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    state: State = "ok" if free >= SCARCE_ROOM else "warn" if free >= LITTLE_ROOM else "missing"
    hint = "Make room: on a full disk kills still work, out of the reserve, and nothing else."
    return Finding("disk", state, f"{free / 2**30:.1f} GiB free", "" if state == "ok" else hint)


def _reserve(home: Path) -> Finding:
    missing = missing_spares(home)
    if missing:
        return Finding(
            "reserve",
            "warn",
            f"{missing} spare files are not laid in: a kill on a full disk may fail",
            "Make room; the next command that writes lays them in.",
        )
    return Finding("reserve", "ok", "room is kept back for kills on a full disk")


def _locks(home: Path) -> Finding:
    """Lock a new file twice: where that succeeds, two writers would not see each other."""
    folder = home / "locks" if (home / "locks").is_dir() else home
    try:
        with (
            NamedTemporaryFile(dir=folder, prefix=".doctor") as first,
            Path(first.name).open() as second,
        ):
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Finding("locks", "ok", f"files in {folder} can be locked")
    except OSError as error:
        return Finding(
            "locks",
            "missing",
            f"files in {folder} cannot be locked: {error.strerror}",
            "Check your rights to the home, and that its file system has locks.",
        )
    return Finding(
        "locks",
        "unsafe",
        f"locks in {folder} keep nobody out",
        "Move the home to a local file system, or use PostgreSQL.",
    )


def _orders(home: Home) -> Iterator[Finding]:
    """Look at stops that wait to be recorded: whoever appends next sets a damaged one aside.

    Its model would then serve again, so this is the last moment to stop it anew.
    """
    from ledger.book import Book

    refused = orders_set_aside(home)
    if refused:
        yield Finding(
            "refused stops",
            "warn",
            f"{len(refused)} in {refused[0].parent}",
            "Find out who put them there, then remove them.",
        )
    waiting = spooled_orders(home)
    try:
        for spooled in waiting:
            with Book(home).read() as snapshot:
                why = refusal(snapshot.rows, snapshot.head, spooled)
            if why is not None:
                model = spooled.order.model
                detail = f"the stop of {model} in {spooled.path} cannot be recorded: {why.message}"
                hint = f"Run: quaestor ledger recover; quaestor kill {model}"
                yield Finding("waiting stops", "unsafe", detail, hint)
                return
    except QuaestorError as error:
        yield Finding("waiting stops", "warn", error.message, error.hint)
        return
    yield Finding("waiting stops", "ok", f"{len(waiting)}, each as its commander signed it")


def _seat(seat: Path) -> Iterator[Finding]:
    mode = S_IMODE(seat.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            "seat", "unsafe", f"{seat} is open to others ({mode:o})", f"Run: chmod 700 {seat}"
        )
    else:
        yield Finding("seat", "ok", f"{seat} ({mode:o})")
    keys = sorted(path for path in (seat / "keys").glob("*") if path.is_file())
    if not keys:
        yield Finding(
            "keys", "warn", "none in this seat", "Make one: quaestor key new", needed=False
        )
        return
    bare = [path for path in keys if path.stat().st_mode & 0o077]
    if bare:
        names = " ".join(map(str, bare))
        hint = f"Run: chmod 600 {names}; then consider new keys, these may have been copied."
        yield Finding("keys", "unsafe", f"{len(bare)} of {len(keys)} can be read by others", hint)
    else:
        yield Finding("keys", "ok", f"{len(keys)}, readable by their owner alone")
