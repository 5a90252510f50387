"""What a projection reads and writes: rows of registers, wherever they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import itemgetter
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy import inspect
from sqlalchemy.orm import QueryableAttribute
from sqlmodel import SQLModel
from sqlmodel.main import SQLModelMetaclass

Key = tuple[Any, ...]
"""The values of a row's primary-key columns, in their order."""


class _PlainValues(SQLModelMetaclass):
    """Makes rows without the ORM's state: ten times as fast as with it, and half as large.

    What the ORM puts between a row and its values is taken away: `__table__` is all that is used.
    """

    def __init__(cls, *arguments: Any, **options: Any) -> None:  # noqa: N805 - of classes
        super().__init__(*arguments, **options)
        for name in [name for name, it in vars(cls).items() if isinstance(it, QueryableAttribute)]:
            type.__delattr__(cls, name)

    def __call__(cls, **values: Any) -> Any:  # noqa: N805 - of classes
        row: Any = object.__new__(cls)  # type: ignore[arg-type]
        _set_fields(row, set())
        _set_extra(row, None)
        _set_private(row, None)
        vars(row).update(values)
        return row


_set_fields, _set_extra, _set_private = (
    vars(BaseModel)[f"__pydantic_{slot}__"].__set__ for slot in ("fields_set", "extra", "private")
)


class Row(SQLModel, metaclass=_PlainValues):
    """One row of a register; `seq` is the entry that last wrote it.

    A row is a plain value and never joins an ORM session.
    """

    seq: int

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[name] = value


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

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        ...

    def foresee(self, table: type[Row], keys: Iterable[Key]) -> None:
        """Read at once what will be asked for by primary key; says nothing, changes nothing."""
        ...


@cache
def key_names(table: type[Row]) -> tuple[str, ...]:
    """Names of a register's primary-key columns."""
    return tuple(column.name for column in inspect(table).primary_key)


def key_of(row: Row) -> Key:
    """A row's primary key."""
    return _key_taker(type(row))(vars(row))


@cache
def _key_taker(table: type[Row]) -> Callable[[dict[str, Any]], Key]:
    names = key_names(table)
    if len(names) > 1:
        return itemgetter(*names)
    (name,) = names
    return lambda values: (values[name],)


class DictRows:
    """Registers in memory: what verification replays into."""

    def __init__(self) -> None:
        self._tables: dict[type[Row], dict[Key, Row]] = {}
        self._indexes: dict[type[Row], dict[str, _Index]] = {}

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        return self._tables.get(table, {}).get(key)  # type: ignore[return-value]

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        table, key = type(row), key_of(row)
        self._tables.setdefault(table, {})[key] = row
        for column, index in self._indexes.get(table, {}).items():
            index.put(key, getattr(row, column))

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        rows = self._tables.get(table, {})
        keys: Iterable[Key] = rows
        if equal:
            column, value = next(iter(equal.items()))
            keys = self._index(table, column).keys_by_value.get(value, ())
        return [
            rows[key]  # type: ignore[misc]
            for key in sorted(keys)
            if all(getattr(rows[key], name) == value for name, value in equal.items())
        ]

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        return len(self._tables.get(table, {}))

    def foresee(self, table: type[Row], keys: Iterable[Key]) -> None:
        """Nothing to do: everything is in memory."""

    def all(self) -> Iterator[Row]:
        """Every row of every register."""
        for rows in self._tables.values():
            yield from rows.values()

    def _index(self, table: type[Row], column: str) -> _Index:
        indexes = self._indexes.setdefault(table, {})
        if column not in indexes:
            indexes[column] = _Index()
            for key, row in self._tables.get(table, {}).items():
                indexes[column].put(key, getattr(row, column))
        return indexes[column]


class _Index:
    """Which rows have a value in one column, as of when each was last put."""

    def __init__(self) -> None:
        self.keys_by_value: dict[Any, set[Key]] = {}
        self._value_by_key: dict[Key, Any] = {}

    def put(self, key: Key, value: Any) -> None:
        if key in self._value_by_key:
            self.keys_by_value[self._value_by_key[key]].discard(key)
        self._value_by_key[key] = value
        self.keys_by_value.setdefault(value, set()).add(key)
