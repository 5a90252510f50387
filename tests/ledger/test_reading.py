"""Reading at speed: never more lenient than `decode`, and hashing once is hashing rightly."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import verify
from ledger.entry import Malformed, NewerFormat, canonical, decode
from ledger.merkle import leaf_hash, root
from ledger.reading import check, plainly_sound, read_sound
from ledger.store.base import EntryColumns
from ledger.tiles import Tree, grow, root_at

VECTORS = Path(__file__).parents[1] / "vectors"
LINES = (VECTORS / "ledger.jsonl").read_bytes().splitlines()

BASE64 = re.compile("[A-Za-z0-9+/=]{88}")

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\x7f", "\u2028", "1.0", "e\u0301"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b_1", "A", "a-b", "", "z9"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FORMS: dict[str, list[Any]] = {
    "v": [1, 0, 2, True, 1.0, "1", 2**53],
    "seq": [0, 7, 2**53 - 1, 2**53, -1, True, 1.5, "7"],
    "time": ["2026-02-30T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z", "2026-01-01", 7],
    "actor": ["ada", "a" * 63, "a" * 64, "Ada", "ada lovelace", "ada\n", "", None],
    "kind": ["model.versioned", "model", "a.b c", "Model.x", "é.x"],
    "subject": ["model/x", "model/x y", "model/" + "x" * 128, "model/" + "x" * 129, "model/"],
    "prev": ["0" * 64, "0" * 63, "G" * 64, "A" * 64, "", None],
    "part": [[0, 1], [0, 2], [1, 2], [2, 2], [-1, 1], [0, 2**53], [0, 2**60], [0], [0, 1.0], "01"],
    "sig": ["A" * 88, "A" * 86 + "==", "A" * 87, "", "\n" + "A" * 87, 'A"' * 44, "é" * 88, None, 7],
    "extra": [1],
}


def agrees(data: bytes) -> bool:
    """Whether bytes that are called sound are an entry, and the very same one."""
    if not plainly_sound(data):
        return False
    assert decode(data) == read_sound(data)
    return True


def test_every_sound_entry_of_a_ledger_is_read_at_speed() -> None:
    """If it fails, entries go the slow way: verification is right, but no faster than before."""
    assert all(map(agrees, LINES))


def test_what_is_no_entry_is_never_called_sound() -> None:
    """If it fails, the fast way accepts bytes that the format's golden vectors forbid."""
    cases = json.loads((VECTORS / "malformed.json").read_bytes())["entries"]
    assert len(cases) > 20
    for case in cases:
        data = base64.b64decode(case["base64"])
        assert not plainly_sound(data), case


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_fields_of_any_form_are_judged_alike(data: st.DataObject) -> None:
    """If it fails, some value of some field is sound for one way of reading and not the other."""
    fields = json.loads(data.draw(st.sampled_from(LINES)))
    for name in data.draw(st.lists(st.sampled_from(sorted(FORMS)), max_size=2)):
        fields[name] = data.draw(st.sampled_from(FORMS[name]))
    if data.draw(st.booleans()):
        fields["body"] = data.draw(values)
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=1)):
        del fields[name]
    try:
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        encoded = text.encode()
    except (UnicodeEncodeError, TypeError):
        return
    judge_alike(encoded)


@given(st.sampled_from(LINES), st.data())
@settings(max_examples=1500, deadline=None)
def test_changed_bytes_are_judged_alike(line: bytes, data: st.DataObject) -> None:
    """If it fails, a byte that was changed, lost or put in goes unnoticed by the fast way."""
    at = data.draw(st.integers(0, len(line) - 1))
    new = data.draw(
        st.binary(max_size=2)
        | st.sampled_from(
            [b" ", b"\\u0061", b"\\/", b'"', b",", b"-0", b"1e0", b"\xff", b"[", b"{}"]
        )
    )
    changed = line[:at] + new + line[at + data.draw(st.integers(0, 2)) :]
    judge_alike(changed)


@pytest.mark.parametrize("prev", FORMS["prev"])
def test_what_an_entry_follows_is_a_hash(prev: Any) -> None:
    """If it fails, taking an entry for one that follows lets through a `prev` that is no hash."""
    fields = json.loads(LINES[1]) | {"prev": prev}
    line = canonical(fields)
    expected = judge_alike(line)
    assert expected == (prev == "0" * 64)
    assert list(check([line, LINES[0], line]).sound) == [expected, 1, expected]


def judge_alike(data: bytes) -> bool:
    """Hold both ways against each other; only a strange signature may need the slow one."""
    fast = agrees(data)
    try:
        entry = decode(data)
    except (Malformed, NewerFormat):
        assert not fast
        return False
    assert fast or not (entry.sig is None or BASE64.fullmatch(entry.sig))
    return True


@pytest.mark.parametrize("levels", [31, 32, 33, 100_000])
def test_nesting_is_bounded_alike(levels: int) -> None:
    """If it fails, an entry nested too deep is accepted, or ends the program."""
    fields = json.loads(LINES[0])
    fields["body"] = {}
    head, _, tail = canonical(fields).partition(b"{}")
    data = head + b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1) + tail
    assert judge_alike(data) == (levels <= 32)


def test_a_batch_is_hashed_as_entries_are() -> None:
    """If it fails, leaves or tile roots are not those of RFC 6962, or a bad entry hides a good."""
    batch = [*LINES, b"no entry", *(b"%d" % number for number in range(700))]
    checked = check(batch)
    assert checked.leaves == b"".join(map(leaf_hash, batch))
    assert list(checked.sound) == [1] * len(LINES) + [0] * 701
    full = len(batch) // 256
    assert len(checked.roots) == 32 * full
    leaves = [leaf_hash(data) for data in batch]
    for index in range(full):
        assert checked.roots[32 * index :][:32] == root(leaves[256 * index :][:256])


class Kept:
    """A source whose store has entries at these places: some may lack, or be there twice."""

    def __init__(self, places: list[int]) -> None:
        self.places = sorted(places)

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Give entries of which each column says where they are."""
        found = [place for place in self.places if start <= place < stop]
        texts = list(map(str, found))
        return EntryColumns(found, texts, texts, texts, texts, [b"%d" % place for place in found])


@given(st.lists(st.integers(0, 99), max_size=120), st.integers(0, 99), st.integers(0, 99))
@settings(deadline=None)
def test_batches_are_those_of_a_store_that_is_read_as_often(
    places: list[int], start: int, size: int
) -> None:
    """If it fails, reading far ahead puts entries beside others, or hides that some are missing."""
    source = Kept(places)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verify, "BATCH", 5)
        patch.setattr(verify, "_READ", 20)
        found = list(verify.batches(source, start, size))
    ends = [start, *(end for end in range(5, size, 5) if end > start), size]
    expected = [source.entry_columns(low, high) for low, high in pairwise(ends)]
    assert found == (expected if start < size else [])


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6), st.integers(0, 5), st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_tree_grows_alike_in_any_batches(sizes: list[int], split: int, given_roots: bool) -> None:
    """If it fails, tiles, roots or a tree gone on with depend on how entries were read."""
    leaves = [sha256(b"%d" % number).digest() for number in range(sum(sizes))]
    should = {(t.level, t.index): t.hashes for t in grow(lambda _l, _i: b"", 0, leaves)}
    tree, done = Tree(), 0
    for number, size in enumerate(sizes):
        if number == split:  # go on with another, from what this one keeps
            kept = {(tile.level, tile.index): tile.hashes for tile in tree.tiles()}
            tree = Tree(done, lambda level, index, kept=kept: kept.get((level, index), b""))
        batch = b"".join(leaves[done : done + size])
        roots = check_roots(leaves[done : done + size]) if given_roots else None
        tree.extend(batch, roots)
        done += size
        assert tree.root() == root(leaves[:done])
    found = {(tile.level, tile.index): tile.hashes for tile in tree.tiles() if tile.hashes}
    assert found.items() <= should.items()
    assert root_at(tree.tile, done) == root(leaves)
    if split >= len(sizes):
        assert found == should


def check_roots(leaves: list[bytes]) -> bytes:
    """The roots of the full tiles from the first leaf on."""
    ends = pairwise(range(0, len(leaves) + 1, 256))
    return b"".join(root(leaves[start:stop]) for start, stop in ends)
