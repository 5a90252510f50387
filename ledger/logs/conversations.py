"""What is kept of a conversation where its words are not: who spoke, how much, and its digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import orjson

_WORDLESS = frozenset({"role", "type", "id", "name", "object", "model", "finish_reason"})
MOST_ROLES, LONGEST_ROLE = 1_000, 64
_MARKS = 256  # what marks of redaction may add to a role
_MEMBERS = {"conversation", "roles", "turns", "characters", "sha256"}


def is_spoken(text: str) -> bool:
    """Whether there is anything in a text that stands where a conversation does."""
    return text.strip() not in {"", "[]", "{}"}


def summary(text: str) -> bytes:
    """The JSON that takes the place of a conversation: a text, or JSON as text.

    `sha256` is of the value as it came (a string's content, else its JSON), so that it can be
    compared with the system's own copy. `characters` counts the words, not the JSON around them.
    """
    try:
        value: Any = orjson.loads(text)
        turns = list(_turns(value, 0))
        characters = _characters(turns or value)
    except (orjson.JSONDecodeError, RecursionError):
        turns, characters = [], len(text)
    roles = [turn["role"][:LONGEST_ROLE] for turn in turns[:MOST_ROLES]]
    return orjson.dumps(
        {
            "conversation": "digest",
            "roles": roles,
            "turns": len(turns),
            "characters": characters,
            "sha256": sha256(text.encode()).hexdigest(),
        }
    )


def is_summary(text: str) -> bool:
    """Whether a text is such a summary, and so holds nobody's words."""
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(value, dict) or value.keys() != _MEMBERS:
        return False
    roles = value["roles"]
    return (
        value["conversation"] == "digest"
        and isinstance(roles, list)
        and len(roles) <= MOST_ROLES
        and all(isinstance(role, str) and len(role) <= LONGEST_ROLE + _MARKS for role in roles)
        and all(type(value[name]) is int for name in ("turns", "characters"))
        and re.fullmatch("[0-9a-f]{64}", str(value["sha256"])) is not None
    )


def _turns(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The messages in a value, in order: objects that name a role; also inside JSON texts."""
    if isinstance(value, dict):
        if isinstance(value.get("role"), str):
            yield value
        else:
            for item in value.values():
                yield from _turns(item, depth)
    elif isinstance(value, list):
        for item in value:
            yield from _turns(item, depth)
    elif isinstance(value, str) and value[:1] in {"[", "{"} and not depth:
        try:
            yield from _turns(orjson.loads(value), depth + 1)
        except orjson.JSONDecodeError:
            return


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(_characters(item) for name, item in value.items() if name not in _WORDLESS)
    return sum(_characters(item) for item in value) if isinstance(value, list) else 0
