"""Redaction of decision records, before anything is hashed or written.

One regular expression screens the records' text in DuckDB; only what it hits is taken apart here,
string by string and number by number, so that every other byte of a record stays as it was and the
record stays valid JSON. Object keys are redacted as well, and a scalar under a key that names a
secret (`"api_key": "..."`) is one.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import compress

import duckdb
import orjson

from ledger.logs.patterns import (
    ALL,
    CARD,
    CREDENTIAL,
    ESCAPED,
    SCREENS,
    is_card,
    names_secret,
    redact_text,
)

# A string (with the colon that makes it a key) or a number.
_TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)"(\s*+:)?|-?[0-9][0-9.eE+-]*+')
_FOUND = ", ".join("regexp_matches(record, ?)" for _ in SCREENS)
_SCREENED = f"SELECT row, {_FOUND} FROM batch WHERE regexp_matches(record, ?) ORDER BY row"  # noqa: S608


def hits(engine: duckdb.DuckDBPyConnection) -> list[tuple[int, frozenset[str]]]:
    """Rows of the relation `batch` that may hold something to redact, with its classes."""
    screens = [f"{screen}|{ESCAPED}" for screen in SCREENS.values()]
    found = engine.execute(_SCREENED, [*screens, "|".join(screens)]).fetchall()
    return [(row, frozenset(compress(SCREENS, flags))) for row, *flags in found]


def redact(record: bytes, counts: Counter[str], classes: frozenset[str] = ALL) -> bytes:
    """Redact one record (a JSON object) and count what was found, by class."""
    key = ""

    def redacted(token: re.Match[str]) -> str:
        nonlocal key
        literal, inner, colon = token.group(0, 1, 2)
        if inner is None:
            return _number(literal, key, counts, classes)
        value = orjson.loads(f'"{inner}"') if "\\" in inner else inner
        key = value if colon else key
        new = _string(value, "" if colon else key, counts, classes)
        return literal if new == value else orjson.dumps(new).decode() + (colon or "")

    return _TOKEN.sub(redacted, record.decode()).encode()


def _string(value: str, key: str, counts: Counter[str], classes: frozenset[str]) -> str:
    if "credential" in classes and names_secret(key, value):
        counts["credential"] += 1
        return CREDENTIAL
    return redact_text(value, counts, classes)


def _number(literal: str, key: str, counts: Counter[str], classes: frozenset[str]) -> str:
    """Redact a number as JSON writes it; a redacted one becomes a string."""
    if "credential" in classes and names_secret(key, literal):
        counts["credential"] += 1
        return f'"{CREDENTIAL}"'
    whole, _, fraction = literal.partition(".")
    if is_card(whole) and not fraction.strip("0"):
        counts["card"] += 1
        return f'"{CARD}"'
    return literal
