"""What a forger makes of a history's bytes.

Lines are changed, moved, spelled otherwise; then hashes and signatures are mostly made to follow,
as far as the forger has the keys. Nothing here uses our encoding: the bytes are the forger's own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from ledger.entry import SIGNATURE_CONTEXT, entry_hash
from ledger.keys import Signer
from tests.ledger_states import KEYS, TIME, Fields, History
from tests.vectors.story import ADA


@dataclass(frozen=True)
class Line:
    """A line in a forger's hands: with whose key it was signed; `fixed` bytes are written as is."""

    data: bytes
    by: Signer = ADA
    fixed: bool = False


def damaged(chance: Random, history: History) -> list[bytes]:
    """Change a history here or there; mostly hashes and signatures are then made to follow."""
    lines = [Line(data, history.signers.get(seq, ADA)) for seq, data in enumerate(history.lines)]
    before = list(lines)
    for _ in range(chance.choices([1, 2], [5, 1])[0]):
        if lines:
            lines = chance.choice(CHANGES)(chance, lines)
    if history.refused and chance.random() < 0.2:
        seq, by, refused = chance.choice(history.refused)
        lines[seq:seq] = [Line(data, by) for data in refused]
    if chance.random() < 0.3:
        return [line.data for line in lines]
    same = next((i for i, (a, b) in enumerate(zip(lines, before, strict=False)) if a != b), 0)
    return resealed(lines, same, chance.choices([None, KEYS["dan"][2]], [9, 1])[0])


def resealed(lines: list[Line], start: int, by: Signer | None = None) -> list[bytes]:
    """Number, chain and sign lines anew from `start` on, each with its own key or all with one."""
    sealed = [line.data for line in lines[:start]]
    for seq, line in enumerate(lines[start:], start):
        fields = None if line.fixed else json.loads(line.data)
        if isinstance(fields, dict):
            prev = entry_hash(sealed[-1]).hex() if sealed else "0" * 64
            sealed.append(_signed({**fields, "seq": seq, "prev": prev}, by or line.by))
        else:
            sealed.append(line.data)
    return sealed


def _signed(fields: Fields, by: Signer) -> bytes:
    if fields.pop("sig", None) is not None:
        fields["sig"] = base64.b64encode(by.sign(SIGNATURE_CONTEXT + _written(fields))).decode()
    return _written(fields)


def _written(fields: Fields) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _somewhere(chance: Random, lines: list[Line]) -> int:
    """Choose a line, more often one near the end."""
    return max(chance.randrange(len(lines)), chance.randrange(len(lines)))


def _delete(chance: Random, lines: list[Line]) -> list[Line]:
    at = _somewhere(chance, lines)
    return lines[:at] + lines[at + chance.choice([1, 1, 2]) :]


def _duplicate(chance: Random, lines: list[Line]) -> list[Line]:
    at = _somewhere(chance, lines)
    to = chance.choice([at, len(lines)])
    return lines[:to] + lines[at : at + chance.choice([1, 2])] + lines[to:]


def _swap(chance: Random, lines: list[Line]) -> list[Line]:
    one, other = _somewhere(chance, lines), _somewhere(chance, lines)
    lines = list(lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _truncate(chance: Random, lines: list[Line]) -> list[Line]:
    return lines[: _somewhere(chance, lines)]


def _respell(chance: Random, lines: list[Line]) -> list[Line]:
    at = _somewhere(chance, lines)
    spelled = chance.choice(SPELLINGS)(lines[at].data)
    return [*lines[:at], Line(spelled, lines[at].by, fixed=True), *lines[at + 1 :]]


def _flip(chance: Random, lines: list[Line]) -> list[Line]:
    at = _somewhere(chance, lines)
    data = bytearray(lines[at].data)
    for _ in range(chance.choice([1, 1, 3])):
        place = chance.randrange(len(data))
        data[place] = chance.choice([data[place] ^ 1 << chance.randrange(8), *b'0az"{'])
    return [*lines[:at], Line(bytes(data), lines[at].by, fixed=True), *lines[at + 1 :]]


def _edit(chance: Random, lines: list[Line]) -> list[Line]:
    at = _somewhere(chance, lines)
    try:
        fields = json.loads(lines[at].data)
        chance.choice(EDITS)(chance, fields)
        edited = _written(fields)
    except (ValueError, TypeError, KeyError, RecursionError):
        # A second change, where the first left no entry, or one that nests too deep.
        return lines
    return [*lines[:at], Line(edited, lines[at].by), *lines[at + 1 :]]


def _edit_body(chance: Random, fields: Fields) -> None:
    body: Any = fields["body"]
    while True:
        keys = list(body) if isinstance(body, dict) else list(range(len(body)))
        if not keys:
            body = fields["body"]
            break
        key = chance.choice(keys)
        deeper = isinstance(body[key], dict | list) and chance.random() < 0.8
        if not deeper:
            body[key] = chance.choice([*VALUES, *([body[key]] * 2)])
            break
        body = body[key]
    if isinstance(body, dict) and chance.random() < 0.3:
        body[chance.choice(["extra", "Extra", "reason", "roles"])] = chance.choice(VALUES)


def _drop_from_body(chance: Random, fields: Fields) -> None:
    if fields["body"]:
        del fields["body"][chance.choice(list(fields["body"]))]


def _edit_head(chance: Random, fields: Fields) -> None:
    name = chance.choice(list(HEADS))
    fields[name] = chance.choice(HEADS[name])


def _edit_part(chance: Random, fields: Fields) -> None:
    place, count = fields["part"]
    fields["part"] = chance.choice([[place, count + 1], [place + 1, count + 1], [0, 1], [0, 2]])
    last = fields["part"][0] == fields["part"][1] - 1
    if last == (chance.random() < 0.9):
        fields["sig"] = "to be signed"
    else:
        fields.pop("sig", None)


def _edit_fields(chance: Random, fields: Fields) -> None:
    if chance.random() < 0.5:
        fields.pop(chance.choice(list(fields)))
    else:
        fields[chance.choice(["w", "sig", "v", "Seq"])] = chance.choice(VALUES)


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**53 - 1, 2**53, -(2**53), 2**63, 2**64, 1.5, 1.0),
    *(
        "",
        " ",
        "x",
        "x" * 300,
        "x" * 301,
        "x" * 20_000,
        "x" * 20_001,
        "x" * 60_001,
        "a\x1fb",
        "a\x7fb",
        "a\nb",
    ),
    *(
        "on",
        "off",
        "admin",
        "engineer",
        "ada",
        "ben",
        "credit",
        "Credit",
        "assess",
        "-0.5",
        "1.",
        "é",
    ),
    *(
        "ab" * 32,
        "AB" * 32,
        "ab" * 16,
        "\U0001d7d8" * 64,
        "9",
        "\u0663",
        "0" * 64 + "\n",
        "credit\n",
    ),
    *(TIME.format(5), "2026-02-30T00:00:00.000000Z", "2026-01-01T24:00:00.000000Z", "2026-01-01"),
    *([], {}, [1], ["x"], {"x": 1}, {"vault": "0" * 32, "data": "AAAA"}, [[["x"]]]),
)
HEADS: dict[str, list[Any]] = {
    "actor": ["ada", "ben", "nobody", "Ada", "", "a" * 63, "a" * 64, "ada\n", 1],
    "kind": ["model.versioned", "model.levitated", "model", "switch.killed", "Model.x", None],
    "subject": ["model/credit", "model/fraud", "model/", "audit/x", "model/a b", f"m/{'x' * 129}"],
    "time": [*(TIME.format(n) for n in (0, 7, 60)), "2026-13-01T00:00:00.000000Z", "", 1],
    "v": [1, 2, 0, -1, True, "1", 1.0, 2.0, None],
    "seq": [0, 3, -1, "1", None, 2**53],
    "prev": ["0" * 64, "ab" * 32, "AB" * 32, ""],
    "body": [{}, [], None, {"a": {"b": {"c": 1}}}],
    "sig": ["", "AAAA", "A" * 86 + "==", "A" * 85 + "B==", None, 1],
}
CHANGES: tuple[Callable[[Random, list[Line]], list[Line]], ...] = (
    *(_edit, _edit, _edit, _edit, _edit, _edit),
    *(_delete, _duplicate, _swap, _truncate, _respell, _flip, _flip),
)
EDITS: tuple[Callable[[Random, Fields], None], ...] = (
    *(_edit_body, _edit_body, _edit_body, _drop_from_body),
    *(_edit_head, _edit_head, _edit_part, _edit_fields),
)
SPELLINGS: tuple[Callable[[bytes], bytes], ...] = (
    lambda data: data + b" ",
    lambda data: data.replace(b":", b": ", 1),
    lambda data: data.replace(b'"part":[0', b'"part":[0.0', 1),
    lambda data: data.replace(b'"part":[0', b'"part":[-0', 1),
    lambda data: data.replace(b'"v":1', b'"v":1e0', 1),
    lambda data: data.replace(b'"v":1', b'"v":01', 1),
    lambda data: data.replace(b"/", b"\\/", 1),
    lambda data: data.replace(b'"a', b'"\\u0061', 1),
    lambda data: data.replace(b"a", b"\\ud800", 1),
    lambda data: data.replace(b"a", b"\xc3", 1),
    lambda data: data.replace(b'"body":{', b'"body":{"z":' + b"[" * 5000 + b"]" * 5000 + b",", 1),
    lambda data: data.replace(b'"body":{', b'"body":{"z":' + b"[" * 31 + b"]" * 31 + b",", 1),
    lambda data: b"\xef\xbb\xbf" + data,
    lambda data: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data: data + b" " * 65_535,
    lambda _: b"",
    lambda _: b"null",
    lambda _: b"[]",
    lambda _: b"NaN",
    lambda data: b'{"actor":"ada",' + data[1:],
)
