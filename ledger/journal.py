"""The journal: append-only JSONL files in which entries are written and fsynced first.

A file is named after the seq of its first entry. On DuckDB the fsynced journal is the commit point
and the truth; database and head derive from it. No link is written through: it could lead into
somebody's own folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ledger.errors import StoreUnavailable
from ledger.files import fsync_folder, names_in, open_in_place, write_all

SEGMENT_BYTES = 64 * 1024 * 1024


def file_name(first_seq: int) -> str:
    """The name of the file that begins with an entry."""
    return f"{first_seq:012d}.jsonl"


class Journal:
    """The `journal/` folder of a home. Positions count bytes over all its files together."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> list[Path]:
        """The journal's files, oldest first."""
        names = sorted(name for name in names_in(self.folder) if name.endswith(".jsonl"))
        return [self.folder / name for name in names]

    def size(self) -> int:
        """Bytes in all files together."""
        return sum(path.stat().st_size for path in self.files())

    def append(self, first_seq: int, lines: Sequence[bytes]) -> int:
        """Write lines and fsync; return the bytes written.

        Here an entry becomes recorded: if we die before the fsync returns, the tail may hold an
        incomplete part, which recovery cuts; after it, recovery posts what is written.
        StoreUnavailable when the disk refuses; the journal is then as before.
        """
        data = b"".join(line + b"\n" for line in lines)
        files = self.files()
        new = not files or files[-1].stat().st_size + len(data) > SEGMENT_BYTES
        path = self.folder / file_name(first_seq) if new else files[-1]
        try:
            if new:
                _make(path)
            _write_whole(path, data)
        except OSError as error:
            raise StoreUnavailable(
                f"The journal cannot be written: {error.strerror}.",
                "Nothing was recorded. Make room, or check the disk, and try again.",
            ) from error
        return len(data)

    def lines_from(self, position: int) -> Iterator[bytes]:
        """Lines from a byte position on, with their newlines; a last line may lack it."""
        for path in self.files():
            size = path.stat().st_size
            if position >= size:
                position -= size
                continue
            with path.open("rb") as file:
                file.seek(position)
                position = 0
                yield from file

    def cut(self, position: int) -> None:
        """Drop everything after a byte position: an incomplete part that nobody was told of."""
        for path in self.files():
            size = path.stat().st_size
            if position >= size:
                position -= size
                continue
            if position == 0:
                path.unlink()
                fsync_folder(self.folder)
                continue
            with open_in_place(path) as file:
                file.truncate(position)
                os.fsync(file.fileno())
            position = 0


def _make(path: Path) -> None:
    """Make an empty file whose name is durable, or none: nothing is recorded in it yet."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o660))
    try:
        path.chmod(0o660)  # whatever the umask: the home's group writes here
        fsync_folder(path.parent)
    except OSError:
        path.unlink()
        raise


def _write_whole(path: Path, data: bytes) -> None:
    """Append all of `data` to a file durably, or leave the file as it was."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    try:
        before = os.fstat(descriptor).st_size
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError as error:
            _take_back(descriptor, before, error)
            raise
    finally:
        os.close(descriptor)


def _take_back(descriptor: int, size: int, reason: OSError) -> None:
    """Cut a file to what it was; StoreUnavailable where not even that can be done."""
    try:
        os.ftruncate(descriptor, size)
    except OSError as error:
        raise StoreUnavailable(
            f"The journal can neither be written ({reason.strerror}) nor cut ({error.strerror}).",
            "Whether this was recorded shows once the disk works: `quaestor ledger log`.",
        ) from error
