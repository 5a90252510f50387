"""One told story for all tests of this room: telling it costs most of their time."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "console.cli.main"]


@dataclass(frozen=True)
class Told:
    """A demo that was told into `folder` by a person whose own home was `user`.

    `seconds` are those of processors, so that a busy machine does not look like a slow program.
    """

    folder: Path
    user: Path
    code: int
    page: str
    errors: str
    seconds: float

    def shell(self, command: str, *, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        """Run a command line where `env.sh` was sourced, as somebody at a terminal would."""
        return subprocess.run(
            [
                shell,
                "-euc",
                '. "$1"; shift; eval "$1"',
                shell,
                str(self.folder / "env.sh"),
                command,
            ],
            env=environment(self.user),
            capture_output=True,
            text=True,
            check=False,
        )


def environment(user: Path) -> dict[str, str]:
    """A plain environment: nothing of Quaestor's, and a home folder of its own."""
    kept = {name: os.environ[name] for name in ("LANG", "TZ") if name in os.environ}
    return {**kept, "PATH": "/usr/bin:/bin", "HOME": str(user), "TERM": "xterm"}


def tell(folder: Path, user: Path) -> subprocess.CompletedProcess[str]:
    """Run `quaestor demo FOLDER --no-tui` in a process of its own, with stdout in a pipe.

    The person has a ledger of their own already; the demo has nothing to do with it.
    """
    return subprocess.run(
        [*PROGRAM, "demo", str(folder), "--no-tui"],
        env=environment(user) | {"QUAESTOR_STORE": "duckdb:////elsewhere/ledger.duckdb"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Tell the story once, also where several processes run tests; the folder's name is unkind."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    place = shared / "the story"
    folder, user = place / "it's a demo", place / "user"
    with (shared / "story.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            user.mkdir(parents=True)
            before = _processor_seconds()
            done = tell(folder, user)
            (place / "seconds").write_text(str(_processor_seconds() - before))
            (place / "page").write_text(done.stdout)
            (place / "errors").write_text(done.stderr)
            (place / "code").write_text(str(done.returncode))
    return Told(
        folder,
        user,
        int((place / "code").read_text()),
        (place / "page").read_text(),
        (place / "errors").read_text(),
        float((place / "seconds").read_text()),
    )


def _processor_seconds() -> float:
    """What all child processes that have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
