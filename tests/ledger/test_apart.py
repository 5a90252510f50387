"""Checking in a process of its own: the same answers, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from ledger import apart
from ledger.apart import check_apart
from ledger.errors import StoreUnavailable
from ledger.reading import Checked, check_here
from ledger.verify import BATCH, replay
from tests.vectors.record import Lines

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "tests" / "vectors" / "ledger.jsonl").read_bytes().splitlines()


@dataclass
class Batch:
    """Some entries' bytes."""

    data: list[bytes]


def batches(count: int = 5) -> list[Batch]:
    """Make batches of different sizes, one of them empty, with bytes that are no entry."""
    return [Batch([*LINES * number, b"no entry"][: 300 * number]) for number in range(count)]


def children() -> list[int]:
    """The processes that this one has started and that still run."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(number) for number in listed.split()]


def results(found: Iterator[tuple[Batch, Checked]]) -> list[tuple[list[bytes], Checked]]:
    """What was found of every batch."""
    return [(batch.data, checked) for batch, checked in found]


def test_the_other_process_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, a large ledger is judged otherwise than a small one, or in another order."""
    before, expected = children(), results(check_here(batches()))
    monkeypatch.setattr(apart, "check", None)  # so that nothing can be checked here
    assert results(check_apart(batches())) == expected
    assert children() == before


def test_a_record_replays_alike_with_it() -> None:
    """If it fails, what the other process answers is put to the wrong entries."""
    lines = [*LINES[:-1], LINES[-1].replace(b'"v":1', b'"v":2')]
    here = replay(Lines(lines), len(lines))
    apart = replay(Lines(lines), len(lines), checking=check_apart)
    assert (apart.problems, apart.root, apart.last) == (here.problems, here.root, here.last)
    assert [problem.check for problem in here.problems] == ["newer"]
    assert len(lines) < BATCH


def test_it_may_die_at_any_time() -> None:
    """If it fails, a process that was killed (memory, somebody's hand) loses a verification."""
    others = set(children())
    found = check_apart(batches(8))
    heard = [next(found)]
    for child in set(children()) - others:
        os.kill(child, signal.SIGKILL)
    heard += found
    assert [(batch.data, checked) for batch, checked in heard] == results(check_here(batches(8)))


def test_it_ends_with_whoever_stops_listening() -> None:
    """If it fails, an interrupted verification leaves a process behind."""
    before = children()
    found = check_apart(batches(8))
    next(found)
    assert len(children()) == len(before) + 1
    found.close()  # type: ignore[attr-defined]
    assert children() == before


def test_a_store_that_fails_is_said_to_whoever_asked() -> None:
    """If it fails, a verification ends early as if there were no more entries, or never."""
    before = children()

    def failing() -> Iterator[Batch]:
        yield from batches(3)
        raise StoreUnavailable("The lock is held.", "Try again.")

    found = check_apart(failing())
    assert [next(found)[0] for _ in range(3)] == batches(3)
    with pytest.raises(StoreUnavailable, match="held"):
        next(found)
    assert children() == before


def test_it_reads_ahead_only_so_far() -> None:
    """If it fails, a slow taker has the whole ledger in memory, or reading never ends."""
    numbers = count()
    found = check_apart(Batch(LINES) for _ in numbers)
    for _ in range(20):
        next(found)
    found.close()  # type: ignore[attr-defined]
    assert next(numbers) <= 20 + apart._AHEAD
    assert next(numbers) <= 21 + apart._AHEAD  # nobody reads on


STARTING = """
import sys, time
from ledger.apart import check_apart
from tests.ledger.test_apart import batches, children
found = check_apart(batches(8))
next(found)
print(*children(), flush=True)
time.sleep(60)
"""


def test_it_dies_with_its_parent() -> None:
    """If it fails, processes pile up on a machine where verifications are killed."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTING], cwd=ROOT, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        (child,) = map(int, run.stdout.readline().split())
        assert Path(f"/proc/{child}").exists()
        run.kill()
    until = time.monotonic() + 60
    while is_running(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def is_running(process: int) -> bool:
    """Whether a process still runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_imports_nothing_from_the_folder_where_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, verifying a ledger inside a folder from a stranger runs the stranger's code."""
    for name in ("ledger", "orjson", "marshal", "signal"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    expected = results(check_here(batches()))
    monkeypatch.setattr(apart, "check", None)  # so that nothing can be checked here
    assert results(check_apart(batches())) == expected
    assert not (tmp_path / "ran").exists()
