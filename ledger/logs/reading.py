"""Log files as batches of records: CSV, JSON Lines and Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from io import BufferedReader
from pathlib import Path

from ledger.errors import InvalidInput
from ledger.logs.batches import Batch
from ledger.logs.columnar import read_columnar
from ledger.logs.delimited import read_delimited
from ledger.logs.jsonl import read_jsonl

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: its name without folders, size in bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


def format_of(path: Path, form: str | None = None) -> str:
    """Return `csv`, `jsonl` or `parquet`: as stated, or by the name's ending.

    Raises InvalidInput for any other.
    """
    found = form or FORMATS.get(path.suffix.lower(), "")
    if found not in FORMATS.values():
        raise InvalidInput(
            f"The format {form!r} is not known."
            if form
            else f"The format of {path.name} cannot be told from its name.",
            "Give a .csv, .jsonl, .ndjson or .parquet file, or state the format: "
            "csv, jsonl or parquet. Compressed files must be unpacked first.",
        )
    return found


def examine(path: Path) -> Source:
    """Name, size and digest of a regular, non-empty file; InvalidInput if it is not one."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        digest = file_digest(file, "sha256").hexdigest()
    return Source(path.name, size, digest)


def read(path: Path, form: str | None = None) -> Iterator[Batch]:
    """Read a file batch by batch; a UTF-8 byte-order mark is passed over.

    Raises InvalidInput for what is not a readable file of its format.
    """
    kind = format_of(path, form)
    with _opened(path) as file:
        if kind == "parquet":
            yield from read_columnar(file, path.name, path.stat().st_size)
        else:
            _pass_mark(file, path.name)
            yield from read_delimited(file, path.name) if kind == "csv" else read_jsonl(file)


def _opened(path: Path) -> BufferedReader:
    try:
        if path.is_file() and path.stat().st_size:
            return path.open("rb")
        what = "is empty" if path.is_file() else "is not a file" if path.exists() else "is missing"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    raise InvalidInput(f"{path} {what}.", "Give a readable file that holds decision records.")


def _pass_mark(file: BufferedReader, name: str) -> None:
    start = file.read(len(BOM))
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InvalidInput(f"{name} is UTF-16 text.", "Convert it to UTF-8 first.")
    if start != BOM:
        file.seek(0)
