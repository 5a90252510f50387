"""Categories of two sets of rows as cells that both share.

A category of few rows may name a person, and says nothing about drift alone: those of fewer than 5
rows on both sides together, and those beyond the 100 most frequent, are pooled and never listed.
Pooled rows are told apart by one thing, lest thousands of rare categories hide that they are other
ones than before: whether their category is new. On the current side it is so if the reference does
not have it; of the reference a row is, if no other row there has its category: as many as chance
lets one expect among the next rows (Good, The Population Frequencies of Species, 1953).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from policies.data.distances import Counts

FEWEST = 5
MOST = 100
POOLED, UNSEEN = "(other)", "(other, new)"


@dataclass(frozen=True)
class SharedCells:
    """Cells in order of name, pooled ones last; `new` and `lost` categories are named ones."""

    names: tuple[str, ...]
    reference: Counts
    current: Counts
    new: tuple[str, ...]
    lost: tuple[str, ...]


def shared_cells(reference: Mapping[str, int], current: Mapping[str, int]) -> SharedCells:
    """Lay the categories of both sides out as cells."""
    total = {name: reference.get(name, 0) + current.get(name, 0) for name in {*reference, *current}}
    frequent = [name for name, rows in total.items() if rows >= FEWEST]
    named = sorted(sorted(frequent, key=lambda name: (-total[name], name))[:MOST])
    pooled = total.keys() - set(named)
    cells = {name: (reference.get(name, 0), current.get(name, 0)) for name in named}
    unseen = (
        sum(reference.get(name) == 1 for name in pooled),
        sum(current[name] for name in pooled if not reference.get(name)),
    )
    rest = [sum(side.get(name, 0) for name in pooled) for side in (reference, current)]
    for name, rows in ((POOLED, (rest[0] - unseen[0], rest[1] - unseen[1])), (UNSEEN, unseen)):
        cells |= {name: rows} if any(rows) else {}
    return SharedCells(
        tuple(cells),
        np.array([rows for rows, _ in cells.values()], np.int64),
        np.array([rows for _, rows in cells.values()], np.int64),
        new=tuple(name for name in named if not reference.get(name)),
        lost=tuple(name for name in named if not current.get(name)),
    )
