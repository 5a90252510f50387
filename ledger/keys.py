"""Keys of people and programs, and the requests by which they are enrolled.

A signing key is Ed25519 and signs entries and checkpoints; a report key is P-256 and signs PDFs.
At rest both are OpenSSH private-key files under a passphrase (bcrypt KDF).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.entry import canonical
from ledger.errors import InvalidInput, Refused

KDF_ROUNDS = 64
REQUEST_CONTEXT = b"quaestor/request/v1\0"

_P = 2**255 - 19
# The y of every point whose order divides 8, the cofactor (RFC 7748, section 5; order 1, 2, 4, 8).
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _P - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        _P - 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)

PrivateKey = Ed25519PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """An actor with its unlocked signing key."""

    actor: str
    key: Ed25519PrivateKey

    @cached_property
    def public_key(self) -> bytes:
        """The 32 public bytes."""
        return self.key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """Ed25519 signature (RFC 8032), 64 bytes."""
        return self.key.sign(data)


@dataclass(frozen=True)
class EnrolmentRequest:
    """What a person hands to an admin: who they are and their public keys, self-signed."""

    actor: str
    kind: str
    name: str
    public_key: bytes
    report_key: str
    sig: bytes

    def to_sign(self) -> bytes:
        """The bytes that the self-signature covers."""
        return REQUEST_CONTEXT + canonical(self._fields())

    def encode(self) -> bytes:
        """The request as the JSON that `key new` prints."""
        return canonical({**self._fields(), "sig": base64.b64encode(self.sig).decode()}) + b"\n"

    def _fields(self) -> dict[str, Any]:
        return {
            "v": 1,
            "actor": self.actor,
            "kind": self.kind,
            "name": self.name,
            "public_key": base64.b64encode(self.public_key).decode(),
            "report_key": self.report_key,
        }


def sound_key(public_key: bytes) -> bool:
    """Whether these bytes are an Ed25519 key under which only its owner can sign.

    Refused are bytes that RFC 8032, 5.1.3 does not decode because y is not below p, and the points
    of small order, under which anybody makes signatures that hold.
    """
    if len(public_key) != 32:  # noqa: PLR2004 - RFC 8032
        return False
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return y < _P and y not in _SMALL_ORDER


def fingerprint(public_key: bytes) -> str:
    """`SHA256:...` of an Ed25519 key, as `ssh-keygen -l` prints it."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", public_key))
    return "SHA256:" + base64.b64encode(sha256(blob).digest()).decode().rstrip("=")


def verify_signature(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether this is the key's signature over data (RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_request(
    signer: Signer, report_key: ec.EllipticCurvePrivateKey, *, kind: str, name: str
) -> EnrolmentRequest:
    """Make the self-signed request of a person or a program."""
    public = report_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    blank = EnrolmentRequest(signer.actor, kind, name, signer.public_key, public.decode(), b"")
    return EnrolmentRequest(
        signer.actor, kind, name, signer.public_key, public.decode(), signer.sign(blank.to_sign())
    )


def read_request(data: bytes) -> EnrolmentRequest:
    """Read a request and check its self-signature. InvalidInput when it is not sound."""
    hint = "Ask its owner to send the output of `quaestor key show ACTOR --request` again."
    try:
        fields = orjson.loads(data)
        request = EnrolmentRequest(
            actor=str(fields["actor"]),
            kind=str(fields["kind"]),
            name=str(fields["name"]),
            public_key=base64.b64decode(fields["public_key"], validate=True),
            report_key=str(fields["report_key"]),
            sig=base64.b64decode(fields["sig"], validate=True),
        )
        report_key = serialization.load_pem_public_key(request.report_key.encode())
    except (KeyError, TypeError, ValueError, UnsupportedAlgorithm, binascii.Error) as error:
        raise InvalidInput("This is not an enrolment request.", hint) from error
    if (
        not isinstance(report_key, ec.EllipticCurvePublicKey)
        or report_key.curve.name != "secp256r1"
    ):
        raise InvalidInput("The request's report key is not P-256.", hint)
    if request.kind not in {"person", "program"}:
        raise InvalidInput(f"{request.kind!r} is neither person nor program.", hint)
    if not verify_signature(request.public_key, request.sig, request.to_sign()):
        raise InvalidInput("The request's signature is not its own key's.", hint)
    return request


def lock_key(key: PrivateKey, passphrase: bytes, *, rounds: int = KDF_ROUNDS) -> bytes:
    """Serialize a private key in OpenSSH format under a passphrase (bcrypt KDF)."""
    if not passphrase:
        raise InvalidInput("A key needs a passphrase.", "Set QUAESTOR_PASSPHRASE_FILE or type one.")
    encryption = (
        serialization.PrivateFormat.OpenSSH.encryption_builder()
        .kdf_rounds(rounds)
        .build(passphrase)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption
    )


def unlock_key(data: bytes, passphrase: bytes | None) -> PrivateKey:
    """Read an OpenSSH private key. Refused when the passphrase is wrong."""
    try:
        key = serialization.load_ssh_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(
            "The key did not open: wrong passphrase, or the file is damaged.",
            "Try again; QUAESTOR_PASSPHRASE_FILE names a file that holds the passphrase.",
        ) from error
    if not isinstance(key, Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise InvalidInput("This is not a key that Quaestor makes.", "Use `quaestor key new`.")
    return key
