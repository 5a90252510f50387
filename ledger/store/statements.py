"""The SQL by which rows of a table are read and written, alike on DuckDB and PostgreSQL.

Many rows go as one array a column. Every table is ours, and so are all names in these texts; values
are bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import count as count_from
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.schema import Column, Table

from ledger.registers.rows import Key
from ledger.store.hand import Hand, Statement

_FEW = 4  # keys, that are faster compared one by one than looked up in arrays


def by_key(table: Table, names: Sequence[str], keys: Sequence[Key]) -> Statement:
    """The rows with one of these keys, all columns in their order."""
    where, values = _keyed(table, tuple(names), keys)
    return f"{_select(table)} WHERE {where}", values


def by_value(table: Table, **equal: str | int) -> Statement:
    """The rows whose columns equal these values; all rows without any."""
    return f"{_select(table)}{_equal(tuple(equal))}", list(equal.values())


def count(table: Table) -> Statement:
    """How many rows there are."""
    return f'SELECT count(*) FROM "{table.name}"', []  # noqa: S608 - a name of ours


def put(
    hand: Hand,
    table: Table,
    names: Sequence[str],
    old: Sequence[Key],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Have rows written in place of what is stored under the keys of these names.

    `old` are the keys under which something may be stored.
    """
    if old and not hand.keeps_keys:
        hand.tell(delete(table, names, old))
    hand.tell(insert(table, rows, over=names if old and hand.keeps_keys else ()))


def delete(table: Table, names: Sequence[str], keys: Sequence[Key]) -> Statement:
    """Delete the rows with one of these keys."""
    where, values = _keyed(table, tuple(names), keys)
    return f'DELETE FROM "{table.name}" WHERE {where}', values  # noqa: S608 - names of ours


def insert(table: Table, rows: Sequence[Sequence[Any]], *, over: Sequence[str] = ()) -> Statement:
    """Insert rows, each with a value for every column in its order.

    Where the table has its key `over`, they take the place of what is stored under it.
    """
    instead = _instead(table, tuple(over))
    if len(rows) == 1:
        return _insert_one(table) + instead, rows[0]
    return _insert_many(table) + instead, [list(column) for column in zip(*rows, strict=True)]


@cache
def _select(table: Table) -> str:
    return f'SELECT {_names(table)} FROM "{table.name}"'  # noqa: S608 - names of ours


@cache
def _insert_one(table: Table) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(table.columns) + 1))
    return f'INSERT INTO "{table.name}" ({_names(table)}) VALUES ({places})'  # noqa: S608


@cache
def _insert_many(table: Table) -> str:
    arrays = _arrays(list(table.columns))
    return f'INSERT INTO "{table.name}" ({_names(table)}) SELECT {arrays}'


@cache
def _instead(table: Table, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    quoted = ", ".join(f'"{name}"' for name in names)
    others = [column.name for column in table.columns if column.name not in names]
    new = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    return f" ON CONFLICT ({quoted}) DO UPDATE SET {new}"


@cache
def _equal(names: tuple[str, ...]) -> str:
    terms = [f'"{name}" = ${number}' for number, name in enumerate(names, 1)]
    return f" WHERE {' AND '.join(terms)}" if terms else ""


def _keyed(table: Table, names: tuple[str, ...], keys: Sequence[Key]) -> tuple[str, Sequence[Any]]:
    """That a row has one of these keys."""
    if len(keys) <= _FEW:
        return _any_of(names, len(keys)), [value for key in keys for value in key]
    values = [list(column) for column in zip(*keys, strict=True)]
    return _one_of(table, names), values


@cache
def _any_of(names: tuple[str, ...], keys: int) -> str:
    number = count_from(1)
    terms = [[f'"{name}" = ${next(number)}' for name in names] for _ in range(keys)]
    return " OR ".join(f"({' AND '.join(term)})" for term in terms)


@cache
def _one_of(table: Table, names: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"({quoted}) IN (SELECT {_arrays([table.columns[name] for name in names])})"


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _arrays(columns: Sequence[Column[Any]]) -> str:
    """One row a value, as the columns' types."""
    return ", ".join(
        f"unnest(CAST(${number} AS {_type(column)}[]))" for number, column in enumerate(columns, 1)
    )


def _type(column: Column[Any]) -> str:
    """A type by the name that both databases know it by."""
    return "BYTEA" if isinstance(column.type, LargeBinary) else str(column.type)
