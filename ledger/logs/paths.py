"""Sources: where in a decision record a value stands.

The grammar, in which `model.version` is the usual case:

    source  = leg *( "=>" [ leg ] )          what stands at the left is JSON text; go on inside it
    leg     = step *( "." name / key )
    step    = name / key
    name    = plain / quoted                 a member of an object, or the index of an array
    key     = "{" ( plain / quoted ) "}"     in an array of {"key": k, "value": v}: that key's value

A plain name holds none of `. { } =>`, does not begin with `"` and has no space around it; a plain
key may hold dots as well; a quoted one is a JSON string. A dotted path without keys, quotes or
arrows is first taken for the name of a top-level member, so that `gen.model` finds
{"gen.model": 1} as well as {"gen": {"model": 1}}. An arrow with nothing at its right is the JSON
text itself, read: a string without its quotes.

A key's value is unwrapped from the AnyValue of OTLP ({"intValue": "7"}), as are the values below.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import orjson

MOST = 16  # steps and legs of one source
LONGEST = 500  # characters of one source
SCALARS = ("stringValue", "intValue", "doubleValue", "boolValue", "bytesValue")
_NAME = re.compile(r"(?:(?!=>)[^.{}])+")
_KEY = re.compile(r"(?:(?!=>)[^{}])+")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')


@dataclass(frozen=True, slots=True)
class Name:
    """A member of an object; if it is digits, also a place in an array, counted from 0."""

    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """The value of a key in an array of `{"key": k, "value": v}`; the first such, if several."""

    text: str


Step = Name | Key
Leg = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed source: its legs, each inside the JSON text that the one before leads to.

    `whole` is the top-level name that the source is first taken for, if it may be one.
    """

    legs: tuple[Leg, ...]
    whole: str | None = None


@lru_cache(maxsize=4096)
def parse(source: str) -> Path:
    """Parse a source. Raises ValueError, which says where and why, if it is none."""
    if len(source) > LONGEST:
        raise ValueError(f"a source has at most {LONGEST} characters")
    reader = _Reader(source)
    legs = [reader.leg()]
    while reader.takes("=>"):
        legs.append(reader.leg(or_nothing=True))
    if sum(map(len, legs)) > MOST:
        raise ValueError(f"{source!r} has more than {MOST} steps")
    plain = len(legs) == 1 and len(legs[0]) > 1 and not re.search(r'[{}]|(^|\.)\s*"', source)
    return Path(tuple(legs), source.strip() if plain else None)


def write(path: Path) -> str:
    """Write a path as a source that parses to it, `whole` aside."""
    return " => ".join(_leg(leg) for leg in path.legs)


def top(name: str) -> str:
    """Write the source that is one top-level member, whatever its name."""
    return write(Path(((Name(name),),)))


def _leg(leg: Leg) -> str:
    text = ""
    for step in leg:
        if isinstance(step, Key):
            text += f"{{{_word(step.text, _KEY)}}}"
        else:
            text += ("." if text else "") + _word(step.text, _NAME)
    return text


def _word(text: str, shape: re.Pattern[str]) -> str:
    plain = shape.fullmatch(text) and text == text.strip() and not text.startswith('"')
    return text if plain else orjson.dumps(text).decode()


class _Reader:
    """Walks along a source."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0

    def leg(self, *, or_nothing: bool = False) -> Leg:
        steps: list[Step] = []
        while True:
            self._pass_space()
            if or_nothing and not steps and self._at_end():
                break
            if self.takes("{"):
                steps.append(Key(self._word("a key", _KEY)))
                if not self.takes("}"):
                    self._stop("a key ends with }")
            elif not steps or self.takes("."):
                steps.append(Name(self._word("a name", _NAME)))
            else:
                break
        self._pass_space()
        if not self._at_end():
            self._stop("a dot, {key}, => or the end must come here")
        return tuple(steps)

    def _at_end(self) -> bool:
        return self._at == len(self._source) or self._source.startswith("=>", self._at)

    def takes(self, sign: str) -> bool:
        """Pass over a sign, if it is the next."""
        self._pass_space()
        found = self._source.startswith(sign, self._at)
        self._at += len(sign) * found
        return found

    def _word(self, what: str, shape: re.Pattern[str]) -> str:
        self._pass_space()
        if self._source.startswith('"', self._at):
            return self._quoted()
        plain = shape.match(self._source, self._at)
        text = plain[0].strip() if plain else ""
        if plain is None or not text:
            self._stop(f'{what} is missing here; odd ones are written "in quotes"')
        self._at += len(plain[0].rstrip())
        return text

    def _quoted(self) -> str:
        quoted = _QUOTED.match(self._source, self._at)
        if quoted is None:
            self._stop("this quote does not end")
        try:
            text: str = orjson.loads(quoted[0])
        except orjson.JSONDecodeError:
            self._stop("a quoted name is a JSON string, and this is none")
        self._at += len(quoted[0])
        return text

    def _pass_space(self) -> None:
        while self._source[self._at : self._at + 1].isspace():
            self._at += 1

    def _stop(self, why: str) -> NoReturn:
        raise ValueError(f"{self._source!r} at character {self._at + 1}: {why}")


def find(document: Any, source: str) -> Any:
    """The value at a source of a parsed record; None if it is missing. As the SQL finds it."""
    path = parse(source)
    if path.whole is not None and isinstance(document, dict):
        value = document.get(path.whole)
        if value is not None:
            return value
    value = document
    for number, leg in enumerate(path.legs):
        if number:
            value = _inside(value)
        value = _along(value, leg)
    return value


def _along(value: Any, leg: Sequence[Step]) -> Any:
    wrapped = False
    for step in leg:
        if isinstance(step, Key):
            value, wrapped = _keyed(value, step.text), True
        elif wrapped:
            value = _member(_values(value), step.text)
        else:
            value = _member(value, step.text)
    return _bare(value) if wrapped else value


def _member(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,8}", name):
        return value[int(name)] if int(name) < len(value) else None
    return None


def _keyed(value: Any, key: str) -> Any:
    pairs = _values(value)
    if not isinstance(pairs, list):
        return None
    found = (pair for pair in pairs if isinstance(pair, dict) and pair.get("key") == key)
    return next(found, {}).get("value")


def _values(value: Any) -> Any:
    """The array within an AnyValue that holds one; anything else as it is."""
    for kind in ("arrayValue", "kvlistValue"):
        inner = value.get(kind) if isinstance(value, dict) else None
        if isinstance(inner, dict) and inner.get("values") is not None:
            return inner["values"]
    return value


def _bare(value: Any) -> Any:
    """What an AnyValue says."""
    if isinstance(value, dict):
        for kind in SCALARS:
            if value.get(kind) is not None:
                return value[kind]
    return _values(value)


def _inside(value: Any) -> Any:
    """What a JSON text says; an object or array is its own."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
