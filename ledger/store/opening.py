"""Which store a home has: one URL chooses it."""

from __future__ import annotations

from ledger.home import Home
from ledger.store.base import Store
from ledger.store.duck import DuckStore
from ledger.store.locks import Locks


def open_store(home: Home, locks: Locks) -> Store:
    """DuckDB in the home, or the PostgreSQL database that it names. Nothing is connected yet."""
    url = home.store_url
    if not url:
        return DuckStore(home.database, locks)
    from ledger.store.postgres import PostgresStore

    return PostgresStore(url, patience=locks.patience)
