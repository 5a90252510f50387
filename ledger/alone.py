"""One process at a time in a folder that has no locks of its own (a witness, a move)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.errors import StoreUnavailable


@contextmanager
def alone_in(folder: Path, *, busy: str = "") -> Iterator[None]:
    """Wait for others on this machine who are alone in the folder; go on where nothing can lock.

    What takes long is not waited for, if `busy` says what that is. StoreUnavailable then, and if
    the folder cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StoreUnavailable(
            f"{folder} cannot be opened: {error.strerror}.", "Is it there, and mounted?"
        ) from error
    try:
        with suppress(OSError):  # some file systems lock no folders
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
            except BlockingIOError as error:
                raise StoreUnavailable(busy, "Wait until it is done, then try again.") from error
        yield
    finally:
        os.close(descriptor)
