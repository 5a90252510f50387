from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    Checkpoint,
    key_id,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    sign_note,
    signed_by,
    vkey,
)
from ledger.errors import InvalidInput
from tests.vectors.record import ORIGIN, signer

ADA, BEN = signer("ada"), signer("ben")
NAME = f"{ORIGIN}/ada"
LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
CHECKPOINTS = st.builds(
    Checkpoint,
    origin=LINES,
    size=st.integers(0, 2**50),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(LINES, max_size=3).map(tuple),
)

# The example of golang.org/x/mod/sumdb/note, made by other people's code.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
    "Kvqfqdngotp"
    "RZb6KE6RyyBwJnAM=\n"
)


def test_a_note_made_by_other_software_verifies() -> None:
    """If it failed, our notes and keys would not be C2SP signed-note's."""
    name, key = parse_vkey(GO_KEY)
    text, (signature,) = parse_note(GO_NOTE)
    assert vkey(name, key) == GO_KEY
    assert signature.name == name == "PeterNeumann"
    assert signed_by(text, signature, key)
    assert not signed_by(text.replace("answer", "anchor"), signature, key)


@given(CHECKPOINTS)
def test_checkpoints_are_read_as_they_were_signed(checkpoint: Checkpoint) -> None:
    """If it failed, an anchor would hold another size or root than was vouched for."""
    note = sign_note(checkpoint.text(), NAME, ADA.public_key, ADA.sign)
    text, (signature,) = parse_note(note)
    assert text == checkpoint.text()
    assert parse_checkpoint(text) == checkpoint
    assert signed_by(text, signature, ADA.public_key)
    assert not signed_by(text, signature, BEN.public_key)


@given(CHECKPOINTS, st.data())
def test_a_changed_note_never_verifies(checkpoint: Checkpoint, data: st.DataObject) -> None:
    """If it failed, a checkpoint could be altered under its signature."""
    note = sign_note(checkpoint.text(), NAME, ADA.public_key, ADA.sign)
    place = data.draw(st.integers(0, len(note) - 1))
    changed = note[:place] + data.draw(LINES.filter(lambda x: x[0] != note[place]))[0]
    changed += note[place + 1 :]
    try:
        text, signatures = parse_note(changed)
    except InvalidInput:
        return
    assert not any(signed_by(text, signature, ADA.public_key) for signature in signatures)


def test_the_key_of_another_name_is_another_key() -> None:
    """If it failed, a signature by one actor could be passed off as another's."""
    note = sign_note("x\n", NAME, ADA.public_key, ADA.sign)
    text, (signature,) = parse_note(note.replace(f" {NAME} ", f" {ORIGIN}/ben "))
    assert not signed_by(text, signature, ADA.public_key)
    assert key_id(NAME, ADA.public_key) != key_id(f"{ORIGIN}/ben", ADA.public_key)


def _note(signature: str) -> str:
    return f"text\n\n{signature}"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        _note(""),
        _note("\N{EM DASH} name AAAA"),
        _note("- name AAAA\n"),
        _note("\N{EM DASH} na me AAAA\n"),
        _note("\N{EM DASH} name A?AA\n"),
        _note("\N{EM DASH} name AAB=\n"),
        _note("\N{EM DASH} name ÄÖÜß\n"),
        _note("\N{EM DASH} name AAAA\u2028\N{EM DASH} name AAAA\n"),
    ],
)
def test_what_is_no_note_is_invalid(note: str) -> None:
    """If it failed, a damaged note would end in a traceback or be taken for a sound one."""
    with pytest.raises(InvalidInput):
        parse_note(note)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n5\n{ROOT}",
        f"\n5\n{ROOT}\n",
        f"origin\n05\n{ROOT}\n",
        f"origin\n-5\n{ROOT}\n",
        f"origin\n\N{ARABIC-INDIC DIGIT FIVE}\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n5\n{ROOT[:-4]}\n",
        f"origin\n5\n{ROOT[:-2]}B=\n",
        "origin\n5\nÄ\n",
    ],
)
def test_what_is_no_checkpoint_is_invalid(text: str) -> None:
    """If it failed, a damaged anchor would end in a traceback or vouch for something."""
    with pytest.raises(InvalidInput):
        parse_checkpoint(text)
