"""The morning at the bank is made once; every test works on a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.home import Home
from ledger.seat import Seat
from tests.console.tui.sample import Sample, Turned, make_sample


@pytest.fixture(scope="session")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The ledger as the morning left it; not to be written to."""
    return make_sample(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def sample(morning: Sample, tmp_path: Path) -> Sample:
    """A copy of the morning, with a clock of its own."""
    root = tmp_path / "bank"
    shutil.copytree(morning.root, root)
    clock = Turned()
    clock.now = morning.clock.now
    book = Book(Home(root / "home"), Seat(root / "seats" / "ada"), clock=clock)
    return Sample(root, book, clock, morning.signers)
