"""A transaction over any database that SQLAlchemy reaches: what the stores have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, select

from ledger.kinds import TABLES
from ledger.registers.rows import Row, key_names
from ledger.store.base import Head, StoredEntry
from ledger.store.rows import StoreRows
from ledger.store.tables import ENTRY, HEAD, TILE
from ledger.tiles import Tile


class SqlTransaction:
    """One open connection inside one transaction, whose end is its store's business."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = StoreRows(connection)
        row = connection.execute(select(HEAD)).one()
        self.head = Head(row.size, bytes(row.root), row.last, row.journal)

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
        place = and_(TILE.c.level == level, TILE.c.index == index)
        found = self._connection.execute(select(TILE.c.hashes).where(place)).first()
        return bytes(found.hashes) if found else b""

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
        self.rows = StoreRows(self._connection)
        for row in rows:
            self.rows.put(row)
        self.rows.flush()

    def post(self, entries: Sequence[StoredEntry], tiles: Sequence[Tile], head: Head) -> None:
        """Write entries, tiles, head and changed register rows."""
        self._insert(entries)
        for tile in tiles:
            place = and_(TILE.c.level == tile.level, TILE.c.index == tile.index)
            self._connection.execute(delete(TILE).where(place))
        rows = [{"level": t.level, "index": t.index, "hashes": t.hashes} for t in tiles]
        self._connection.execute(insert(TILE), rows)
        self.rows.flush()
        self._connection.execute(HEAD.update().values(head_values(head)))
        self.head = head

    def _insert(self, entries: Sequence[StoredEntry]) -> None:
        self._connection.execute(insert(ENTRY), [entry_values(entry) for entry in entries])

    def _entries(self, wanted: Select[Any]) -> list[StoredEntry]:
        found = self._connection.execute(wanted)
        return [StoredEntry(s, t, a, k, subject, bytes(d)) for s, t, a, k, subject, d in found]


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
