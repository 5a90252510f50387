"""Durable writes: a file is either the old one or the new one, and the new one is on disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ledger.errors import StoreUnavailable


def write_durably(path: Path, data: bytes, *, mode: int = 0o660, at_once: bool = True) -> None:
    """Replace `path` by `data` atomically: temporary file, fsync, rename, fsync of the folder.

    Not `at_once`, a power cut may bring back the old content, whole. Raises OSError; the old
    content then still stands.
    """
    _replace(path, data, mode, durably=True)
    if at_once:
        fsync_folder(path.parent)


def write_whole(path: Path, data: bytes, *, mode: int = 0o660) -> None:
    """Replace `path` by `data` atomically; a power cut may leave neither. Raises OSError."""
    _replace(path, data, mode, durably=False)


def _replace(path: Path, data: bytes, mode: int, *, durably: bool) -> None:
    temporary = f"{path.parent}/.{path.name}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            write_all(descriptor, data)
            os.fchmod(descriptor, mode)  # whatever the umask
            if durably:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)  # noqa: PTH105 - a path of its own would cost more than this
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - likewise
        raise


def open_in_place(path: Path) -> BinaryIO:
    """Open a file to be changed where it lies, but never one that a link in its place leads to.

    Who may write to a home could lead others into their own folders by it. Raises OSError.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b")


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however little the system takes at once. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable (a rename is not, until its folder is synced)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def names_in(folder: Path) -> list[str]:
    """The names in a folder; none where there is no such folder, or one may not look into it."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - a tenth of the time, and every append looks
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from its successor without reading it; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def disk_explained(place: str) -> Iterator[None]:
    """Let a disk that fails, or that one may not use, be a store that is unavailable."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"{error.filename or place} cannot be used: {error.strerror}.",
            "Make room, or check its permissions, and try again.",
        ) from error
