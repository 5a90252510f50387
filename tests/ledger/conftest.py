"""A PostgreSQL server for the tests that need one: started once, a database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresWorld, Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a real server."""
    with Server() as started:
        yield started


@pytest.fixture(scope="session")
def remote_template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> PostgresWorld:
    """Build the organisation in PostgreSQL. Not to be connected to: `remote` is a copy of it."""
    return server.build(tmp_path_factory.mktemp("remote"))


@pytest.fixture
def remote(
    server: Server, remote_template: PostgresWorld, tmp_path: Path
) -> Iterator[PostgresWorld]:
    """Give a copy that may be used and damaged; nobody stays connected to it."""
    made = server.copy(remote_template, tmp_path / "remote")
    yield made
    made.database.cut_connections()
