from __future__ import annotations

from pathlib import Path
from stat import S_IMODE

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.anchors import read_anchor
from ledger.checkpoint import Checkpoint, sign_note
from ledger.errors import InvalidInput, Refused
from ledger.seat import Pin, Seat
from tests.vectors.record import LEDGER_ID, ORIGIN, signer

ADA = signer("ada")
PASSPHRASE = b"open sesame"
CHECKPOINT = Checkpoint(ORIGIN, 5, b"\7" * 32)
TIME = "2026-01-01T00:00:00.000000Z"


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    """Give a seat with one signing key."""
    seat = Seat(tmp_path / "seat")
    seat.keep_key("ada", ADA.key, PASSPHRASE, rounds=1)
    return seat


def mode(path: Path) -> int:
    """Give a file's permissions."""
    return S_IMODE(path.stat().st_mode)


def test_a_seat_is_its_owners_alone(seat: Seat) -> None:
    """If it failed, others on the machine could read keys or change anchors."""
    seat.keep_pin(LEDGER_ID, Pin("00", "SHA256:00", "/home"))
    seat.advance(LEDGER_ID, CHECKPOINT, by="ada", time=TIME)
    for path in seat.folder.rglob("*"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert mode(seat.folder) == 0o700


def test_a_key_that_others_can_read_is_not_used(seat: Seat) -> None:
    """If it failed, nobody would notice that a key lay open."""
    assert seat.signer("ada", PASSPHRASE).public_key == ADA.public_key
    (seat.folder / "keys" / "ada").chmod(0o640)
    with pytest.raises(Refused, match="read by others"):
        seat.signer("ada", PASSPHRASE)


def test_a_key_is_never_overwritten_by_a_new_one(seat: Seat) -> None:
    """If it failed, `key new` could destroy the only copy of a key."""
    with pytest.raises(Refused, match="already"):
        seat.keep_key("ada", signer("ben").key, PASSPHRASE, rounds=1)
    assert seat.signer("ada", PASSPHRASE).public_key == ADA.public_key


@pytest.mark.parametrize("name", ["../x", "Mira", "", "mira.ca", "m/x", "-m", "m" * 64])
def test_a_key_is_named_by_an_actor(seat: Seat, name: str) -> None:
    """If it failed, `key new` could write outside the seat, or make a key that nobody enrols."""
    before = sorted(seat.folder.parent.rglob("*"))
    with pytest.raises(InvalidInput, match="cannot be an actor"):
        seat.keep_key(name, ADA.key, PASSPHRASE, rounds=1)
    with pytest.raises(InvalidInput, match="cannot be an actor"):
        seat.keep_request(name, b"{}")
    assert sorted(seat.folder.parent.rglob("*")) == before


def test_each_key_has_its_use(seat: Seat) -> None:
    """If it failed, a report key could be taken for a signing key, or the CA's for either."""
    report, authority = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    seat.keep_key("ada.report", report, PASSPHRASE, rounds=1)
    assert not seat.has_authority
    seat.keep_key("authority.ca", authority, PASSPHRASE, rounds=1)
    assert seat.has_authority
    assert seat.actors() == ["ada"]
    opened = seat.report_key("ada", PASSPHRASE)
    assert opened.private_numbers() == report.private_numbers()
    assert seat.authority_key(PASSPHRASE).private_numbers() == authority.private_numbers()
    with pytest.raises(InvalidInput):
        seat.signer("ada.report", PASSPHRASE)
    with pytest.raises(InvalidInput):
        seat.signer("ben", PASSPHRASE)
    with pytest.raises(Refused):
        seat.signer("ada", b"wrong")


def test_what_the_first_visit_pinned_is_read_back(seat: Seat) -> None:
    """If it failed, another ledger could be put in the place of the one a person knows."""
    pin = Pin("ab" * 32, "SHA256:AA", "/srv/ledger")
    assert seat.pin(LEDGER_ID) is None
    seat.keep_pin(LEDGER_ID, pin)
    assert seat.pin(LEDGER_ID) == pin
    assert seat.ledger_at("/srv/ledger") == LEDGER_ID
    assert seat.ledger_at("/srv/other") == ""
    assert seat.trusted_authorities() == ["SHA256:AA"]


def test_anchors_say_what_was_kept_by_whom_and_when(seat: Seat, tmp_path: Path) -> None:
    """If it failed, `verified` would state another size, witness or time than the anchor's."""
    assert seat.anchors(LEDGER_ID) == []
    seat.advance(LEDGER_ID, CHECKPOINT, by="the seat ada", time=TIME)
    share = tmp_path / "share"
    share.mkdir()
    later = Checkpoint(ORIGIN, 9, b"\1" * 32)
    note = sign_note(later.text(), f"{ORIGIN}/ben", signer("ben").public_key, signer("ben").sign)
    (share / f"{LEDGER_ID}.checkpoint").write_text(note)
    seat.add_witness_folder(share)
    seat.add_witness_folder(share / ".." / "share")
    own, witness = seat.anchors(LEDGER_ID)
    assert (own.checkpoint.size, own.checkpoint.root) == (5, CHECKPOINT.root)
    assert (own.by, own.time, own.note) == ("the seat ada", TIME, "")
    assert (witness.checkpoint, witness.by, witness.note) == (later, "ben", note)


def test_a_damaged_anchor_is_invalid(seat: Seat) -> None:
    """If it failed, a torn anchor file would read as no anchor, or not be named."""
    seat.advance(LEDGER_ID, CHECKPOINT, by="ada", time=TIME)
    path = seat.folder / "ledgers" / LEDGER_ID / "checkpoint"
    for damage in (b"", path.read_bytes()[:-40], b"\xff\xfe", b"a\n\nb"):
        path.write_bytes(damage)
        with pytest.raises(InvalidInput, match=str(path)):
            read_anchor(path)
