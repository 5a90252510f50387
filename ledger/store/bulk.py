"""Reading a store in bulk: columns of entries, whole registers and tiles, as verification does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Connection, Integer, Select, and_, or_, select
from sqlalchemy.schema import Table

from ledger.registers.rows import Row, key_names
from ledger.store.base import EntryColumns, Head
from ledger.store.tables import ENTRY, TILE
from ledger.tiles import LEVELS, WIDTH, Tile

# Of one statement: set on the connection, every later one would be read through a server cursor.
_IN_PARTS = {"yield_per": 20_000}


class SqlBulk:
    """What any database gives through SQLAlchemy."""

    head: Head

    @property
    def _connection(self) -> Connection:
        raise NotImplementedError

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Entries with start <= seq < stop, in order of seq, by the column."""
        wanted = select(ENTRY).where(ENTRY.c.seq >= start, ENTRY.c.seq < stop)
        found = self._connection.execute(wanted.order_by(ENTRY.c.seq), execution_options=_IN_PARTS)
        columns = EntryColumns([], [], [], [], [], [])
        for rows in found.partitions():
            columns.seq.extend(row.seq for row in rows)
            columns.time.extend(row.time for row in rows)
            columns.actor.extend(row.actor for row in rows)
            columns.kind.extend(row.kind for row in rows)
            columns.subject.extend(row.subject for row in rows)
            columns.data.extend(bytes(row.data) for row in rows)
        return columns

    def stray(self) -> tuple[int, str] | None:
        """Seq and subject of the first row that stands where the ledger has no entry."""
        outside = or_(ENTRY.c.seq < 0, ENTRY.c.seq >= self.head.size)
        wanted = select(ENTRY.c.seq, ENTRY.c.subject).where(outside).order_by(ENTRY.c.seq).limit(1)
        found = self._connection.execute(wanted).first()
        return None if found is None else (found.seq, found.subject)

    def register_table(self, table: type[Row]) -> pa.Table:
        """Every row of a register as Arrow columns, in order of primary key."""
        schema = register_schema(table)
        found = self._connection.execute(_whole(table), execution_options=_IN_PARTS)
        batches = [
            pa.record_batch([list(column) for column in zip(*rows, strict=True)], schema=schema)
            for rows in found.partitions()
        ]
        return pa.Table.from_batches(batches, schema=schema)

    def tiles_from(self, size: int) -> Iterable[Tile]:
        """Every tile that entries from `size` on change, as it is so far."""
        changed = [
            and_(TILE.c.level == level, TILE.c.index >= size // WIDTH ** (level + 1))
            for level in range(LEVELS)
        ]
        never = (TILE.c.level >= LEVELS, TILE.c.level < 0, TILE.c.index < 0)
        wanted = select(TILE).where(or_(*changed, *never))
        found = self._connection.execute(wanted)
        return [Tile(level, index, bytes(hashes)) for level, index, hashes in found]


class DuckBulk(SqlBulk):
    """What DuckDB gives in Arrow batches."""

    @property
    def _duck(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Entries with start <= seq < stop, in order of seq, by the column."""
        found = self._duck.execute(
            "SELECT seq, time, actor, kind, subject, data FROM entry WHERE seq >= ? AND seq < ?",
            [start, stop],
        ).to_arrow_table()
        order = found["seq"].to_pylist()
        if order != sorted(order):  # they lie in order, unless somebody moved them
            found = found.sort_by("seq")
        seq, time, actor, kind, subject, data = found.columns
        return EntryColumns(
            seq.to_pylist(),
            _shared(time),
            _shared(actor),
            _shared(kind),
            _shared(subject),
            data.to_pylist(),
        )

    def register_table(self, table: type[Row]) -> pa.Table:
        """Every row of a register as Arrow columns, in order of primary key."""
        names = [f'"{column.name}"' for column in _table(table).columns]
        keys = ", ".join(f'"{name}"' for name in key_names(table))
        found = self._duck.execute(
            f'SELECT {", ".join(names)} FROM "{table.__tablename__}" ORDER BY {keys}'  # noqa: S608 - names of ours
        ).to_arrow_table()
        return found.cast(register_schema(table))


def _shared(texts: pa.ChunkedArray) -> list[str]:
    """Texts of which many are the same, one object for each that differs."""
    coded = texts.combine_chunks().dictionary_encode(null_encoding="encode")
    return list(map(coded.dictionary.to_pylist().__getitem__, coded.indices.to_pylist()))


def register_schema(table: type[Row]) -> pa.Schema:
    """The Arrow types of a register's columns, whichever database it is read from."""
    return pa.schema(
        [pa.field(column.name, _arrow_type(column.type)) for column in _table(table).columns]
    )


def _arrow_type(kind: Any) -> pa.DataType:
    if isinstance(kind, Boolean):
        return pa.bool_()
    return pa.int64() if isinstance(kind, BigInteger | Integer) else pa.string()


def _whole(table: type[Row]) -> Select[Any]:
    columns = _table(table).columns
    return select(*columns).order_by(*(columns[name] for name in key_names(table)))


def _table(table: type[Row]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found
