"""The vault: one key per entry that holds personal data, in a file of its own.

Entries and the database hold only ciphertext, so destroying a key erases the text everywhere and
the record still verifies. AES-256-GCM; the ledger, subject and field are authenticated too, so a
ciphertext cannot be moved to another place. A key is named by its own digest, so that a damaged one
shows without anything being opened.
"""

from __future__ import annotations

import base64
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import CheckFailed, Refused
from ledger.files import open_in_place, write_durably
from ledger.subjects import SubjectKeys

_NONCE = 12
_KEY_ID = re.compile(r"[0-9a-f]{32}")

ERASED = "[erased]"

Ciphertext = dict[str, str]


class Vault:
    """The `vault/` folder of a home: `<key id>.key`, 32 random bytes each."""

    def __init__(self, folder: Path, ledger_id: str) -> None:
        self.folder = folder
        self.ledger_id = ledger_id

    def new_key(self) -> str:
        """Make a key, durably, before anything refers to it; return its id."""
        key = AESGCM.generate_key(256)
        key_id = key_id_of(key)
        write_durably(self.path(key_id), key)
        return key_id

    def seal(self, key_id: str, context: str, text: str | bytes) -> Ciphertext:
        """Encrypt `text` under a key for one place in the record."""
        nonce = os.urandom(_NONCE)
        data = text.encode() if isinstance(text, str) else text
        key = AESGCM(self.path(key_id).read_bytes())
        blob = nonce + key.encrypt(nonce, data, self._bound(context))
        return {"vault": key_id, "data": base64.b64encode(blob).decode()}

    def open(self, context: str, sealed: Ciphertext) -> str:
        """Decrypt, or `[erased]` once the key is destroyed. CheckFailed if it was tampered with."""
        try:
            key = AESGCM(self.path(sealed["vault"]).read_bytes())
        except FileNotFoundError:
            return ERASED
        try:
            blob = base64.b64decode(sealed["data"])
            return key.decrypt(blob[:_NONCE], blob[_NONCE:], self._bound(context)).decode(
                errors="backslashreplace"  # quarantined rows may be of any encoding
            )
        except (InvalidTag, ValueError) as error:
            raise CheckFailed(
                f"A personal text ({context}) does not open with its vault key.",
                f"Restore vault/{sealed['vault']}.key from a backup.",
            ) from error

    def key(self, key_id: str) -> bytes:
        """A key that is used by itself, to make pseudonyms. Refused once it is destroyed."""
        try:
            return self.path(key_id).read_bytes()
        except FileNotFoundError:
            raise Refused(
                f"The vault key {key_id} is gone.", "Run `quaestor ledger verify`."
            ) from None

    def has(self, key_id: str) -> bool:
        """Whether the key still exists."""
        return self.path(key_id).exists()

    def whole(self, key_id: str) -> bool:
        """Whether the key is there and is the one that was made."""
        try:
            return key_id_of(self.path(key_id).read_bytes()) == key_id
        except (FileNotFoundError, IsADirectoryError):
            return False

    def destroy(self, key_id: str) -> None:
        """Destroy a key: overwrite, then remove. What it sealed can never be read again.

        A person's key (`ledger.subjects`), which lies in no file of its own, is overwritten there.
        """
        path = self.path(key_id)
        if path.is_symlink():  # nothing of ours: overwriting would go through it
            path.unlink()
        elif path.exists():
            with open_in_place(path) as file:
                file.write(b"\0" * 32)
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        else:
            SubjectKeys(self.folder).destroy([key_id])

    def path(self, key_id: str) -> Path:
        """Where a key lies; its id is checked so that it cannot name another place."""
        if not _KEY_ID.fullmatch(key_id):
            raise CheckFailed(f"{key_id!r} is not a vault key's id.", "The entry was damaged.")
        return self.folder / f"{key_id}.key"

    def _bound(self, context: str) -> bytes:
        return f"{self.ledger_id}|{context}".encode()


def key_id_of(key: bytes) -> str:
    """A key's id: the first 16 bytes of its SHA-256, hex."""
    return sha256(key).hexdigest()[:32]


def sealed_values(value: Any) -> list[Ciphertext]:
    """Every ciphertext inside a body, however deep."""
    if isinstance(value, dict):
        if value.keys() == {"vault", "data"} and _KEY_ID.fullmatch(str(value["vault"])):
            return [value]
        return [found for item in value.values() for found in sealed_values(item)]
    if isinstance(value, list):
        return [found for item in value for found in sealed_values(item)]
    return []
