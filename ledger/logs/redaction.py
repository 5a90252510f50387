"""Redaction of decision records, before anything is hashed or written.

Regular expressions screen the records' text in DuckDB and mark where something may stand; only the
strings and numbers at the marks are taken apart here, so that every other byte of a record stays as
it was and the record stays valid JSON. Object keys are redacted as well, and what stands under a
key that names a secret, a telephone or the like (`"api_key": "..."`) is read accordingly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import orjson

from ledger.logs.contacts import without_addresses, without_phones
from ledger.logs.credentials import CREDENTIAL, names_secret, without_credentials
from ledger.logs.identifiers import without_accounts, without_identities
from ledger.logs.patterns import (
    CARD,
    FEWEST,
    MOST,
    is_card,
    speaks_of_card,
    without_cards,
    without_emails,
)
from ledger.logs.screens import CLASSES, ESCAPED, Hit

ALL = frozenset(CLASSES)
_WHOLE = "intValue"  # a 64-bit integer of OTLP
_DEEPEST = 4  # JSON texts inside one another that are taken apart
# A string (with the colon that makes it a key) or a number.
_TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)"(\s*+:)?|-?[0-9][0-9.eE+-]*+')
_SPELLED = re.compile(ESCAPED)
# What OTLP wraps, and the key that it stands under, right before it.
_WRAPS = frozenset({"stringValue", _WHOLE})
_LONGEST_KEY = 300
_WRAPPED = re.compile(
    r'"key"\s*+:\s*+"((?:[^"\\]++|\\.)*+)"\s*+,\s*+"value"\s*+:\s*+\{\s*+"[a-zA-Z]++"\s*+:\s*+\Z'
)
_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")


def redact(record: str, counts: Counter[str], classes: frozenset[str] = ALL) -> str:
    """Redact one record (a JSON object) as a whole, and count what was found, by class."""
    return _rewritten(record, _values(record, 0, ""), counts, classes, 0)


def redact_at(record: str, hit: Hit, counts: Counter[str]) -> str:
    """Redact the strings and numbers of a record that a screen marked; count what was found."""
    return _rewritten(record, _marked(record, hit.places), counts, hit.classes, 0)


def redact_value(text: str, key: str, counts: Counter[str], classes: frozenset[str] = ALL) -> str:
    """Redact a string that stands under `key`, also inside it if it is JSON text."""
    return _string(text, key, counts, classes, 0)


def redact_text(
    text: str, counts: Counter[str], classes: frozenset[str] = ALL, key: str = ""
) -> str:
    """Replace what must not be recorded in a text that stands under `key`."""
    if "credential" in classes:
        text = without_credentials(text, counts)
    if "card" in classes:
        text = without_cards(text, _words(key), counts)
    if "bank_account" in classes:
        text = without_accounts(text, counts)
    if "email" in classes:
        text = without_emails(text, counts)
    if "national_id" in classes:
        text = without_identities(text, _words(key), counts)
    if "phone" in classes:
        text = without_phones(text, _words(key), counts)
    if "ip" in classes:
        text = without_addresses(text, _words(key), counts)
    return text


def _rewritten(
    record: str,
    values: Iterator[tuple[re.Match[str], str]],
    counts: Counter[str],
    classes: frozenset[str],
    depth: int,
) -> str:
    """A JSON text with some of its strings and numbers, given with their keys, redacted."""
    out, end = [], 0
    for token, key in values:
        literal, inner, colon = token.group(0, 1, 2)
        allowed = classes
        if key == _WHOLE and not speaks_of_card(record, token.start()):
            allowed = classes - {"card"}
        if key in _WRAPS:
            key = _wrapped_under(record, token.start()) or key  # noqa: PLW2901
        if inner is None:
            new = _number(literal, key, counts, allowed)
        else:
            value = orjson.loads(f'"{inner}"') if "\\" in inner else inner
            changed = _string(value, key, counts, allowed, depth)
            new = literal if changed == value else orjson.dumps(changed).decode() + (colon or "")
        if new != literal:
            out += [record[end : token.start()], new]
            end = token.end()
    return "".join([*out, record[end:]]) if out else record


def _values(record: str, start: int, key: str) -> Iterator[tuple[re.Match[str], str]]:
    """Every key, string and number from a place on; each with the key that it stands under."""
    for token in _TOKEN.finditer(record, start):
        if token[2]:
            yield token, ""
            key = _said(token)
        else:
            yield token, key


def _marked(record: str, places: list[int]) -> Iterator[tuple[re.Match[str], str]]:
    """What stands at the marks, and after it under the same key."""
    # Without escaped quotes, every quote begins or ends a string.
    bare = record.replace("\\\\", "..").replace('\\"', "..") if "\\" in record else record
    inside = counted = done = 0
    key = ""
    for place in places:
        if place < done:
            continue
        inside ^= bare.count('"', counted, place) & 1
        counted = place
        start = bare.rfind('"', 0, place) if inside else _scalar(record, place)
        if start < done:
            continue
        key = _key_of(record, bare, start, key, done)
        for token, under in _values(record, start, key):
            if token[2] and token.start() > place:
                break
            yield token, under
            key, done = under, token.end()
            if token[2]:
                key = _said(token)
                break


def _scalar(record: str, place: int) -> int:
    """Where the number begins in or after which a place outside all strings lies."""
    while record[place - 1] in "0123456789.eE+-":
        place -= 1
    return place


def _key_of(record: str, bare: str, start: int, key: str, since: int) -> str:
    """The key of what begins at a place; `key` was the last one before `since`."""
    place = start
    while (sign := record[place - 1]) in " \t\r\n[":
        place -= 1
    if sign == ":":
        end = bare.rfind('"', 0, place)
        return str(orjson.loads(record[bare.rfind('"', 0, end) : end + 1]))
    for token in _TOKEN.finditer(record, since, start):  # in an array, or a key itself
        key = _said(token) if token[2] else key
    return key


def _wrapped_under(record: str, place: int) -> str:
    """The key of the AnyValue that begins right before a place; empty if it has none."""
    found = _WRAPPED.search(record, max(0, place - _LONGEST_KEY), place)
    return _said(found) if found else ""


def _said(token: re.Match[str]) -> str:
    """What a string says."""
    return str(orjson.loads(f'"{token[1]}"'))


def _string(value: str, key: str, counts: Counter[str], classes: frozenset[str], depth: int) -> str:
    if "credential" in classes and names_secret(key, value):
        counts["credential"] += 1
        return CREDENTIAL
    if value[:1] in {"{", "["} and depth < _DEEPEST and _SPELLED.search(value) and _is_json(value):
        return _rewritten(value, _values(value, 0, key), counts, classes, depth + 1)
    return redact_text(value, counts, classes, key)


def _number(literal: str, key: str, counts: Counter[str], classes: frozenset[str]) -> str:
    """Redact a number as JSON writes it; a redacted one becomes a string."""
    if "credential" in classes and names_secret(key, literal):
        counts["credential"] += 1
        return f'"{CREDENTIAL}"'
    whole, _, fraction = literal.partition(".")
    fits = FEWEST <= len(whole) <= MOST or (len(whole) < FEWEST and speaks_of_card(_words(key)))
    if "card" in classes and fits and is_card(whole) and not fraction.strip("0"):
        counts["card"] += 1
        return f'"{CARD}"'
    if key and whole.isdecimal() and not fraction:
        said = redact_text(literal, counts, classes & {"phone", "national_id"}, key)
        return literal if said == literal else f'"{said}"'
    return literal


@lru_cache(maxsize=4096)
def _words(key: str) -> str:
    """A key as words: `phoneNumber` and `phone_number` are `phone Number` and `phone number`."""
    return _WORDS.sub(" ", key)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
