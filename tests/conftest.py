"""Shared by all rooms: a small organisation on disk, built once and copied for each test."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ledger.switching import kill
from ledger.verification import verify
from tests.people import MODEL, World, build, copy, version_draft
from tests.workers import Workers

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # how long an example takes says how busy the machine is

PASSES = (100_000, 20, 100)
"""When the collector of garbage passes: a fifth of the suite's time went into it otherwise."""
FIRST = ("tests/test_readme.py", "tests/lab/", "tests/test_verify_record.py")
"""Take as long as hundreds of others: begun last, they would leave one process waiting."""
TOGETHER = ("tests/console/demo/", "tests/lab/")
"""Folders whose tests share something that takes long to make."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that share what is made once run in one process, where there are several."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = next((folder for folder in TOGETHER if file.startswith(folder)), file)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_finish() -> None:
    """Let the collector pass seldom, and not over what stays: modules and tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PASSES)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Build the organisation. Not to be written to: `world` is a copy of it."""
    return build(tmp_path_factory.mktemp("template"))


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    """Give a copy of the organisation that may be used and damaged."""
    return copy(template, tmp_path / "world")


@pytest.fixture(scope="session")
def worked(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world in which people have worked, and whose auditor has seen all of it.

    Not to be written to.
    """
    world = copy(template, tmp_path_factory.mktemp("worked"))
    emil, rosa, cora = (world.person(actor) for actor in ("emil", "rosa", "cora"))
    emil.note("1.1")
    rosa.append(version_draft("1.2"), version_draft("1.3"), version_draft("1.4"))
    kill(cora.book, cora.signer, MODEL, reason="It harms people.")
    emil.note("1.5")
    verify(world.person("ann").book)
    return world


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Start the process from which tests fork others to work, and to die."""
    with Workers() as started:
        yield started
