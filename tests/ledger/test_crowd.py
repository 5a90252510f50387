"""Many processes and threads on one home at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from ledger.book import Book
from ledger.errors import StoreUnavailable
from ledger.store.locks import Locks
from ledger.switchboard import read
from ledger.switching import kill
from ledger.verification import verify
from tests.people import MODEL, OTHER_MODEL, World, raising, seqs_of, size_of
from tests.workers import Workers

TIMES = 25
WRITERS = {"emil": "e", "rosa": "r", "mona": "m", "ada": "a"}


def test_a_crowd_loses_nothing(world: World, workers: Workers) -> None:
    """If it fails, work at the same time loses entries, forks the chain or ends in errors.

    Four processes append, one reads, one verifies, all at once.
    """
    before = size_of(world.stranger())
    writers = [
        workers.start("append_many", world, actor, tag, str(TIMES))
        for actor, tag in WRITERS.items()
    ]
    reader = workers.start("read_many", world, "ann", "40")
    verifier = workers.start("verify_many", world, "cora", "6")
    for job in (*writers, reader, verifier):
        workers.wait(job)
    said = [line.split(" ") for job in writers for line in job.lines]
    seqs = sorted(int(seq) for _, seq in said)
    assert seqs == list(range(before, before + TIMES * len(WRITERS)))
    assert len({version for version, _ in said}) == len(said)
    assert reader.lines == ["0"]
    assert verifier.lines == ["unconfirmed []", *["verified []"] * 5]
    assert seqs_of(world.stranger()) == list(range(before + len(said)))
    assert verify(world.person("emil").book).verdict == "verified"


def test_threads_of_one_process_may_read_and_append(world: World) -> None:
    """If it fails, the console's own workers keep each other from the database."""
    before = size_of(world.stranger())
    emil, rosa = world.person("emil"), world.person("rosa")
    book = world.stranger()
    with ThreadPoolExecutor(8) as pool:
        written = [
            pool.submit(person.note, f"t{n}")
            for n in range(6)
            for person in (emil, rosa)
            if (n + (person is rosa)) % 2
        ]
        reads = [pool.submit(seqs_of, book) for _ in range(12)]
        assert all(seqs.result() == list(range(len(seqs.result()))) for seqs in reads)
    assert sorted(each.result().entries[0].seq for each in written) == [*range(before, before + 6)]


def test_who_dies_holding_the_lock_blocks_nobody(world: World, workers: Workers) -> None:
    """If it fails, a killed process locks everyone out until somebody removes a file."""
    holder = workers.start("die_holding", world, "rosa")
    workers.wait(holder, until=lambda job: job.lines == ["holding"])
    waiting = workers.start("append_many", world, "emil", "w", "1")
    holder.kill()
    workers.wait(waiting)
    assert [line.split(" ")[0] for line in waiting.lines] == ["w.0"]


def test_a_wait_for_the_lock_names_its_holder(world: World, workers: Workers) -> None:
    """If it fails, somebody who is kept waiting cannot find out by whom."""
    holder = workers.start("die_holding", world, "rosa")
    workers.wait(holder, until=lambda job: job.lines == ["holding"])
    book = Book(world.home, patience=0.2)
    said = raising(StoreUnavailable, lambda: size_of(book))
    assert f"process {holder.pid}" in said
    assert "0.2 s" in said
    holder.kill()
    workers.wait(holder)
    assert size_of(book)


def test_what_was_typed_does_not_stand_in_the_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, whoever waits reads a password, or why a person was reported."""
    typed = ["--home", "/srv/q", "ledger", "move", "postgresql://ada:s3cret@db/q", "--confirm", "x"]
    monkeypatch.setattr("sys.argv", ["/usr/bin/quaestor", *typed])
    with Locks(world.home.locks).exclusive():
        named = (world.home.locks / "lock").read_text().strip()
    assert named == f"process {os.getpid()}: quaestor ledger move"


def test_a_waiting_writer_is_not_starved_by_readers(world: World) -> None:
    """If it fails, a kill waits for seconds while screens are being read."""
    locks = Locks(world.home.locks, patience=20)
    reading = Barrier(5)
    stop: list[bool] = []

    def read_again_and_again() -> None:
        with locks.shared():
            reading.wait(20)
        while not stop:
            with locks.shared():
                pass

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read_again_and_again) for _ in range(4)]
        reading.wait(20)
        try:
            for _ in range(20):
                with locks.exclusive():
                    pass
        finally:
            stop.append(True)
        for reader in readers:
            reader.result()


def test_readers_share_and_writers_do_not(world: World) -> None:
    """If it fails, readers wait for each other, or a writer works while somebody reads."""
    hasty = Locks(world.home.locks, patience=0.05)
    locks = Locks(world.home.locks)
    with locks.shared(), hasty.shared():
        assert "readers" in raising(StoreUnavailable, lambda: hasty.exclusive().__enter__())
    with locks.exclusive():
        raising(StoreUnavailable, lambda: hasty.shared().__enter__())
    with hasty.exclusive():
        pass


def test_the_switchboard_does_not_wait_for_ever(world: World, workers: Workers) -> None:
    """If it fails, a stuck process keeps a model running: a kill waits for it without end."""
    holder = workers.start("hold_switchboard", world, "rosa")
    workers.wait(holder, until=lambda job: job.lines == ["holding"])
    cora = world.person("cora")
    report = kill(cora.book, cora.signer, MODEL)
    assert report.recorded is not None
    assert read(world.home.switchboard).switches == {MODEL: "off", OTHER_MODEL: "on"}


def test_two_people_stop_two_models_at_once(world: World, workers: Workers) -> None:
    """If it fails, one kill undoes another beside it, or a verification cries wolf meanwhile."""
    verifier = workers.start("verify_many", world, "ann", "5")
    jobs = [
        workers.start("stop", world, "cora", MODEL),
        workers.start("stop", world, "rosa", OTHER_MODEL),
    ]
    for job in jobs:
        workers.wait(job)
    workers.wait(verifier)
    assert verifier.lines == ["unconfirmed []", *["verified []"] * 4]
    assert [job.lines[0].split(" ")[0] for job in jobs] == ["on", "on"]
    assert read(world.home.switchboard).switches == {MODEL: "off", OTHER_MODEL: "off"}
    assert verify(world.person("ann").book).problems == ()


def test_a_lock_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    """If it fails, a home that is not there, or not ours, ends in a traceback."""
    locks = Locks(tmp_path / "absent")
    assert "cannot be opened" in raising(StoreUnavailable, lambda: locks.shared().__enter__())
