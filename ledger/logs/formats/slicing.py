"""JSON text taken apart and put together without being read: every value stays the bytes it was.

So a 64-bit integer, a time in nanoseconds or a decimal of any length cannot lose a digit. An object
that has a name twice is refused, because one of the two values would be lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_NAME = msgspec.json.Encoder()


def members(text: bytes, what: str) -> dict[str, bytes]:
    """Members of a JSON object, each as its own text. Raises ValueError, naming `what` it is."""
    try:
        parts = {name: bytes(part) for name, part in _OBJECT.decode(text).items()}
        # What is whole when it is put together again, without space, has lost nothing.
        if len(joined(parts)) != len(text) and _repeats(text):
            raise ValueError(f"{what} has a name twice")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"{what} is not a JSON object") from error
    return parts


def elements(text: bytes, what: str) -> list[bytes]:
    """Elements of a JSON array, each as its own text. Raises ValueError, naming `what` it is."""
    try:
        return [bytes(part) for part in _ARRAY.decode(text)]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"{what} is not a JSON array") from error


def joined(parts: Mapping[str, bytes]) -> bytes:
    """One JSON object of these texts, in the order given."""
    pairs = (_NAME.encode(name) + b":" + text for name, text in parts.items())
    return b"{" + b",".join(pairs) + b"}"


def _repeats(text: bytes) -> bool:
    """Whether the outermost object has a name twice."""
    names: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> None:
        names[:] = [name for name, _ in pairs]  # of the outermost object last

    json.loads(text, object_pairs_hook=note, parse_int=str, parse_float=str)
    return len(set(names)) < len(names)
