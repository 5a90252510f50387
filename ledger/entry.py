"""Entries: what one signed line of the record is, byte for byte.

Rules kept here:
- an entry is the RFC 8785 canonical JSON of exactly the fields below, 65,535 bytes at most;
- bodies hold valid Unicode strings, integers within +-(2^53-1), booleans, null, arrays, and
  objects with `[a-z0-9_]` keys, 32 deep at most; so sorted compact JSON *is* RFC 8785;
- an entry's hash, the next entry's `prev` and its Merkle leaf are one value:
  `SHA-256(0x00 || bytes)`, over the bytes with `sig`;
- of the n entries of a part only the last has a `sig`; it covers the others through `prev`;
- nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ledger.errors import Altered, InvalidInput
from ledger.merkle import leaf_hash

FORMAT = 1
MAX_BYTES = 65_535
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
SIGNATURE_CONTEXT = b"quaestor/entry/v1\0"
GENESIS_PREV = "0" * 64

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_KEY = re.compile(r"[a-z0-9_]+")
_KIND = re.compile(r"[a-z_]+\.[a-z_]+")
_SUBJECT = re.compile(r"[a-z_]+/[A-Za-z0-9._-]{1,128}")
_ACTOR = re.compile(r"[a-z][a-z0-9-]{0,62}")
_HASH = re.compile(r"[0-9a-f]{64}")
_HEAD = {"time": _TIME, "actor": _ACTOR, "kind": _KIND, "subject": _SUBJECT, "prev": _HASH}
_WHOLE_HEAD = re.compile(" ".join(form.pattern for form in _HEAD.values()))
_FIELDS = frozenset({"v", "seq", "time", "actor", "kind", "subject", "body", "prev", "part"})
_SIGNED = _FIELDS | {"sig"}

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to enter, before it has a place in the record."""

    kind: str
    subject: str
    body: Body


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the record; `sig` is base64 of 64 bytes, or None inside a part."""

    seq: int
    time: str
    actor: str
    kind: str
    subject: str
    body: Body
    prev: str
    part: tuple[int, int]
    sig: str | None = None

    def unsigned(self) -> bytes:
        """Canonical bytes without `sig`: what a signature covers, after the context string."""
        return canonical(self._fields())

    def encode(self) -> bytes:
        """Canonical bytes with `sig`: what is journalled, hashed and chained."""
        fields = self._fields()
        if self.sig is not None:
            fields["sig"] = self.sig
        return canonical(fields)

    @property
    def last_of_part(self) -> bool:
        """Whether this entry carries the signature of its part."""
        return self.part[0] == self.part[1] - 1

    def _fields(self) -> dict[str, Any]:
        return {
            "v": FORMAT,
            "seq": self.seq,
            "time": self.time,
            "actor": self.actor,
            "kind": self.kind,
            "subject": self.subject,
            "body": self.body,
            "prev": self.prev,
            "part": list(self.part),
        }


class Malformed(Altered):
    """Bytes that are not an entry of this format."""


class NewerFormat(InvalidInput):
    """An entry of a format that this version does not know."""

    code = "newer_format"


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a restricted value. InvalidInput for what no entry can hold."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except (TypeError, orjson.JSONEncodeError) as error:
        raise InvalidInput(
            f"This cannot be entered: {error}.",
            "Use text in valid Unicode, whole numbers within 2^53, true, false, null and lists.",
        ) from error


def check_value(value: Any, depth: int = MAX_DEPTH) -> None:
    """Raise InvalidInput unless `value` is made of what bodies may hold, `depth` levels at most."""
    if value is None or isinstance(value, str | bool):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise InvalidInput(f"{value} is beyond 2^53-1.", "Write large numbers as text.")
    elif depth == 0:
        raise InvalidInput(f"This is nested over {MAX_DEPTH} levels.", "Attach it as a file.")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise InvalidInput(f"{key!r} is not a field name.", "Use [a-z0-9_].")
            check_value(item, depth - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            check_value(item, depth - 1)
    else:
        raise InvalidInput(
            f"{value!r} ({type(value).__name__}) cannot be entered.",
            "Write fractions as decimal strings and times as RFC 3339 text.",
        )


def entry_hash(data: bytes) -> bytes:
    """Hash of an entry's bytes: its Merkle leaf, and the next entry's `prev` in hex."""
    return leaf_hash(data)


def decode(data: bytes) -> Entry:
    """Read an entry from its exact bytes.

    Raises Malformed when the bytes are not canonical or a field is not of its form, and
    NewerFormat when they are an entry of a later format.
    """
    if len(data) > MAX_BYTES:
        raise Malformed(f"An entry of {len(data):,} bytes is longer than {MAX_BYTES:,}.")
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"Not JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise Malformed("Not a JSON object.")
    version = fields.get("v")
    if type(version) is int and FORMAT < version <= MAX_INTEGER:
        raise NewerFormat(
            f"This entry has format {version}; this version reads format {FORMAT}.",
            "Install a newer version of Quaestor.",
        )
    if fields.keys() not in (_FIELDS, _SIGNED) or type(version) is not int or version != FORMAT:
        raise Malformed("The fields are not those of an entry.")
    entry = _checked(fields)
    try:
        check_value(entry.body)
        encoded = canonical(fields)
    except InvalidInput as error:
        raise Malformed(error.message) from error
    if encoded != data:
        raise Malformed("The bytes are not canonical JSON (RFC 8785).")
    return entry


def _checked(fields: dict[str, Any]) -> Entry:
    """The entry that fields of the right names make; Malformed unless each is of its form."""
    part, seq, body, sig = fields["part"], fields["seq"], fields["body"], fields.get("sig")
    whole = (
        isinstance(part, list)
        and len(part) == 2  # noqa: PLR2004 - the i-th of n
        and type(part[0]) is type(part[1]) is int
        and 0 <= part[0] < part[1]
    )
    if not whole:
        raise Malformed("`part` is not [i, n] with 0 <= i < n.")
    if type(seq) is not int or not 0 <= seq <= MAX_INTEGER:
        raise Malformed("`seq` is not a whole number.")
    if not isinstance(body, dict):
        raise Malformed("`body` is not an object.")
    time, actor, kind, subject, prev = head = [fields[name] for name in _HEAD]
    try:
        formed = _WHOLE_HEAD.fullmatch(" ".join(head))
    except TypeError:
        formed = None
    if not formed:
        raise _misformed(fields)
    try:
        datetime.fromisoformat(time)
    except ValueError as error:
        raise Malformed(f"`time` is no moment: {time!r}.") from error
    if ("sig" in fields) != (part[0] == part[1] - 1):
        raise Malformed("Only the last entry of a part has a signature, and it must have one.")
    if "sig" in fields and not isinstance(sig, str):
        raise Malformed("`sig` is not text.")
    return Entry(seq, time, actor, kind, subject, body, prev, (part[0], part[1]), sig)


def _misformed(fields: dict[str, Any]) -> Malformed:
    """Name the field that kept the whole head from being of its form."""
    name, value = next(
        (name, fields[name])
        for name, form in _HEAD.items()
        if not isinstance(fields[name], str) or not form.fullmatch(fields[name])
    )
    return Malformed(f"`{name}` is not of its form: {value!r}.")


def make_part(
    drafts: Sequence[Draft],
    *,
    seq: int,
    prev: str,
    time: str,
    actor: str,
    sign: Callable[[bytes], bytes],
) -> list[tuple[Entry, bytes]]:
    """Chain drafts into one part and sign its last entry; return entries with their bytes.

    InvalidInput when a draft cannot be an entry (form, or more than 65,535 bytes).
    """
    made: list[tuple[Entry, bytes]] = []
    for index, draft in enumerate(drafts):
        check_value(draft.body)
        if not _SUBJECT.fullmatch(draft.subject):
            raise InvalidInput(
                f"{draft.subject!r} cannot be a subject.",
                "Names are letters, digits, dot, dash and underscore, 128 at most.",
            )
        entry = Entry(
            seq + index,
            time,
            actor,
            draft.kind,
            draft.subject,
            draft.body,
            prev,
            (index, len(drafts)),
        )
        if entry.last_of_part:
            signature = sign(SIGNATURE_CONTEXT + entry.unsigned())
            entry = Entry(
                entry.seq,
                time,
                actor,
                draft.kind,
                draft.subject,
                draft.body,
                prev,
                entry.part,
                base64.b64encode(signature).decode(),
            )
        data = entry.encode()
        if len(data) > MAX_BYTES:
            raise InvalidInput(
                f"This entry would have {len(data):,} bytes; {MAX_BYTES:,} is the most.",
                "Shorten its texts, or attach the content as a file.",
            )
        prev = entry_hash(data).hex()
        made.append((entry, data))
    return made


def signature_bytes(entry: Entry) -> bytes:
    """The 64 signature bytes of the last entry of a part; Malformed if they are not that."""
    try:
        raw = base64.b64decode(entry.sig or "", validate=True)
    except ValueError as error:
        raise Malformed("`sig` is not base64.") from error
    if len(raw) != 64 or base64.b64encode(raw).decode() != entry.sig:  # noqa: PLR2004 - RFC 8032
        raise Malformed("`sig` is not the base64 of 64 bytes.")
    return raw
