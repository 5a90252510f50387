"""A transaction over any database that SQLAlchemy reaches: what the stores have in common.

Reading whole tables is SQLAlchemy's; what an append does goes by hand, in few statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, delete, select
from sqlalchemy.exc import NoResultFound

from ledger.kinds import TABLES
from ledger.registers.erasures import ErasureRow
from ledger.registers.house import LedgerRow
from ledger.registers.retention import DroppedRow
from ledger.registers.rows import Row, key_names
from ledger.registers.switches import SwitchRow
from ledger.store import statements
from ledger.store.base import Foreseeing, Head, StoredEntry
from ledger.store.bulk import SqlBulk
from ledger.store.hand import Answer, Hand, Statement
from ledger.store.rows import StoreRows
from ledger.store.tables import ENTRY, TILE
from ledger.tiles import WIDTH, Tile

_PLACE = ("level", "index")
_MOVE_HEAD = "UPDATE head SET size = $1, root = $2, last = $3, journal = $4"
_HEAD: Statement = ("SELECT size, root, last, journal FROM head", [])
_FIRST: Statement = ("SELECT data FROM entry WHERE seq = 0", [])
_WATCHED: tuple[type[Row], ...] = (SwitchRow, ErasureRow, DroppedRow)

_LATEST = ", ".join(
    f"(SELECT max(seq) FROM {table.__tablename__})"  # noqa: S608 - names of our own
    for table in _WATCHED
)
_OPENING: Statement = (f"SELECT size, root, last, journal, {_LATEST} FROM head", [])  # noqa: S608
"""What a writer asks first: the head, and when switches last changed, and what is destroyed."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What a writer will want to read; `size` is the ledger's as it was when last looked at."""

    foreseeing: Foreseeing
    size: int = 0


class SqlTransaction(SqlBulk):
    """One open connection inside one transaction, whose end is its store's business.

    Whatever was told by `hand` before is done with the first question.
    """

    def __init__(self, connection: Connection, hand: Hand, writing: Writing | None = None) -> None:
        self._bare_connection = connection
        self._hand = hand
        self.rows = StoreRows(hand)
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._first: bytes | None = None
        if writing is not None:
            self._foresee(writing)
        (found,) = hand.ask(_HEAD if writing is None else _OPENING)
        if len(found) != 1 or not _is_head(*found[0][:4]):
            raise NoResultFound(f"There are {len(found)} heads, or it is none.")
        size, root, last, journal, *changes = found[0]
        self.head = Head(size, root, last, journal)
        self._changes = dict(zip(_WATCHED, changes, strict=False))
        if writing is not None:
            self.foresee_tiles(_frontier(size))

    def _foresee(self, writing: Writing) -> None:
        """Have what every writer wants, and what this one says, read with the first question."""
        self.foresee_tiles(_frontier(writing.size))
        self._hand.foresee(_FIRST, self._keep_first)
        self.rows.expect(LedgerRow)
        writing.foreseeing(self.rows)

    @property
    def _connection(self) -> Connection:
        """SQLAlchemy's connection, which sees all that was told by hand."""
        self._hand.ask()
        return self._bare_connection

    def require_form(self) -> None:
        """Whoever reads says how; who writes asks nothing of it."""

    @property
    def first(self) -> bytes:
        """Entry 0; empty if there is none."""
        if self._first is None:
            self._hand.foresee(_FIRST, self._keep_first)
            self._hand.ask()
        return self._first or b""

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        """Entries with start <= seq < stop, in order of seq."""
        wanted = select(ENTRY).where(ENTRY.c.seq >= start, ENTRY.c.seq < stop)
        return self._entries(wanted.order_by(ENTRY.c.seq))

    def find(self, *, kind: str = "", subject: str = "", last: int = 50) -> list[StoredEntry]:
        """The last entries of a kind and a subject, in order of seq."""
        wanted = select(ENTRY)
        if kind:
            pattern = kind.replace("\\", r"\\").replace("_", r"\_").replace("%", r"\%")
            wanted = wanted.where(ENTRY.c.kind.like(pattern.replace("*", "%"), escape="\\"))
        if subject:
            wanted = wanted.where(ENTRY.c.subject == subject)
        return self._entries(wanted.order_by(ENTRY.c.seq.desc()).limit(last))[::-1]

    def tile(self, level: int, index: int) -> bytes:
        """A tile's hashes so far; empty if there is none."""
        if (level, index) not in self._tiles:
            self.foresee_tiles([(level, index)])
            self._hand.ask()
        return self._tiles[level, index]

    def tiles(self) -> list[Tile]:
        """Every tile, as it is so far."""
        found = self._connection.execute(select(TILE)).all()
        return [Tile(level, index, bytes(hashes)) for level, index, hashes in found]

    def register(self, table: type[Row]) -> list[Row]:
        """Every row of a register, in order of primary key."""
        columns = table.__table__.columns  # type: ignore[attr-defined]
        wanted = select(*columns).order_by(*(columns[name] for name in key_names(table)))
        return [table(**row) for row in self._connection.execute(wanted).mappings()]

    def replace_registers(self, rows: Iterable[Row]) -> None:
        """Put these rows in place of every row of every register."""
        for table in TABLES:
            self._connection.execute(delete(table))
        self.rows = StoreRows(self._hand)
        for row in rows:
            self.rows.put(row)
        self.rows.flush()

    def foresee_tiles(self, places: Sequence[tuple[int, int]]) -> None:
        """Read tiles (level, index) with whatever is asked next."""
        unknown = [place for place in places if place not in self._tiles]
        if unknown:
            question = statements.by_key(TILE, _PLACE, unknown)
            self._hand.foresee(question, partial(self._keep_tiles, unknown))

    def latest_change(self, table: type[Row]) -> int:
        """No row of this register was written by a later entry; -1 if it has none."""
        newest = self._changes.get(table)
        return -1 if newest is None else int(newest)

    def post(self, entries: Sequence[StoredEntry], tiles: Sequence[Tile], head: Head) -> None:
        """Write entries, tiles, head and changed register rows."""
        self._insert(entries)
        places = [(tile.level, tile.index) for tile in tiles]
        old = [place for place in places if self._tiles.get(place) != b""]
        rows = [(tile.level, tile.index, tile.hashes) for tile in tiles]
        statements.put(self._hand, TILE, _PLACE, old, rows)
        self.rows.flush()
        self._hand.tell((_MOVE_HEAD, list(head_values(head).values())))
        self._tiles.update(zip(places, (tile.hashes for tile in tiles), strict=True))
        self._changes = dict.fromkeys(_WATCHED, head.size - 1)
        self.head = head

    def _insert(self, entries: Sequence[StoredEntry]) -> None:
        rows = [tuple(entry_values(entry).values()) for entry in entries]
        self._hand.tell(statements.insert(ENTRY, rows))

    def _keep_first(self, answer: Answer) -> None:
        self._first = answer[0][0] if answer else None

    def _keep_tiles(self, places: Sequence[tuple[int, int]], answer: Answer) -> None:
        found = {(level, index): hashes for level, index, hashes in answer}
        for place in places:
            self._tiles.setdefault(place, found.get(place, b""))

    def _entries(self, wanted: Select[Any]) -> list[StoredEntry]:
        found = self._connection.execute(wanted)
        return [StoredEntry(s, t, a, k, subject, bytes(d)) for s, t, a, k, subject, d in found]


def _is_head(size: object, root: object, last: object, journal: object) -> bool:
    """Whether these are what a head has; whoever may write to the table may put in anything."""
    return (
        isinstance(size, int)
        and isinstance(root, bytes)
        and isinstance(last, str)
        and isinstance(journal, int)
        and min(size, journal) >= 0
    )


def _frontier(size: int) -> list[tuple[int, int]]:
    """The tiles (level, index) that grow next in a tree of so many leaves."""
    places: list[tuple[int, int]] = []
    while size:
        size //= WIDTH
        places.append((len(places), size))
    return places


def head_values(head: Head) -> dict[str, object]:
    """A head as the columns of its table."""
    return {"size": head.size, "root": head.root, "last": head.last, "journal": head.journal}


def entry_values(entry: StoredEntry) -> dict[str, object]:
    """An entry as the columns of its table."""
    return {
        "seq": entry.seq,
        "time": entry.time,
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "data": entry.data,
    }
