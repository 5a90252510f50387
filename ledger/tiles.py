"""Tree hashes kept as tiles: 256 hashes each, level upon level (c2sp.org/tlog-tiles).

Level 0 holds leaf hashes; hash i of level L+1 is the root of the full tile i of level L. A root of
any earlier size is read from one tile a level, so proofs and anchors never read a million rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from ledger.merkle import EMPTY_ROOT, HASH_SIZE, fold_right, perfect_root

WIDTH = 256
LEVELS = 7
"""Levels that a tree can have: more leaves than a seq can count."""
_BITS = 8
_FULL = WIDTH * HASH_SIZE

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
            found.append(_peak(hashes[start * HASH_SIZE : (start + length) * HASH_SIZE]))
            start += length
    return found


@lru_cache(maxsize=64)  # an append asks for two roots, and all but the last few peaks stay
def _peak(hashes: bytes) -> bytes:
    """Root of the perfect subtree over these hashes, concatenated."""
    return perfect_root([hashes[i : i + HASH_SIZE] for i in range(0, len(hashes), HASH_SIZE)])


def overlaid(read: ReadTile, tiles: Iterable[Tile]) -> ReadTile:
    """Read tiles as they will be once `tiles` are written."""
    new = {(tile.level, tile.index): tile.hashes for tile in tiles}
    return lambda level, index: new[level, index] if (level, index) in new else read(level, index)


def full_tile_roots(hashes: bytes) -> bytes:
    """Roots of the full tiles that hashes (concatenated) fill from the first on, concatenated."""
    level = hashes[: len(hashes) // _FULL * _FULL]
    for _ in range(_BITS):
        level = b"".join(
            [
                sha256(b"\x01" + level[i : i + 2 * HASH_SIZE]).digest()
                for i in range(0, len(level), 2 * HASH_SIZE)
            ]
        )
    return level


class Tree:
    """A tree that grows by whole batches of leaf hashes, each level one run of bytes.

    One that goes on from an earlier size takes its right edge from `read`, and holds the tiles from
    there on only. Whether `read` tells the truth shows in `root_at(read, size)`.
    """

    def __init__(self, size: int = 0, read: ReadTile = lambda _level, _index: b"") -> None:
        self.size = size
        self._levels: list[bytearray] = []
        self._first: list[int] = []
        """The index of the first tile that is held, on each level."""
        while size:
            index, width = divmod(size, WIDTH)
            self._levels.append(bytearray(read(len(self._levels), index)[: width * HASH_SIZE]))
            self._first.append(index)
            size = index

    def extend(self, leaves: bytes, roots: bytes | None = None) -> None:
        """Append leaf hashes, concatenated.

        `roots` are the roots of the full tiles that they make, if somebody has worked them out; it
        does not count where the first leaf does not begin a tile.
        """
        aligned = self.size % WIDTH == 0
        self.size += len(leaves) // HASH_SIZE
        level, new = 0, leaves
        while new:
            if level == len(self._levels):
                self._levels.append(bytearray())
                self._first.append(0)
            held = self._levels[level]
            fresh = len(held) // _FULL * _FULL  # where the first tile that may fill up begins
            held += new
            if level or roots is None or not aligned:
                new = full_tile_roots(bytes(held[fresh:]))
            else:
                new = roots
            level += 1

    def tile(self, level: int, index: int) -> bytes:
        """A tile's hashes so far; empty for one that is not there, or lies before the first."""
        if level >= len(self._levels) or index < self._first[level]:
            return b""
        start = (index - self._first[level]) * _FULL
        return bytes(self._levels[level][start : start + _FULL])

    def run(self, level: int) -> tuple[int, bytes]:
        """The hashes of a level that are held, concatenated, and how many come before them."""
        if level >= len(self._levels):
            return 0, b""
        return self._first[level] * WIDTH, bytes(self._levels[level])

    def tiles(self) -> Iterator[Tile]:
        """Every tile that is held, level by level."""
        for level, held in enumerate(self._levels):
            for start in range(0, len(held), _FULL):
                index = self._first[level] + start // _FULL
                yield Tile(level, index, bytes(held[start : start + _FULL]))

    def root(self) -> bytes:
        """The root over all leaves (RFC 6962, 2.1)."""
        return root_at(self.tile, self.size)
