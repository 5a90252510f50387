"""Replacing what stands at some sources of a record, every other value keeping its text.

What lies beside a source is handed on as raw JSON, number for number as it was written; white space
around it goes, and of members of the same name the last one stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from ledger.logs.paths import SCALARS, Key, Leg, Name, parse

Replace = Callable[[str], str | bytes | None]
"""Given a text (a string's content, or any other value's JSON): the new text, or the JSON that takes
its place as bytes; None leaves it as it is."""

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_encode = msgspec.json.encode
_LISTS = ("arrayValue", "kvlistValue")


@dataclass(slots=True)
class Node:
    """A place in a record: what is done there, or where it goes on."""

    replace: Replace | None = None
    names: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    inside: Node | None = None
    wrapped: bool = False  # in the value of a key, which OTLP wraps

    def add(self, source: str, replace: Replace) -> None:
        """Let `replace` be done at a source, unless something is done there already."""
        path = parse(source)
        if path.whole is not None:
            self._at(((Name(path.whole),),)).settle(replace)
        self._at(path.legs).settle(replace)

    def settle(self, replace: Replace) -> None:
        """Let `replace` be done here, if nothing is yet."""
        self.replace = self.replace or replace

    def _at(self, legs: Sequence[Leg]) -> Node:
        node = self
        for number, leg in enumerate(legs):
            if number:
                node.inside = node.inside or Node()
                node = node.inside
            for step in leg:
                if isinstance(step, Key):
                    node = node.keys.setdefault(step.text, Node(wrapped=True))
                else:
                    node = node.names.setdefault(step.text, Node(wrapped=node.wrapped))
        return node


def splice(record: bytes, root: Node) -> bytes:
    """Carry out what a tree of places says. Raises msgspec.DecodeError for what is no JSON."""
    return bytes(_spliced(record, root))


class Reader:
    """Reads the text at a source, as the mapped columns read it."""

    def __init__(self, source: str) -> None:
        self._found: list[str] = []
        self._root = Node()
        self._root.add(source, self._note)

    def text(self, record: bytes) -> str | None:
        """The text in a record; None if there is none, or it is empty."""
        self._found.clear()
        _spliced(record, self._root)
        return self._found[0] if self._found else None

    def _note(self, text: str) -> None:
        if text:
            self._found.append(text)


def _spliced(raw: bytes | msgspec.Raw, node: Node) -> bytes | msgspec.Raw:
    if node.replace is not None:
        return _replaced(raw, node)
    if node.inside is not None:
        raw = _within(raw, node.inside)
    first = _first(raw)
    if node.keys:
        raw = _list_of(raw, lambda items: _keyed(items, node), unwrap=True)
    if node.names and first == b"{":
        members = _MEMBERS.decode(raw)
        if node.wrapped and any(kind in members for kind in _LISTS):
            return _list_of(raw, lambda items: _indexed(items, node), unwrap=True)
        return _named(raw, members, node)
    if node.names and first == b"[":
        return _list_of(raw, lambda items: _indexed(items, node), unwrap=False)
    return raw


def _named(
    raw: bytes | msgspec.Raw, members: dict[str, msgspec.Raw], node: Node
) -> bytes | msgspec.Raw:
    changed = False
    for name, child in node.names.items():
        if (value := members.get(name)) is not None:
            new = _spliced(value, child)
            if new is not value:
                members[name] = new if isinstance(new, msgspec.Raw) else msgspec.Raw(new)
                changed = True
    return _encode(members) if changed else raw


def _indexed(items: list[msgspec.Raw], node: Node) -> bool:
    changed = False
    for name, child in node.names.items():
        if name.isdecimal() and int(name) < len(items):
            changed |= _put(items, int(name), _spliced(items[int(name)], child))
    return changed


def _keyed(items: list[msgspec.Raw], node: Node) -> bool:
    changed = False
    for place, item in enumerate(items):
        if _first(item) != b"{":
            continue
        pair = _MEMBERS.decode(item)
        key = pair.get("key")
        if key is None or "value" not in pair or _first(key) != b'"':
            continue
        child = node.keys.get(_TEXT.decode(key))
        if child is not None:
            new = _spliced(pair["value"], child)
            if new is not pair["value"]:
                pair["value"] = new if isinstance(new, msgspec.Raw) else msgspec.Raw(new)
                changed |= _put(items, place, _encode(pair))
    return changed


def _put(items: list[msgspec.Raw], place: int, new: bytes | msgspec.Raw) -> bool:
    if new is items[place]:
        return False
    items[place] = new if isinstance(new, msgspec.Raw) else msgspec.Raw(new)
    return True


def _list_of(
    raw: bytes | msgspec.Raw, change: Callable[[list[msgspec.Raw]], bool], *, unwrap: bool
) -> bytes | msgspec.Raw:
    """Change a list, or that within an AnyValue that holds one."""
    first = _first(raw)
    if first == b"[":
        items = _ITEMS.decode(raw)
        return _encode(items) if change(items) else raw
    if unwrap and first == b"{":
        members = _MEMBERS.decode(raw)
        for kind in _LISTS:
            if kind in members and _first(members[kind]) == b"{":
                inner = _MEMBERS.decode(members[kind])
                if "values" in inner:
                    new = _list_of(inner["values"], change, unwrap=False)
                    if new is inner["values"]:
                        return raw
                    inner["values"] = new if isinstance(new, msgspec.Raw) else msgspec.Raw(new)
                    members[kind] = msgspec.Raw(_encode(inner))
                    return _encode(members)
    return raw


def _within(raw: bytes | msgspec.Raw, node: Node) -> bytes | msgspec.Raw:
    """Go on inside a JSON text; an object or array is its own."""
    first = _first(raw)
    if first == b"{" and (string := _scalar_of(raw)) is not None:
        members, kind = string
        new = _within(members[kind], node)
        if new is members[kind]:
            return raw
        members[kind] = new if isinstance(new, msgspec.Raw) else msgspec.Raw(new)
        return _encode(members)
    if first != b'"':
        return _spliced(raw, node)
    text = _TEXT.decode(raw).strip().encode()
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
        new = _spliced(text, node)
    except msgspec.DecodeError:
        return raw
    return raw if new is text else _encode(bytes(new).decode())


def _scalar_of(raw: bytes | msgspec.Raw) -> tuple[dict[str, msgspec.Raw], str] | None:
    """An AnyValue of one scalar, and of which kind; None if it is none."""
    members = _MEMBERS.decode(raw)
    kind = next(iter(members), "")
    return (members, kind) if len(members) == 1 and kind in SCALARS else None


def _replaced(raw: bytes | msgspec.Raw, node: Node) -> bytes | msgspec.Raw:
    assert node.replace is not None
    try:
        text = _TEXT.decode(raw)
    except msgspec.ValidationError:  # not a string
        first = _first(raw)
        if node.wrapped and first == b"{" and (scalar := _scalar_of(raw)) is not None:
            members, kind = scalar
            new = _replaced(members[kind], Node(replace=node.replace))
            return raw if new is members[kind] else b'{"stringValue":' + bytes(new) + b"}"
        if first == b"n":  # null
            return raw
        text = bytes(raw).decode()
    changed = node.replace(text)
    if changed is None:
        return raw
    return _encode(changed) if isinstance(changed, str) else changed


def _first(raw: bytes | msgspec.Raw) -> bytes:
    return bytes(memoryview(raw)[:1])
