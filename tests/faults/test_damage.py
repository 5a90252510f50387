"""Whatever happens to the database file or its log, the journal brings back the same record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ledger import rebuilding
from ledger.verification import verify
from tests.ledger.test_crash import sound, versions
from tests.people import World, copy, seqs_of
from tests.workers import Workers

FLIPS = 64


def log_of(world: World) -> Path:
    """The database's write-ahead log."""
    return world.home.database.with_name("ledger.duckdb.wal")


@pytest.fixture(scope="module")
def torn(template: World, workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world whose last writer died with its commit in the write-ahead log alone.

    Not to be written to.
    """
    world = copy(template, tmp_path_factory.mktemp("torn"))
    world.person("emil").note("before")
    workers.wait(workers.start("die_at", world, "emil", "close"))
    assert log_of(world).stat().st_size
    return world


def without_log(world: World, random: Random) -> None:
    """Lose the log."""
    del random
    log_of(world).unlink()


def with_a_short_log(world: World, random: Random) -> None:
    """Cut the log anywhere."""
    data = log_of(world).read_bytes()
    log_of(world).write_bytes(data[: random.randrange(len(data))])


def with_a_bent_log(world: World, random: Random) -> None:
    """Flip bits of the log."""
    data = bytearray(log_of(world).read_bytes())
    for _ in range(FLIPS):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    log_of(world).write_bytes(data)


def without_database(world: World, random: Random) -> None:
    """Lose the database, and keep a log that belongs to none."""
    del random
    world.home.database.unlink()


def with_a_folder_for_a_database(world: World, random: Random) -> None:
    """Find a folder where the database was."""
    del random
    world.home.database.unlink()
    world.home.database.mkdir()


def with_half_a_database(world: World, random: Random) -> None:
    """Cut the database anywhere."""
    data = world.home.database.read_bytes()
    world.home.database.write_bytes(data[: random.randrange(len(data))])


def with_a_bent_database(world: World, random: Random) -> None:
    """Overwrite a stretch of the database with zeros."""
    data = bytearray(world.home.database.read_bytes())
    at = random.randrange(len(data) - 4096)
    data[at : at + 4096] = bytes(4096)
    world.home.database.write_bytes(data)


DAMAGES = [
    without_log,
    with_a_short_log,
    with_a_bent_log,
    without_database,
    with_a_folder_for_a_database,
    with_half_a_database,
    with_a_bent_database,
]


def problems_after(torn: World, folder: Path, damage: Callable[..., None], seed: int) -> list[str]:
    """Damage a copy, recover it, and list what is not as it was."""
    world = copy(torn, folder)
    whole = copy(torn, folder.with_name(f"{folder.name}-whole"))
    expected = verify(whole.person("ann").book)
    damage(world, Random(seed))  # noqa: S311 - where to damage is no secret
    rebuilding.recover(world.stranger())
    found = [problem.message for problem in sound(world)]
    root = verify(world.person("ann").book).root
    if root != expected.root:
        found.append("the root is another")
    if versions(world.stranger()) != versions(whole.stranger()):
        found.append("the registers are others")
    world.person("emil").note("afterwards")
    if seqs_of(world.stranger()) != list(range(expected.size + 1)):
        found.append("the sequence is not dense")
    return [f"{damage.__name__} {seed}: {each}" for each in found]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_recovered(
    torn: World, tmp_path: Path, damage: Callable[..., None]
) -> None:
    """If it fails, damage to the database or its log loses entries, or changes the root."""
    assert problems_after(torn, tmp_path / "world", damage, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_store_damaged_anywhere_is_recovered(
    torn: World, tmp_path: Path, damage: Callable[..., None]
) -> None:
    """If it fails, there is a place where damage to the database or its log does harm."""
    found = [problems_after(torn, tmp_path / str(seed), damage, seed) for seed in range(40)]
    assert [each for some in found for each in some] == []
