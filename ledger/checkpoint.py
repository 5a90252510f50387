r"""Checkpoints as C2SP signed-note and tlog-checkpoint texts.

Rules kept here:
- a note is text, a blank line, then lines `- <name> <base64(key id || signature)>` with an em dash;
- a checkpoint's text is origin, size, base64 root, then optional extension lines;
- a key's name is `<origin>/<actor>`, its id the first 4 bytes of
  `SHA-256(name || 0x0A || 0x01 || public key)` (c2sp.org/signed-note, Ed25519);
- a cosignature (c2sp.org/tlog-cosignature, type 0x04) covers a time as well: its signature bytes
  are 8 bytes of seconds since 1970, then 64 of Ed25519 over `cosignature/v1\ntime <seconds>\n` and
  the checkpoint's text;
- nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import InvalidInput

_DASH = "\N{EM DASH}"
_KEY_ID = 4
_ED25519 = b"\x01"
_COSIGNATURE = b"\x04"
_TIME = 8
_LAST_SECOND = 253_402_300_799  # of the year 9999
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")

NamedKey = tuple[str, bytes]
"""A key's name, `<origin>/<actor>`, and its 32 public bytes; an actor who re-keyed has several."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Size and root of a ledger's tree at a moment; `extensions` are further text lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The signed text: every line ends in a newline (c2sp.org/tlog-checkpoint)."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        return "".join(f"{line}\n" for line in (*lines, *self.extensions))


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note: key name, 4-byte key id, signature bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def time(self) -> int | None:
        """Seconds since 1970 that a cosignature claims; None for a plain signature, or no time."""
        if len(self.signature) != _TIME + 64:
            return None
        seconds = int.from_bytes(self.signature[:_TIME], "big")
        return seconds if seconds <= _LAST_SECOND else None


def key_id(name: str, public_key: bytes, algorithm: bytes = _ED25519) -> bytes:
    """The 4 bytes by which a note names an Ed25519 key in one of its two uses."""
    return sha256(name.encode() + b"\n" + algorithm + public_key).digest()[:_KEY_ID]


def vkey(name: str, public_key: bytes) -> str:
    """Verifier key text `name+hex id+base64(0x01 || key)`."""
    encoded = base64.b64encode(_ED25519 + public_key).decode()
    return f"{name}+{key_id(name, public_key).hex()}+{encoded}"


def sign_note(text: str, name: str, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return `text` as a note with one signature."""
    blob = base64.b64encode(key_id(name, public_key) + sign(text.encode())).decode()
    return f"{text}\n{_DASH} {name} {blob}\n"


def parse_note(note: str) -> tuple[str, list[NoteSignature]]:
    """Split a note into its text and signatures. InvalidInput when it is not a note."""
    text, blank, signatures = note.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise InvalidInput("This is not a signed note.", "Expected text, a blank line, signatures.")
    found = []
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != _DASH:  # noqa: PLR2004 - dash, name, blob
            raise InvalidInput(f"Not a signature line: {line!r}.", "The note was damaged.")
        blob = _decoded(parts[2])
        if blob is None:
            raise InvalidInput("A signature is not base64.", "The note was damaged.")
        found.append(NoteSignature(parts[1], blob[:_KEY_ID], blob[_KEY_ID:]))
    return text + "\n", found


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text. InvalidInput when it is not one."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "":  # noqa: PLR2004 - three lines and the end
        raise InvalidInput("This is not a checkpoint.", "Expected origin, size and root lines.")
    origin, size, root, *extensions = lines[:-1]
    if not origin or not _SIZE.fullmatch(size):
        raise InvalidInput("This checkpoint's origin or size is malformed.", "It was damaged.")
    decoded = _decoded(root)
    if decoded is None or len(decoded) != 32:  # noqa: PLR2004 - SHA-256
        raise InvalidInput("This checkpoint's root is not base64 of 32 bytes.", "It was damaged.")
    return Checkpoint(origin, int(size), decoded, tuple(extensions))


def _decoded(text: str) -> bytes | None:
    """Bytes from base64 in the one spelling that an encoder gives, or None."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def read_signed(note: str, where: str) -> tuple[Checkpoint, str, list[NoteSignature]]:
    """A signed checkpoint, its text and its signatures. InvalidInput says where it was read."""
    try:
        text, signatures = parse_note(note)
        return parse_checkpoint(text), text, signatures
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error.message}", error.hint) from error


def cosign_note(
    note: str, name: str, public_key: bytes, sign: Callable[[bytes], bytes], seconds: int
) -> str:
    """Add a cosignature that vouches for a checkpoint at a time (seconds since 1970)."""
    text, _ = parse_note(note)
    blob = (
        key_id(name, public_key, _COSIGNATURE)
        + seconds.to_bytes(_TIME, "big")
        + sign(_cosigned(text, seconds))
    )
    return f"{note}{_DASH} {name} {base64.b64encode(blob).decode()}\n"


def signed_by(text: str, signature: NoteSignature, public_key: bytes) -> bool:
    """Whether `signature` is this Ed25519 key's signature or cosignature over `text`."""
    if cosigned_by(text, signature, public_key):
        return True
    if signature.key_id != key_id(signature.name, public_key):
        return False
    return _is_good(public_key, signature.signature, text.encode())


def cosigned_by(text: str, signature: NoteSignature, public_key: bytes) -> bool:
    """Whether `signature` is this Ed25519 key's cosignature over `text`, at the time it claims."""
    if signature.key_id != key_id(signature.name, public_key, _COSIGNATURE):
        return False
    seconds = signature.time
    return seconds is not None and _is_good(
        public_key, signature.signature[_TIME:], _cosigned(text, seconds)
    )


def _is_good(public_key: bytes, raw: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, message)
    except InvalidSignature:
        return False
    return True


def verified_signers(
    text: str, signatures: Iterable[NoteSignature], keys: Iterable[NamedKey]
) -> tuple[str, ...]:
    """Names of those keys that signed or cosigned `text`, in the note's order, each once."""
    known = list(keys)
    found: dict[str, None] = {}
    for signature in signatures:
        own = [key for name, key in known if name == signature.name]
        if any(signed_by(text, signature, key) for key in own):
            found[signature.name] = None
        elif any(signature.key_id in _key_ids(signature.name, key) for key in own):
            return ()  # a known key's signature that does not hold rejects the whole note
    return tuple(found)


def _key_ids(name: str, public_key: bytes) -> tuple[bytes, bytes]:
    return key_id(name, public_key), key_id(name, public_key, _COSIGNATURE)


def parse_vkey(text: str) -> NamedKey:
    """Name and 32 public bytes of a verifier key. InvalidInput when it is not one."""
    name, _, rest = text.strip().partition("+")
    _, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raw = b""
    if not name or len(raw) != 33 or vkey(name, raw[1:]) != text.strip():  # noqa: PLR2004 - type, key
        raise InvalidInput(
            f"{text.strip()[:80]!r} is not a verifier key.",
            "It is what `quaestor ledger checkpoint --vkey` prints.",
        )
    return name, raw[1:]


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()
