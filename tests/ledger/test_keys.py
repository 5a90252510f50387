from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import InvalidInput, Refused
from ledger.keys import (
    KDF_ROUNDS,
    Signer,
    fingerprint,
    lock_key,
    make_request,
    read_request,
    sound_key,
    unlock_key,
    verify_signature,
)
from tests.vectors.record import signer

ADA = signer("ada")


def request_fields() -> dict[str, object]:
    """Give a sound request, taken apart."""
    report_key = ec.generate_private_key(ec.SECP256R1())
    request = make_request(ADA, report_key, kind="person", name="Ada Lovelace")
    assert read_request(request.encode()) == request
    return dict(json.loads(request.encode()))


def test_the_fingerprint_is_the_one_ssh_keygen_prints(tmp_path: Path) -> None:
    """If it failed, people comparing fingerprints by telephone would find two for one key."""
    public = ADA.key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    (tmp_path / "ada.pub").write_bytes(public)
    printed = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(tmp_path / "ada.pub")], capture_output=True, check=True
    )
    assert fingerprint(ADA.public_key) == printed.stdout.decode().split()[1]


@pytest.mark.parametrize("key", [ADA.key, ec.derive_private_key(7, ec.SECP256R1())])
def test_keys_at_rest_open_with_their_passphrase_alone(
    key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    """If it failed, whoever reads a key file could sign, or its owner could not."""
    locked = lock_key(key, b"open sesame", rounds=1)
    opened = unlock_key(locked, b"open sesame")
    raw = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert opened.public_key().public_bytes(*raw) == key.public_key().public_bytes(*raw)
    for wrong in (b"open sesam", b"", None):
        with pytest.raises(Refused):
            unlock_key(locked, wrong)
    with pytest.raises(InvalidInput):
        lock_key(key, b"")


def test_keys_at_rest_cost_64_rounds_of_bcrypt() -> None:
    """If it failed, a stolen key file would be cheaper to guess than SECURITY.md says."""
    armoured = lock_key(ADA.key, b"x").splitlines()[1:-1]
    blob = base64.b64decode(b"".join(armoured)).removeprefix(b"openssh-key-v1\0")
    words = []
    for _ in range(3):
        length = int.from_bytes(blob[:4], "big")
        words.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    cipher, kdf, options = words
    assert (cipher, kdf) == (b"aes256-ctr", b"bcrypt")
    assert int.from_bytes(options[-4:], "big") == KDF_ROUNDS == 64


@pytest.mark.parametrize("field", ["actor", "kind", "name", "public_key", "report_key"])
def test_a_request_is_signed_as_a_whole(field: str) -> None:
    """If it failed, a request could be changed on its way to the admin."""
    fields, other = request_fields(), request_fields()
    swapped = {
        "actor": "bob",
        "kind": "program",
        "name": "Bob",
        "public_key": base64.b64encode(signer("ben").public_key).decode(),
        "report_key": other["report_key"],
    }
    with pytest.raises(InvalidInput, match="signature"):
        read_request(json.dumps({**fields, field: swapped[field]}).encode())


def test_what_is_no_request_is_invalid() -> None:
    """If it failed, an admin would enrol keys that cannot sign, or see a traceback."""
    fields = request_fields()
    p384 = ec.derive_private_key(7, ec.SECP384R1())
    for changed in (
        {"report_key": "-----BEGIN PUBLIC KEY-----"},
        {"public_key": "Ä"},
        {"sig": 7},
        {"actor": None, "kind": "robot"},
    ):
        with pytest.raises(InvalidInput):
            read_request(json.dumps({**fields, **changed}).encode())
    for data in (b"", b"[]", b"{}", b"\xff"):
        with pytest.raises(InvalidInput):
            read_request(data)
    with pytest.raises(InvalidInput, match="P-256"):
        read_request(make_request(ADA, p384, kind="person", name="").encode())
    robot = make_request(ADA, ec.derive_private_key(7, ec.SECP256R1()), kind="robot", name="")
    with pytest.raises(InvalidInput, match="neither"):
        read_request(robot.encode())


def test_a_signature_is_of_one_key_over_one_text() -> None:
    """If it failed, signatures would prove nothing."""
    sig = ADA.sign(b"text")
    assert verify_signature(ADA.public_key, sig, b"text")
    assert not verify_signature(ADA.public_key, sig, b"Text")
    assert not verify_signature(signer("ben").public_key, sig, b"text")
    assert not verify_signature(ADA.public_key, sig[:-1], b"text")
    assert not verify_signature(b"short", sig, b"text")
    assert Signer("x", ADA.key).public_key == ADA.public_key


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize(
    "point",
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_a_key_under_which_anybody_can_sign_is_refused(point: str, negative: bool) -> None:
    """If it failed, entries of an actor with such a key could be anyone's."""
    raw = bytearray.fromhex(point)
    raw[31] |= 0x80 * negative
    assert not sound_key(bytes(raw))
    assert sound_key(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
