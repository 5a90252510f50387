"""Which groups are compared: those of each column, of all crossed, and within each stratum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.fairness.counts import Counts


@dataclass(frozen=True, eq=False)
class Table:
    """The groups of one column, or of all of them crossed, within finer groups.

    `owner[i]` is the position in `groups` of the table's group that holds finer group i, -1 if
    none does. `stratum` says within which values of the control columns (empty: all of them).
    """

    by: str
    groups: tuple[str, ...]
    owner: NDArray[np.intp]
    stratum: str = ""

    def merge(self, cells: NDArray[Any]) -> NDArray[Any]:
        """Sum cells of the finer groups, `(..., finer groups, labels, predictions)`, into ours."""
        owned = (cells[..., self.owner == i, :, :] for i in range(len(self.groups)))
        return np.stack([cells.sum(axis=-3) for cells in owned], axis=-3)


def tables(counts: Counts) -> list[Table]:
    """One table a column and one for their intersection, then the same within each stratum."""
    width = len(counts.by)
    every = np.ones(len(counts.groups), dtype=np.bool_)
    found = list(_within(counts, every, ""))
    for stratum in dict.fromkeys(sorted(group[width:] for group in counts.groups)):
        if counts.control:
            inside = np.array([group[width:] == stratum for group in counts.groups])
            named = zip(counts.control, stratum, strict=True)
            found += _within(counts, inside, ", ".join(f"{name}={value}" for name, value in named))
    return found


def _within(counts: Counts, inside: NDArray[np.bool_], stratum: str) -> Iterator[Table]:
    columns = range(len(counts.by))
    for chosen in [[i] for i in columns] + ([list(columns)] if len(counts.by) > 1 else []):
        yield _table(counts, inside, stratum, chosen)


def _table(
    counts: Counts, inside: NDArray[np.bool_], stratum: str, columns: Sequence[int]
) -> Table:
    keys = [tuple(group[i] for i in columns) for group in counts.groups]
    ordered = sorted({key for key, held in zip(keys, inside, strict=True) if held})
    place = {key: i for i, key in enumerate(ordered)}
    owner = [place[key] if held else -1 for key, held in zip(keys, inside, strict=True)]
    return Table(
        by=",".join(counts.by[i] for i in columns),
        groups=tuple(",".join(key) for key in ordered),
        owner=np.array(owner, dtype=np.intp),
        stratum=stratum,
    )
