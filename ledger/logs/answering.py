"""Answers of queries as JSON, CSV and Parquet, row by row: an answer may be larger than memory."""

from __future__ import annotations

import csv
import io
import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.clock import write_time
from ledger.errors import InvalidInput, StoreUnavailable
from ledger.logs.querying import Answer

_WIDEST = 2**63  # integers below it are written as JSON numbers


def documents(answer: Answer) -> Iterator[dict[str, Any]]:
    """The rows as JSON values by column."""
    for batch in answer.batches:
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield {name: plain(value) for name, value in zip(answer.columns, row, strict=True)}


def plain(value: Any) -> Any:
    """A value as JSON has it: times in RFC 3339, exact decimals as text, no number as null."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list) or type(value) is tuple:
        return [plain(inner) for inner in value]
    for kind, write in _PLAIN.items():
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _number(value: Decimal) -> int | str:
    whole = value.as_tuple().exponent == 0 and abs(value) < _WIDEST
    return int(value) if whole else format(value, "f")


# The first that fits: a datetime is a date, and a bool an int.
_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    str: str,
    bool: bool,
    int: int,
    type(None): lambda _value: None,
    float: lambda value: value if math.isfinite(value) else None,
    datetime: lambda value: write_time(value) if value.tzinfo else value.isoformat(),
    date: date.isoformat,
    time: time.isoformat,
    Decimal: _number,
    bytes: bytes.hex,
}


def write_json(answer: Answer, file: BinaryIO) -> int:
    """Write the rows as one JSON array of objects; return how many."""
    count = 0
    file.write(b"[")
    for document in documents(answer):
        file.write(b",\n  " if count else b"\n  ")
        file.write(orjson.dumps(document))
        count += 1
    file.write(b"\n]\n" if count else b"]\n")
    return count


def write_csv(answer: Answer, file: BinaryIO) -> int:
    """Write the rows as CSV (RFC 4180, UTF-8) under a heading; return how many."""
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(answer.columns)
        count = 0
        for document in documents(answer):
            writer.writerow([_cell(value) for value in document.values()])
            count += 1
        return count
    finally:
        text.detach()


def write_parquet(answer: Answer, file: BinaryIO) -> int:
    """Write the rows as Parquet; return how many."""
    count = 0
    with pq.ParquetWriter(file, answer.schema, compression="zstd") as writer:
        for batch in answer.batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


WRITERS: Mapping[str, Callable[[Answer, BinaryIO], int]] = {
    ".parquet": write_parquet,
    ".csv": write_csv,
    ".json": write_json,
}


def require_written_as(path: Path) -> Callable[[Answer, BinaryIO], int]:
    """How a file of this name is written. InvalidInput for a name that does not say it."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InvalidInput(
            f"{path.name} does not say what it is to hold.",
            f"Let its name end in one of {', '.join(WRITERS)}.",
        )
    return writer


def write_file(answer: Answer, path: Path) -> int:
    """Write an answer to a file, whole or not at all; return how many rows.

    Raises InvalidInput as `require_written_as`, StoreUnavailable if the disk refuses.
    """
    writer = require_written_as(path)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with scratch.open("xb") as file:
                count = writer(answer, file)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    except pa.ArrowException as error:
        raise InvalidInput(
            f"The answer cannot be written as {path.suffix}: {str(error).splitlines()[0]}.",
            "Cast the column to VARCHAR, or choose another ending.",
        ) from error
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another file."
        ) from error
    return count


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list | dict | bool) else value
