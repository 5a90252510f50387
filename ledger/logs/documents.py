"""JSON documents: an array of records, or one record after another over several lines.

The document is cut at the commas of its array, or where an object ends; it is never parsed as a
whole, so that it may be of any length. Each piece is kept byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from ledger.errors import InvalidInput
from ledger.logs.batches import LONGEST, BadRow, Batch, Rows

BLOCK = 2**20
# A whole string, or a sign that matters; a lone quote begins a string that is not all read yet.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SIGNS = re.compile(_STRING + rb'|["\[\]{},]', re.DOTALL)
_SPACE = b" \t\r\n"


def read_document(file: BinaryIO, name: str, position: Callable[[], int]) -> Iterator[Batch]:
    """Read from the file's position on; `name` is for messages.

    `position` tells how many bytes of the log are read. A document that breaks off ends in a bad
    row that says so. Raises InvalidInput for a record that is longer than 16 MiB.
    """
    rows = Rows()
    for line, piece, flaw in _Cutter(file, name).pieces():
        if flaw:
            rows.reject(BadRow.of(line, flaw, piece))
        else:
            rows.judge(line, piece)
        if rows.full():
            yield rows.batch(position())
            rows = Rows()
    yield rows.batch(position())


Piece = tuple[int, bytes, str]
"""The line on which it starts, its bytes, and what is wrong with it (or an empty text)."""


class _Cutter:
    """Walks along a document and cuts it into pieces."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._text = b""
        self._start = 0  # of the piece that is being read
        self._at = 0  # where to look next for a sign
        self._line = 1  # on which the piece begins
        self._depth = 0
        self._array = False

    def pieces(self) -> Iterator[Piece]:
        """Everything in the document, piece by piece."""
        first = True
        while block := self._file.read(BLOCK):
            self._text = self._text[self._start :] + block
            self._at, self._start = self._at - self._start, 0
            if first and (begun := self._text.lstrip(_SPACE)):
                first, self._array = False, begun.startswith(b"[")
                if self._array:
                    self._cut(self._text.index(b"[") + 1)
            yield from self._found()
            if len(self._text) - self._start > LONGEST:
                raise InvalidInput(
                    f"{self._name} holds a record of more than 16 MiB at line {self._line}.",
                    "Check that this is the decision log; write one record a line, if it is.",
                )
        if self._text[self._start :].strip(_SPACE):
            yield self._piece(len(self._text), "the document breaks off in it")
        elif self._array:
            yield self._line, b"", "the document breaks off: its array is not closed"

    def _found(self) -> Iterator[Piece]:
        """Pieces that end in the text read so far."""
        while sign := _SIGNS.search(self._text, self._at):
            what = sign[0]
            if what == b'"':
                self._at = sign.start()  # until the whole string is read
                return
            self._at = sign.end()
            if what in {b"[", b"{"}:
                self._depth += 1
            elif what in {b"]", b"}"}:
                yield from self._closed(what)
            elif what == b"," and self._array and not self._depth:
                yield self._piece(self._at - 1)
                self._cut(self._at)
        self._at = len(self._text)

    def _closed(self, what: bytes) -> Iterator[Piece]:
        if self._array and not self._depth and what == b"]":
            if self._text[self._start : self._at - 1].strip(_SPACE):
                yield self._piece(self._at - 1)
            self._cut(self._at)
            self._array = False
            return
        self._depth = max(self._depth - 1, 0)
        if not self._depth and not self._array:
            yield self._piece(self._at)

    def _piece(self, end: int, flaw: str = "") -> Piece:
        raw = self._text[self._start : end]
        line = self._line + raw.count(b"\n", 0, len(raw) - len(raw.lstrip(_SPACE)))
        self._cut(end)
        return line, raw.strip(_SPACE), flaw

    def _cut(self, end: int) -> None:
        """Let the next piece begin at `end`."""
        self._line += self._text.count(b"\n", self._start, end)
        self._start = end
        self._at = max(self._at, end)
