"""Entries checked in a process of their own, while this one does what must follow in order.

Only what needs no register goes there: the bytes of entries go over a socket, and what
`reading.check` makes of them comes back. The process opens no ledger and holds no lock. It ends
when the socket does, so it cannot outlive whoever started it; if it ends by itself, the batches are
checked here.
"""

from __future__ import annotations

import marshal
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from ledger.merkle import HASH_SIZE
from ledger.reading import B, Checked, Checking, check, check_here
from ledger.tiles import WIDTH

WORTHWHILE = 100_000
"""How many entries must be read for a second process to save more time than it takes to start."""

_AHEAD = 4  # batches that may be read and handed over before the first is taken
_LENGTH = struct.Struct("!Q")


def check_apart(batches: Iterable[B]) -> Iterator[tuple[B, Checked]]:
    """Check batches in another process, reading ahead of whoever takes them.

    They are read in a thread of its own, while what was read before is checked and taken.
    """
    try:
        other = _Other()
    except OSError:  # no process or socket to be had
        yield from check_here(batches)
        return
    source = iter(batches)
    try:
        with (
            ThreadPoolExecutor(1) as asking,
            ThreadPoolExecutor(1) as hearing,
            ThreadPoolExecutor(1) as reading,
        ):

            def hand_over() -> tuple[B, Future[Checked | None]] | None:
                if (batch := next(source, None)) is None:
                    return None
                asking.submit(other.ask, batch.data)
                return batch, hearing.submit(other.hear, len(batch.data))

            try:
                coming = deque(reading.submit(hand_over) for _ in range(_AHEAD))
                while (handed := coming.popleft().result()) is not None:
                    coming.append(reading.submit(hand_over))
                    yield _answered(*handed)
            finally:
                other.end()  # before its threads are waited for
                reading.shutdown(cancel_futures=True)
    finally:
        other.end()


def checking_for(entries: int) -> Checking[B]:
    """How to check so many entries."""
    return check_apart if entries >= WORTHWHILE else check_here


def serving(module: str, *arguments: str) -> list[str]:
    """The command of another Python that runs `serve` of a module of ours.

    It imports from where this one does, and never from the folder where somebody works.
    """
    path = f"sys.path[:] = sys.argv[{len(arguments) + 1}:]"
    start = f"import sys; {path}; from {module} import serve; serve()"
    return [sys.executable, "-P", "-c", start, *arguments, *filter(None, sys.path)]


def serve() -> None:
    """Answer on the socket that was handed over, until it closes."""
    with socket.socket(fileno=int(sys.argv[1])) as there:
        try:
            while True:
                (length,) = _LENGTH.unpack(_received(there, _LENGTH.size))
                checked = check(marshal.loads(_received(there, length)))  # noqa: S302 - our parent's
                there.sendall(checked.leaves + checked.roots + checked.sound)
        except (OSError, EOFError, KeyboardInterrupt):
            return


class _Other:
    """The other process, and this end of the socket."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                serving("ledger.apart", str(there.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[there.fileno()],
            )

    def ask(self, entries: list[bytes]) -> None:
        """Hand over a batch; that nobody takes it shows when the answer is waited for."""
        question = marshal.dumps(entries)
        with suppress(OSError):
            self._here.sendall(_LENGTH.pack(len(question)))
            self._here.sendall(question)

    def hear(self, entries: int) -> Checked | None:
        """The answer for so many entries; None if the other process is gone."""
        leaves, roots = entries * HASH_SIZE, entries // WIDTH * HASH_SIZE
        try:
            answer = _received(self._here, leaves + roots + entries)
        except (OSError, EOFError):
            return None
        return Checked(answer[:leaves], answer[leaves:][:roots], answer[leaves + roots :])

    def end(self) -> None:
        """Let the other process end, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._here.close()


def _answered(batch: B, answer: Future[Checked | None]) -> tuple[B, Checked]:
    return batch, answer.result() or check(batch.data)


def _received(end: socket.socket, length: int) -> bytes:
    """So many bytes. EOFError if the other end closes before."""
    found = end.recv(length, socket.MSG_WAITALL) if length else b""
    while len(found) < length:
        more = end.recv(length - len(found), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        found += more
    return found
