"""A page of entries, copied from the store, and one entry as text."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.times import LocalTime
from ledger.book import Book
from ledger.entry import decode, entry_hash
from ledger.errors import QuaestorError
from ledger.store.base import StoredEntry

PAGE = 100
_SUBJECT = 36


@dataclass(frozen=True)
class Wanted:
    """Which entries: those up to `last` (None: the newest), or the latest of kind and subject."""

    last: int | None = None
    kind: str = ""
    subject: str = ""

    @property
    def filtered(self) -> bool:
        """Whether kind or subject is asked for."""
        return bool(self.kind or self.subject)


@dataclass(frozen=True)
class EntriesPage:
    """Entries, newest first, out of a record of `size`."""

    wanted: Wanted
    size: int
    entries: tuple[StoredEntry, ...]


def read_entries(book: Book, wanted: Wanted) -> EntriesPage:
    """Copy a page out of the store."""
    with book.read() as snapshot:
        size = snapshot.head.size
        if wanted.filtered:
            found = snapshot.find(kind=wanted.kind, subject=wanted.subject, last=PAGE)
        else:
            stop = size if wanted.last is None else min(wanted.last + 1, size)
            found = snapshot.entries(max(stop - PAGE, 0), stop)
    return EntriesPage(wanted, size, tuple(reversed(found)))


def short(subject: str) -> str:
    """A subject in the list; the ledger's own id is long, and the same in every row."""
    return subject if len(subject) <= _SUBJECT else f"{subject[: _SUBJECT - 1]}…"


def entry_text(stored: StoredEntry, local: LocalTime) -> Text:
    """An entry in full: its facts, its body, its exact bytes, hash and signature."""
    text = Text()
    try:
        entry = decode(stored.data)
    except QuaestorError as error:
        return text.append(f"✗ {legible(error.message)}\n\n{legible(repr(stored.data))}")
    part, of = entry.part
    facts = {
        "Kind": entry.kind,
        "Subject": entry.subject,
        "Actor": entry.actor,
        "Time": f"{local.second(entry.time)} local, {entry.time} as recorded",
        "Part": f"{part + 1} of {of} entered together",
        "Before": entry.prev,
        "Hash": entry_hash(stored.data).hex(),
        "Signature": entry.sig or f"by the last entry of its part, {entry.seq - part + of - 1}",
    }
    for name, value in facts.items():
        text.append(f"{name:<11}", style=marks.QUIET)
        text.append(f"{legible(value)}\n")
    body = orjson.dumps(entry.body, option=orjson.OPT_INDENT_2).decode()
    text.append(f"\nBody\n{legible(body)}\n")
    text.append(f"\nCanonical bytes ({len(stored.data):,})\n", style=marks.QUIET)
    text.append(legible(stored.data.decode()))
    return text
