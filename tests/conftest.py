"""Shared by all rooms: a small organisation on disk, built once and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.people import World, build, copy
from tests.workers import Workers


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Build the organisation. Not to be written to: `world` is a copy of it."""
    return build(tmp_path_factory.mktemp("template"))


@pytest.fixture
def world(template: World, tmp_path: Path) -> World:
    """Give a copy of the organisation that may be used and damaged."""
    return copy(template, tmp_path / "world")


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Start the process from which tests fork others to work, and to die."""
    with Workers() as started:
        yield started
