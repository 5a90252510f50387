"""What was named on the way in: files, patterns, folders, or a stream; and which files that is.

A stream (`-`, a pipe) is copied to a dot-file first, since an import reads its files twice: once
for their digest, once for their records.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ledger.errors import InvalidInput
from ledger.logs.containers import looks_like_log
from ledger.logs.reading import Arrival
from ledger.logs.scratch import scratch

STREAM = "-"
_PIECE = 2**20


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file of a folder that is not taken for a log, and why."""

    name: str
    because: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """The files to read, in order, each once; and what in the folders is passed over."""

    logs: tuple[Arrival, ...]
    passed_over: tuple[PassedOver, ...]


@contextmanager
def arriving(named: Sequence[str], spool: Path, stdin: Callable[[], BinaryIO]) -> Iterator[Arrived]:
    """Find the files; what is a stream lies in the folder `spool` until the end of the block.

    Folders are searched at any depth, in order of name, for what looks like a log. Raises
    InvalidInput for a name that leads to no log, StoreUnavailable if there is no room to spool.
    """
    logs: dict[Path, Arrival] = {}
    passed_over: list[PassedOver] = []
    with ExitStack() as stack:
        for name in named:
            if name == STREAM:
                copy = stack.enter_context(_spooled(stdin(), spool))
                logs[copy] = Arrival(copy, "stdin")
                continue
            for path in _matching(name):
                if path.is_dir():
                    found, others = _searched(path)
                    logs |= {_identity(log.path): log for log in found}
                    passed_over += others
                elif path.is_fifo():
                    with _pipe(path) as pipe:
                        copy = stack.enter_context(_spooled(pipe, spool))
                    logs[copy] = Arrival(copy, path.name)
                else:
                    logs.setdefault(_identity(path), Arrival(path, path.name))
        yield Arrived(tuple(logs.values()), tuple(passed_over))


def _identity(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a loop of links, no path at all
        return path.absolute()


def _matching(name: str) -> list[Path]:
    """The path of this name, or those that match it as a pattern."""
    path = Path(name).expanduser()
    try:
        if os.path.lexists(path) or not glob.has_magic(name):
            return [path]
        found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    except (ValueError, OSError) as error:
        raise InvalidInput(f"{name!r} is no path: {error}.", "Name a file or a folder.") from error
    if not found:
        raise InvalidInput(
            f"Nothing matches {name}.", "Check the pattern; ** reaches into folders."
        )
    return [Path(one) for one in found]


def _searched(folder: Path) -> tuple[list[Arrival], list[PassedOver]]:
    """The logs in a folder and below; hidden files and folders are none."""
    found: list[Arrival] = []
    others: list[PassedOver] = []

    def unreadable(error: OSError) -> None:
        raise InvalidInput(
            f"The folder {error.filename} cannot be searched: {error.strerror}.",
            "Correct its permissions, or name the files to import.",
        )

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(name for name in files if not name.startswith(".")):
            path = Path(place) / file
            name = str(path.relative_to(folder))
            why = looks_like_log(path) if path.is_file() else "not a regular file"
            if why is None:
                found.append(Arrival(path, name))
            else:
                others.append(PassedOver(name, why))
    if not found:
        seen = f"; {len(others)} other files" if others else ""
        raise InvalidInput(
            f"No decision log was found in {folder}{seen}.",
            "Logs are CSV, JSON Lines, JSON or Parquet, as they are or packed by gzip or zstd.",
        )
    return found, others


@contextmanager
def _pipe(path: Path) -> Iterator[BinaryIO]:
    """Open a pipe without waiting for ever for somebody to write into it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor, "rb") as pipe:
            yield pipe
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", "Name a file, or pipe it in as -."
        ) from error


@contextmanager
def _spooled(stream: BinaryIO, folder: Path) -> Iterator[Path]:
    with scratch(folder) as file:
        shutil.copyfileobj(stream, file, _PIECE)
        file.flush()
        yield Path(file.name)
