"""Pseudonyms: what a text says under a key, so that equal texts can be joined and none be read.

A pseudonym is `hmac:` and the first 16 bytes of HMAC-SHA256 in hex. Whoever destroys the key makes
the pseudonyms unlinkable to anything: nobody can tell any more whose they are.
"""

from __future__ import annotations

import hmac
import re

PREFIX = "hmac:"
SHAPE = re.compile(r"hmac:[0-9a-f]{32}")
MOST_KEPT = 250_000  # texts whose outcome is remembered


class Pseudonyms:
    """Makes pseudonyms under one key, each text once."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """The pseudonym of a text."""
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[text] = PREFIX + pseudonym_id(self._key, text).hex()
        return known


def pseudonym_id(key: bytes, text: str) -> bytes:
    """The 16 bytes that stand for a text under a key."""
    return hmac.digest(key, text.encode(), "sha256")[:16]
