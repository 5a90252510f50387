"""Entries read at speed, many at a time: what `entry.decode` accepts without having to be asked.

Rules kept here:
- `entry.decode` is the definition. What is found plainly sound here is canonical and well-formed
  by it; of anything else nothing is said, and whoever reads asks `decode`;
- plainly sound is: re-encoding gives the very same bytes, once for the fields and once for the
  body, every field is of its form, and the body holds nothing that bodies may not;
- an entry's hash is taken once; it is its leaf, and the roots of full tiles follow from it;
- nothing here reads a clock, a file or a database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import msgspec
import orjson
from msgspec import UNSET, UnsetType

from ledger.collection import collection_put_off
from ledger.entry import FORMAT, GENESIS_PREV, MAX_BYTES, MAX_DEPTH, MAX_INTEGER, Entry
from ledger.merkle import HASH_SIZE
from ledger.tiles import full_tile_roots

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_ABOUT = re.compile(
    r"[a-z][a-z0-9-]{0,62} [a-z_]+\.[a-z_]+ [a-z_]+/[A-Za-z0-9._-]{1,128}"
)  # actor, kind, subject: none of them has a space
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/=]{88}")
_NAME = re.compile(r"[a-z0-9_]+")
_SCALARS = frozenset({str, int, bool, type(None)})
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class _Sheet(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The fields of an entry in the order of their canonical form; the body as its bytes."""

    actor: str
    body: msgspec.Raw
    kind: str
    part: tuple[int, int]
    prev: str
    seq: int
    sig: str | UnsetType = UNSET
    subject: str
    time: str
    v: int


_read_sheet = msgspec.json.Decoder(_Sheet).decode
_read_entry = msgspec.json.Decoder(Entry).decode
_write_sheet = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Checked:
    """What a batch of entries' bytes comes to.

    `leaves` are their hashes and `roots` those of the full tiles from the first entry on, 32 bytes
    each; `sound` has a 1 for every entry that is plainly sound, a 0 where `decode` is to be asked.
    """

    leaves: bytes
    roots: bytes
    sound: bytes


class Batch(Protocol):
    """Anything with the bytes of some entries."""

    @property
    def data(self) -> list[bytes]:
        """Exact bytes of entries, in order."""
        ...


B = TypeVar("B", bound=Batch)
Checking = Callable[[Iterable[B]], Iterator[tuple[B, Checked]]]
"""Batches in, each out again with what was found of it, in the same order."""


def check(batch: Sequence[bytes]) -> Checked:
    """Hash entries, and tell which are plainly sound."""
    with collection_put_off():
        leaves = b"".join([sha256(b"\x00" + data).digest() for data in batch])
        before = [GENESIS_PREV, *leaves.hex(" ", HASH_SIZE).split()]
        sound = bytes(map(plainly_sound, batch, before))
        return Checked(leaves, full_tile_roots(leaves), sound)


def check_here(batches: Iterable[B]) -> Iterator[tuple[B, Checked]]:
    """Check batches in this process."""
    for batch in batches:
        yield batch, check(batch.data)


def plainly_sound(data: bytes, before: str = GENESIS_PREV) -> bool:
    """Whether these bytes are an entry of this format beyond doubt. False says nothing.

    `before` is a hash, in hex, that it is likely to follow: `prev` need not be looked at then.
    """
    try:
        sheet = _read_sheet(data)
        raw = bytes(sheet.body)
        body = orjson.loads(raw)
        if _write_sheet(sheet) != data or orjson.dumps(body, option=_CANONICAL) != raw:
            return False
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
        return False
    place, count = sheet.part
    sig = sheet.sig
    return (
        len(data) <= MAX_BYTES
        and sheet.v == FORMAT
        and 0 <= sheet.seq <= MAX_INTEGER
        and 0 <= place < count <= MAX_INTEGER
        and (sig is UNSET if place < count - 1 else sig is not UNSET and _is_base64(sig))
        and (sheet.prev == before or _HASH.fullmatch(sheet.prev) is not None)
        and _is_time(sheet.time)
        and _is_about(sheet.actor, sheet.kind, sheet.subject)
        and type(body) is dict
        and _holds_plain(body, MAX_DEPTH)
    )


def read_sound(data: bytes) -> Entry:
    """The entry that plainly sound bytes are; without that promise, anything may come out."""
    return _read_entry(data)


def _holds_plain(value: dict[str, Any] | list[Any], levels: int) -> bool:
    """Whether an object or array holds only what bodies may; integers were bounded before."""
    if levels == 0:
        return False
    items: Any = value
    if type(value) is dict:
        if not all(map(_is_name, value)):
            return False
        items = value.values()
    for item in items:
        kind = type(item)
        if kind in _SCALARS:
            continue
        if (kind is not dict and kind is not list) or not _holds_plain(item, levels - 1):
            return False
    return True


def _is_base64(sig: str) -> bool:
    return _SIGNATURE.fullmatch(sig) is not None


@lru_cache(maxsize=4096)
def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def _is_about(actor: str, kind: str, subject: str) -> bool:
    return _ABOUT.fullmatch(f"{actor} {kind} {subject}") is not None


@lru_cache(maxsize=256)
def _is_time(time: str) -> bool:
    if not _TIME.fullmatch(time):
        return False
    try:
        datetime.fromisoformat(time)
    except ValueError:
        return False
    return True
