"""Check 8: the tree that a store keeps, held against the one that its entries make.

No clock, no files, no database here.
"""

from __future__ import annotations

from collections.abc import Iterable

from ledger.entry import MAX_INTEGER
from ledger.merkle import HASH_SIZE
from ledger.tiles import LEVELS, WIDTH, Tile
from ledger.verify import Problem, Replayed


def check_tree(kept: Iterable[Tile] | None, found: Replayed, size: int, root: bytes) -> None:
    """Check 8: the store's size, root and tiles; `kept` are those that the entries change."""
    if (found.size, found.root) != (size, root):
        found.problems.append(
            Problem("tree", None, "", "The store's size and root are not those of its entries.")
        )
    if kept is None:
        return
    left: dict[tuple[int, int], bytes] = {}
    for tile in kept:
        if left.setdefault((tile.level, tile.index), tile.hashes) is not tile.hashes:
            found.problems.append(_problem_of(tile, 0, "is there twice"))
    for tile in found.tree.tiles():
        is_now = left.pop((tile.level, tile.index), b"")
        if tile.hashes != is_now:
            found.problems.append(_wrong_tile(tile, is_now))
    found.problems += [_wrong_tile(Tile(*place, b""), left[place]) for place in sorted(left)]


def _wrong_tile(tile: Tile, is_now: bytes) -> Problem:
    return _problem_of(tile, _differing(tile.hashes, is_now), "is not as its entries make it")


def _problem_of(tile: Tile, first: int, what: str) -> Problem:
    """What is wrong with a tile from one of its hashes on; at no entry, if none can lie there."""
    level, index = tile.level, tile.index
    real = 0 <= level < LEVELS and 0 <= index <= MAX_INTEGER // WIDTH ** (level + 1)
    seq = (index * WIDTH + first) * WIDTH**level if real else None
    return Problem("tree", seq, f"tile/{level}/{index}", f"Tile {index} of level {level} {what}.")


def _differing(one: bytes, other: bytes) -> int:
    """Which hash is the first that two tiles do not have in common."""
    starts = range(0, max(len(one), len(other)), HASH_SIZE)
    return next(i for i, at in enumerate(starts) if one[at:][:HASH_SIZE] != other[at:][:HASH_SIZE])
