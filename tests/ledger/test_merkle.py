from __future__ import annotations

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash, root, verify_inclusion
from ledger.proofs import inclusion_path
from ledger.tiles import WIDTH, overlaid, root_at
from tests.vectors.record import Tiles

MOST = WIDTH * WIDTH + 2 * WIDTH + 3
LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(MOST)]
SIZES = [
    *range(1, 20),
    *range(WIDTH - 2, WIDTH + 3),
    *range(2 * WIDTH - 1, 2 * WIDTH + 2),
    *range(WIDTH * WIDTH - 2, WIDTH * WIDTH + 3),
    WIDTH * WIDTH + WIDTH - 1,
    WIDTH * WIDTH + WIDTH,
    MOST,
]


@cache
def naive(low: int, high: int) -> bytes:
    """Give the root over LEAVES[low:high] by RFC 6962's own definition."""
    if low == high:
        return sha256(b"").digest()
    if high - low == 1:
        return LEAVES[low]
    split = 1
    while split * 2 < high - low:
        split *= 2
    return sha256(b"\1" + naive(low, low + split) + naive(low + split, high)).digest()


def naive_path(index: int, low: int, high: int) -> list[bytes]:
    """Give the audit path by RFC 6962's own definition."""
    if high - low == 1:
        return []
    split = 1
    while split * 2 < high - low:
        split *= 2
    if index < split:
        return [*naive_path(index, low, low + split), naive(low + split, high)]
    return [*naive_path(index - split, low + split, high), naive(low, low + split)]


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    """Give the tiles over all leaves, grown in batches of many sizes."""
    grown, step = Tiles(), 1
    while grown.size < MOST:
        grown.extend(LEAVES[grown.size : grown.size + step])
        step = step * 3 % 7_919 + 1
    return grown


def test_roots_are_those_of_the_definition() -> None:
    """If it failed, no other implementation would find our roots."""
    assert root([]) == EMPTY_ROOT == sha256(b"").digest()
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES[: 2 * WIDTH + 2], start=1):
        frontier.add(leaf)
        assert frontier.root() == naive(0, size)
    assert root(LEAVES) == naive(0, MOST)


def test_tiles_hold_the_hashes_that_c2sp_says(tiles: Tiles) -> None:
    """If it failed, tiles could not be read by other tlog-tiles software."""
    assert tiles.size == MOST
    for (level, index), hashes in tiles:
        below = WIDTH**level
        first = index * WIDTH
        count = min(WIDTH, MOST // below - first)
        expected = [naive((first + i) * below, (first + i + 1) * below) for i in range(count)]
        assert hashes == b"".join(expected), (level, index)


@pytest.mark.parametrize("size", SIZES)
def test_roots_of_earlier_sizes_come_from_tiles(tiles: Tiles, size: int) -> None:
    """If it failed, an anchor of an earlier size would be called altered, or pass when it is."""
    assert root_at(tiles.read, size) == naive(0, size)


@pytest.mark.parametrize("size", SIZES)
def test_paths_are_those_of_the_definition(tiles: Tiles, size: int) -> None:
    """If it failed, an entry's proof would not convince another implementation."""
    for index in {0, size // 3, size // 2, max(0, size - 2), size - 1}:
        path = inclusion_path(tiles.read, index, size)
        assert path == naive_path(index, 0, size)
        assert verify_inclusion(LEAVES[index], index, size, path, naive(0, size))


@given(st.data())
def test_a_false_proof_never_verifies(data: st.DataObject) -> None:
    """If it failed, a proof could be bent to vouch for what is not in the tree."""
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    path, leaf, top = naive_path(index, 0, size), LEAVES[index], naive(0, size)
    assert verify_inclusion(leaf, index, size, path, top)
    other = data.draw(st.integers(-1, size + 2).filter(lambda i: i != index))
    assert not verify_inclusion(leaf, other, size, path, top)
    assert not verify_inclusion(LEAVES[size], index, size, path, top)
    assert not verify_inclusion(leaf, index, size, [*path, top], top)
    assert not verify_inclusion(leaf, index, size, path, LEAVES[0]) or size == 1
    for place in range(len(path)):
        assert not verify_inclusion(leaf, index, size, path[:place] + path[place + 1 :], top)
        bent = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
        assert not verify_inclusion(leaf, index, size, bent, top)


def test_paths_beyond_the_tree_are_refused(tiles: Tiles) -> None:
    """If it failed, a path would be made for an entry that does not exist."""
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(InvalidInput):
            inclusion_path(tiles.read, index, size)


def test_overlaid_tiles_are_read_before_those_kept(tiles: Tiles) -> None:
    """If it failed, the root of an append would be computed from the tiles before it."""
    grown = Tiles()
    grown.extend(LEAVES[:300])
    before = dict(grown)
    changed = grown.extend(LEAVES[300:600])
    read = overlaid(lambda level, index: before.get((level, index), b""), changed)
    assert root_at(read, 600) == naive(0, 600)
    assert tiles.read(9, 9) == b""
