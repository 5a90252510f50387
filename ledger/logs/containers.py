"""What a file is, told from its first bytes: its compression and its container.

Compressed files are unpacked while they are read, and never further than a limit: what unpacks to
much more than logs do is a bomb, or not a log.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from ledger.errors import InvalidInput

CONTAINERS = ("csv", "jsonl", "json", "parquet")
RATIO = 200  # a file may unpack to so many times its size,
SPARED = 64 * 2**20  # once it is beyond so many bytes,
MOST = 2**38  # and never to more than this
PEEKED = 2**16
BOM = b"\xef\xbb\xbf"

_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OTHERS = {
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ\x00": "packed by xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x04\x22\x4d\x18": "packed by lz4",
    b"%PDF": "a PDF",
    b"SQLite format 3": "a SQLite database",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
}
_NAMED = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}


@dataclass(frozen=True)
class Contained:
    """An opened log: what it is, its unpacked bytes, and how many bytes of the file are read."""

    container: str
    compression: str  # gzip, zstd or empty
    file: io.BufferedReader[Any]
    position: Callable[[], int]


@contextmanager
def opened(path: Path, name: str, container: str | None = None) -> Iterator[Contained]:
    """Open a log; `container` overrides what its content says, `name` is for messages.

    Raises InvalidInput for what is no readable, non-empty file, or not a log; also while it is
    read, if it cannot be unpacked or unpacks to too much.
    """
    with _file(path, name) as raw:
        compression = _compression(raw.peek(PEEKED)[:PEEKED], name)
        file: io.BufferedReader[Any] = raw
        if compression:
            file = io.BufferedReader(_Unpacked(raw, compression, name), PEEKED)
        start = file.peek(PEEKED)[:PEEKED]
        if compression and any(start.startswith(magic) for magic in _PACKED):
            raise InvalidInput(f"{name} is compressed twice.", "Unpack it once, and try again.")
        found = container or _container(start, name)
        if found != "parquet":
            _pass_mark(file, start, name)
        elif compression:
            raise InvalidInput(
                f"{name} is a Parquet file that is compressed once more.",
                "Unpack it, and try again; Parquet is compressed within.",
            )
        yield Contained(found, compression, file, raw.tell)


def looks_like_log(path: Path) -> str | None:
    """Why a file found in a folder is not taken for a log, or None if it is."""
    try:
        with opened(path, path.name) as log:
            start = log.file.peek(PEEKED)[:PEEKED]
            named = path.name.lower().removesuffix(".gz").removesuffix(".zst")
            if log.container == "csv" and not named.endswith((".csv", ".tsv")):
                return "neither JSON nor Parquet, and not called .csv"
            if log.container != "parquet" and b"\0" in start.partition(b"\n")[0]:
                return "not text"
    except InvalidInput as error:
        return error.message
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return None


def _file(path: Path, name: str) -> io.BufferedReader[Any]:
    try:
        if path.is_file() and path.stat().st_size:
            return io.BufferedReader(path.open("rb", buffering=0), PEEKED)
        what = "is empty" if path.is_file() else "is not a file" if path.exists() else "is missing"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    raise InvalidInput(f"{name} {what}.", "Give a readable file that holds decision records.")


def _compression(start: bytes, name: str) -> str:
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise InvalidInput(
                f"{name} is {what}.",
                "Give CSV, JSON Lines, JSON or Parquet, as it is or packed by gzip or zstd.",
            )
    return next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), "")


def _container(start: bytes, name: str) -> str:
    """Tell CSV, JSON Lines, a JSON document and Parquet apart; names count where bytes do not."""
    if start.startswith(b"PAR1"):
        return "parquet"
    named = _NAMED.get(Path(name.lower().removesuffix(".gz").removesuffix(".zst")).suffix)
    text = start.removeprefix(BOM).lstrip()
    if text[:1] not in {b"{", b"["}:
        return named or "csv"
    if named == "jsonl":
        return "jsonl"
    lines = [line for line in text.splitlines() if line.strip()]
    if _is_json(lines[0]):
        alone = len(lines) == 1 and text[:1] == b"["
        return "json" if alone else "jsonl"
    if text[:1] == b"[":
        return "json"
    # A first line that is no whole record: of a document, or of JSON Lines and broken.
    whole = len(lines) > 1 and not lines[1].startswith(b"{")
    return "json" if whole else "jsonl"


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _pass_mark(file: io.BufferedReader[Any], start: bytes, name: str) -> None:
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InvalidInput(f"{name} is UTF-16 text.", "Convert it to UTF-8 first.")
    if start.startswith(BOM):
        file.read(len(BOM))


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzip or zstd file, up to the limits."""

    def __init__(self, raw: io.BufferedReader[Any], compression: str, name: str) -> None:
        super().__init__()
        self._raw = raw
        self._name = name
        self._size = 0
        self._stream = (
            gzip.GzipFile(fileobj=raw)
            if compression == "gzip"
            else pa.CompressedInputStream(raw, "zstd")
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
            raise InvalidInput(
                f"{self._name} cannot be unpacked: {str(error).splitlines()[0]}.",
                "It is damaged or cut off; fetch it again.",
            ) from error
        self._size += len(data)
        if self._size > min(max(SPARED, RATIO * self._raw.tell()), MOST):
            raise InvalidInput(
                f"{self._name} unpacks to more than {RATIO} times its size.",
                "Logs do not; check what it is. If it is a log, unpack it yourself.",
            )
        buffer[: len(data)] = data
        return len(data)
