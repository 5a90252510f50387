"""What a log file is read into: batches of records, and the rows that are not records.

Rules kept here:
- a record is one JSON object, as UTF-8 text that strict JSON accepts;
- a row that is not one is kept as a bad row, never dropped;
- a batch is bounded in rows and in bytes, so that memory does not grow with the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO, Self

import msgspec
import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

BATCH_ROWS = 65_536
BATCH_BYTES = 16 * 2**20
LONGEST = 16 * 2**20  # bytes in one row
KEPT = 2**20  # bytes kept of a row that is longer
OVERLONG = "longer than 16 MiB"


class _AnyObject(msgspec.Struct, gc=False):
    """A JSON object whose members are passed over."""


_OBJECT = msgspec.json.Decoder(_AnyObject)


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
        text = raw if len(raw) <= LONGEST else raw[:KEPT]
        return cls(line, reason, sha256(raw).hexdigest(), text)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of one file.

    `records` are Arrow strings; `records[i]` starts on `lines[i]` and was `raws[i]` in the file,
    or is what stands there if `raws` is None. `position` is the bytes of the file read so far.
    """

    records: pa.Array
    lines: Sequence[int]
    raws: pa.Array | None
    bad: Sequence[BadRow]
    position: int = 0

    def raw(self, row: int) -> bytes:
        """What stood in the file, of one record."""
        source = self.records if self.raws is None else self.raws
        value = source[row].as_py()
        return value.encode() if isinstance(value, str) else bytes(value).removesuffix(b"\n")

    def each(self) -> Iterator[bytes]:
        """The records, one by one."""
        return iter(self.records.cast(pa.binary()).to_pylist())


@dataclass(slots=True)
class Rows:
    """A batch in the making, row by row."""

    records: list[bytes] = field(default_factory=list)
    raws: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    size: int = 0  # bytes in it

    def add(self, line: int, record: bytes, raw: bytes) -> None:
        """Add a record, and what it was in the file."""
        self.records.append(record)
        self.raws.append(raw)
        self.lines.append(line)
        self.size += len(record) + (len(raw) if raw is not record else 0)

    def reject(self, row: BadRow) -> None:
        """Add a bad row."""
        self.bad.append(row)
        self.size += len(row.text)

    def judge(self, line: int, raw: bytes) -> None:
        """Add what stands on a line: a record, or a bad row."""
        record = raw.strip(b" \t\r\n")
        flaw = OVERLONG if len(raw) > LONGEST else record_flaw(record)
        if flaw:
            self.reject(BadRow.of(line, flaw, raw))
        else:
            self.add(line, record, raw)

    def __len__(self) -> int:
        return len(self.lines) + len(self.bad)

    def full(self) -> bool:
        """Whether it is time for the next batch."""
        return len(self) >= BATCH_ROWS or self.size >= BATCH_BYTES

    def batch(self, position: int) -> Batch:
        """The batch that these rows are."""
        same = all(map(lambda a, b: a is b, self.records, self.raws))
        raws = None if same else pa.array(self.raws, pa.binary())
        return Batch(texts(self.records), self.lines, raws, self.bad, position)


def texts(records: Sequence[bytes]) -> pa.Array:
    """Records as Arrow strings."""
    # By way of binary: Arrow takes 10 times as long to make text of bytes one by one.
    return pa.array(records, pa.binary()).cast(pa.string())


def all_records(lines: bytes, feeds: NDArray[np.intp]) -> bool:
    """Whether each of these lines, which end at these line feeds, is a record.

    They are judged all at once, at a fraction of the cost. `}` and `{` with only a line feed
    between them stand in no JSON value, so each line feed ends a value; and where these are as many
    as the lines, there is one on each.
    """
    signs = np.frombuffer(lines, np.uint8)
    firsts = signs[np.append(0, feeds[:-1] + 1)]
    lasts = signs[feeds - 1 - (signs[feeds - 1] == ord("\r"))]
    if np.any(firsts != ord("{")) or np.any(lasts != ord("}")):
        return False
    try:
        return len(_OBJECT.decode_lines(lines)) == len(feeds)
    except (msgspec.DecodeError, RecursionError):
        return False


def line_feeds(text: bytes) -> NDArray[np.intp]:
    """Where the line feeds of a text stand."""
    return np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))


def record_flaw(raw: bytes) -> str | None:
    """Why these bytes are not a record, or None if they are: strict JSON, an object, UTF-8."""
    if flaw := text_flaw(raw):
        return flaw
    try:
        _OBJECT.decode(raw)
    except msgspec.ValidationError:
        return "not a JSON object"
    except msgspec.DecodeError as error:
        return _json_flaw(raw) or f"not valid JSON: {error}"
    except RecursionError:
        return "nested too deeply"
    return None


def _json_flaw(raw: bytes) -> str | None:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    return None


def text_flaw(raw: bytes) -> str | None:
    """Why these bytes are not text, or None if they are."""
    if b"\0" in raw:
        return "holds a NUL byte"
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 at byte {error.start + 1}"
    return None


def parsed(record: bytes) -> dict[str, Any]:
    """A record as Python objects, for looking at; numbers beyond a double become infinite."""
    try:
        value: dict[str, Any] = orjson.loads(record)
    except orjson.JSONDecodeError:
        value = json.loads(record)  # takes 1e999
    return value


def overlong(line: int, start: bytes, file: BinaryIO) -> BadRow:
    """Pass over a row longer than 16 MiB, of which `start` was read, without holding it all."""
    digest = sha256(start.removesuffix(b"\n"))
    piece = start
    while not piece.endswith(b"\n") and (piece := file.readline(KEPT)):
        digest.update(piece.removesuffix(b"\n"))
    return BadRow(line, OVERLONG, digest.hexdigest(), start[:KEPT])
