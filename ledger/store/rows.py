"""Registers inside a transaction: read from the database, changes kept until they are posted.

Rows are read and written by the column: one statement takes any number of rows as one array a
column, on DuckDB as on PostgreSQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.schema import Column, Table

from ledger.registers.rows import DictRows, Key, R, Row, key_names, key_of


class StoreRows:
    """Rows of one transaction, each read once. Nothing is written before `flush`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read = DictRows()
        self._absent: dict[type[Row], set[Key]] = defaultdict(set)
        self._asked: set[tuple[Any, ...]] = set()
        self._changed: dict[type[Row], dict[Key, Row]] = defaultdict(dict)

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        row = self._read.get(table, *key)
        if row is None and key not in self._absent[table]:
            self.foresee(table, [key])
            row = self._read.get(table, *key)
        return row

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        self._read.put(row)
        self._changed[type(row)][key_of(row)] = row

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        question = (table, *sorted(equal.items()))
        if question not in self._asked:
            columns = _columns(table)
            self._load(table, *(columns[name] == value for name, value in equal.items()))
            self._asked.add(question)
        return self._read.where(table, **equal)

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        if table in self._changed:
            return len(self.where(table))
        return self._connection.scalar(select(func.count()).select_from(_table(table))) or 0

    def foresee(self, table: type[Row], keys: Iterable[Key]) -> None:
        """Read the rows with these primary keys, and remember which are not there."""
        unknown = [
            key
            for key in dict.fromkeys(keys)
            if key not in self._absent[table] and self._read.get(table, *key) is None
        ]
        if unknown:
            self._load(table, _keyed(table, unknown))
            self._absent[table].update(
                key for key in unknown if self._read.get(table, *key) is None
            )

    def flush(self) -> None:
        """Write every changed row in place of what was stored under its key."""
        for table, rows in self._changed.items():
            old = [key for key in rows if key not in self._absent[table]]
            if old:
                self._connection.execute(delete(_table(table)).where(_keyed(table, old)))
            columns = list(_columns(table))
            arrays = [
                _unnested(column, [vars(row)[column.name] for row in rows.values()])
                for column in columns
            ]
            self._connection.execute(insert(_table(table)).from_select(columns, select(*arrays)))
            self._absent[table] -= rows.keys()
        self._changed.clear()

    def _load(self, table: type[Row], *wanted: ColumnElement[bool]) -> None:
        """Read rows into memory; what was read or put before stands."""
        statement = select(*_columns(table)).where(*wanted)
        for values in self._connection.execute(statement).mappings():
            row = table(**values)
            if self._read.get(table, *key_of(row)) is None:
                self._read.put(row)


def _table(table: type[Row]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found


def _columns(table: type[Row]) -> Any:
    return _table(table).columns


def _keyed(table: type[Row], keys: list[Key]) -> ColumnElement[bool]:
    """That a row has one of these primary keys."""
    columns = [_columns(table)[name] for name in key_names(table)]
    if len(keys) == 1:
        return and_(*(column == value for column, value in zip(columns, keys[0], strict=True)))
    arrays = [
        _unnested(column, list(values))
        for column, values in zip(columns, zip(*keys, strict=True), strict=True)
    ]
    return tuple_(*columns).in_(select(*arrays))


def _unnested(column: Column[Any], values: list[Any]) -> ColumnElement[Any]:
    """One row a value, as the column's type."""
    return func.unnest(cast(literal(values, ARRAY(column.type)), ARRAY(column.type)))
