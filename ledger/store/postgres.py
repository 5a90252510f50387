"""A ledger in PostgreSQL: many machines, appends serialized by the database.

The transaction is the commit point; there is no journal. A writer holds one advisory lock for its
transaction; readers see one snapshot and wait for nobody. Every change is announced by NOTIFY.
A connection that is lost at commit leaves the part applied once or not at all: `Book` asks which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from ledger.kinds import TABLES
from ledger.store.base import Head, Snapshot, Transaction
from ledger.store.sql import SqlTransaction, head_values
from ledger.store.tables import ENTRY, HEAD, METADATA, TILE

CHANNEL = "quaestor"
_LOCK = 0x51_55_41_45_53_54_4F_52 >> 1  # "QUAESTOR", within a signed 64-bit integer


class PostgresStore:
    """One ledger's tables in one database."""

    def __init__(self, url: str, *, patience: float = 30.0) -> None:
        self.url = url
        self.patience = patience

    def exists(self) -> bool:
        """Whether the tables were made."""
        with self._connected() as engine, engine.connect() as connection:
            return connection.execute(select(func.to_regclass("entry"))).scalar() is not None

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
            yield SqlTransaction(connection)

    @contextmanager
    def still(self) -> Iterator[Snapshot]:
        """Open for reading while nobody writes on any machine."""
        with self._connected() as engine, engine.begin() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            self._take(connection, func.pg_advisory_xact_lock_shared)
            yield SqlTransaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open for writing, alone among all machines; committed at the end."""
        with self._connected() as engine, engine.begin() as connection:
            self._take(connection, func.pg_advisory_xact_lock)
            transaction = SqlTransaction(connection)
            before = transaction.head
            yield transaction
            if transaction.head != before:
                size = str(transaction.head.size)
                connection.execute(select(func.pg_notify(CHANNEL, size)))

    def changes(self, *, seconds: float) -> Iterator[int]:
        """Sizes of the ledger as they are announced, for so many seconds."""
        with self._connected() as engine, engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                return
            raw.autocommit = True
            raw.execute(f"LISTEN {CHANNEL}")
            try:
                for notice in raw.notifies(timeout=seconds):
                    yield int(notice.payload)
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
            raise StoreUnavailable(
                f"The ledger has been held for {self.patience:g} s by another writer.",
                "Try again, or look at pg_stat_activity in the database.",
            ) from error

    @cached_property
    def _engine(self) -> Engine:
        wait = {"connect_timeout": max(2, int(self.patience))}
        return create_engine(self.url, pool_size=2, pool_pre_ping=True, connect_args=wait)

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
            raise StoreUnavailable(
                f"PostgreSQL cannot be used: {str(cause).splitlines()[0]}.",
                "Check that it runs and that QUAESTOR_STORE is right, then try again.",
            ) from error
