"""Personal fields of decision records: ciphertext under a key of the person they are about.

A person is named by HMACs alone: `hmac:` and 32 hex digits stand in the record at the subject's
source, and the same 16 bytes beside the keys. A field becomes `sealed:<key id>:<base64 of nonce,
AES-256-GCM ciphertext and tag>`, bound to the ledger and the source. The nonce is a keyed hash of
what is sealed, so that the same files make the same sealed log again, and equal texts of one person
in one field are equal ciphertexts.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import CheckFailed
from ledger.logs.pseudonyms import MOST_KEPT, PREFIX, pseudonym_id
from ledger.subjects import KEY, SubjectKey
from ledger.vault import ERASED

TOKEN = re.compile(r"sealed:([0-9a-f]{32}):([A-Za-z0-9+/]+={0,2})")
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Person:
    """What stands for a person, their key, and how their tokens begin."""

    name: str
    key: bytes
    prefix: str


class People:
    """Seals the fields of persons; `known` are the keys there are already, new ones are made.

    `used` are the keys by what stands for whom they belong to, `new` those not known before.
    """

    def __init__(self, ledger_id: str, master: bytes, known: Iterable[SubjectKey]) -> None:
        self._ledger_id = ledger_id
        self._master = master
        self._keys = {key.subject: key for key in known}
        self._names: dict[str, str] = {}
        self._persons: dict[str, _Person] = {}
        self._sealed: dict[tuple[str, str, str], str] = {}
        self._bound: dict[str, bytes] = {}
        self.used: dict[bytes, SubjectKey] = {}
        self.new: list[SubjectKey] = []

    def name(self, person: str) -> str:
        """What stands for a person in the record."""
        name = self._names.get(person)
        if name is None:
            _make_room(self._names)
            name = self._names[person] = PREFIX + pseudonym_id(self._master, person).hex()
        return name

    def seal(self, person: str, source: str, text: str) -> str:
        """The token that takes a text's place."""
        place = (person, source, text)
        token = self._sealed.get(place)
        if token is None:
            _make_room(self._sealed)
            token = self._sealed[place] = self._token(person, source, text.encode())
        return token

    def _token(self, person: str, source: str, data: bytes) -> str:
        whose = self._persons.get(person) or self._met(person)
        bound = self._bound.get(source)
        if bound is None:
            bound = self._bound[source] = bound_to(self._ledger_id, source)
        nonce = blake2b(bound + b"\0" + data, digest_size=_NONCE, key=whose.key).digest()
        sealed = nonce + AESGCM(whose.key).encrypt(nonce, data, bound)
        return whose.prefix + b2a_base64(sealed, newline=False).decode()

    def _met(self, person: str) -> _Person:
        """Somebody whose fields are sealed for the first time, as far as is remembered."""
        name = self.name(person)
        subject = bytes.fromhex(name.removeprefix(PREFIX))
        key = self.used.get(subject) or self._keys.get(subject)
        if key is None:
            key = SubjectKey(subject, os.urandom(KEY))
            self.new.append(key)
        self.used[subject] = key
        _make_room(self._persons)
        whose = _Person(name, key.key, f"sealed:{key.key_id.hex()}:")
        self._persons[person] = whose
        return whose


def _make_room(known: dict[Any, Any]) -> None:
    if len(known) >= MOST_KEPT:
        known.clear()


def bound_to(ledger_id: str, source: str) -> bytes:
    """What a sealed field is authenticated with."""
    return f"{ledger_id}|personal|{source}".encode()


def opened(
    token: str, ledger_id: str, source: str, key_of: Callable[[str], bytes | None]
) -> str | None:
    """What a token says; `[erased]` once its key is destroyed, None for what is no token.

    CheckFailed if it does not open with its key.
    """
    found = TOKEN.fullmatch(token)
    if found is None:
        return None
    key = key_of(found[1])
    if key is None:
        return ERASED
    blob = b64decode(found[2])
    try:
        text = AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], bound_to(ledger_id, source))
    except (InvalidTag, ValueError) as error:
        raise CheckFailed(
            f"A personal field ({source}) does not open with its key.",
            "Run `quaestor ledger verify`, and restore vault/subjects from a backup.",
        ) from error
    return text.decode()
