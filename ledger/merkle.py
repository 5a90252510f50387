"""Merkle trees as RFC 6962 section 2.1 defines them, over 32-byte leaf hashes.

Rules kept here:
- a leaf is `SHA-256(0x00 || data)`, an inner node `SHA-256(0x01 || left || right)`;
- the tree over n leaves splits at the largest power of two smaller than n;
- the empty tree's root is SHA-256 of nothing;
- nothing here reads a file, a clock or a database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import islice

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
_BLOCK = 1024  # leaves that are rooted together when many are added


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf's data (RFC 6962, 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children into their parent (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Root of a perfect subtree: `hashes` must be a power of two in number."""
    level = list(hashes)
    while len(level) > 1:
        level = [
            sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)
        ]
    return level[0]


class Frontier:
    """The right edge of a growing tree: one root per perfect subtree, largest first.

    Memory is O(log n), so a tree over any number of rows can be rooted while they stream by.
    """

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        self._push(0, leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append many leaf hashes, in order."""
        coming = iter(leaves)
        while some := list(islice(coming, _BLOCK - self.size % _BLOCK)):
            if len(some) == _BLOCK:
                self._push(_BLOCK.bit_length() - 1, perfect_root(some))
                self.size += _BLOCK
            else:
                for leaf in some:
                    self.add(leaf)

    def _push(self, height: int, value: bytes) -> None:
        peaks = self._peaks
        while peaks and peaks[-1][0] == height:
            value = node_hash(peaks.pop()[1], value)
            height += 1
        peaks.append((height, value))

    def root(self) -> bytes:
        """Root hash of the tree over everything added so far."""
        return fold_right([value for _, value in self._peaks])


def fold_right(roots: Sequence[bytes]) -> bytes:
    """Combine perfect subtree roots, largest first, into one root (RFC 6962, 2.1)."""
    if not roots:
        return EMPTY_ROOT
    result = roots[-1]
    for value in reversed(roots[:-1]):
        result = node_hash(value, result)
    return result


def root(leaves: Iterable[bytes]) -> bytes:
    """Root hash of the tree over `leaves` (leaf hashes, in order)."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected_root: bytes
) -> bool:
    """Check an inclusion proof (RFC 9162, 2.1.3.2): leaf hash, 0-based index, tree size, path."""
    if not 0 <= index < size:
        return False
    fn, sn, result = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and result == expected_root


def verify_consistency(
    old_size: int, new_size: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Check a consistency proof (RFC 9162, 2.1.4.2): the old tree is a prefix of the new one."""
    if old_size == new_size:
        return not path and old_root == new_root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if not 0 < old_size < new_size or not path:
        return False
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == old_root and new == new_root
