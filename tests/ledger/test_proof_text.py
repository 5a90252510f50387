from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    Checkpoint,
    cosign_note,
    parse_note,
    sign_note,
    verified_signers,
)
from ledger.entry import Draft, entry_hash
from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.merkle import leaf_hash
from ledger.proof_files import GivenFile, check_files
from ledger.proof_text import (
    InclusionProof,
    check_inclusion,
    check_json,
    check_note,
    parse_inclusion,
    write_consistency,
    write_row,
)
from ledger.proofs import consistency_path, inclusion_path, siblings
from ledger.tiles import WIDTH, root_at
from tests.people import raising
from tests.vectors.record import ORIGIN, Record, Tiles, signer

ADA, BEN = signer("ada"), signer("ben")
NAME = f"{ORIGIN}/ada"
KEYS = [(NAME, ADA.public_key)]
MOST = WIDTH * WIDTH + 1
SIZES = [1, 2, 3, WIDTH - 1, WIDTH, WIDTH + 1, MOST - 2, MOST - 1, MOST]


def data_of(index: int) -> bytes:
    """Give the bytes of a leaf."""
    return b"entry %d" % index


@cache
def tiles() -> Tiles:
    """Grow the tiles over all leaves, once."""
    grown = Tiles()
    grown.extend([entry_hash(data_of(index)) for index in range(MOST)])
    return grown


@cache
def note_at(size: int) -> str:
    """Sign the checkpoint of the first leaves."""
    checkpoint = Checkpoint(ORIGIN, size, root_at(tiles().read, size))
    return sign_note(checkpoint.text(), NAME, ADA.public_key, ADA.sign)


def proof_of(index: int, size: int) -> InclusionProof:
    """Prove a leaf in the tree of the first `size`."""
    return InclusionProof(index, tuple(inclusion_path(tiles().read, index, size)), note_at(size))


def proves(text: str, data: bytes, public_key: bytes) -> bool:
    """Check a tlog-proof as its specification reads, with nothing of ours."""
    lines = text.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    index = int(lines[1].removeprefix("index "))
    end = lines.index("")
    path = [base64.b64decode(line) for line in lines[2:end]]
    origin, count, root = lines[end + 1 : end + 4]
    assert lines[end + 4] == ""
    _, name, blob = lines[end + 5].split(" ")
    identity = sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]
    raw = base64.b64decode(blob)
    assert raw[:4] == identity
    signed = f"{origin}\n{count}\n{root}\n".encode()
    Ed25519PublicKey.from_public_bytes(public_key).verify(raw[4:], signed)

    def climb(low: int, high: int, rest: list[bytes]) -> bytes:
        if high - low == 1:
            assert not rest
            return sha256(b"\0" + data).digest()
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        if index < split:
            return sha256(b"\1" + climb(low, split, rest[:-1]) + rest[-1]).digest()
        return sha256(b"\1" + rest[-1] + climb(split, high, rest[:-1])).digest()

    return climb(0, int(count), path) == base64.b64decode(root)


@pytest.mark.parametrize("size", SIZES)
def test_an_entry_is_proved_to_whoever_has_the_public_key(size: int) -> None:
    """If it failed, a proof would not check, here or by somebody else's program."""
    for index in {0, size // 3, size - 1, max(0, size - 2), min(WIDTH, size - 1)}:
        text = proof_of(index, size).text()
        proved = check_inclusion(parse_inclusion(text), data_of(index), KEYS)
        assert (proved.checkpoint.size, proved.signers) == (size, (NAME,))
        assert proves(text, data_of(index), ADA.public_key)
        with pytest.raises(CheckFailed):
            check_inclusion(parse_inclusion(text), data_of(index + 1), KEYS)


@pytest.mark.parametrize("old", [0, *SIZES])
def test_a_later_tree_is_proved_to_continue_an_earlier_one(old: int) -> None:
    """If it failed, nobody could be shown that nothing was rewritten since they looked."""
    read = tiles().read
    for new in (size for size in SIZES if size >= old):
        path = consistency_path(read, old, new)
        proved = check_json(write_consistency(note_at(old), note_at(new), path), KEYS)
        assert proved.what == f"{new} entries continue the first {old}"
        if 0 < old < new:
            forged = Checkpoint(ORIGIN, old, sha256(b"another history").digest()).text()
            other = sign_note(forged, NAME, ADA.public_key, ADA.sign)
            with pytest.raises(CheckFailed, match="does not continue"):
                check_json(write_consistency(other, note_at(new), path), KEYS)
            with pytest.raises(CheckFailed, match="does not continue"):
                check_json(write_consistency(note_at(new), note_at(old), path), KEYS)


def test_a_proof_for_one_entry_in_a_million_is_short() -> None:
    """If it failed, a proof could not be put into a message or a QR code of ordinary size."""
    million = 1_000_000
    note = sign_note(Checkpoint(ORIGIN, million, bytes(32)).text(), NAME, ADA.public_key, ADA.sign)
    lengths = []
    for index in (0, 524_287, million - 1):
        path = tuple(bytes(32) for _ in siblings(index, million))
        lengths.append(len(InclusionProof(index, path, note).text().encode()))
    assert max(lengths) < 1_300


@given(st.data())
def test_a_changed_proof_never_checks(data: st.DataObject) -> None:
    """If it failed, a proof could be altered and still convince somebody."""
    size = data.draw(st.sampled_from(SIZES[2:]))
    index = data.draw(st.integers(0, size - 1))
    text = proof_of(index, size).text()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("\nAz09+/= -x").filter(lambda c: c != text[place]))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        proof = parse_inclusion(changed)
        check_inclusion(proof, data_of(index), KEYS)
    except QuaestorError:
        return
    # Only the bits that base64 leaves over in a signature can differ without being seen.
    assert (proof.index, proof.path) == (index, proof_of(index, size).path)
    assert parse_note(proof.note) == parse_note(note_at(size))


RECORDS = [f'{{"id":{number}}}' for number in range(300)]


def row_proof() -> dict[str, Any]:
    """Prove row 270 of a sealed log of 300, whose entry is one of five."""
    rows = Tiles()
    rows.extend([leaf_hash(record.encode()) for record in RECORDS])
    body = {"rows": len(RECORDS), "root": root_at(rows.read, len(RECORDS)).hex()}
    record = Record()
    entry = record.make(ADA, [Draft("log.sealed", "log/log-1", body)])[0]
    leaves = Tiles()
    leaves.extend([entry_hash(data) for data in (b"a", b"b", entry, b"c", b"d")])
    note = sign_note(
        Checkpoint(ORIGIN, 5, root_at(leaves.read, 5)).text(), NAME, ADA.public_key, ADA.sign
    )
    proof = InclusionProof(2, tuple(inclusion_path(leaves.read, 2, 5)), note)
    path = inclusion_path(rows.read, 270, len(RECORDS))
    fields: dict[str, Any] = orjson.loads(write_row(RECORDS[270], 270, path, entry, proof))
    return fields


def check_row(fields: dict[str, Any]) -> str:
    """Check a row proof; return what it shows."""
    return check_json(orjson.dumps(fields).decode(), KEYS).what


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda fields: fields.update(record=RECORDS[271]),
    lambda fields: fields.update(row=271),
    lambda fields: fields.update(row=True),
    lambda fields: fields.update(row=270.0),
    lambda fields: fields["path"].pop(),
    lambda fields: fields["path"].append(fields["path"][0]),
    lambda fields: fields["path"].reverse(),
    lambda fields: fields.update(entry=fields["entry"].replace("log-1", "log-2")),
    lambda fields: fields.update(entry=fields["entry"].replace("300", "301")),
    lambda fields: fields.update(entry_proof=fields["entry_proof"].replace("index 2", "index 3")),
    lambda fields: fields.update(entry_proof=None),
    lambda fields: fields.pop("record"),
    lambda fields: fields.update(format="quaestor/row-proof/v2"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_proof_never_checks(change: Callable[[dict[str, Any]], object]) -> None:
    """If it failed, an application could be shown a decision that was never imported."""
    fields = row_proof()
    assert check_row(fields).startswith("row 270 of 300 rows of log/log-1, entered by entry 2 of 5")
    change(fields)
    raising(QuaestorError, lambda: check_row(fields))


def test_only_keys_that_were_given_and_bear_the_origin_count() -> None:
    """If it failed, anybody could sign a checkpoint of a ledger that is not theirs."""
    proof = proof_of(1, 3)
    for keys in ([], [(NAME, BEN.public_key)], [(f"{ORIGIN}/ben", ADA.public_key)]):
        with pytest.raises(CheckFailed, match="no good signature"):
            check_inclusion(proof, data_of(1), keys)
    other = "shop.example/ada"
    note = sign_note(Checkpoint(ORIGIN, 3, bytes(32)).text(), other, ADA.public_key, ADA.sign)
    with pytest.raises(CheckFailed, match="no good signature"):
        check_note(note, [(other, ADA.public_key)])
    both = [(NAME, BEN.public_key), (NAME, ADA.public_key)]  # re-keyed since
    assert check_inclusion(proof, data_of(1), both).signers == (NAME,)


def test_a_cosignature_counts_for_the_time_it_states() -> None:
    """If it failed, a cosignature's time could be changed, or one beyond all time end a run."""
    ben = f"{ORIGIN}/ben"
    keys = [*KEYS, (ben, BEN.public_key)]
    note = cosign_note(note_at(3), ben, BEN.public_key, BEN.sign, 1_800_000_000)
    text, (_, cosignature) = parse_note(note)
    assert check_note(note, keys).signers == (NAME, ben)
    assert cosignature.time == 1_800_000_000
    later = base64.b64encode(
        cosignature.key_id + (1_800_000_001).to_bytes(8, "big") + cosignature.signature[8:]
    ).decode()
    moved = note[: note.rindex(" ") + 1] + later + "\n"
    with pytest.raises(CheckFailed):  # a known key's bad signature rejects the whole note
        check_note(moved, keys)
    far = cosign_note(note_at(3), ben, BEN.public_key, BEN.sign, 2**62)
    text, signatures = parse_note(far)
    assert signatures[1].time is None
    assert verified_signers(text, signatures, keys) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n",
        f"c2sp.org/tlog-proof@v2\nindex 0\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex 00\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex -1\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex {'9' * 5000}\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex \N{ARABIC-INDIC DIGIT FIVE}\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex 0\nÄÖ==\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n{note_at(1)}",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{'A' * 42}B=\n\n{note_at(1)}",
    ],
)
def test_what_is_no_proof_is_invalid(text: str) -> None:
    """If it failed, a damaged proof would end in a traceback, or have two spellings."""
    with pytest.raises(InvalidInput):
        parse_inclusion(text)


def test_extra_data_is_passed_over() -> None:
    """If it failed, proofs by other tlog-proof software would not be read."""
    header, rest = proof_of(1, 3).text().split("\n", 1)
    assert parse_inclusion(f"{header}\nextra AAAA\n{rest}") == proof_of(1, 3)


@pytest.mark.parametrize("text", ["[]", "{}", "nonsense", '{"format": 1}', '{"format": "x"}'])
def test_json_that_is_no_proof_is_invalid(text: str) -> None:
    """If it failed, a stranger's file would end in a traceback."""
    with pytest.raises(InvalidInput):
        check_json(text, KEYS)


def test_files_are_told_apart_and_every_entry_needs_its_proof() -> None:
    """If it failed, a file that nothing proves would pass for checked."""
    proofs = {index: proof_of(index, 300).text().encode() for index in (7, 8)}
    files = {
        "eight": GivenFile("eight", data_of(8)),
        "seven": GivenFile("seven", data_of(7)),
        "7.tlog-proof": GivenFile("7.tlog-proof", proofs[7]),
        "8.tlog-proof": GivenFile("8.tlog-proof", proofs[8]),
        "note": GivenFile("note", note_at(300).encode()),
        "row": GivenFile("row", orjson.dumps(row_proof())),
    }
    found = check_files(list(files.values()), KEYS)
    assert [(file.name, proved.kind) for file, proved in found] == [
        ("7.tlog-proof", "entry"),
        ("8.tlog-proof", "entry"),
        ("note", "checkpoint"),
        ("row", "row"),
    ]
    unproved = [files["seven"], files["eight"], files["7.tlog-proof"]]
    assert "eight: none" in raising(CheckFailed, lambda: check_files(unproved, KEYS))
    wrong = [files["eight"], files["7.tlog-proof"]]
    assert "7.tlog-proof: This is not" in raising(CheckFailed, lambda: check_files(wrong, KEYS))
    raising(InvalidInput, lambda: check_files([files["7.tlog-proof"]], KEYS))
    raising(InvalidInput, lambda: check_files([files["seven"], files["note"]], KEYS))
    raising(InvalidInput, lambda: check_files([GivenFile("picture", b"\xff\xd8")], KEYS))
