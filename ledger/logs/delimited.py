"""CSV (RFC 4180): a header, then rows; each record a JSON object of strings in header order.

The separator is the one of comma, semicolon and tab that the header holds most of. Every cell
stays the text it was, so no digit of an identifier or a score can be lost.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import BinaryIO

import orjson

from ledger.errors import InvalidInput
from ledger.logs.batches import LONGEST, BadRow, Batch, Rows, overlong, text_flaw

SEPARATORS = ",;\t"


class _TooLong(Exception):
    """The row being read has passed 16 MiB; most likely a quote was never closed."""


class _Lines:
    """Hands the csv module its lines and keeps the bytes of the row being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._row: list[bytes] = []
        self._size = 0
        self.number = 0  # of the line last read

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST + 1 - self._size)
        if not line:
            raise StopIteration
        self.number += 1
        self._row.append(line)
        self._size += len(line)
        if self._size > LONGEST:
            raise _TooLong
        return line.decode("utf-8", "replace")  # a row with bad bytes is rejected as a whole

    def take(self) -> bytes:
        """Raw bytes of the row read since the last call."""
        row = b"".join(self._row) if len(self._row) != 1 else self._row[0]
        self._row, self._size = [], 0
        return row


def read_delimited(file: BinaryIO, name: str, position: Callable[[], int]) -> Iterator[Batch]:
    """Read from the file's position on; `name` is for messages.

    `position` tells how many bytes of the log are read. Raises InvalidInput if there is no header,
    or one that names a column twice.
    """
    csv.field_size_limit(LONGEST)  # the module's own limit of 128 KiB would reject long prompts
    lines = _Lines(file)
    header, separator = _header(lines, name)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows = Rows()
    while True:
        start = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except _TooLong:
            rows.reject(overlong(start, lines.take(), file))
        except csv.Error as error:
            raw = lines.take().removesuffix(b"\n")
            rows.reject(BadRow.of(start, f"not valid CSV: {error}", raw))
        else:
            _add(rows, start, lines.take().removesuffix(b"\n"), header, row)
        if rows.full():
            yield rows.batch(position())
            rows = Rows()
    yield rows.batch(position())


def _add(rows: Rows, line: int, raw: bytes, header: list[str], row: list[str]) -> None:
    if not row:
        return  # a blank line
    flaw = text_flaw(raw)
    if not flaw and len(row) != len(header):
        flaw = f"has {len(row)} fields, the header {len(header)}"
    if flaw:
        rows.reject(BadRow.of(line, flaw, raw))
    else:
        record = orjson.dumps(dict(zip(header, row, strict=True)))
        # Copied, since what orjson returns keeps a buffer of 4 KB alive behind it.
        rows.add(line, bytes(memoryview(record)), raw)


def _header(lines: _Lines, name: str) -> tuple[list[str], str]:
    """Column names and separator."""
    try:
        line = next(lines, "")
        separator = max(SEPARATORS, key=line.count)
        header = next(csv.reader(_Resumed(line, lines), delimiter=separator, strict=True), [])
        flaw = text_flaw(lines.take())
    except (_TooLong, csv.Error) as error:
        raise InvalidInput(
            f"{name} has no readable header: {error or 'its first line exceeds 16 MiB'}.",
            "The first line of a CSV file names its columns.",
        ) from None
    if flaw or not header:
        raise InvalidInput(
            f"{name} has no header: its first line {flaw or 'is blank'}.",
            "The first line of a CSV file names its columns, in UTF-8.",
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise InvalidInput(
            f"{name} names the column {twice[0]!r} twice.", "Rename one of them in the header."
        )
    return header, separator


class _Resumed:
    """One line that was looked at, then the rest."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._first: str | None = first
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        first, self._first = self._first, None
        return next(self._rest) if first is None else first
