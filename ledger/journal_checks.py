"""The journal held against the entries of the store, byte for byte, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ledger.journal import Journal
from ledger.verify import Problem


class JournalWitness:
    """Compares the journal from a position on with entries from `seq` on.

    `stop` is how many bytes of it were posted. Without a journal there is nothing to compare.
    """

    def __init__(self, journal: Journal | None, position: int, stop: int, seq: int) -> None:
        self._pieces = _pieces(journal, position) if journal is not None else None
        self._left = stop - position
        self._seq = seq
        self._held = b""
        self._problem: Problem | None = None
        self.lines = 0

    def compare(self, batch: Sequence[bytes]) -> None:
        """Compare the next entries with the next lines."""
        if self._pieces is None or self._problem is not None:
            return
        lines = [data + b"\n" for data in batch]
        should = b"".join(lines)
        found = self._next(len(should))
        self._left -= len(found)
        if found == should:
            self.lines += len(lines)
        else:
            self._problem = self._first_difference(lines, found)
        self._seq += len(lines)

    def finish(self) -> list[Problem]:
        """What is wrong, if anything is."""
        if self._pieces is not None and self._problem is None and self._left != 0:
            message = "The journal is not as long as what was posted from it."
            return [Problem("journal", self._seq, "", message)]
        return [self._problem] if self._problem else []

    def _first_difference(self, lines: Sequence[bytes], found: bytes) -> Problem:
        at, seq = 0, self._seq
        for line in lines:
            if found[at : at + len(line)] != line:
                break
            at += len(line)
            seq += 1
        self.lines += seq - self._seq
        what = "says something else than" if found[at:] else "ends before"
        message = f"The journal {what} entry {seq} of the ledger."
        return Problem("journal", seq, "", message)

    def _next(self, length: int) -> bytes:
        """The next so many bytes of all files together, or what there is."""
        if self._pieces is not None:
            while len(self._held) < length and (piece := next(self._pieces, b"")):
                self._held += piece
        found, self._held = self._held[:length], self._held[length:]
        return found


_PIECE = 8 * 1024 * 1024


def _pieces(journal: Journal, position: int) -> Iterator[bytes]:
    """The journal's bytes from a position on."""
    for path in journal.files():
        size = path.stat().st_size
        if position >= size:
            position -= size
            continue
        with path.open("rb") as file:
            file.seek(position)
            position = 0
            yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
