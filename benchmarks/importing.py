"""Sealing decision records, beside DuckDB alone: the same file written as Parquet, nothing more.

Both run in a process of their own, in the same run, on JSON Lines of about 280 bytes of which some
hold what must be redacted. Sealing judges every line, redacts, maps ten columns, writes Parquet,
hashes the rows into their tree and digests what it read and wrote. What it takes besides to put a
pseudonym in place of each record's user is stated apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import orjson

from benchmarks.timing import Scale, peak_megabytes, rate, say, table

_WORDS = "the applicant asks for a loan over sixty months and states an income that was verified"
_PART = 20_000
_GOAL = 8  # times what DuckDB alone takes


class Run(NamedTuple):
    """Seconds of the work itself, most memory of its process in MB, bytes of the outcome."""

    seconds: float
    memory: float
    size: int


def run(scale: Scale) -> None:
    """Print what sealing takes, as a multiple of what DuckDB alone takes."""
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        log = Path(folder) / "decisions.jsonl"
        _write(log, scale.rows)
        size = log.stat().st_size
        say(f"{scale.rows:,} records, {size / scale.rows:.0f} bytes each")
        alone = [_apart(_rewrite, log) for _ in range(2)]
        sealed = [_apart(_seal, log) for _ in range(2)]
        named = _apart(_seal_persons, log)
    best_alone, best = min(alone), min(sealed)
    table(
        "Importing",
        ["", "", "seconds", "records", "memory", "outcome"],
        [
            _row("DuckDB alone, to Parquet", scale.rows, best_alone),
            _row("sealed, redaction on", scale.rows, best),
            _row("the same, users by pseudonym", scale.rows, named),
        ],
    )
    times = best.seconds / best_alone.seconds
    say(f"sealing took {times:.1f} times what DuckDB alone took (goal: at most {_GOAL})")


def _row(name: str, rows: int, done: Run) -> list[str]:
    return [
        name,
        "",
        f"{done.seconds:.2f}",
        rate(rows, done.seconds),
        f"{done.memory:,.0f} MB",
        f"{done.size / 1e6:,.0f} MB",
    ]


def _apart(work: Callable[[Path], Run], log: Path) -> Run:
    """Run in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, log).result()


def _rewrite(log: Path) -> Run:
    import duckdb

    out = log.with_suffix(".parquet")
    began = perf_counter()
    with duckdb.connect() as engine:
        engine.execute("SET enable_progress_bar = false")
        lines = engine.read_json(str(log), format="newline_delimited")
        lines.write_parquet(str(out), compression="zstd")
    return Run(perf_counter() - began, peak_megabytes(), out.stat().st_size)


def _seal(log: Path) -> Run:
    return _sealed(log, None)


def _seal_persons(log: Path) -> Run:
    return _sealed(log, "user_id")


def _sealed(log: Path, subject: str | None) -> Run:
    from ledger.evidence import Evidence
    from ledger.logs.proposing import propose
    from ledger.logs.sealing import seal

    folder = log.with_name(f"evidence-{subject}")
    folder.mkdir(exist_ok=True)
    mapping = propose(log).model_copy(update={"subject": subject})
    began = perf_counter()
    done = seal([log], mapping, Evidence(folder), bytes.hex, lambda _done, _total: None)
    return Run(perf_counter() - began, peak_megabytes(), done.size)


def _write(log: Path, rows: int) -> None:
    """Write so many made-up decisions; one in 500 names somebody's address."""
    chance = random.Random(3)  # noqa: S311 - made-up data
    words = _WORDS.split()
    with log.open("wb") as file:
        for start in range(0, rows, _PART):
            part = range(start, min(start + _PART, rows))
            file.write(b"".join(_line(number, chance, words) for number in part))


def _line(number: int, chance: random.Random, words: list[str]) -> bytes:
    note = " ".join(chance.choices(words, k=14))
    return orjson.dumps(
        {
            "request_id": f"req-{number:09d}",
            "time": f"2026-01-{number % 28 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00.25Z",
            "model": "credit-scorer-7",
            "user_id": f"u{number % 9973}",
            "score": round(chance.random(), 6),
            "approved": bool(number % 3),
            "region": chance.choice(["north", "south", "east"]),
            "status": "ok",
            "duration_ms": chance.randint(5, 900),
            "note": f"write to bob{number}@example.org" if number % 500 == 0 else note,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
