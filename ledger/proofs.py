"""Proofs made from tiles: that an entry is in a tree, and that one tree continues another."""

from __future__ import annotations

from functools import cache

from ledger.errors import InvalidInput
from ledger.merkle import HASH_SIZE, fold_right, node_hash, perfect_root
from ledger.tiles import WIDTH, ReadTile

_BITS = 8


def inclusion_path(read: ReadTile, index: int, size: int) -> list[bytes]:
    """Audit path of leaf `index` in the tree of the first `size` leaves (RFC 6962, 2.1.1).

    Raises InvalidInput unless 0 <= index < size. Reads a few tiles a level, never all leaves.
    """
    if not 0 <= index < size:
        raise InvalidInput(
            f"Entry {index} is not among the first {size}.", "Use a later checkpoint."
        )
    seen = cache(read)  # siblings share tiles: each is read once
    return [_root(seen, low, high) for low, high in siblings(index, size)]


def siblings(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots are the audit path of leaf `index`, from the leaf upwards.

    Together they are every other leaf of the first `size`.
    """
    found = []
    low, high = 0, size
    while high - low > 1:
        split = low + _largest_power_below(high - low)
        if index < split:
            found.append((split, high))
            high = split
        else:
            found.append((low, split))
            low = split
    return found[::-1]


def consistency_path(read: ReadTile, old: int, new: int) -> list[bytes]:
    """Proof that the tree of `new` leaves continues that of `old` (RFC 6962, 2.1.2).

    Raises InvalidInput unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise InvalidInput(
            f"A tree of {new} entries cannot continue one of {old}.", "Swap the checkpoints."
        )
    if old in {0, new}:
        return []
    return _continuation(cache(read), old, 0, new, whole=True)


def _continuation(read: ReadTile, old: int, low: int, high: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2; `whole` while the old tree's root is known to the verifier."""
    if old == high - low:
        return [] if whole else [_root(read, low, high)]
    split = _largest_power_below(high - low)
    if old <= split:
        rest = _root(read, low + split, high)
        return [*_continuation(read, old, low, low + split, whole=whole), rest]
    rest = _root(read, low, low + split)
    return [*_continuation(read, old - split, low + split, high, whole=False), rest]


def _root(read: ReadTile, low: int, high: int) -> bytes:
    """Root of the subtree over low..high, cut into perfect subtrees, largest first."""
    roots = []
    while low < high:
        height = (high - low).bit_length() - 1
        roots.append(_perfect(read, low >> height, height))
        low += 1 << height
    return fold_right(roots)


def _perfect(read: ReadTile, index: int, height: int) -> bytes:
    """Root of the perfect subtree number `index` among those of 2^height leaves."""
    level, above = divmod(height, _BITS)
    first = index << above
    tile = read(level, first // WIDTH)
    if not tile:  # a whole level higher than the tiles reach
        return node_hash(
            _perfect(read, 2 * index, height - 1), _perfect(read, 2 * index + 1, height - 1)
        )
    start = (first % WIDTH) * HASH_SIZE
    chunk = tile[start : start + (HASH_SIZE << above)]
    return perfect_root([chunk[i : i + HASH_SIZE] for i in range(0, len(chunk), HASH_SIZE)])


def _largest_power_below(n: int) -> int:
    return 1 << ((n - 1).bit_length() - 1)
