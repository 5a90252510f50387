"""Registers in memory, packed: what verification replays into, a million rows of them if need be.

Rows that were touched since the last `settle` are objects, and whoever asks twice gets the same
one; the others are tuples, a quarter of the size. Registers that are asked for by other columns
than their keys stay objects: they are small, or would be packed and unpacked all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import itemgetter
from typing import Any

from ledger.registers.rows import DictRows, Key, R, Row, key_of

_NONE: dict[Any, Any] = {}  # of a register without rows; nothing is ever put into it


class PackedRows(DictRows):
    """Registers in memory that can be settled."""

    def __init__(self) -> None:
        super().__init__()
        self._packed: dict[type[Row], dict[Key, tuple[Any, ...]]] = {}
        self._searched: set[type[Row]] = set()

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        found = self._tables.get(table, _NONE).get(key)
        if found is None:
            values = self._packed.get(table, _NONE).pop(key, None)
            if values is not None:
                found = unpacked(table, values)
                super().put(found)
        return found

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        super().put(row)
        packed = self._packed.get(type(row))
        if packed:
            packed.pop(key_of(row), None)

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        if table not in self._searched:
            self._searched.add(table)
            for values in self._packed.pop(table, {}).values():
                super().put(unpacked(table, values))
        return super().where(table, **equal)

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        return super().count(table) + len(self._packed.get(table, ()))

    def all(self) -> Iterator[Row]:
        """Every row of every register."""
        yield from super().all()
        for table, packed in self._packed.items():
            yield from (unpacked(table, values) for values in packed.values())

    def settle(self) -> None:
        """Pack what is objects: nobody holds one any more, or will not ask for it as the same."""
        for table, rows in self._tables.items():
            if table not in self._searched and rows:
                pack = values_of(table)
                packed = self._packed.setdefault(table, {})
                columns = zip(*(pack(vars(row)) for row in rows.values()), strict=True)
                packed.update(zip(rows, zip(*map(_shared, columns), strict=True), strict=True))
                rows.clear()

    def values(self, table: type[Row]) -> dict[Key, tuple[Any, ...]]:
        """Every row of a register by its primary key, as the values of its columns in order."""
        pack = values_of(table)
        found = dict(self._packed.get(table, ()))
        found.update((key, pack(vars(row))) for key, row in self._tables.get(table, {}).items())
        return found


def _shared(column: Iterable[Any]) -> Iterator[Any]:
    """The same values, one object for all that are equal: many rows say the same."""
    known: dict[Any, Any] = {}
    return (known.setdefault(value, value) for value in column)


@cache
def column_names(table: type[Row]) -> tuple[str, ...]:
    """The names of a register's columns, in their order."""
    return tuple(column.name for column in table.__table__.columns)  # type: ignore[attr-defined]


@cache
def values_of(table: type[Row]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    """What takes a row's values, in order of the columns, from its variables."""
    return itemgetter(*column_names(table))


def unpacked(table: type[R], values: tuple[Any, ...]) -> R:
    """A row of these values, in order of the columns."""
    return table(**dict(zip(column_names(table), values, strict=True)))
