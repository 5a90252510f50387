"""The crowd and the random kills of the suite, at full size: `make crowd` and `make crash-lab`."""

from __future__ import annotations

import sys
from time import monotonic

import pytest

from ledger.verification import verify
from tests.ledger import test_crash
from tests.ledger.test_crash import told
from tests.people import World, seqs_of, size_of
from tests.workers import Workers

WRITERS = ("emil", "rosa", "mona", "ada") * 2
TIMES = 250
PATIENCE = 600.0
KILLS = 500

pytestmark = pytest.mark.slow


def test_a_large_crowd_loses_nothing(world: World, workers: Workers) -> None:
    """If it fails, much work at once forks the chain, loses entries, or ends in somebody's error.

    Eight processes append 250 entries each while two read and one verifies, all of them kept
    waiting at first by one that dies holding the lock.
    """
    before = size_of(world.stranger())
    holder = workers.start("die_holding", world, "rosa")
    workers.wait(holder, until=lambda job: job.lines == ["holding"])
    started = monotonic()
    writers = [
        workers.start("append_and_time", world, actor, f"{actor}{number}", str(TIMES))
        for number, actor in enumerate(WRITERS)
    ]
    readers = [workers.start("read_many", world, "ann", "300") for _ in range(2)]
    verifier = workers.start("verify_many", world, "cora", "20")
    holder.kill()
    for job in (*writers, *readers, verifier):
        workers.wait(job, patience=PATIENCE)
    took = monotonic() - started
    waits = [float(job.lines.pop()) for job in writers]
    acknowledged = [seq for job in writers for seq in told(job).values()]
    assert sorted(acknowledged) == list(range(before, before + TIMES * len(WRITERS)))
    assert [reader.lines for reader in readers] == [["0"], ["0"]]
    assert verifier.lines == ["unconfirmed []", *["verified []"] * 19]
    assert seqs_of(world.stranger()) == list(range(before + len(acknowledged)))
    assert verify(world.person("emil").book).verdict == "verified"
    sys.stdout.write(
        f"\n{len(WRITERS)} processes, {len(acknowledged)} entries in {took:.1f} s "
        f"({len(acknowledged) / took:.0f}/s); longest wait for one: {max(waits):.2f} s\n"
    )


def test_many_kills_lose_nothing(
    world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, one of 500 deaths at random moments loses or damages something."""
    monkeypatch.setattr(test_crash, "KILLS", KILLS)
    started = monotonic()
    test_crash.test_no_acknowledged_entry_is_lost_to_kill_9(world, workers)
    took = monotonic() - started
    sys.stdout.write(
        f"\n{KILLS} kills in {took:.0f} s; {size_of(world.stranger())} entries stand\n"
    )
