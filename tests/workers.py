"""Real processes that work on a home, and die in it.

A parent process imports everything once and forks a child for each job, so that forty of them cost
seconds. A child says what it has done in lines on stdout, each written at once.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from select import select
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic
from typing import Any, Self

import duckdb
from duckdb_sqlalchemy import ConnectionWrapper

from ledger import switching
from ledger.errors import QuaestorError
from ledger.journal import Journal
from ledger.logs import importing, safekeeping
from ledger.logs.mapping import ColumnMap
from ledger.logs.proposing import propose
from ledger.seat import Seat
from ledger.store.duck import DuckTransaction
from ledger.verification import verify
from tests.people import MODEL, Person, World, build

SOURCE = Path(__file__).parents[1]
PR_SET_PTRACER = 0x59616D61


class Job:
    """A child at work; `lines` are what it has said so far."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.lines: list[str] = []
        self.ended = False

    def kill(self) -> None:
        """End it as a power cut would."""
        with suppress(ProcessLookupError):  # it may have come to its end
            os.kill(self.pid, signal.SIGKILL)


class Workers:
    """A context manager; every child ends with it."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers"],
            cwd=SOURCE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._jobs: dict[int, Job] = {}
        self._started: Queue[Job] = Queue()
        self._reader = Thread(target=self._listen, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        for job in self._jobs.values():
            if not job.ended:
                job.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._reader.join(timeout=60)

    def start(self, what: str, world: World, actor: str, *more: str) -> Job:
        """Fork a child that does one of `JOBS`."""
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join([what, str(world.folder), actor, *more]) + "\n")
        self._process.stdin.flush()
        try:
            return self._started.get(timeout=120)  # the first is started once all is imported
        except Empty:
            raise AssertionError("no child was started") from None

    def wait(
        self,
        job: Job,
        *,
        until: Callable[[Job], bool] = lambda job: job.ended,
        patience: float = 180,
    ) -> Job:
        """Wait for a child's end, or for what it says."""
        end = monotonic() + patience
        while not until(job):
            assert monotonic() < end, f"still waiting; it has said {job.lines}"
            self._reader.join(0.002)
        return job

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            pid, _, said = line.rstrip("\n").partition("\t")
            if said == "started":
                self._jobs[int(pid)] = Job(int(pid))
                self._started.put(self._jobs[int(pid)])
            elif said == "ended":
                self._jobs[int(pid)].ended = True
            else:
                self._jobs[int(pid)].lines.append(said)


# What children do


def say(text: object, pid: int | None = None) -> None:
    """Write one line at once; short ones are never mixed with others'."""
    os.write(1, f"{pid or os.getpid()}\t{text}\n".encode())


def append_for_ever(person: Person, tag: str) -> None:
    """Append entry after entry, and say what was acknowledged."""
    append_many(person, tag, "1000000")


def append_many(person: Person, tag: str, times: str) -> None:
    """Append so many entries, and say what was acknowledged."""
    for number in range(int(times)):
        version = f"{tag}.{number}"
        appended = person.note(version)
        say(f"{version} {appended.entries[0].seq}")


def append_and_time(person: Person, tag: str, times: str) -> None:
    """Append so many entries, say what was acknowledged, and last the longest wait in seconds."""
    longest = 0.0
    for number in range(int(times)):
        began = monotonic()
        appended = person.note(f"{tag}.{number}")
        longest = max(longest, monotonic() - began)
        say(f"{tag}.{number} {appended.entries[0].seq}")
    say(longest)


def read_many(person: Person, times: str) -> None:
    """Read the ledger so many times; say how many of them were not dense."""
    bad = 0
    for _ in range(int(times)):
        with person.book.read() as snapshot:
            seqs = [entry.seq for entry in snapshot.entries(0, snapshot.head.size + 9)]
        bad += seqs != list(range(len(seqs)))
    say(bad)


def verify_many(person: Person, times: str) -> None:
    """Verify so many times, and say the verdicts."""
    for _ in range(int(times)):
        found = verify(person.book)
        say(f"{found.verdict} {[problem.message for problem in found.problems]}")


def die_at(person: Person, stage: str) -> None:
    """Append, and die at a stage of it."""
    owner, name, effective = STAGES[stage]
    _die_after(owner, name, effective=effective)
    person.note(f"died at {stage}")


def work_as(person: Person, user: str, stage: str) -> None:
    """Append as another user under a narrow umask, dying at a stage if one is named; else kill."""
    os.setgroups([])
    os.setgid(4000)
    os.setuid(int(user))
    os.umask(0o077)
    if stage:
        die_at(person, stage)
    if person.actor == "cora":
        switching.kill(person.book, person.signer, MODEL)
    else:
        person.note(f"by {user}")
    say("done")


def die_killing(person: Person, stage: str) -> None:
    """Stop the model, and die at a stage of it."""
    _die_after(switching, stage)
    switching.kill(person.book, person.signer, MODEL, reason="It harms people.")


def die_holding(person: Person) -> None:
    """Take the ledger's lock, say so, and wait to be killed."""
    with person.book.locks.exclusive():
        say("holding")
        signal.pause()


def hold_switchboard(person: Person) -> None:
    """Take the switchboard's lock, say so, and wait to be killed."""
    with person.book.locks.switchboard():
        say("holding")
        signal.pause()


def traced(person: Person, job: str, *more: str) -> None:
    """Say when ready, and do another job when SIGUSR1 says that a tracer has attached itself.

    DuckDB has no threads of its own here: otherwise chance decides which thread makes a call, and
    the n-th call of a thread is not the same one in two runs.
    """
    real = duckdb.connect

    def connect(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        return real(*given, **{**named, "config": {**named.get("config", {}), "threads": 1}})

    duckdb.connect = connect
    any_process = ctypes.c_ulong(-1)
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, any_process)  # where Yama is, only parents may trace
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    say("ready")
    signal.sigwait({signal.SIGUSR1})
    JOBS[job](person, *more)


def stop(person: Person, model: str) -> None:
    """Stop a model, and say what it was and where that is recorded."""
    report = switching.kill(person.book, person.signer, model)
    say(f"{report.before} {report.recorded}")


def import_file(person: Person, file: str) -> None:
    """Import a log, and say how that went."""
    path = Path(file)
    done = importing.import_logs(person.book, person.signer, MODEL, [path], propose(path))
    say(f"{done.log} {done.already_imported} {done.rows}")


def import_and_die(person: Person, file: str) -> None:
    """Import a log, and die when it is sealed but not entered."""
    _die_after(importing, "seal")
    import_file(person, file)


def import_mapped_and_die(person: Person, file: str, column_map: str) -> None:
    """Import a log under a map, and die when its keys are kept but it is not entered."""
    _die_after(safekeeping.Safekeeping, "keep")
    mapping = ColumnMap.model_validate_json(Path(column_map).read_bytes())
    importing.import_logs(person.book, person.signer, MODEL, [Path(file)], mapping)


STAGES: dict[str, tuple[type, str, bool]] = {
    "journal": (Journal, "append", True),
    "post": (DuckTransaction, "post", True),
    "close": (ConnectionWrapper, "close", False),  # committed; the write-ahead log is left behind
    "vouch": (Seat, "advance", False),
}
"""Where a process may die: in which call, and whether after it took effect or before."""

JOBS: dict[str, Callable[..., None]] = {
    job.__name__: job
    for job in (
        append_for_ever,
        append_many,
        append_and_time,
        read_many,
        verify_many,
        die_at,
        die_killing,
        work_as,
        die_holding,
        hold_switchboard,
        traced,
        stop,
        import_file,
        import_and_die,
        import_mapped_and_die,
    )
}


def _die_after(owner: Any, name: str, *, effective: bool = True) -> None:
    """Let this process die in a call: after it took effect, or before."""
    real = getattr(owner, name)

    def dying(*given: Any, **named: Any) -> None:
        if effective:
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)


def _work(line: str) -> None:
    what, folder, actor, *more = line.rstrip("\n").split("\t")
    try:
        JOBS[what](World(Path(folder)).person(actor), *more)
    except QuaestorError as error:
        say(f"error {error!r}")
    except BaseException as error:
        say(f"defect {error!r}")
        raise


def _serve() -> None:
    """Fork a child for every line on stdin; say when each started and ended.

    One thread only: a fork copies no other, and whatever that held would stay held.
    """
    pending, children, open_ = b"", 0, True
    while open_ or children:
        if open_ and select([0], [], [], 0.005)[0]:
            read = os.read(0, 65_536)
            open_ = bool(read)
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                children += 1
                _fork(line.decode())
        while children:
            pid, _ = os.waitpid(-1, os.WNOHANG if open_ else 0)
            if not pid:
                break
            say("ended", pid)
            children -= 1


def _fork(line: str) -> None:
    child = os.fork()
    if child:
        return
    say("started")
    try:
        _work(line)
    finally:
        os._exit(0)


def _warm_up() -> None:
    """Enter and verify something, so that no child has to load and compile what this needs."""
    with TemporaryDirectory() as folder:
        world = build(Path(folder))
        world.person("emil").note("warm")
        verify(world.person("emil").book)


if __name__ == "__main__":
    _warm_up()
    _serve()
