"""A ledger in PostgreSQL: many machines, appends serialized by the database.

The transaction is the commit point; there is no journal. A writer holds one advisory lock for its
transaction; readers see one snapshot and wait for nobody. Every change is announced by NOTIFY.
Writers keep their connection, and hold the lock for two round trips: the lock is taken and all
that was foreseen is read in one, and all is written together with its commit in the other.
A connection that is lost at commit leaves the part applied once or not at all: `Book` asks which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, func, insert, select, text
from sqlalchemy.exc import (
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
    SQLAlchemyError,
)

from ledger.errors import Altered, StoreUnavailable
from ledger.home import read_url
from ledger.kinds import TABLES
from ledger.store.base import Foreseeing, Head, Snapshot, Transaction, nothing
from ledger.store.forms import odd_in_postgres
from ledger.store.hand import Statement
from ledger.store.pipeline import CursorHand, PipelineHand
from ledger.store.sql import SqlTransaction, Writing, head_values
from ledger.store.tables import ENTRY, HEAD, METADATA, TILE

CHANNEL = "quaestor"
UNKNOWN = -1
"""What a notice says that no writer of ours gave: something changed, nobody knows how much."""
_LISTENING = 0.5  # seconds after which a listener looks whether it is still wanted
_LOCK = 0x51_55_41_45_53_54_4F_52 >> 1  # "QUAESTOR", within a signed 64-bit integer

_BEGIN: Statement = ("BEGIN ISOLATION LEVEL READ COMMITTED", [])
_COMMIT: Statement = ("COMMIT", [])
_ROLLBACK: Statement = ("ROLLBACK", [])
_TAKE = "SELECT pg_advisory_xact_lock($1) FROM set_config('lock_timeout', $2, true)"
_ANNOUNCE = f"SELECT pg_notify('{CHANNEL}', $1)"


class PostgresStore:
    """One ledger's tables in one database."""

    def __init__(self, url: str, *, patience: float = 30.0) -> None:
        self.url = url
        self.patience = patience
        self._seen = False
        self._size = 0

    def exists(self) -> bool:
        """Whether the tables were made. Once they were, whoever uses them finds out."""
        if not self._seen:
            with self._connected() as engine, engine.connect() as connection:
                found = connection.execute(select(func.to_regclass("entry"))).scalar()
            self._seen = found is not None
        return self._seen

    def writable(self) -> bool:
        """Whether this process may write: the database says so when it does not."""
        return True

    def create(self) -> None:
        """Make the empty tables, with the keys that PostgreSQL keeps well."""
        with self._connected() as engine, engine.begin() as connection:
            self._take(connection, func.pg_advisory_xact_lock)
            METADATA.create_all(connection)
            for row in TABLES:
                row.__table__.create(connection, checkfirst=True)  # type: ignore[attr-defined]
            for index in (
                f"CREATE UNIQUE INDEX IF NOT EXISTS entry_seq ON {ENTRY.name} (seq)",
                f"CREATE INDEX IF NOT EXISTS entry_subject ON {ENTRY.name} (subject, seq)",
                f'CREATE UNIQUE INDEX IF NOT EXISTS tile_place ON {TILE.name} (level, "index")',
            ):
                connection.execute(text(index))
            if connection.execute(select(HEAD)).first() is None:
                connection.execute(insert(HEAD).values(head_values(Head())))

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Open one snapshot for reading; it waits for nobody."""
        with self._connected() as engine, engine.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            yield PostgresTransaction(connection, CursorHand(_raw(connection)))

    @contextmanager
    def still(self) -> Iterator[Snapshot]:
        """Open for reading while nobody writes on any machine."""
        with self._connected() as engine, engine.begin() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            self._take(connection, func.pg_advisory_xact_lock_shared)
            yield PostgresTransaction(connection, CursorHand(_raw(connection)))

    @contextmanager
    def write(
        self, foreseeing: Foreseeing = nothing, *, making: bool = False
    ) -> Iterator[Transaction]:
        """Open for writing, alone among all machines; committed at the end."""
        if making:
            self.create()
        writing = Writing(foreseeing, self._size)
        with self._connected(), self._begun(writing) as (hand, transaction):
            before = transaction.head
            yield transaction
            if transaction.head != before:
                hand.tell((_ANNOUNCE, [str(transaction.head.size)]))
            hand.ask(_COMMIT)
            self._size = transaction.head.size

    @contextmanager
    def _begun(self, writing: Writing) -> Iterator[tuple[PipelineHand, SqlTransaction]]:
        """Begin under the writers' lock; what is not committed is rolled back."""
        connection, hand, transaction = self._opened(writing)
        try:
            yield hand, transaction
        except BaseException:
            with suppress(psycopg.Error):
                _writing(connection).ask(_ROLLBACK)
            if _raw(connection).closed:
                connection.invalidate()
            raise
        finally:
            connection.close()

    def _opened(self, writing: Writing) -> tuple[Connection, PipelineHand, SqlTransaction]:
        """A connection that has the lock; one that was lost while it lay idle is replaced."""
        while True:
            connection = self._writer.connect()
            kept = bool(connection.info)
            hand = _writing(connection)
            try:
                return connection, hand, self._locked(connection, hand, writing)
            except BaseException as error:
                connection.invalidate()
                connection.close()
                if not (kept and isinstance(error, psycopg.OperationalError)):
                    raise
            self._writer.dispose()

    def _locked(
        self, connection: Connection, hand: PipelineHand, writing: Writing
    ) -> SqlTransaction:
        """Wait for the writers' lock, and read what a writer wants first, in one round trip.

        Each statement sees what was committed before it began, so those after the lock's see all.
        """
        wait = str(max(1, int(self.patience * 1000)))
        hand.tell(_BEGIN, (_TAKE, [_LOCK, wait]))
        try:
            return SqlTransaction(connection, hand, writing)
        except psycopg.errors.LockNotAvailable as error:
            raise self._held() from error

    def changes(self, ended: Callable[[], bool]) -> Iterator[int]:
        """The ledger's size now and whenever a writer announces it, until `ended`."""
        with self._connected() as engine, engine.connect() as connection:
            raw = _raw(connection)
            raw.autocommit = True
            try:
                raw.execute(f"LISTEN {CHANNEL}")
                yield SqlTransaction(connection, CursorHand(raw)).head.size
                while not ended():
                    for notice in raw.notifies(timeout=_LISTENING):
                        yield int(notice.payload) if notice.payload.isdecimal() else UNKNOWN
            finally:
                connection.invalidate()  # it listens for ever, and is not to be lent to others

    def _take(self, connection: Connection, lock: Callable[[int], Any]) -> None:
        """Wait for the writers' lock, which ends with the transaction, wherever its client is."""
        wait = max(1, int(self.patience * 1000))
        connection.execute(text(f"SET LOCAL lock_timeout = {wait}"))
        try:
            connection.execute(select(lock(_LOCK)))
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            raise self._held() from error

    def _held(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"The ledger has been held for {self.patience:g} s by another writer.",
            "Try again, or look at pg_stat_activity in the database.",
        )

    @cached_property
    def _engine(self) -> Engine:
        url = read_url(self.url)
        return create_engine(url, pool_size=2, pool_pre_ping=True, connect_args=self._wait)

    @cached_property
    def _writer(self) -> Engine:
        """Connections for writing, whose transactions are begun and ended by hand."""
        return create_engine(
            self.url,
            pool_size=2,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",
            connect_args=self._wait,
        )

    @property
    def _wait(self) -> dict[str, int]:
        return {"connect_timeout": max(2, int(self.patience))}

    @contextmanager
    def _connected(self) -> Iterator[Engine]:
        try:
            yield self._engine
        except (NoResultFound, MultipleResultsFound) as error:
            raise Altered(
                "The database does not have the one head that a ledger has.",
                "Somebody changed its tables. Restore them from a backup.",
            ) from error
        except (SQLAlchemyError, psycopg.Error) as error:
            cause = getattr(error, "orig", None) or error
            said = str(cause).partition("\n")[0]
            raise StoreUnavailable(
                f"PostgreSQL cannot be used: {said or type(cause).__name__}.",
                "Check that it runs, that URL and password are right (QUAESTOR_STORE, PGPASSFILE) "
                "and that you may write there, then try again.",
            ) from error


class PostgresTransaction(SqlTransaction):
    """One open connection, reading."""

    def require_form(self) -> None:
        """Altered if a table is a view or computes, or has rules, triggers or hidden rows."""
        tables = [*METADATA.sorted_tables, *(row.__table__ for row in TABLES)]  # type: ignore[attr-defined]
        if odd := odd_in_postgres(self._connection, tables):
            raise Altered(
                f"Tables of the database are not as the program made them: {', '.join(odd)}.",
                "Somebody changed them. Restore them from a backup.",
            )


def _raw(connection: Connection) -> psycopg.Connection[Any]:
    return connection.connection.driver_connection  # type: ignore[return-value]


def _writing(connection: Connection) -> PipelineHand:
    return PipelineHand(_raw(connection), connection.info.setdefault("prepared", {}))
