"""Check 9: registers as they are kept, held against what replay makes of them.

No clock, no files, no database here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from ledger.packed_rows import column_names
from ledger.registers.rows import Key, Row, key_names
from ledger.verify import Problem

Values = tuple[Any, ...]
"""A row's values, in order of its columns."""


def check_register(
    table: type[Row],
    kept: Iterable[Sequence[Values]],
    expected: dict[Key, Values],
    size: int,
    told: Callable[[int], None] = lambda _rows: None,
) -> list[Problem]:
    """Hold the rows that are kept of a register against those `expected`, by primary key.

    `size` is how many entries there are; `told` hears of every batch how many rows it had. What
    was met is taken out of `expected`.
    """
    check = _Register(table, expected, size)
    for batch in kept:
        check.compare(batch)
        told(len(batch))
    return check.finish()


class _Register:
    """One register: what is expected and was not met yet."""

    def __init__(self, table: type[Row], left: dict[Key, Values], size: int) -> None:
        self._name = str(table.__tablename__)
        self._columns = column_names(table)
        self._seq = self._columns.index("seq")
        self._left = left
        self._size = size
        self._problems: list[Problem] = []
        self._key = key_taker(table)

    def compare(self, batch: Sequence[Values]) -> None:
        """Meet each row with the one expected under its key."""
        take, key_of = self._left.pop, self._key
        for row in batch:
            key = key_of(row)
            should = take(key, None)
            if should != row:
                self._differs(key, should, row)

    def finish(self) -> list[Problem]:
        """What is wrong, with the rows that were never met."""
        for key, row in self._left.items():
            seq = row[self._seq]
            self._add(seq, key, f"The row that entry {seq} made is gone.")
        return self._problems

    def _differs(self, key: Key, should: Values | None, row: Values) -> None:
        if should is None:
            self._add(None, key, f"No entry made this row of {self._name}.")
            return
        pairs = zip(self._columns, should, row, strict=True)
        wrong = ", ".join(name for name, one, other in pairs if one != other)
        made, says = should[self._seq], row[self._seq]
        first = min(max(made, says), self._size)
        self._add(first, key, f"{self._name}.{wrong}: not what entry {made} made it.")

    def _add(self, seq: int | None, key: Key, message: str) -> None:
        subject = f"{self._name}/{'/'.join(map(str, key))}"
        self._problems.append(Problem("registers", seq, subject, message))


def key_taker(table: type[Row]) -> Callable[[Values], Key]:
    """What takes the primary key from a row's values."""
    places = [column_names(table).index(name) for name in key_names(table)]
    if len(places) == 1:
        (place,) = places
        return lambda row: (row[place],)
    return itemgetter(*places)
