from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.entry import GENESIS_PREV, Draft, decode, entry_hash
from ledger.errors import Altered
from ledger.merkle import root
from ledger.parts import check_signature, read_parts, signing_key, whole_part
from ledger.registers.actors import KeyRow
from ledger.store.base import Head
from tests.vectors.record import Record, public_key, signer
from tests.vectors.story import ADA, founding, registration, tell

STORY = tell()
LINES = [line + b"\n" for line in STORY.lines]


def head(size: int) -> Head:
    """Give the head after the first `size` entries."""
    hashes = [entry_hash(line) for line in STORY.lines[:size]]
    last = hashes[-1].hex() if size else GENESIS_PREV
    return Head(size, root(hashes), last, sum(map(len, LINES[:size])))


def test_a_journal_is_read_part_by_part() -> None:
    """If it failed, recovery would post half of what was appended together."""
    parts = list(read_parts(LINES, head(0)))
    assert [len(part.entries) for part in parts] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 2, 2]
    assert all(part.complete for part in parts)
    assert sum(part.length for part in parts) == sum(map(len, LINES))
    assert [data for part in parts for _, data in part.entries] == STORY.lines
    rest = list(read_parts(LINES[6:], head(6)))
    assert [part.first_seq for part in rest] == [6, 7, 8, 9, 10, 12, 13, 15]


def test_a_journal_cut_anywhere_ends_in_an_incomplete_part() -> None:
    """If it failed, a crash in the middle of a write would lose or invent entries."""
    data = b"".join(LINES)
    ends = [0]
    for part in read_parts(LINES, head(0)):
        ends.append(ends[-1] + part.length)
    for cut in range(0, len(data), 7):
        lines = data[:cut].splitlines(keepends=True)
        parts = list(read_parts(lines, head(0)))
        whole = [part for part in parts if part.complete]
        assert sum(part.length for part in whole) == max(end for end in ends if end <= cut)
        assert len(parts) - len(whole) == (cut not in ends)


def test_lines_that_do_not_follow_are_altered() -> None:
    """If it failed, recovery would post a journal that somebody rearranged."""
    for lines in (
        [LINES[1], LINES[0]],
        LINES[1:],
        [LINES[0], LINES[0]],
        [LINES[0], LINES[2]],
        [LINES[0].replace(b'"demo":true', b'"demo":false'), *LINES[1:]],
        [LINES[0].replace(b":", b": ", 1)],
        [b"\n"],
    ):
        with pytest.raises(Altered):
            list(read_parts(lines, head(0)))
    with pytest.raises(Altered):  # the second half of a part
        list(read_parts(LINES[5:], head(5)))


def test_a_part_is_one_actors_at_one_time() -> None:
    """If it failed, one person's signature could cover what another is said to have done."""
    first, last = (decode(line) for line in STORY.lines[15:])
    assert whole_part([first, last])
    assert not whole_part([replace(first, actor="ben"), last])
    assert not whole_part([replace(first, time="2026-01-01T00:00:00.000001Z"), last])
    assert not whole_part([replace(first, part=(0, 3)), last])
    assert not whole_part([last])


def test_the_key_is_the_one_held_for_all_of_the_part() -> None:
    """If it failed, a key could vouch for its own adoption: a ledger could be taken over."""
    record = Record()
    record.append(ADA, founding())
    new = signer("ada", seed="ada's second")
    fields = {"public_key": public_key(new), "report_key": "", "certificate": ""}
    rekeyed = Draft("actor.rekeyed", "actor/ada", fields)
    for by in (new, ADA):
        with pytest.raises(Altered, match="signature"):
            record.append(by, rekeyed, registration())
    with pytest.raises(Altered, match="signature"):
        record.append(new, rekeyed)
    record.append(ADA, registration())
    (entry,) = record.append(ADA, rekeyed)
    assert record.rows.get(KeyRow, public_key(ADA)) == signing_key(record.rows, entry)
    with pytest.raises(Altered, match="signature"):
        record.append(ADA, registration("second"))
    record.append(new, registration("second"))
    assert record.replayed().problems == []


def test_a_signature_of_another_key_is_altered() -> None:
    """If it failed, recovery would post what its actor did not sign."""
    entry = decode(STORY.lines[5])
    check_signature(STORY.rows, entry)
    for sig in (decode(STORY.lines[1]).sig, "AAAA", None):
        with pytest.raises(Altered):
            check_signature(STORY.rows, replace(entry, sig=sig))
    with pytest.raises(Altered):
        check_signature(STORY.rows, replace(entry, actor=ADA.actor))
