"""Registers that go on from remembered ones: what is asked for is taken out, the rest stays packed.

Remembered rows lie in Arrow columns. A row becomes an object once somebody asks for it, many at a
time where that is foreseen, and is changed as any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ledger.packed_rows import PackedRows, unpacked, values_of
from ledger.register_checks import Values, key_taker
from ledger.registers.rows import Key, R, Row, key_names, key_of

_ROWS = 20_000


class RememberedRows(PackedRows):
    """Registers in memory, on top of remembered ones."""

    def __init__(self, remembered: Mapping[type[Row], pa.Table]) -> None:
        super().__init__()
        self._remembered = remembered
        self._known: dict[type[Row], set[Key]] = defaultdict(set)
        """Keys that were looked up or written: for them the objects stand, or there is none."""
        self._asked: set[tuple[object, ...]] = set()
        self._written: dict[type[Row], set[Key]] = defaultdict(set)
        self._new: dict[type[Row], int] = defaultdict(int)

    def get(self, table: type[R], *key: str | int) -> R | None:
        """The row with this primary key, or None."""
        self.foresee(table, [key])
        return super().get(table, *key)

    def put(self, row: Row) -> None:
        """Write a row, new or changed."""
        table, key = type(row), key_of(row)
        self._new[table] += self.get(table, *key) is None
        self._written[table].add(key)
        super().put(row)

    def where(self, table: type[R], **equal: str | int) -> list[R]:
        """The rows whose columns equal these values, in order of primary key."""
        question = (table, *sorted(equal.items()))
        if question not in self._asked:
            self._asked.add(question)
            found = self._remembered[table]
            for name, value in equal.items():
                found = found.filter(pc.equal(found[name], pa.scalar(value, found[name].type)))
            self._load(table, found)
        return super().where(table, **equal)

    def count(self, table: type[Row]) -> int:
        """How many rows a register has."""
        return int(self._remembered[table].num_rows) + self._new[table]

    def foresee(self, table: type[Row], keys: Iterable[Key]) -> None:
        """Take out at once what will be asked for by primary key."""
        unknown = [key for key in dict.fromkeys(keys) if key not in self._known[table]]
        if unknown:
            self._load(table, self._remembered[table].filter(self._among(table, unknown)))
            self._known[table].update(unknown)

    def settle(self) -> None:
        """Nothing to do: what was not asked for is packed."""

    def all(self) -> Iterator[Row]:
        """Every row of every register."""
        for table in self._remembered:
            yield from self.where(table)

    def differing(
        self, table: type[Row], kept: pa.Table
    ) -> tuple[Iterator[list[Values]], dict[Key, Values]]:
        """Rows that are kept and rows that are expected, without those that are known to be equal.

        `kept` is in order of primary key, as what is remembered is. Rows are equal beyond doubt if
        nothing was written under their keys and their columns are those remembered.
        """
        remembered = self._remembered[table]
        if written := self._written[table]:
            ours = self._among(table, written, kept)
            theirs = self._among(table, written)
            same = kept.filter(pc.invert(ours)).equals(remembered.filter(pc.invert(theirs)))
            if same:
                kept, remembered = kept.filter(ours), remembered.filter(theirs)
        elif kept.equals(remembered):
            kept, remembered = kept.slice(0, 0), remembered.slice(0, 0)
        take = key_taker(table)
        expected = {take(row): row for rows in batches_of(remembered) for row in rows}
        pack = values_of(table)
        expected.update((key, pack(vars(self._tables[table][key]))) for key in written)
        return batches_of(kept), expected

    def _load(self, table: type[Row], found: pa.Table) -> None:
        take = key_taker(table)
        known = self._known[table]
        for rows in batches_of(found):
            for values in rows:
                key = take(values)
                if key not in known:
                    known.add(key)
                    super().put(unpacked(table, values))

    def _among(
        self, table: type[Row], keys: Iterable[Key], rows: pa.Table | None = None
    ) -> pa.ChunkedArray:
        """Which rows have, in each key column, a value of one of these keys: at least those."""
        rows = self._remembered[table] if rows is None else rows
        mask = None
        for name, values in zip(key_names(table), zip(*keys, strict=True), strict=True):
            wanted = pa.array(list(dict.fromkeys(values)), rows[name].type)
            found = pc.is_in(rows[name], wanted)
            mask = found if mask is None else pc.and_(mask, found)
        return mask


def batches_of(rows: pa.Table) -> Iterator[list[Values]]:
    """The rows of a table in batches, each as its values in order of the columns."""
    for batch in rows.to_batches(_ROWS):
        yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
