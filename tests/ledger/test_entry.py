from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import (
    GENESIS_PREV,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    Draft,
    Entry,
    Malformed,
    NewerFormat,
    canonical,
    check_value,
    decode,
    entry_hash,
    make_part,
)
from ledger.errors import InvalidInput
from ledger.parts import signed_well
from ledger.registers.actors import KeyRow
from tests.vectors.record import public_key, signer

ADA = signer("ada")
TIME = "2026-01-01T00:00:00.000000Z"
KEYS = st.text("abcxyz019_", min_size=1, max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | TEXTS | st.integers(-MAX_INTEGER, MAX_INTEGER)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12
)
BODIES = st.dictionaries(KEYS, VALUES, max_size=6)


def one(body: dict[str, Any], kind: str = "model.registered") -> bytes:
    """Give the bytes of a signed entry with this body."""
    drafts = [Draft(kind, "model/credit-scorer", body)]
    made = make_part(drafts, seq=0, prev=GENESIS_PREV, time=TIME, actor="ada", sign=ADA.sign)
    return made[0][1]


def key_of(actor: str) -> KeyRow:
    """Give the key that signs in these tests, as the register has it."""
    return KeyRow(
        seq=0,
        public_key=public_key(signer(actor)),
        actor=actor,
        from_seq=0,
        until_seq=-1,
        untrusted_since=-1,
    )


@given(VALUES)
def test_canonical_bytes_are_rfc_8785(value: Any) -> None:
    """If it failed, others would compute other hashes from the same entry."""
    check_value(value)
    assert canonical(value) == rfc8785.dumps(value)


@given(BODIES)
def test_decoding_gives_back_what_was_encoded(body: dict[str, Any]) -> None:
    """If it failed, an entry would mean something else after it was written."""
    data = one(body)
    entry = decode(data)
    assert entry.body == body
    assert entry.encode() == data
    assert signed_well(entry, key_of("ada"))


@given(st.floats() | st.integers(min_value=MAX_INTEGER + 1) | st.binary())
def test_other_values_cannot_be_entered(value: Any) -> None:
    """If it failed, values whose canonical form differs between languages would be signed."""
    with pytest.raises(InvalidInput):
        one({"x": value})


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_lone_surrogates_cannot_be_entered(text: str) -> None:
    """If it failed, a body would hold what no valid Unicode text holds."""
    with pytest.raises(InvalidInput):
        one({"x": text})


@given(st.data())
def test_a_changed_byte_never_passes_unnoticed(data: st.DataObject) -> None:
    """If it failed, an entry could be altered, and neither form, hash nor signature would tell."""
    sound = one(data.draw(BODIES))
    key, before = key_of("ada"), entry_hash(sound)
    place = data.draw(st.integers(0, len(sound) - 1))
    for byte in {sound[place] ^ (1 << bit) for bit in range(8)} | {data.draw(st.integers(0, 255))}:
        changed = sound[:place] + bytes([byte]) + sound[place + 1 :]
        if changed == sound:
            continue
        assert entry_hash(changed) != before
        try:
            entry = decode(changed)
        except (Malformed, NewerFormat):
            continue
        assert entry.encode() == changed
        assert not signed_well(entry, key)


@given(st.binary(max_size=200) | TEXTS.map(str.encode) | VALUES.map(orjson.dumps))
def test_any_bytes_are_an_entry_or_malformed(data: bytes) -> None:
    """If it failed, hostile bytes would end verification with a traceback instead of a verdict."""
    with pytest.raises((Malformed, NewerFormat)):
        decode(data)


def test_deep_nesting_is_malformed() -> None:
    """If it failed, one deep entry would exhaust the verifier's stack."""
    for depth in (MAX_DEPTH, 300, 1_000, 5_000):
        body = b'{"x":' + b"[" * depth + b"]" * depth + b"}"
        with pytest.raises(Malformed):
            decode(one({}).replace(b'"body":{}', b'"body":' + body))
    deep: Any = 1
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert decode(one({"x": deep})).body == {"x": deep}


def test_the_longest_entry_has_65535_bytes() -> None:
    """If it failed, an entry could be appended that no reader accepts, or the reverse."""
    room = MAX_BYTES - len(one({"x": ""}))
    assert len(one({"x": "a" * room})) == MAX_BYTES
    decode(one({"x": "a" * room}))
    with pytest.raises(InvalidInput, match="65,536"):
        one({"x": "a" * (room + 1)})
    with pytest.raises(Malformed, match="longer"):
        decode(one({"x": "a" * room}).replace(b'"x":"', b'"x":"a'))


def test_only_the_last_of_a_part_is_signed_and_it_covers_the_rest() -> None:
    """If it failed, entries appended together could be taken apart."""
    drafts = [Draft("model.owned", f"model/m{i}", {"owner": "ada"}) for i in range(3)]
    made = make_part(drafts, seq=7, prev="ab" * 32, time=TIME, actor="ada", sign=ADA.sign)
    entries = [entry for entry, _ in made]
    assert [entry.part for entry in entries] == [(0, 3), (1, 3), (2, 3)]
    assert [entry.sig is None for entry in entries] == [True, True, False]
    assert [entry.prev for entry in entries[1:]] == [entry_hash(d).hex() for _, d in made[:2]]
    assert [decode(data) for _, data in made] == entries


def test_a_later_format_is_not_called_altered() -> None:
    """If it failed, an old program would cry alteration at a newer ledger."""
    fields = {**json.loads(one({})), "v": 2, "something": "new"}
    with pytest.raises(NewerFormat):
        decode(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


@pytest.mark.parametrize("subject", ["model/a b", "model", "Model/x", "model/" + "a" * 129, "m/é"])
def test_a_draft_needs_a_subject_of_the_form(subject: str) -> None:
    """If it failed, an entry would be appended that cannot be read again."""
    with pytest.raises(InvalidInput, match="subject"):
        make_part(
            [Draft("model.owned", subject, {})],
            seq=0,
            prev=GENESIS_PREV,
            time=TIME,
            actor="ada",
            sign=ADA.sign,
        )


def test_entries_are_values() -> None:
    """If it failed, an entry could change after it was checked."""
    entry = decode(one({}))
    with pytest.raises(AttributeError):
        entry.seq = 1  # type: ignore[misc]
    assert isinstance(entry, Entry)
