"""Faults injected into a working process by strace: at which call, and which.

An error is returned in place of the call, which then has no effect. To fail after a call took
effect, the process is killed as it enters the next one.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from tests.people import World
from tests.workers import Job, Workers

WRITING = (
    "write", "pwrite64", "writev", "fsync", "fdatasync", "sync_file_range", "ftruncate",
    "truncate", "fallocate", "rename", "renameat", "renameat2", "link", "linkat", "unlink",
    "unlinkat", "mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "open", "openat", "creat",
)  # fmt: skip
"""Calls that change files, by whichever name a machine has them."""

ERRORS = ("ENOSPC", "EIO")
KILL = "SIGKILL"
_CALL = re.compile(r"(\d+) +(\w+)\((.*)")


@dataclass(frozen=True)
class Call:
    """The nth call of its name that the process makes; it has one thread."""

    name: str
    nth: int
    line: str

    @property
    def only_reads(self) -> bool:
        """Whether it opens something without writing to it."""
        return self.name in {"open", "openat"} and "O_RDONLY" in self.line

    @property
    def faults(self) -> tuple[str, ...]:
        """What can go wrong in it."""
        return ("EIO", KILL) if self.only_reads else (*ERRORS, KILL)


@dataclass(frozen=True)
class Fault:
    """What goes wrong in which call."""

    call: Call
    what: str

    @property
    def options(self) -> list[str]:
        """How strace is told."""
        how = "signal=KILL" if self.what == KILL else f"error={self.what}"
        return ["-e", f"inject={self.call.name}:{how}:when={self.call.nth}"]

    def __str__(self) -> str:
        return f"{self.what} in {self.call.name} {self.call.nth}: {self.call.line}"


@dataclass(frozen=True)
class Trial:
    """A job that was traced: what it said, and whether the fault happened to it."""

    lines: list[str]
    log: list[str]

    @property
    def hit(self) -> bool:
        """Whether the fault happened."""
        return any("(INJECTED)" in line or "killed by SIGKILL" in line for line in self.log)

    def calls(self, folder: Path) -> list[Call]:
        """The calls on files below a folder, with their places among calls of the same name."""
        seen: Counter[str] = Counter()
        found = []
        calls = [match.groups() for line in self.log if (match := _CALL.match(line))]
        assert len({thread for thread, _, _ in calls}) == 1, "several threads make calls"
        for _, name, given in calls:
            seen[name] += 1
            if str(folder) in given:
                found.append(Call(name, seen[name], given.replace(str(folder), "")))
        return found


def run_traced(
    workers: Workers, world: World, actor: str, job: tuple[str, ...], log: Path, *options: str
) -> Trial:
    """Let a child do a job under strace, with more of its options; `log` is what it writes."""
    child = workers.start("traced", world, actor, *job)
    workers.wait(child, until=lambda child: "ready" in child.lines or child.ended)
    command = ["strace", "-f", "-y", "-s", "200", "-o", str(log), "-p", str(child.pid)]
    names = ",".join(f"?{name}" for name in WRITING)
    with subprocess.Popen(
        [*command, "-e", f"trace={names}", *options],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        _attached(tracer, child)
        os.kill(child.pid, signal.SIGUSR1)
        workers.wait(child)
        tracer.wait(timeout=60)
    return Trial(child.lines[1:], log.read_text().splitlines())


def why_not() -> str:
    """Why nothing can be traced here; empty where it can."""
    if which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(
        ["strace", "-o", os.devnull, "-e", "inject=mkdir:error=EIO", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return tried.stderr.strip() if tried.returncode else ""


def _attached(tracer: subprocess.Popen[str], child: Job) -> None:
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if "attached" not in said:
        child.kill()
        raise AssertionError(f"strace could not attach itself: {said}{tracer.stderr.read()}")
