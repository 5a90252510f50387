"""Where a history parts from the one that a seat has verified: hashes enough to say at which entry.

A seat remembers the root of every full tile (256 entries), and the leaf hashes of the last 256 to
511 entries: 130 KB for a million entries. So what was rewritten lately is located to the entry, and
what was rewritten long ago to 256 of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ledger.merkle import HASH_SIZE
from ledger.tiles import WIDTH, Tree


class Trace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hashes of a tree, concatenated: roots of full tiles, and the leaves of the last of them on.

    `roots` begins with the first tile.
    """

    roots: bytes = b""
    leaves: bytes = b""


@dataclass(frozen=True)
class Parting:
    """The first entry that is another one is among those from `first` to `last`."""

    first: int
    last: int

    def __str__(self) -> str:
        if self.first == self.last:
            return f"The first that was seen otherwise is entry {self.first}."
        return f"The first that was seen otherwise is one of {self.first} to {self.last}."


def trace_of(tree: Tree, before: Trace) -> Trace:
    """What to remember of a tree; one that holds its end alone goes on from the trace `before`."""
    skipped, roots = tree.run(1)
    begins, leaves = tree.run(0)
    start = _first_leaf(tree.size // WIDTH)
    if begins > start:
        held = before.leaves[(start - _first_leaf(len(before.roots) // HASH_SIZE)) * HASH_SIZE :]
        leaves = held[: (begins - start) * HASH_SIZE] + leaves
    else:
        leaves = leaves[(start - begins) * HASH_SIZE :]
    return Trace(before.roots[: skipped * HASH_SIZE] + roots, leaves)


def parting(trace: Trace, tree: Tree) -> Parting | None:
    """Where a whole tree is another one than was traced; None if what is known of both agrees."""
    _, roots = tree.run(1)
    _, leaves = tree.run(0)
    start = _first_leaf(len(trace.roots) // HASH_SIZE)
    tile = _first_difference(trace.roots, roots)
    if tile is not None and tile * WIDTH < start:
        return Parting(tile * WIDTH, tile * WIDTH + WIDTH - 1)
    entry = _first_difference(trace.leaves, leaves[start * HASH_SIZE :])
    return None if entry is None else Parting(start + entry, start + entry)


def _first_leaf(full: int) -> int:
    """The first entry whose leaf hash is remembered, where so many tiles are full."""
    return max(0, full - 1) * WIDTH


def _first_difference(one: bytes, other: bytes) -> int | None:
    """Which of the hashes that both have is the first that differs."""
    for at in range(0, min(len(one), len(other)), HASH_SIZE):
        if one[at : at + HASH_SIZE] != other[at : at + HASH_SIZE]:
            return at // HASH_SIZE
    return None
