"""A ledger in one DuckDB file.

Nobody keeps a connection: every use takes gate and lock, opens, does its transaction, closes.
The file is never opened otherwise in this process: closing any descriptor of it would silently
drop DuckDB's own lock. Its tables carry no index (ART indexes have a record of corruption), and a
truncated WAL opens without a word, so how far it got is held against journal and head. The WAL is
folded in only once it has grown, for that costs more than the rest of an append.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, Engine, NullPool, create_engine, insert
from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.schema import Table

from ledger.errors import StoreDamaged, StoreUnavailable
from ledger.kinds import TABLES
from ledger.registers.rows import Row, key_names
from ledger.store.base import Foreseeing, Head, Snapshot, StoredEntry, Transaction, nothing
from ledger.store.bulk import DuckBulk
from ledger.store.forms import IN_DUCKDB
from ledger.store.hand import DuckHand
from ledger.store.locks import Locks
from ledger.store.sql import SqlTransaction, Writing, entry_values, head_values
from ledger.store.tables import ENTRY, HEAD, METADATA

LOG_BYTES = 128 * 1024
"""How long the write-ahead log may be left: some ten appends, which a reader then reads first."""
_BULK = 64
_DAMAGE = (
    "Corrupt ", "replaying WAL", "not a valid DuckDB database", "Could not read enough",
    "Is a directory",
)  # fmt: skip
_REBUILD = "Rebuild it from the journal: quaestor ledger recover"
_COLUMNS = "seq, time, actor, kind, subject, data"
_NO_BAR = "SET enable_progress_bar = false"  # it would be drawn on stdout


class DuckStore:
    """One ledger's DuckDB file under its locks."""

    def __init__(self, path: Path, locks: Locks) -> None:
        self.path = path
        self.locks = locks

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()

    def writable(self) -> bool:
        """Whether this process may write to the file."""
        return os.access(self.path, os.W_OK)

    def create(self) -> None:
        """Make the empty tables that are missing, without keys or indexes."""
        with self.write(making=True):
            pass

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Open for reading, together with other readers."""
        with self.locks.shared(), self._open(read_only=True) as connection:
            yield DuckTransaction(connection, DuckHand(_duck(connection)))

    def still(self) -> AbstractContextManager[Snapshot]:
        """Open for reading: the lock that readers share keeps writers out."""
        return self.read()

    @contextmanager
    def write(
        self, foreseeing: Foreseeing = nothing, *, making: bool = False
    ) -> Iterator[Transaction]:
        """Open for writing, alone; what was posted is committed at the end."""
        with self.locks.exclusive(), self._open(read_only=False) as connection:
            made = making and self._made(connection)
            self._share_log()
            with connection.begin():
                hand = DuckHand(_duck(connection))
                yield DuckTransaction(connection, hand, Writing(foreseeing))
                hand.ask()
            if not made:
                self._leave_log(connection)

    def changes(self, ended: Callable[[], bool]) -> Iterator[int]:
        """Nothing: who works on this machine sees the head file change."""
        del ended
        return iter(())

    @property
    def _log(self) -> Path:
        """The write-ahead log, which lies there between two uses too."""
        return self.path.with_name(f"{self.path.name}.wal")

    def _made(self, connection: Connection) -> bool:
        """Make the tables that are missing; whether there were any.

        A database that was just made becomes the whole group's, whatever the umask.
        """
        with suppress(PermissionError):  # somebody else made it, and did so then
            self.path.chmod(0o660)
        with connection.begin():
            return _make_tables(connection)

    def _share_log(self) -> None:
        """Make the write-ahead log the whole group's before a commit makes it, whatever the umask.

        It stays behind, and must not lock others out.
        """
        if not self._log.exists():
            self._log.touch()
            self._log.chmod(0o660)

    def _leave_log(self, connection: Connection) -> None:
        """Let closing fold the log into the database only once it has grown.

        Folding in takes longer than all else of an append; reading a short log takes little.
        """
        if self._log.exists() and self._log.stat().st_size < LOG_BYTES:
            _duck(connection).execute("PRAGMA disable_checkpoint_on_shutdown")

    @cached_property
    def _writer(self) -> Engine:
        return self._engine(read_only=False)

    @cached_property
    def _reader(self) -> Engine:
        return self._engine(read_only=True)

    def _engine(self, *, read_only: bool) -> Engine:
        """Make an engine that closes what it opened, without a rollback that may fail before.

        A writer's statements are small, and threads would cost more than they give.
        """
        given = {"read_only": read_only} | ({} if read_only else {"config": {"threads": 1}})
        return create_engine(
            f"duckdb:///{self.path}",
            poolclass=NullPool,
            pool_reset_on_return=None,
            connect_args=given,
        )

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[Connection]:
        engine = self._reader if read_only else self._writer
        try:
            with engine.connect() as connection:
                _duck(connection).execute(_NO_BAR)
                yield connection
        except NoResultFound as error:
            raise StoreDamaged(
                f"The database {self.path.name} does not have the one head that a ledger has.",
                _REBUILD,
            ) from error
        except (SQLAlchemyError, duckdb.Error) as error:
            cause = getattr(error, "orig", None) or error
            said = str(cause).partition("\n")[0]
            if _damaged(cause):
                raise StoreDamaged(
                    f"The database {self.path.name} is damaged: {said}.", _REBUILD
                ) from error
            raise StoreUnavailable(
                f"The database {self.path.name} cannot be used: {said}.", "Run `quaestor doctor`."
            ) from error


class DuckTransaction(DuckBulk, SqlTransaction):
    """One open connection; closed with its transaction. What is long goes in Arrow batches."""

    def require_form(self) -> None:
        """StoreDamaged if there is a view, a macro, an index, or a table of another form."""
        there = self._duck.execute(IN_DUCKDB).fetchall()
        odd = sorted({name for name, _ in set(there) - _own_form()})
        if odd:
            raise StoreDamaged(
                f"The database holds what the program did not make so: {', '.join(odd)}.", _REBUILD
            )

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        """Entries with start <= seq < stop, in order of seq."""
        found = self._duck.execute(
            f"SELECT {_COLUMNS} FROM entry WHERE seq >= ? AND seq < ? ORDER BY seq",  # noqa: S608 - constants
            [start, stop],
        ).to_arrow_table()
        return list(map(StoredEntry, *found.to_pydict().values()))

    def register(self, table: type[Row]) -> list[Row]:
        """Every row of a register, in order of primary key."""
        columns = [f'"{column.name}"' for column in table.__table__.columns]  # type: ignore[attr-defined]
        keys = ", ".join(f'"{name}"' for name in key_names(table))
        found = self._duck.execute(
            f'SELECT {", ".join(columns)} FROM "{table.__tablename__}" ORDER BY {keys}'  # noqa: S608 - names of ours
        )
        names = [column.strip('"') for column in columns]
        return [table(**dict(zip(names, row, strict=True))) for row in found.fetchall()]

    def _insert(self, entries: Sequence[StoredEntry]) -> None:
        if len(entries) < _BULK:
            super()._insert(entries)
            return
        self._hand.ask()
        values = zip(*(entry_values(entry).values() for entry in entries), strict=True)
        batch = pa.table(dict(zip(ENTRY.columns.keys(), map(list, values), strict=True)))
        self._duck.register("batch", batch)
        self._duck.execute(f"INSERT INTO entry SELECT {_COLUMNS} FROM batch")  # noqa: S608
        self._duck.unregister("batch")

    @property
    def _duck(self) -> duckdb.DuckDBPyConnection:
        return _duck(self._connection)


def _duck(connection: Connection) -> duckdb.DuckDBPyConnection:
    return connection.connection.driver_connection  # type: ignore[return-value]


def _damaged(error: BaseException) -> bool:
    """Whether DuckDB says that the bytes are wrong, not that they cannot be had at the moment."""
    if isinstance(error, duckdb.SerializationException | duckdb.InternalException):
        return True
    return isinstance(error, duckdb.IOException) and any(it in str(error) for it in _DAMAGE)


def _make_tables(connection: Connection) -> bool:
    """Make the tables that are missing, and the head's row; whether there were any.

    Asked for often, so in one question.
    """
    there = _duck(connection).execute("SELECT table_name FROM duckdb_tables()").fetchall()
    missing = [table for table in _tables() if (table.name,) not in there]
    if missing:
        statements = "; ".join(_without_keys(table, connection) for table in missing)
        _duck(connection).execute(statements)
    if HEAD in missing:
        connection.execute(insert(HEAD).values(head_values(Head())))
    return bool(missing)


def _tables() -> list[Table]:
    return [*METADATA.sorted_tables, *(row.__table__ for row in TABLES)]  # type: ignore[attr-defined]


@cache
def _own_form() -> frozenset[tuple[str, str]]:
    """What a database consists of that the program made, as it describes itself."""
    with create_engine("duckdb:///:memory:").connect() as connection:
        for table in _tables():
            _duck(connection).execute(_without_keys(table, connection))
        return frozenset(_duck(connection).execute(IN_DUCKDB).fetchall())


def _without_keys(table: Table, connection: Connection) -> str:
    """CREATE TABLE of the bare columns: DuckDB would turn a PRIMARY KEY into an index."""
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(
        f"{quote(column.name)} {column.type.compile(connection.dialect)} NOT NULL"
        for column in table.columns
    )
    return f"CREATE TABLE {quote(table.name)} ({columns})"
