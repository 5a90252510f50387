"""What a log file is read into: batches of records, and the rows that are not records.

Rules kept here:
- a record is one JSON object, as UTF-8 text that strict JSON accepts;
- a row that is not one is kept as a bad row, never dropped;
- a batch is bounded in rows and in bytes, so that memory does not grow with the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO, Self

import orjson

BATCH_ROWS = 50_000
BATCH_BYTES = 16 * 2**20
LONGEST = 16 * 2**20  # bytes in one row
KEPT = 2**20  # bytes kept of a row that is longer


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be sealed: where it stands, why, and what it says."""

    line: int  # 1-based line of a text file on which it starts; 1-based row of a Parquet file
    reason: str  # never quotes the row
    digest: str  # SHA-256 of its raw bytes without the line feed, hex
    text: bytes  # the raw bytes; of a row over 16 MiB the first MiB

    @classmethod
    def of(cls, line: int, reason: str, raw: bytes) -> Self:
        """Reject the row that starts on `line` and says `raw`."""
        return cls(line, reason, sha256(raw).hexdigest(), raw)


@dataclass(slots=True)
class Batch:
    """Some consecutive rows of one file: `records[i]` was `raw[i]` and starts on `lines[i]`."""

    records: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    size: int = 0  # bytes of raw rows in it
    position: int = 0  # bytes of the file read so far

    def good(self, line: int, raw: bytes, record: bytes) -> None:
        """Add a record."""
        self.records.append(record)
        self.raw.append(raw)
        self.lines.append(line)
        self.size += len(raw)

    def reject(self, row: BadRow) -> None:
        """Add a bad row."""
        self.bad.append(row)
        self.size += len(row.text)

    def full(self) -> bool:
        """Whether it is time for the next batch."""
        return len(self.lines) + len(self.bad) >= BATCH_ROWS or self.size >= BATCH_BYTES


def record_flaw(raw: bytes) -> str | None:
    """Why these bytes are not a record, or None if they are: strict JSON, an object, UTF-8."""
    if b"\0" in raw:
        return "holds a NUL byte"
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return text_flaw(raw) or f"not valid JSON: {error.msg} at character {error.pos + 1}"
    return None if isinstance(value, dict) else "not a JSON object"


def text_flaw(raw: bytes) -> str | None:
    """Why these bytes are not text, or None if they are."""
    if b"\0" in raw:
        return "holds a NUL byte"
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 at byte {error.start + 1}"
    return None


def overlong(line: int, start: bytes, file: BinaryIO) -> BadRow:
    """Pass over a row longer than 16 MiB, of which `start` was read, without holding it all."""
    digest = sha256(start.removesuffix(b"\n"))
    piece = start
    while not piece.endswith(b"\n") and (piece := file.readline(KEPT)):
        digest.update(piece.removesuffix(b"\n"))
    return BadRow(line, "longer than 16 MiB", digest.hexdigest(), start[:KEPT])
