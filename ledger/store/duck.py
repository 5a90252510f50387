"""A ledger in one DuckDB file.

Nobody keeps a connection: every use takes gate and lock, opens, does its transaction, closes.
The file is never opened otherwise in this process: closing any descriptor of it would silently
drop DuckDB's own lock. Its tables carry no index (ART indexes have a record of corruption), and a
truncated WAL opens without a word, so how far it got is held against journal and head.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Engine, NullPool, create_engine, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import Table

from ledger.errors import StoreUnavailable
from ledger.kinds import TABLES
from ledger.registers.rows import Row, key_names
from ledger.store.base import Head, Snapshot, StoredEntry, Transaction
from ledger.store.locks import Locks
from ledger.store.rows import StoreRows
from ledger.store.tables import ENTRY, HEAD, METADATA, TILE
from ledger.tiles import Tile

_BULK = 64
_COLUMNS = "seq, time, actor, kind, subject, data"


class DuckStore:
    """One ledger's DuckDB file under its locks."""

    def __init__(self, path: Path, locks: Locks) -> None:
        self.path = path
        self.locks = locks

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def create(self) -> None:
        """Make the empty tables, without keys or indexes; tables that are there stay."""
        with self.locks.exclusive():
            new = not self.path.exists()
            with self._open(read_only=False) as connection:
                for table in [*METADATA.sorted_tables, *(row.__table__ for row in TABLES)]:  # type: ignore[attr-defined]
                    connection.exec_driver_sql(_without_keys(table, connection))
                if connection.execute(select(HEAD)).first() is None:
                    connection.execute(insert(HEAD).values(_head_values(Head())))
            if new:
                self.path.chmod(0o660)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Open for reading, together with other readers."""
        with self.locks.shared(), self._open(read_only=True) as connection:
            yield DuckTransaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open for writing, alone; what was posted is committed at the end."""
        with self.locks.exclusive(), self._open(read_only=False) as connection:
            self._share_log()
            yield DuckTransaction(connection)

    def _share_log(self) -> None:
        """Make the write-ahead log the whole group's before a commit makes it, whatever the umask.

        Whoever is killed at the wrong moment leaves it behind, and it must not lock others out.
        """
        log = self.path.with_name(f"{self.path.name}.wal")
        if not log.exists():
            log.touch()
            log.chmod(0o660)

    @cached_property
    def _writer(self) -> Engine:
        return create_engine(f"duckdb:///{self.path}", poolclass=NullPool)

    @cached_property
    def _reader(self) -> Engine:
        return create_engine(
            f"duckdb:///{self.path}", poolclass=NullPool, connect_args={"read_only": True}
        )

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Connection]:
        engine = self._reader if read_only else self._writer
        try:
            with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, duckdb.Error) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreUnavailable(
                f"The database {self.path.name} cannot be used: {str(cause).splitlines()[0]}.",
                "Look at `quaestor doctor`; a damaged database is rebuilt from the journal.",
            ) from error


class DuckTransaction:
    """One open connection; closed with its transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.rows = StoreRows(connection)
        row = connection.execute(select(HEAD)).one()
        self.head = Head(row.size, bytes(row.root), row.last, row.journal)

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        """Entries with start <= seq < stop, in order of seq."""
        return self._entries("WHERE seq >= ? AND seq < ? ORDER BY seq", [start, stop])

    def find(self, *, kind: str = "", subject: str = "", last: int = 50) -> list[StoredEntry]:
        """The last entries of a kind and a subject, in order of seq."""
        wanted = kind.replace("_", r"\_").replace("*", "%") or "%"
        found = self._entries(
            "WHERE kind LIKE ? ESCAPE '\\' AND (? = '' OR subject = ?) ORDER BY seq DESC LIMIT ?",
            [wanted, subject, subject, last],
        )
        return found[::-1]

    def tile(self, level: int, index: int) -> bytes:
        """A tile's hashes so far; empty if there is none."""
        found = self._connection.execute(
            select(TILE.c.hashes).where(TILE.c.level == level, TILE.c.index == index)
        ).first()
        return bytes(found.hashes) if found else b""

    def tiles(self) -> list[Tile]:
        """Every tile, as it is so far."""
        found = self._connection.execute(select(TILE)).all()
        return [Tile(level, index, bytes(hashes)) for level, index, hashes in found]

    def register(self, table: type[Row]) -> list[Row]:
        """Every row of a register, in order of primary key."""
        names = ", ".join(f'"{name}"' for name in key_names(table))
        columns = [column.name for column in table.__table__.columns]  # type: ignore[attr-defined]
        listed = ", ".join(f'"{name}"' for name in columns)
        found = self._duck.execute(
            f'SELECT {listed} FROM "{table.__tablename__}" ORDER BY {names}'  # noqa: S608 - names of ours
        ).fetchall()
        return [table(**dict(zip(columns, values, strict=True))) for values in found]

    def post(self, entries: Sequence[StoredEntry], tiles: Sequence[Tile], head: Head) -> None:
        """Write entries, tiles, head and changed register rows."""
        self._insert(entries)
        for tile in tiles:
            place = (TILE.c.level == tile.level, TILE.c.index == tile.index)
            self._connection.execute(delete(TILE).where(*place))
            self._connection.execute(
                insert(TILE).values(level=tile.level, index=tile.index, hashes=tile.hashes)
            )
        self.rows.flush()
        self._connection.execute(HEAD.update().values(_head_values(head)))
        self.head = head

    @property
    def _duck(self) -> duckdb.DuckDBPyConnection:
        return self._connection.connection.driver_connection  # type: ignore[return-value]

    def _insert(self, entries: Sequence[StoredEntry]) -> None:
        fields = ("seq", "time", "actor", "kind", "subject", "data")
        if len(entries) < _BULK:
            rows = [{name: getattr(entry, name) for name in fields} for entry in entries]
            self._connection.execute(insert(ENTRY), rows)
            return
        batch = pa.table({name: [getattr(entry, name) for entry in entries] for name in fields})
        self._duck.register("batch", batch)
        self._duck.execute(f"INSERT INTO entry SELECT {_COLUMNS} FROM batch")  # noqa: S608
        self._duck.unregister("batch")

    def _entries(self, tail: str, values: list[str | int]) -> list[StoredEntry]:
        found = self._duck.execute(
            f"SELECT {_COLUMNS} FROM entry {tail}",  # noqa: S608 - constants of ours
            values,
        ).fetchall()
        return [StoredEntry(s, t, a, k, subject, bytes(d)) for s, t, a, k, subject, d in found]


def _head_values(head: Head) -> dict[str, object]:
    return {"size": head.size, "root": head.root, "last": head.last, "journal": head.journal}


def _without_keys(table: Table, connection: Connection) -> str:
    """CREATE TABLE of the bare columns: DuckDB would turn a PRIMARY KEY into an index."""
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(
        f"{quote(column.name)} {column.type.compile(connection.dialect)} NOT NULL"
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {quote(table.name)} ({columns})"
