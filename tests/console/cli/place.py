"""A ledger with three people, each with a seat of their own, and ways to run the program there."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson

from console.cli.main import run
from ledger.home import Home
from ledger.keys import read_request
from ledger.seat import Seat
from reports.enrolling import enrol, new_key
from reports.founding import found_ledger

PASSPHRASE = b"correct horse"
PROGRAM = Path(sys.executable).with_name("quaestor")
SAMPLES = Path(__file__).parents[3] / "sample_data"
_PATIENCE = 90.0
_MINE = ("QUAESTOR_", "NO_COLOR", "TERM", "COLUMNS", "LINES")

PEOPLE = {"cy": ["incident-commander"], "eva": ["engineer"]}


@dataclass(frozen=True)
class Ran:
    """How a run ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as one JSON document."""
        return orjson.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error on stderr, in its JSON form."""
        found: dict[str, str] = orjson.loads(self.err)["error"]
        return found


@dataclass(frozen=True)
class Place:
    """One folder that holds a home, seats, and the passphrase that opens every key in them."""

    folder: Path

    @property
    def home(self) -> Home:
        """The ledger's home."""
        return Home(self.folder / "home")

    def seat(self, actor: str) -> Path:
        """A person's own folder."""
        return self.folder / "seats" / actor

    def environment(self, actor: str, **more: str) -> dict[str, str]:
        """The environment in which `actor` works here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_MINE)}
        own = {
            "QUAESTOR_HOME": str(self.home.folder),
            "QUAESTOR_SEAT": str(self.seat(actor)),
            "QUAESTOR_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "TERM": "xterm-256color",
        }
        return kept | own | more

    def run(self, *arguments: str, by: str = "ada", **more: str) -> Ran:
        """Run the program in this process, with stdin empty and both outputs captured."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with (
            patch.dict(os.environ, self.environment(by, **more), clear=True),
            patch.object(sys, "stdin", io.StringIO()),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run(arguments)
        return Ran(code, *map(_text, (out, err)))

    def program(self, *arguments: str, by: str = "ada", **more: str) -> Ran:
        """Run the installed program as a process of its own."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment(by, **more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def terminal(self, *arguments: str, by: str = "ada", **more: str) -> Iterator[Terminal]:
        """Run the installed program on a terminal of its own."""
        pid, descriptor = pty.fork()
        if pid == 0:
            # Who runs the tests in the background has this signal ignored, and so would we.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execve(PROGRAM, ["quaestor", *arguments], self.environment(by, **more))  # noqa: S606
        terminal = Terminal(pid, descriptor)
        try:
            yield terminal
        finally:
            terminal.end()


class Terminal:
    """A terminal with the program on it: what it shows, and what is typed."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.shown = ""
        self._pid = pid
        self._descriptor = descriptor
        self._status: int | None = None

    def see(self, text: str) -> None:
        """Wait until something is shown; fails with what was shown instead."""
        until = time.monotonic() + _PATIENCE
        while text not in self.shown:
            assert time.monotonic() < until, f"{text!r} was not shown in:\n{self.shown}"
            assert self._read(), f"it ended without showing {text!r}:\n{self.shown}"

    def type(self, text: str) -> None:
        """Type; a line ends in a carriage return, as the key sends it."""
        os.write(self._descriptor, text.encode())

    def end(self) -> int:
        """Wait for the program's end; return its exit code."""
        while self._status is None:
            if not self._read():
                self._status = os.waitpid(self._pid, 0)[1]
                os.close(self._descriptor)
        return os.waitstatus_to_exitcode(self._status)

    def _read(self) -> bool:
        """Take what is shown next; False at the end."""
        ready, _, _ = select.select([self._descriptor], [], [], _PATIENCE)
        assert ready, f"nothing more was shown in {_PATIENCE} s after:\n{self.shown}"
        try:
            data = os.read(self._descriptor, 65_536)
        except OSError:  # how Linux reports that the other side is closed
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


def make_place(folder: Path) -> Place:
    """Found a ledger with ada (admin), cy and eva, under keys that are quick to unlock."""
    place = Place(folder)
    (folder / "passphrase").write_bytes(PASSPHRASE + b"\n")
    (folder / "passphrase").chmod(0o600)
    seat = Seat(place.seat("ada"))
    book, ada = found_ledger(
        place.home,
        seat,
        actor="ada",
        name="Ada Lindqvist",
        organisation="Northgate Bank",
        origin="northgate.example/ai",
        passphrase=PASSPHRASE,
        rounds=1,
    )
    for actor, roles in PEOPLE.items():
        own = Seat(place.seat(actor))
        new_key(own, actor, kind="person", name=actor.title(), passphrase=PASSPHRASE, rounds=1)
        request = read_request(own.request(actor))
        enrol(book, ada, request, roles, seat.authority_key(PASSPHRASE))
    return place


def modes(place: Place) -> Mapping[str, str]:
    """What applications read from the switchboard, by model."""
    from ledger.switchboard import read

    return {name: str(mode) for name, mode in read(place.home.switchboard).switches.items()}


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
