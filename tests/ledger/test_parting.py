"""At which entry another history is another one."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.parting import Parting, Trace, parting, trace_of
from ledger.tiles import WIDTH, Tree

SIZES = st.lists(st.integers(1, 1_500), min_size=1, max_size=4, unique=True).map(sorted)


def grown(size: int, other_at: int = -1) -> Tree:
    """A tree of so many leaves, one of which may be another."""
    leaves = [sha256(b"%d %d" % (at, at == other_at)).digest() for at in range(size)]
    tree = Tree()
    tree.extend(b"".join(leaves))
    return tree


@given(sizes=SIZES)
def test_a_trace_that_goes_on_is_the_whole_trees(sizes: list[int]) -> None:
    """If it fails, whoever verifies with --since-last is told a wrong place, or none."""
    whole = grown(sizes[-1])
    trace = trace_of(grown(sizes[0]), Trace())
    for before, size in pairwise(sizes):
        tree = Tree(before, grown(before).tile)
        tree.extend(grown(size).run(0)[1][before * 32 :])
        trace = trace_of(tree, trace)
    assert trace == trace_of(whole, Trace())


@given(size=st.integers(1, 1_500), more=st.integers(0, 400), data=st.data())
def test_the_first_other_entry_is_found(size: int, more: int, data: st.DataObject) -> None:
    """If it fails, an alteration is looked for where it is not."""
    at = data.draw(st.integers(0, size - 1))
    trace = trace_of(grown(size), Trace())
    found = parting(trace, grown(size + more, at))
    assert found is not None
    assert found.first <= at <= found.last
    recent = at >= max(0, size // WIDTH - 1) * WIDTH
    assert found.last - found.first == (0 if recent else WIDTH - 1)
    assert parting(trace, grown(size + more)) is None
    assert str(Parting(at, at)).endswith(f"entry {at}.")
    assert "one of" in str(Parting(at, at + 1))


@given(size=st.integers(1, 1_000), kept=st.integers(0, 1_000))
def test_a_shorter_history_is_not_another_one(size: int, kept: int) -> None:
    """If it fails, entries that are gone are reported as changed."""
    assert parting(trace_of(grown(size), Trace()), grown(min(kept, size))) is None
