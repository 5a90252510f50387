"""The in-memory DuckDB that reads, screens and maps decision records, or answers about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from ledger.errors import InvalidInput

MEMORY = "512MB"
LOCKED_MEMORY = "1GB"
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


@contextmanager
def locked_engine(paths: Sequence[Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine that can read these files, and do nothing else to the world."""
    for path in paths:
        if set("*?[") & set(str(path)):
            raise InvalidInput(
                f"The path {path} holds one of * ? [, which the reader takes for a pattern.",
                "Move the home to a folder without them.",
            )
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",  # what does not fit into memory fails, and is written nowhere
        "memory_limit": LOCKED_MEMORY,
    }
    with duckdb.connect(":memory:", config=config) as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute("SET enable_progress_bar = false")  # it would be drawn on stdout
        engine.execute(DISTRUST_STATISTICS)
        engine.execute("SET allowed_paths = ?", [[str(path) for path in paths]])
        engine.execute("SET enable_external_access = false")
        engine.execute("SET lock_configuration = true")
        yield engine


def offer(engine: duckdb.DuckDBPyConnection, records: pa.Array) -> None:
    """Let SQL read records (strings) as the relation `batch`: `row` from 0, and `record`."""
    table = pa.table({"row": pa.arange(0, len(records)), "record": records})
    engine.register("batch", pa.Table.from_batches(table.to_batches(PART), table.schema))
