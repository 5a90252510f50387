"""The in-memory DuckDB that reads, screens and maps decision records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

MEMORY = "512MB"
DISTRUST_STATISTICS = "SET disabled_optimizers = 'filter_pushdown,statistics_propagation'"
"""For queries over sealed logs: a forged footer must not make a filter pass over rows."""
PART = 4_096  # rows that one thread takes at a time; DuckDB reads an unsplit table on one


@contextmanager
def analysis() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty engine in UTC that fetches nothing from anywhere."""
    engine = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY,
        },
    )
    try:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
        yield engine
    finally:
        engine.close()


def offer(engine: duckdb.DuckDBPyConnection, records: pa.Array) -> None:
    """Let SQL read records (strings) as the relation `batch`: `row` from 0, and `record`."""
    table = pa.table({"row": pa.arange(0, len(records)), "record": records})
    engine.register("batch", pa.Table.from_batches(table.to_batches(PART), table.schema))
