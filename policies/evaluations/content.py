"""What is in a file of results, before its format is known: an archive, a document, or lines."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from dataclasses import dataclass
from hashlib import sha256
from io import SEEK_CUR, BytesIO
from pathlib import Path
from struct import Struct
from typing import Any
from zipfile import BadZipFile, ZipFile
from zlib import crc32

import orjson
import pyarrow as pa

from ledger.errors import InvalidInput

MOST_BYTES = 2**30
_ZSTANDARD = 93
_MOST_DIGITS = 18
_ARCHIVE = b"PK\x03\x04"
_ENCRYPTED = 1
# Before a member's data: of 30 bytes the last four say how long its name and extra field are.
_LOCAL_HEADER = Struct("<26x2H")


@dataclass(frozen=True)
class Content:
    """A file that was read: its name, its SHA-256, and one of archive, document or lines."""

    name: str
    sha256: str
    archive: ZipFile | None = None
    document: dict[str, Any] | None = None
    lines: tuple[dict[str, Any], ...] = ()

    def wrong(self, message: str, hint: str) -> InvalidInput:
        """An error that names the file."""
        return InvalidInput(f"{self.name}: {message}", hint)


def read_content(path: Path) -> Content:
    """Read a file. InvalidInput if it cannot be read, or is none of archive, JSON or JSON lines."""
    name = "".join(each if each.isprintable() else "?" for each in path.name)
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InvalidInput(f"{name} is larger than 1 GiB.", "Split it into several files.")
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    digest = sha256(data).hexdigest()
    if data.startswith(_ARCHIVE):
        return Content(name, digest, archive=_archive(name, data))
    data = data.removeprefix(BOM_UTF8)
    document = _parsed(data)
    if isinstance(document, dict):
        return Content(name, digest, document=document, lines=(document,))
    lines = document if isinstance(document, list) else _lines(name, data)
    if not lines or not all(isinstance(line, dict) for line in lines):
        raise InvalidInput(
            f"{name} holds no test case.",
            "Give results as JSON or JSON lines: quaestor audit evaluate --help",
        )
    return Content(name, digest, lines=tuple(lines))


def member_of(archive: ZipFile, name: str) -> bytes:
    """Unpack a member, also one packed by Zstandard, which Python knows from 3.14 on only.

    Raises BadZipFile for one that is damaged, and as `ZipFile.read` does.
    """
    member = archive.getinfo(name)
    if member.compress_type != _ZSTANDARD:
        return archive.read(member)
    file = archive.fp
    if file is None or member.flag_bits & _ENCRYPTED:
        raise BadZipFile("it is encrypted")
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size:
        raise BadZipFile("it ends early")
    file.seek(sum(_LOCAL_HEADER.unpack(header)), SEEK_CUR)
    packed = pa.BufferReader(file.read(member.compress_size))
    data: bytes = pa.CompressedInputStream(packed, "zstd").read(member.file_size + 1)
    if len(data) != member.file_size or crc32(data) != member.CRC:
        raise BadZipFile("its checksum is another")
    return data


def parse_json(data: bytes) -> Any:
    """Parse JSON, NaN and infinity as null. ValueError for anything else."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(data.decode(), parse_constant=lambda _: None, parse_int=_integer)
        orjson.dumps(found)
    except RecursionError as error:
        raise ValueError("nested without end") from error
    except TypeError as error:
        raise ValueError("not valid Unicode, or nested too deeply") from error
    return found


def _integer(digits: str) -> int | float:
    """An integer, as a float where it has more digits than any count."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _parsed(data: bytes) -> Any:
    try:
        return parse_json(data)
    except ValueError:
        return None


def _lines(name: str, data: bytes) -> list[Any]:
    found = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(parse_json(line))
        except ValueError as error:
            raise InvalidInput(
                f"{name}, line {number} is not JSON: {error}.",
                "A file of results is one JSON document, or one JSON object a line.",
            ) from error
    return found


def _archive(name: str, data: bytes) -> ZipFile:
    try:
        archive = ZipFile(BytesIO(data))
        size = sum(member.file_size for member in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise InvalidInput(
            f"{name} is a damaged archive: {error}.", "Copy it again from where it was written."
        ) from error
    if size > MOST_BYTES:
        raise InvalidInput(f"{name} unpacks to more than 1 GiB.", "Split it into several logs.")
    return archive
