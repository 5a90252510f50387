"""What a store must do, whichever database it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ledger.entry import GENESIS_PREV
from ledger.merkle import EMPTY_ROOT
from ledger.registers.rows import Row, Rows
from ledger.tiles import Tile

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Head:
    """How far a ledger has come: a cache, never evidence. `journal` is the bytes journalled."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    last: str = GENESIS_PREV
    journal: int = 0


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry's exact bytes with the columns that the store keeps beside them for looking up."""

    seq: int
    time: str
    actor: str
    kind: str
    subject: str
    data: bytes


@dataclass(frozen=True, slots=True)
class EntryColumns:
    """Entries by the column: exact bytes, and what the store keeps beside them."""

    seq: list[int]
    time: list[str]
    actor: list[str]
    kind: list[str]
    subject: list[str]
    data: list[bytes]


class Snapshot(Protocol):
    """A store held open for reading, for milliseconds."""

    def require_form(self) -> None:
        """Raise StoreDamaged or Altered if something in the store is made otherwise than by us.

        A view can show one thing to who verifies and another to who asks; a table that lets nothing
        be something breaks whoever reads it. What is missing is not looked for.
        """
        ...

    @property
    def head(self) -> Head:
        """How far the store has come."""
        ...

    @property
    def rows(self) -> Rows:
        """The registers."""
        ...

    @property
    def first(self) -> bytes:
        """Entry 0; empty if there is none."""
        ...

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        """Entries with start <= seq < stop, in order of seq, whatever their number."""
        ...

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """The same by the column, which is the fastest way to many."""
        ...

    def stray(self) -> tuple[int, str] | None:
        """Seq and subject of the first row that stands where the ledger has no entry."""
        ...

    def find(self, *, kind: str = "", subject: str = "", last: int = 50) -> list[StoredEntry]:
        """The last entries of a kind (`model.*`: of a group) and a subject, in order of seq."""
        ...

    def tile(self, level: int, index: int) -> bytes:
        """A tile's hashes so far; empty if there is none."""
        ...

    def tiles(self) -> list[Tile]:
        """Every tile, as it is so far."""
        ...

    def tiles_from(self, size: int) -> Iterable[Tile]:
        """Every tile that entries from `size` on change, as it is so far."""
        ...

    def register(self, table: type[Row]) -> list[Row]:
        """Every row of a register, in order of primary key."""
        ...

    def register_table(self, table: type[Row]) -> pa.Table:
        """The same as Arrow columns: compact, however many they are."""
        ...


class Transaction(Snapshot, Protocol):
    """A store held open for writing: all of it happens, or nothing."""

    def latest_change(self, table: type[Row]) -> int:
        """No row of this register was written by a later entry; -1 if it has none."""
        ...

    def replace_registers(self, rows: Iterable[Row]) -> None:
        """Put these rows in place of every row of every register."""
        ...

    def post(self, entries: Sequence[StoredEntry], tiles: Sequence[Tile], head: Head) -> None:
        """Write entries, tiles, head, and the register rows put through `rows`."""
        ...


Foreseeing = Callable[[Rows], None]
"""Says, through `Rows.foresee`, what a writer will want to read."""


def nothing(rows: Rows) -> None:
    """Foresee nothing."""


class Store(Protocol):
    """A place for one ledger."""

    def create(self) -> None:
        """Make the empty tables; those that are there stay as they are."""
        ...

    def exists(self) -> bool:
        """Whether the tables were made."""
        ...

    def writable(self) -> bool:
        """Whether this process may write to them, as far as can be told beforehand."""
        ...

    def read(self) -> AbstractContextManager[Snapshot]:
        """Open for reading. StoreUnavailable when that cannot be had in time."""
        ...

    def still(self) -> AbstractContextManager[Snapshot]:
        """Open for reading while nobody writes. StoreUnavailable as for `read`."""
        ...

    def write(
        self, foreseeing: Foreseeing = nothing, *, making: bool = False
    ) -> AbstractContextManager[Transaction]:
        """Open for writing, alone. StoreUnavailable when that cannot be had in time.

        What is foreseen is read together with the head, in whatever way is fastest. With `making`,
        tables that are missing are made first, as `create` does.
        """
        ...

    def changes(self, ended: Callable[[], bool]) -> Iterator[int]:
        """The ledger's size now and whenever somebody announces it, until `ended`.

        A store that announces nothing ends at once: there the head file tells. StoreUnavailable
        when it can be heard no more.
        """
        ...


def in_batches(start: int, stop: int, batch: int) -> Iterator[tuple[int, int]]:
    """Cut start..stop into ranges of at most `batch`."""
    for low in range(start, stop, batch):
        yield low, min(low + batch, stop)
