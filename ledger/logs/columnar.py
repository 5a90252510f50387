"""Parquet: each row a JSON object in column order, without a number losing a digit.

64-bit integers stay integers; times, dates, durations and decimals become text in Arrow itself
(nanoseconds kept, zoned times in UTC); a float that JSON has no word for becomes text (`nan`,
`inf`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.errors import InvalidInput
from ledger.logs.batches import BATCH_BYTES, BATCH_ROWS, Batch, Rows, all_records, line_feeds
from ledger.logs.containers import RATIO
from ledger.logs.engine import analysis

DICTIONARY = 8 * 2**20  # bytes that a column's distinct values may unpack to in any case


def read_columnar(file: BinaryIO, name: str, size: int) -> Iterator[Batch]:
    """Read a whole Parquet file of `size` bytes; `name` is for messages.

    Raises InvalidInput if it is not one, is damaged, or names a column twice.
    """
    try:
        yield from _read(file, name, size)
    except (pa.ArrowException, duckdb.Error, OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"{name} cannot be read as Parquet: {str(error).splitlines()[0].rstrip('.')}.",
            "Check that the file is whole, or state its format.",
        ) from error


def _read(file: BinaryIO, name: str, size: int) -> Iterator[Batch]:
    source = pq.ParquetFile(file, pre_buffer=False)
    schema, rows = source.schema_arrow, source.metadata.num_rows
    if len(set(schema.names)) < len(schema.names):
        raise InvalidInput(f"{name} names a column twice.", "Rename one of them.")
    _require_one_count(source, name)
    _require_no_bomb(source, name)
    to_json = _to_json(schema)
    names = [f"c{i}" for i in range(len(schema))]
    width = sum(
        source.metadata.row_group(i).total_byte_size for i in range(source.num_row_groups)
    ) // max(rows, 1)
    line = 0
    with analysis() as engine:
        for part in source.iter_batches(max(1, min(BATCH_ROWS, BATCH_BYTES // max(width, 1)))):
            engine.register("rows", _plain(pa.Table.from_batches([part]).rename_columns(names)))
            texts = engine.execute(to_json, schema.names).to_arrow_table().column(0)
            records = texts.cast(pa.binary()).to_pylist()
            first, line = line + 1, line + len(records)
            position = size * line // rows
            lines = b"\n".join([*records, b""])
            feeds = line_feeds(lines)
            if len(feeds) == len(records) and all_records(lines, feeds):
                whole = texts.cast(pa.string()).combine_chunks()
                yield Batch(whole, range(first, line + 1), None, (), position)
                continue
            judged = Rows()
            for number, record in enumerate(records, start=first):
                judged.judge(number, record)
            yield judged.batch(position)
    if line != rows:
        raise _lying(name, f"{rows:,} rows, and {line:,} are in it")


def _require_one_count(source: pq.ParquetFile, name: str) -> None:
    """InvalidInput if the footer's counts contradict each other: rows would be lost or made up."""
    stated = source.metadata
    groups = [stated.row_group(i) for i in range(stated.num_row_groups)]
    rows = sum(group.num_rows for group in groups)
    if rows != stated.num_rows or any(group.num_rows < 0 for group in groups):
        raise _lying(name, f"{stated.num_rows:,} rows in all, and {rows:,} in its parts")
    for place in range(stated.num_columns):
        column = source.schema.column(place)
        for group in groups:
            values = group.column(place).num_values
            once = column.max_repetition_level == 0
            if values < group.num_rows or (once and values > group.num_rows):
                raise _lying(
                    name, f"{group.num_rows:,} rows, and {values:,} values of {column.path}"
                )


def _require_no_bomb(source: pq.ParquetFile, name: str) -> None:
    """InvalidInput for values that repeat by reference and unpack to far more than logs do."""
    stated = source.metadata
    for part in range(stated.num_row_groups):
        for place in range(stated.num_columns):
            column = stated.row_group(part).column(place)
            unpacked, packed = column.total_uncompressed_size, column.total_compressed_size
            if column.has_dictionary_page and unpacked > max(DICTIONARY, RATIO * packed):
                raise InvalidInput(
                    f"{name}: the column {column.path_in_schema} unpacks to more than {RATIO} "
                    "times its size.",
                    "Logs do not; check what it is.",
                )


def _lying(name: str, stated: str) -> InvalidInput:
    return InvalidInput(
        f"{name} has a Parquet footer that contradicts itself or the file: it states {stated}.",
        "The file is damaged or was altered; write it again.",
    )


def _to_json(schema: pa.Schema) -> str:
    """Write SQL that makes one JSON object of each row (c0, c1, ...).

    The column names are bound, since DuckDB folds the case of its own.
    """
    pairs = ", ".join(
        f"?, CASE WHEN isfinite(c{i}) THEN to_json(c{i}) ELSE to_json(c{i}::VARCHAR) END"
        if pa.types.is_floating(kind)
        else f"?, c{i}"
        for i, kind in enumerate(schema.types)
    )
    return f"SELECT json_object({pairs})::VARCHAR FROM rows"  # noqa: S608 - made-up names only


def _plain(table: pa.Table) -> pa.Table:
    """Give every value a type whose JSON is exact: its own, or text."""
    for leaf in (_utc, _text):
        kinds = [_mapped(kind, leaf) for kind in table.schema.types]
        table = table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))
    return table


def _mapped(kind: pa.DataType, leaf: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """Apply `leaf` to the types of the values within a type, at any depth."""
    types = pa.types
    if types.is_dictionary(kind):
        return _mapped(kind.value_type, leaf)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(_mapped(kind.value_type, leaf))
    if types.is_struct(kind):
        return pa.struct([field.with_type(_mapped(field.type, leaf)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_mapped(kind.key_type, leaf), _mapped(kind.item_type, leaf))
    return leaf(kind)


def _utc(kind: pa.DataType) -> pa.DataType:
    """Put zoned times at a fixed offset, which needs no time zone database to be written."""
    zoned = pa.types.is_timestamp(kind) and kind.tz
    return pa.timestamp(kind.unit, "+00:00") if zoned else kind


def _text(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_temporal(kind) or types.is_decimal(kind) or types.is_string_view(kind):
        return pa.string()
    return pa.float32() if types.is_float16(kind) else kind
