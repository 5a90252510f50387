"""One durable append after another, beside the least that DuckDB takes for one durable row.

The row goes into a copy of the ledger's own file: the same tables with the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from shutil import copyfile
from statistics import mean, median

import duckdb

from benchmarks.ledgers import MODELS, fresh_ledger, versions
from benchmarks.timing import Scale, table, typical
from ledger.registers.models import ModelRow

_TIMES = 60


def run(scale: Scale) -> None:
    """Append entries singly to a ledger of `scale.part` entries; insert rows into a copy of it."""
    with fresh_ledger() as (book, signer):
        size = MODELS + 1
        book.append(signer, versions(size, scale.part))
        bare = str(book.home.folder.parent / "bare.duckdb")
        copyfile(book.home.database, bare)
        numbers = count(size + scale.part)

        def append() -> None:
            book.append(signer, versions(next(numbers), 1))

        def insert() -> None:
            row = [next(numbers), "2026", "bench-admin", "model.versioned", "model/x", b"x" * 600]
            with duckdb.connect(bare) as connection:
                connection.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", row)

        def read() -> None:
            with book.read() as snapshot:
                snapshot.rows.get(ModelRow, "model-1")

        # In turns, so that all meet the same moments of a machine that others use too.
        laps = [[typical(work, 1) for work in (insert, append, read)] for _ in range(_TIMES)]
    least, append_, read_ = zip(*laps, strict=True)
    table(
        "One durable entry after another",
        ("what", "median", "ratio", "mean", "ratio", "wanted"),
        [
            _row("open DuckDB, insert a row, close", least, least, ""),
            _row("append an entry", append_, least, "2.0"),
            _row("read a register's row in between", read_, least, ""),
        ],
    )


def _row(what: str, laps: Sequence[float], least: Sequence[float], wanted: str) -> tuple[str, ...]:
    cells = [
        cell
        for typical_of in (median, mean)
        for cell in (
            f"{typical_of(laps) * 1e3:.1f} ms",
            f"{typical_of(laps) / typical_of(least):.1f}",
        )
    ]
    return (what, *cells, wanted)
