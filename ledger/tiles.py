"""Tree hashes kept as tiles: 256 hashes each, level upon level (c2sp.org/tlog-tiles).

Level 0 holds leaf hashes; hash i of level L+1 is the root of the full tile i of level L. A root of
any earlier size is read from one tile a level, so proofs and anchors never read a million rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ledger.merkle import EMPTY_ROOT, HASH_SIZE, fold_right, perfect_root

WIDTH = 256
_BITS = 8

ReadTile = Callable[[int, int], bytes]
"""(level, index) -> the hashes of that tile so far, concatenated; empty if there is none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile's new content."""

    level: int
    index: int
    hashes: bytes


def grow(read: ReadTile, size: int, leaves: Iterable[bytes]) -> list[Tile]:
    """The tiles that change when leaf hashes are appended to a tree of `size` leaves."""
    changed: list[Tile] = []
    level, count, new = 0, size, list(leaves)
    while new:
        index = count // WIDTH
        held = read(level, index)[: (count % WIDTH) * HASH_SIZE]
        hashes = [held[i : i + HASH_SIZE] for i in range(0, len(held), HASH_SIZE)] + new
        full: list[bytes] = []
        for start in range(0, len(hashes), WIDTH):
            chunk = hashes[start : start + WIDTH]
            changed.append(Tile(level, index + start // WIDTH, b"".join(chunk)))
            if len(chunk) == WIDTH:
                full.append(perfect_root(chunk))
        level, count, new = level + 1, index, full
    return changed


def root_at(read: ReadTile, size: int) -> bytes:
    """Root of the tree's first `size` leaves (RFC 6962, 2.1), from one tile a level.

    `size` must not be beyond the tree that the tiles hold.
    """
    if size == 0:
        return EMPTY_ROOT
    peaks: list[bytes] = []
    level, count = 0, size
    while count:
        peaks = _peaks(read(level, count // WIDTH), count % WIDTH) + peaks
        level, count = level + 1, count // WIDTH
    return fold_right(peaks)


def _peaks(hashes: bytes, width: int) -> list[bytes]:
    """Roots of the perfect subtrees over the first `width` hashes, largest first."""
    found = []
    start = 0
    for bit in reversed(range(_BITS)):
        length = 1 << bit
        if width & length:
            chunk = hashes[start * HASH_SIZE : (start + length) * HASH_SIZE]
            found.append(
                perfect_root([chunk[i : i + HASH_SIZE] for i in range(0, len(chunk), HASH_SIZE)])
            )
            start += length
    return found


def overlaid(read: ReadTile, tiles: Iterable[Tile]) -> ReadTile:
    """Read tiles as they will be once `tiles` are written."""
    new = {(tile.level, tile.index): tile.hashes for tile in tiles}
    return lambda level, index: new[level, index] if (level, index) in new else read(level, index)
