"""Categories of two sets of rows as cells that both share.

A category of few rows may name a person, and says nothing about drift: those of fewer than 5 rows
on both sides together, and those beyond the 100 most frequent, are one cell, and are never listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from policies.data.distances import Counts

FEWEST = 5
MOST = 100
POOLED = "(other)"


@dataclass(frozen=True)
class SharedCells:
    """Cells in order of name, the pooled one last; `new` and `lost` categories are named ones."""

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
    sides = []
    for counts in (reference, current):
        cells = [counts.get(name, 0) for name in named]
        sides.append([*cells, sum(counts.values()) - sum(cells)])
    names = [*named, POOLED]
    if sides[0][-1] == sides[1][-1] == 0:
        names, sides = named, [cells[:-1] for cells in sides]
    return SharedCells(
        tuple(names),
        np.array(sides[0], np.int64),
        np.array(sides[1], np.int64),
        new=tuple(name for name in named if not reference.get(name)),
        lost=tuple(name for name in named if not current.get(name)),
    )
