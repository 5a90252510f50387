"""Places to run the program in: founded once, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.console.cli.place import SAMPLES, Place, make_place


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a ledger with three people. Not to be written to."""
    return make_place(tmp_path_factory.mktemp("founded"))


@pytest.fixture(scope="session")
def stocked(founded: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give it with the credit scorer and its decisions besides. Not to be written to."""
    place = _copied(founded, tmp_path_factory.mktemp("stocked") / "place")
    card = str(SAMPLES / "cards" / "credit-scorer.yaml")
    registered = place.run(
        "model", "register", "credit-scorer", "--card", card, "--owner", "ada",
        "--status", "production",
    )  # fmt: skip
    imported = place.run(
        "logs", "import", str(SAMPLES / "credit_decisions_sample.csv"), "--model", "credit-scorer",
        "--map", str(SAMPLES / "credit_decisions.map.yaml"),
    )  # fmt: skip
    assert (registered.code, imported.code) == (0, 0), registered.err + imported.err
    return place


@pytest.fixture
def place(founded: Place, tmp_path: Path) -> Place:
    """Give a ledger with three people."""
    return _copied(founded, tmp_path / "place")


@pytest.fixture
def bank(stocked: Place, tmp_path: Path) -> Place:
    """Give a ledger with three people, the credit scorer and 500 of its decisions."""
    return _copied(stocked, tmp_path / "place")


def _copied(place: Place, folder: Path) -> Place:
    return Place(Path(shutil.copytree(place.folder, folder)))
