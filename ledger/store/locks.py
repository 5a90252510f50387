"""Gate and lock: many readers or one writer, in whichever process, and no starving.

Everyone passes the gate; a waiting writer keeps it, so that no new reader slips in before it
(plain flock lets readers starve a writer for seconds). Both are flocks on files of their own: the
database file itself is never opened by us. The kernel frees them when a process dies. A link is
never followed: it would let whoever may write to the home overwrite a file in somebody's seat.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from ledger.errors import StoreUnavailable

_PAUSE = 0.002
_HOLDER_BYTES = 300
_WORD = re.compile("[a-z][a-z0-9-]*")


class Locks:
    """The locks of one ledger home."""

    def __init__(self, folder: Path, *, patience: float = 30.0) -> None:
        self.folder = folder
        self.patience = patience

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with other readers."""
        with self._file("gate") as gate, self._file("lock") as lock:
            until = time.monotonic() + self.patience
            self._take(gate, fcntl.LOCK_EX, until, lock)
            self._take(lock, fcntl.LOCK_SH, until, lock)
            fcntl.flock(gate, fcntl.LOCK_UN)
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock alone; the holder's process and command stand in it meanwhile."""
        with self._file("gate") as gate, self._file("lock") as lock:
            until = time.monotonic() + self.patience
            self._take(gate, fcntl.LOCK_EX, until, lock)
            self._take(lock, fcntl.LOCK_EX, until, lock)
            fcntl.flock(gate, fcntl.LOCK_UN)
            with _named(lock):
                yield

    @contextmanager
    def switchboard(self, *, patience: float = 2.0) -> Iterator[bool]:
        """Serialize writers of the switchboard; yields False if that took too long.

        A kill goes on even then: stopping twice does no harm, not stopping would.
        """
        with self._file("switchboard") as lock:
            until = time.monotonic() + patience
            yield _attempt(lock, fcntl.LOCK_EX, lambda: time.monotonic() < until)

    @contextmanager
    def _file(self, name: str) -> Iterator[int]:
        path = self.folder / name
        try:
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o660)
            except OSError:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise StoreUnavailable(
                f"The lock {path} cannot be opened: {error.strerror}.",
                "Check that the home exists and that you are in its group: quaestor doctor",
            ) from error
        with suppress(
            OSError
        ):  # made by us under a narrow umask; else somebody else's, or read-only
            os.fchmod(descriptor, 0o660)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int, how: int, until: float, lock: int) -> None:
        if not _attempt(descriptor, how, lambda: time.monotonic() < until):
            holder = os.pread(lock, _HOLDER_BYTES, 0).decode(errors="replace").strip("\0\n ")
            raise StoreUnavailable(
                f"The ledger has been held for {self.patience:g} s by {holder or 'readers'}.",
                "Try again, or look at that process.",
            )


def _attempt(descriptor: int, how: int, going_on: Callable[[], bool]) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if not going_on():
                return False
            time.sleep(_PAUSE)
        else:
            return True


@contextmanager
def _named(lock: int) -> Iterator[None]:
    """Write who holds the lock into it; a full disk or a read-only home must not hinder that."""
    name = f"process {os.getpid()}: {_command()}"[: _HOLDER_BYTES - 1]
    with suppress(OSError):
        os.pwrite(lock, name.encode()[:_HOLDER_BYTES].ljust(_HOLDER_BYTES), 0)
    try:
        yield
    finally:
        with suppress(OSError):
            os.pwrite(lock, b" " * _HOLDER_BYTES, 0)


def _command() -> str:
    """Program, noun and verb: what else was typed may be a password, or about a person."""
    program, *typed = sys.argv
    words = [
        word
        for before, word in pairwise(["", *typed])
        if _WORD.fullmatch(word) and not before.startswith("-")
    ]
    return " ".join([Path(program).name, *words[:2]])
