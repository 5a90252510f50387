"""The journal held against the entries of the store, byte for byte, a batch at a time.

Every file begins with a part, and is named after that part's first entry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ledger.entry import Malformed, NewerFormat, decode
from ledger.files import disk_explained
from ledger.journal import Journal, file_name
from ledger.verify import Problem


class JournalWitness:
    """Compares the journal from a position on with entries from `seq` on.

    `stop` is how many bytes of it were posted. Without a journal there is nothing to compare.
    """

    def __init__(self, journal: Journal | None, position: int, stop: int, seq: int) -> None:
        self._pieces = _pieces(journal, position) if journal is not None else None
        self._begun = _beginnings(journal, position) if journal is not None else deque()
        self._at, self._left = position, stop - position
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
            self._problem = self._misnamed(batch)
        else:
            self._problem = self._first_difference(lines, found)
        self._at += len(should)
        self._seq += len(lines)

    def finish(self) -> list[Problem]:
        """What is wrong, if anything is."""
        if self._pieces is not None and self._problem is None and self._left != 0:
            message = "The journal is not as long as what was posted from it."
            return [Problem("journal", self._seq, "", message)]
        if self._problem is None and self._begun and self._begun[0][0] == self._at:  # still empty
            self._problem = self._name_problem(self._begun[0][1], self._seq)
        return [self._problem] if self._problem else []

    def _misnamed(self, batch: Sequence[bytes]) -> Problem | None:
        """The first file that begins within these entries and has another name than it should."""
        if not self._begun or self._begun[0][0] >= self._at + sum(map(len, batch)) + len(batch):
            return None
        at = self._at
        for seq, data in enumerate(batch, self._seq):
            while self._begun and self._begun[0][0] < at + len(data) + 1:
                begins, name = self._begun.popleft()
                if begins != at or not _begins_part(data):
                    message = f"The file {name} of the journal begins within a part."
                    return Problem("journal", seq, "", message)
                if (problem := self._name_problem(name, seq)) is not None:
                    return problem
            at += len(data) + 1
        return None

    @staticmethod
    def _name_problem(name: str, seq: int) -> Problem | None:
        if name == file_name(seq):
            return None
        message = f"The file {name} of the journal begins with entry {seq}: it is named wrongly."
        return Problem("journal", seq, "", message)

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
        with disk_explained(str(path)), path.open("rb") as file:
            file.seek(position)
            position = 0
            yield from _read(file)


def _beginnings(journal: Journal, position: int) -> deque[tuple[int, str]]:
    """Where files begin from a position on, and their names."""
    found: deque[tuple[int, str]] = deque()
    at = 0
    for path in journal.files():
        if at >= position:
            found.append((at, path.name))
        at += path.stat().st_size
    return found


def _begins_part(data: bytes) -> bool:
    """Whether an entry is the first of its part; of what is none, others complain."""
    try:
        return decode(data).part[0] == 0
    except (Malformed, NewerFormat):
        return True


def _read(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
