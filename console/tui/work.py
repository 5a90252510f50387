"""Work done beside the screen: what a job is given, and the messages that its thread sends."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from textual.message import Message

from ledger.book import Book
from ledger.keys import Signer

Values = Mapping[str, str]
Tell = Callable[[int, int], None]

_PAUSE = 0.1


def path_of(text: str) -> Path:
    """A path as a person writes it, `~` included."""
    return Path(text).expanduser()


def names_of(text: str) -> tuple[str, ...]:
    """The names in a field where several stand with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def lines_of(text: str) -> list[str]:
    """What stands in a field of several lines, one thing a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


@dataclass(frozen=True)
class Work:
    """What a signing job works with: the ledger, an open key, and what a form was filled with."""

    book: Book
    signer: Signer
    passphrase: bytes = field(repr=False)
    values: Values
    tell: Tell


@dataclass(frozen=True)
class JobState:
    """A job under way: `total` is 0 where its length is not known."""

    doing: str
    done: int = 0
    total: int = 0


class JobMoved(Message):
    """A job came further."""

    def __init__(self, job: int, state: JobState) -> None:
        super().__init__()
        self.job = job
        self.state = state


class Abandoned(Exception):
    """The console closed while a job ran; what it had not entered is not entered."""


def telling(
    job: int, doing: str, post: Callable[[Message], bool], closed: Callable[[], bool]
) -> Tell:
    """A progress function for a job's thread: at most ten messages a second."""
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if closed():
            raise Abandoned
        now = time.monotonic()
        if now - last >= _PAUSE or done >= total:
            last = now
            post(JobMoved(job, JobState(doing, done, total)))

    return tell
