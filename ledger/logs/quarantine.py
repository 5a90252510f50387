"""Rows that could not be sealed, kept as evidence with their text encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

import orjson

from ledger.logs.batches import BadRow


class Quarantine:
    """Writes bad rows to a file, one JSON object a line: file, line, reason, digest, text.

    `encrypt` turns the raw bytes of a row into text that says nothing without its key.
    """

    def __init__(self, file: BinaryIO, encrypt: Callable[[bytes], str]) -> None:
        self._file = file
        self._encrypt = encrypt
        self.count = 0

    def add(self, name: str, row: BadRow) -> None:
        """Keep one row of the source file called `name`."""
        line = {
            "file": name,
            "line": row.line,
            "reason": row.reason,
            "digest": row.digest,
            "text": self._encrypt(row.text),
        }
        self._file.write(orjson.dumps(line) + b"\n")
        self.count += 1
