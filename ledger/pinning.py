"""A home at one moment: what verification copies out under the lock, and what it reads later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from ledger.book import Book
from ledger.home_checks import Published
from ledger.kinds import TABLES
from ledger.register_checks import Values
from ledger.registers.rows import Row
from ledger.remembered_rows import batches_of
from ledger.store.base import EntryColumns, Head, Store
from ledger.tiles import Tile

_FEW = 500  # entries that are read in less time than a store is opened in


@dataclass
class Pinned:
    """Head, registers, tiles and published files as of one size; entries are read in batches.

    `tiles` are those that entries from some size on change. Entries and tiles before the head stay
    as they are, so that they can be read when nobody is kept waiting; where that takes longer than
    reading them, `few` holds them by range.
    """

    store: Store
    head: Head
    published: Published
    registers: dict[type[Row], pa.Table]
    tiles: list[Tile]
    few: dict[tuple[int, int], EntryColumns]
    stray: tuple[int, str] | None
    _tiles: dict[tuple[int, int], bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._tiles = {(tile.level, tile.index): tile.hashes for tile in self.tiles}

    @classmethod
    def of(cls, book: Book, since: int) -> Pinned:
        """Copy a home out while nobody can append; tiles as far as entries from `since` on go."""
        with book.store.still() as snapshot:
            registers = {table: snapshot.register_table(table) for table in TABLES}
            published = Published.of(book.home)
            start = since if since <= snapshot.head.size else 0
            tiles = list(snapshot.tiles_from(start))
            size, few = snapshot.head.size, {}
            if size - start <= _FEW:
                few[start, size] = snapshot.entry_columns(start, size)
            return cls(
                book.store, snapshot.head, published, registers, tiles, few, snapshot.stray()
            )

    @property
    def rows(self) -> int:
        """How many rows all registers have."""
        return sum(int(table.num_rows) for table in self.registers.values())

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Entries with start <= seq < stop, in order."""
        if (start, stop) in self.few:
            return self.few[start, stop]
        with self.store.read() as snapshot:
            return snapshot.entry_columns(start, stop)

    def tile(self, level: int, index: int) -> bytes:
        """A tile as it was then, or as it is now if it was full by then."""
        if (level, index) in self._tiles:
            return self._tiles[level, index]
        with self.store.read() as snapshot:
            return snapshot.tile(level, index)

    def register(self, table: type[Row]) -> Iterator[Sequence[Values]]:
        """A register's rows in batches."""
        return batches_of(self.registers[table])
