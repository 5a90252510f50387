"""One engine for all tests that screen records, since opening one is slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from ledger.logs.batches import texts
from ledger.logs.engine import analysis, offer
from ledger.logs.screens import Hit, hits

Screen = Callable[[Sequence[str]], dict[int, Hit]]


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    """What the screen finds in some records, by row."""
    with analysis() as engine:

        def screened(records: Sequence[str]) -> dict[int, Hit]:
            offer(engine, texts([record.encode() for record in records]))
            return {hit.row: hit for hit in hits(engine)}

        yield screened
