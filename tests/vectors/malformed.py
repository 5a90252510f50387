"""Bytes that are no entry, each with the rule that it breaks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson


def no_entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Break a sound, signed entry in one way at a time."""
    fields: dict[str, Any] = orjson.loads(data)

    def with_(**changed: Any) -> bytes:
        return orjson.dumps({**fields, **changed}, option=orjson.OPT_SORT_KEYS)

    def without(name: str) -> bytes:
        return orjson.dumps({key: value for key, value in fields.items() if key != name})

    def body(text: str) -> bytes:
        return with_(body={"x": 0}).replace(b'{"x":0}', text.encode())

    yield "not JSON", data[:-1]
    yield "not an object", b"[" + data + b"]"
    yield "not UTF-8", body('{"x":"?"}').replace(b"?", b"\xff")
    yield "a byte order mark before it", b"\xef\xbb\xbf" + data
    yield "a line feed after it", data + b"\n"
    yield "white space", data.replace(b":", b": ", 1)
    yield "keys out of order", orjson.dumps(dict(reversed(fields.items())))
    yield "a key twice", data.replace(b'{"actor"', b'{"actor":"ada","actor"', 1)
    yield "an escape that is not needed: solidus", body(r'{"x":"\/"}')
    yield "an escape that is not needed: letter", body(r'{"x":"\u0041"}')
    yield "an escape in upper-case hex", body(r'{"x":"\u001F"}')
    yield "a long escape where a short one exists", body(r'{"x":"\u000a"}')
    yield "a lone surrogate", body(r'{"x":"\ud800"}')
    yield "a fraction", body('{"x":0.5}')
    yield "a whole number written as a fraction", body('{"x":1.0}')
    yield "an exponent", body('{"x":1e2}')
    yield "minus zero", body('{"x":-0}')
    yield "a number beyond 2^53-1", body('{"x":9007199254740992}')
    yield "a number below -(2^53-1)", body('{"x":-9007199254740992}')
    yield "a body's key outside [a-z0-9_]", body('{"X":1}')
    yield "a body 33 levels deep", body('{"x":' + "[" * 32 + "]" * 32 + "}")
    for name in ("v", "seq", "time", "actor", "kind", "subject", "body", "prev", "part"):
        yield f"without `{name}`", without(name)
    yield "a field more", with_(extra=1)
    yield "version 0", with_(v=0)
    yield "version true", with_(v=True)
    yield "a seq below 0", with_(seq=-1)
    yield "a seq as text", with_(seq="1")
    yield "a time without microseconds", with_(time="2026-01-01T00:00:00Z")
    yield "a time in another zone", with_(time="2026-01-01T00:00:00.000000+00:00")
    yield "a time that is no moment", with_(time="2026-02-30T00:00:00.000000Z")
    yield "a time in other digits", with_(time="٢٠٢٦-01-01T00:00:00.000000Z")
    yield "an actor in upper case", with_(actor="Ada")
    yield "an actor of 64 characters", with_(actor="a" * 64)
    yield "a kind without a dot", with_(kind="model")
    yield "a subject without a name", with_(subject="model/")
    yield "a subject with a solidus in its name", with_(subject="model/../x")
    yield "a body that is an array", with_(body=[])
    yield "a prev in upper case", with_(prev="AB" * 32)
    yield "a prev of 31 bytes", with_(prev="ab" * 31)
    yield "part i = n", with_(part=[1, 1])
    yield "part of three numbers", with_(part=[0, 1, 1])
    yield "the last of its part without a signature", without("sig")
    yield "a signature before the last of its part", with_(part=[0, 2])
    yield "a signature that is not text", with_(sig=1)


def unsound_signatures(sig: str) -> Iterator[tuple[str, str]]:
    """Spell a signature in ways that an entry may carry but that are none."""
    raw = base64.b64decode(sig)
    yield "63 bytes", base64.b64encode(raw[:63]).decode()
    yield "65 bytes", base64.b64encode(raw + b"\0").decode()
    yield "no padding", sig.rstrip("=")
    yield "bits left over", sig[:-3] + chr(ord(sig[-3]) + 1) + sig[-2:]
    yield "the other alphabet", "-" + sig[1:]
    yield "white space", sig[:4] + " " + sig[4:]
