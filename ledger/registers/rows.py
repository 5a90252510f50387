"""What a projection reads and writes: rows of registers, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from sqlalchemy import inspect
from sqlmodel import SQLModel


class Row(SQLModel):
    """One row of a register; `seq` is the entry that last wrote it."""

    seq: int


R = TypeVar("R", bound=Row)


class Rows(Protocol):
    """The registers as a projection sees them. Rows are never deleted."""

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        ...

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        ...

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        ...


def key_names(table: type[Row]) -> tuple[str, ...]:
    """Names of a register's primary-key columns."""
    return tuple(column.name for column in inspect(table).primary_key)


def key_of(row: Row) -> tuple[Any, ...]:
    """A row's primary key."""
    return tuple(getattr(row, name) for name in key_names(type(row)))


class DictRows:
    """Registers in memory: what verification replays into."""

    def __init__(self) -> None:
        self._tables: dict[type[Row], dict[tuple[Any, ...], Row]] = {}
        self._names: dict[type[Row], tuple[str, ...]] = {}

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        return self._tables.get(table, {}).get(key)  # type: ignore[return-value]

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        table = type(row)
        if table not in self._names:
            self._names[table] = key_names(table)
        key = tuple(getattr(row, name) for name in self._names[table])
        self._tables.setdefault(table, {})[key] = row

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        rows = self._tables.get(table, {})
        return [
            row  # type: ignore[misc]
            for _, row in sorted(rows.items())
            if all(getattr(row, name) == value for name, value in equal.items())
        ]

    def all(self) -> Iterator[Row]:
        """Every row of every register."""
        for rows in self._tables.values():
            yield from rows.values()
