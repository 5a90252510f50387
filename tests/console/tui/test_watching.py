"""What a screen learns of what others enter, on this machine and on others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from console.tui.watching import Watch
from ledger.book import Book
from ledger.home import Home
from tests.console.tui.driving import until
from tests.postgres import PostgresWorld, Server


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresWorld]:
    """Give a ledger in PostgreSQL."""
    with Server() as server:
        yield server.build(tmp_path_factory.mktemp("remote"))


def test_a_screen_learns_from_the_database_what_other_machines_enter(
    remote: PostgresWorld, tmp_path: Path
) -> None:
    """If it fails, a screen shows a stopped model as on until its shared folder catches up.

    This machine's folder never shows what the others write. Then its connection is cut, and what
    was entered until it hears again is not missed.
    """
    emil = remote.world.person("emil")
    folder = Path(copytree(remote.world.home.folder, tmp_path / "home"))
    watch = Watch(Book(Home(folder)))

    def has_read(size: int) -> bool:
        return watch.picture is not None and watch.picture.head.size == size

    async def watching() -> None:
        async with watch.run_test() as pilot:
            await until(pilot, lambda: has_read(10), "what was there before")
            await asyncio.to_thread(emil.note, "1.1")
            await until(pilot, lambda: has_read(11), "what another machine entered")
            await asyncio.to_thread(remote.database.cut_connections)
            await asyncio.to_thread(emil.note, "1.2")
            await until(pilot, lambda: has_read(12), "what was entered while nobody listened")
            remote.database.sql("NOTIFY quaestor, 'what is no size'")
            await asyncio.to_thread(emil.note, "1.3")
            await until(pilot, lambda: has_read(13), "what came after a strange notice")

    asyncio.run(watching())
