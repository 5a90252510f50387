"""Sealed logs of chosen rows for the tests of metrics, and metrics of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from policies.metrics.columns import File
from policies.metrics.files import Checked
from policies.metrics.metering import measure_files
from policies.metrics.request import MetricsRequest

NONE_CHECKED = Checked(0, 0, 0, 0, None)
TYPES: Mapping[str, pa.DataType] = {
    "time": pa.timestamp("us", "UTC"),
    "duration_ms": pa.float64(),
    "tokens_in": pa.int64(),
    "tokens_out": pa.int64(),
    "cost": pa.float64(),
    "confidence": pa.float64(),
    "output_chars": pa.int64(),
    "escalated": pa.bool_(),
    "rating": pa.float64(),
    "satisfied": pa.bool_(),
    "complaint": pa.bool_(),
    "hallucination": pa.bool_(),
    "groundedness": pa.float64(),
    "amount": pa.float64(),
}

Row = Mapping[str, Any]


def sealed(
    folder: Path, rows: Sequence[Row], kind: str = "decision", *, columns: Sequence[str] = ()
) -> File:
    """Write rows as a sealed log has them: with their record, and columns typed as mapped ones."""
    names = sorted({*columns, *(name for row in rows for name in row)})
    fields = [("record", pa.string()), *((name, TYPES.get(name, pa.string())) for name in names)]
    number = len(list(folder.glob("*.parquet")))
    path = folder / f"{number}.parquet"
    table = pa.Table.from_pylist([{"record": "{}", **row} for row in rows], pa.schema(fields))
    pq.write_table(table, path)
    times = [row["time"] for row in rows if row.get("time")]
    first, last = (min(times), max(times)) if times else (None, None)
    return File(f"log-{number}", kind, path, str(path), len(rows), first, last)


def metrics(files: Sequence[File], **asked: Any) -> dict[str, Any]:
    """Measure files that need no check."""
    return measure_files(files, MetricsRequest(**asked), NONE_CHECKED)


def utc(text: str) -> datetime:
    """A time in UTC, given as ISO 8601 without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
