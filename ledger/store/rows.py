"""Registers inside a transaction: read from the database, changes kept until they are posted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache, partial
from typing import Any

from sqlalchemy.schema import Table

from ledger.registers.rows import DictRows, Key, R, Row, key_names, key_of
from ledger.store import statements
from ledger.store.hand import Answer, Hand


class StoreRows:
    """Rows of one transaction, each read once. Nothing is written before `flush`."""

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._read = DictRows()
        self._asked: dict[type[Row], set[Key]] = defaultdict(set)
        self._absent: dict[type[Row], set[Key]] = defaultdict(set)
        self._questions: set[tuple[Any, ...]] = set()
        self._changed: dict[type[Row], dict[Key, Row]] = defaultdict(dict)

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        row = self._read.get(table, *key)
        if row is None and key not in self._absent[table]:
            self.foresee(table, [key])
            self._hand.ask()
            row = self._read.get(table, *key)
        return row

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        self._read.put(row)
        self._changed[type(row)][key_of(row)] = row

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        self.expect(table, **equal)
        self._hand.ask()
        return self._read.where(table, **equal)

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        if table in self._changed:
            return len(self.where(table))
        ((answer,),) = self._hand.ask(statements.count(_table(table)))
        return int(answer[0])

    def foresee(self, table: type[Row], keys: Iterable[Key]) -> None:
        """Read the rows with these primary keys with whatever is asked next."""
        asked = self._asked[table]
        unknown = [
            key
            for key in dict.fromkeys(keys)
            if key not in asked and self._read.get(table, *key) is None
        ]
        if unknown:
            asked.update(unknown)
            question = statements.by_key(_table(table), key_names(table), unknown)
            self._hand.foresee(question, partial(self._load, table, unknown))

    def expect(self, table: type[Row], **equal: str | int) -> None:
        """Read the rows whose columns equal these values with whatever is asked next."""
        question = (table, *sorted(equal.items()))
        if question not in self._questions:
            self._questions.add(question)
            self._hand.foresee(
                statements.by_value(_table(table), **equal), partial(self._load, table, [])
            )

    def flush(self) -> None:
        """Have every changed row written in place of what was stored under its key."""
        for table, rows in self._changed.items():
            old = [key for key in rows if key not in self._absent[table]]
            names = _columns(table)
            values = [[vars(row)[name] for name in names] for row in rows.values()]
            statements.put(self._hand, _table(table), key_names(table), old, values)
            self._absent[table] -= rows.keys()
        self._changed.clear()

    def _load(self, table: type[Row], keys: list[Key], answer: Answer) -> None:
        """Take rows in that were read, and those of `keys` that are not there as absent.

        What was read or put before stands.
        """
        names = _columns(table)
        for values in answer:
            row = table(**dict(zip(names, values, strict=True)))
            if self._read.get(table, *key_of(row)) is None:
                self._read.put(row)
        self._absent[table].update(key for key in keys if self._read.get(table, *key) is None)


@cache
def _columns(table: type[Row]) -> tuple[str, ...]:
    return tuple(column.name for column in _table(table).columns)


def _table(table: type[Row]) -> Table:
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found
