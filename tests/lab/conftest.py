"""The lab of the suite: built once, never written to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.scene import Lab, opened_lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Give the rich ledger that attacks are tried on copies of."""
    with opened_lab() as opened:
        yield opened
