"""Replacing what stands at some sources of a record, every other value keeping its text.

What lies beside a source is handed on as raw JSON, number for number as it was written; white space
around it goes, and of members of the same name the last one stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import msgspec

from ledger.logs.paths import SCALARS, Leg, Name, Step, parse

EVERY = "*"

Replace = Callable[[str], str | bytes | None]
"""Given a text (a string's content, or any other value's JSON): the new text, or as bytes the JSON
that takes its place; None leaves it as it is."""

_MEMBERS: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
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
    every: Node | None = None  # in each element of an array
    alike: list[tuple[re.Pattern[str], Node]] = field(default_factory=list)  # by shape of a key
    inside: Node | None = None
    wrapped: bool = False  # in the value of a key, which OTLP wraps

    def add(self, source: str, replace: Replace) -> None:
        """Let `replace` be done at a source, unless something is done there already."""
        path = parse(source)
        if path.whole is not None:
            self._at(((Name(path.whole),),)).settle(replace)
        self._at(path.legs).settle(replace)

    def add_every(self, source: str, replace: Replace) -> None:
        """The same, where `*` is every element of an array, and in a key any text."""
        self._at(parse(source).legs, every=True).settle(replace)

    def settle(self, replace: Replace) -> None:
        """Let `replace` be done here, if nothing is yet."""
        self.replace = self.replace or replace

    @property
    def leads_on(self) -> bool:
        """Whether anything is done further inside an object or array."""
        return bool(self.names or self.keys or self.every or self.alike)

    def _at(self, legs: Sequence[Leg], *, every: bool = False) -> Node:
        node = self
        for number, leg in enumerate(legs):
            if number:
                node.inside = node.inside or Node()
                node = node.inside
            for step in leg:
                node = node.toward(step, every=every)
        return node

    def toward(self, step: Step, *, every: bool) -> Node:
        """Where a step leads, made if it is not there yet."""
        if isinstance(step, Name):
            if every and step.text == EVERY:
                self.every = self.every or Node(wrapped=self.wrapped)
                return self.every
            return self.names.setdefault(step.text, Node(wrapped=self.wrapped))
        if every and EVERY in step.text:
            shape = key_shape(step.text)
            known = next((node for other, node in self.alike if other == shape), None)
            if known is None:
                self.alike.append((shape, known := Node(wrapped=True)))
            return known
        return self.keys.setdefault(step.text, Node(wrapped=True))

    def of_key(self, key: str) -> Node | None:
        """Where it goes on in the value of a key."""
        found = self.keys.get(key)
        if found is None and self.alike:
            found = next((node for shape, node in self.alike if shape.fullmatch(key)), None)
        return found


@lru_cache(maxsize=1024)
def key_shape(text: str) -> re.Pattern[str]:
    """What the keys look like that a text with `*` stands for."""
    return re.compile(".*".join(map(re.escape, text.split(EVERY))), re.DOTALL)


def splice(record: bytes, root: Node) -> bytes:
    """Carry out what a tree of places says. Raises msgspec.DecodeError for what is no object."""
    members = _MEMBERS.decode(record)
    return _encode(members) if _named(members, root) else record


class Reader:
    """Reads the text at the first of some sources, as the mapped columns read it."""

    def __init__(self, *sources: str) -> None:
        self._found: dict[int, str] = {}
        self._root = Node()
        for place, source in enumerate(sources):
            self._root.add(source, partial(self._note, place))

    def text(self, record: bytes) -> str | None:
        """The text in a record; None if there is none, or it is empty."""
        self._found.clear()
        splice(record, self._root)
        return self._found[min(self._found)] if self._found else None

    def _note(self, place: int, text: str) -> None:
        if text:
            self._found.setdefault(place, text)


# A value is raw JSON as it stands in the record, or, once replaced, a text that is still to be
# written as JSON; what is not replaced comes back as the same object.
_Value = msgspec.Raw | str


def _named(members: dict[str, _Value], node: Node) -> bool:
    """Go on in the members of an object; whether one was replaced."""
    changed = False
    for name, child in node.names.items():
        value = members.get(name)
        if value is not None:
            new = _replaced(value, child) if child.replace is not None else _along(value, child)
            if new is not value:
                members[name] = new
                changed = True
    return changed


def _along(value: _Value, node: Node) -> _Value:
    """Go on within a value."""
    if node.replace is not None:
        return _replaced(value, node)
    if node.inside is not None:
        value = _within(value, node.inside)
    if node.keys or node.alike:
        value = _in_list(value, lambda items: _keyed(items, node), unwrap=True)
    if not (node.names or node.every) or isinstance(value, str):
        return value
    if _first(value) == b"[":
        return _in_list(value, lambda items: _indexed(items, node), unwrap=False)
    if _first(value) == b"{":
        members = _MEMBERS.decode(value)
        if node.wrapped and any(kind in members for kind in _LISTS):
            return _in_list(value, lambda items: _indexed(items, node), unwrap=True)
        return _written(members) if _named(members, node) else value
    return value


def _indexed(items: list[_Value], node: Node) -> bool:
    changed = False
    for name, child in node.names.items():
        if name.isdecimal() and int(name) < len(items):
            changed |= _put(items, int(name), _along(items[int(name)], child))
    if node.every is not None:
        for place, item in enumerate(items):
            changed |= _put(items, place, _along(item, node.every))
    return changed


def _keyed(items: list[_Value], node: Node) -> bool:
    changed = False
    for place, item in enumerate(items):
        if isinstance(item, str) or _first(item) != b"{":
            continue
        pair = _MEMBERS.decode(item)
        key = pair.get("key")
        if key is None or "value" not in pair or _first(key) != b'"':
            continue
        child = node.of_key(_TEXT.decode(key))
        if child is not None:
            new = _along(pair["value"], child)
            if new is not pair["value"]:
                changed |= _put(items, place, _written({**pair, "value": new}))
    return changed


def _put(items: list[_Value], place: int, new: _Value) -> bool:
    if new is items[place]:
        return False
    items[place] = new
    return True


def _in_list(value: _Value, change: Callable[[list[_Value]], bool], *, unwrap: bool) -> _Value:
    """Change a list, or that within an AnyValue that holds one."""
    if isinstance(value, str):
        return value
    if _first(value) == b"[":
        items: list[_Value] = [*_ITEMS.decode(value)]
        return _written(items) if change(items) else value
    if unwrap and _first(value) == b"{":
        members = _MEMBERS.decode(value)
        for kind in _LISTS:
            if kind in members and _first(members[kind]) == b"{":
                inner = _MEMBERS.decode(members[kind])
                if "values" in inner:
                    new = _in_list(inner["values"], change, unwrap=False)
                    if new is inner["values"]:
                        return value
                    return _written({**members, kind: _written({**inner, "values": new})})
    return value


def _within(value: _Value, node: Node) -> _Value:
    """Go on inside a JSON text; an object or array is its own."""
    if isinstance(value, str):
        return value
    first = _first(value)
    if first == b"{" and (scalar := _scalar_of(value)) is not None:
        members, kind = scalar
        new = _within(members[kind], node)
        return value if new is members[kind] else _written({kind: new})
    if first != b'"':
        return _along(value, node)
    try:
        text = msgspec.json.decode(_TEXT.decode(value), type=msgspec.Raw)
        new = _along(text, node)
    except msgspec.DecodeError:
        return value
    return value if new is text else _encode(new).decode()


def _scalar_of(value: msgspec.Raw) -> tuple[dict[str, msgspec.Raw], str] | None:
    """An AnyValue of one scalar, and of which kind; None if it is none."""
    members = _MEMBERS.decode(value)
    kind = next(iter(members), "")
    return (members, kind) if len(members) == 1 and kind in SCALARS else None


def _replaced(value: _Value, node: Node) -> _Value:
    if isinstance(value, str) or node.replace is None:
        return value
    try:
        text = _TEXT.decode(value)
    except msgspec.ValidationError:  # not a string
        first = _first(value)
        if node.wrapped and first == b"{" and (scalar := _scalar_of(value)) is not None:
            members, kind = scalar
            new = _replaced(members[kind], Node(node.replace))
            return value if new is members[kind] else _written({"stringValue": new})
        if first == b"n":  # null
            return value
        text = bytes(value).decode()
    changed = node.replace(text)
    if changed is None:
        return value
    return changed if isinstance(changed, str) else msgspec.Raw(changed)


def _written(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))


def _first(value: msgspec.Raw) -> bytes:
    return bytes(memoryview(value)[:1])
