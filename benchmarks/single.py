"""One durable append after another, beside the least that DuckDB takes for one durable row."""

from __future__ import annotations

from itertools import count

import duckdb

from benchmarks.ledgers import MODELS, fresh_ledger, versions
from benchmarks.timing import Scale, table, typical

_TIMES = 40


def run(scale: Scale) -> None:
    """Append entries singly to a ledger of `scale.part` entries; insert rows into a bare table."""
    with fresh_ledger() as (book, signer):
        size = MODELS + 1
        book.append(signer, versions(size, scale.part))
        bare = str(book.home.folder.parent / "bare.duckdb")
        with duckdb.connect(bare) as connection:
            connection.execute("CREATE TABLE entry (seq BIGINT, data BLOB)")
            connection.execute(
                "INSERT INTO entry SELECT i, repeat('x', 300)::BLOB FROM range(?) t(i)",
                [scale.part],
            )
        numbers = count(size + scale.part)

        def append() -> None:
            book.append(signer, versions(next(numbers), 1))

        def insert() -> None:
            with duckdb.connect(bare) as connection:
                connection.execute("INSERT INTO entry VALUES (?, ?)", [next(numbers), b"x" * 300])

        # In turns, so that both meet the same moments of a machine that others use too.
        laps = [(typical(insert, 1), typical(append, 1)) for _ in range(_TIMES)]
    bare_seconds, append_seconds = (sorted(each)[_TIMES // 2] for each in zip(*laps, strict=True))
    table(
        "One durable entry after another",
        ("what", "median", "ratio", "wanted"),
        [
            ("open DuckDB, insert a row, close", f"{bare_seconds * 1e3:.1f} ms", "1.0", ""),
            (
                "append an entry",
                f"{append_seconds * 1e3:.1f} ms",
                f"{append_seconds / bare_seconds:.1f}",
                "2.0",
            ),
        ],
    )
