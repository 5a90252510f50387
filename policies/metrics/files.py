"""A model's sealed logs as files to measure, each held against the digest that was entered.

A file's digest is computed once and remembered in the seat, beside what the file system says of
the file: device, inode, size, and both times to the nanosecond. Writing to a file, or putting
another in its place, changes its time of change, which no program can set back; whoever can turn
back the clock of this computer, or is its administrator, could. `again` computes all digests anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from ledger.book import Book
from ledger.clock import read_time
from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import digest_file
from ledger.registers.house import the_ledger
from ledger.registers.logs import LogRow
from ledger.registers.models import known
from ledger.registers.retention import DroppedRow
from policies.metrics.columns import File

_THREADS = 2


class _Seen(msgspec.Struct, frozen=True):
    """What the file system said of a file when its digest was computed, at `time`."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int
    time: str


@dataclass(frozen=True)
class Checked:
    """How files were held against their digests: `remembered` ones at `since` or later."""

    files: int
    bytes: int
    computed: int
    remembered: int
    since: str | None

    def as_json(self) -> dict[str, Any]:
        """The document's `files`."""
        return asdict(self)


def sealed_files(book: Book, model: str) -> tuple[str, list[File]]:
    """The ledger's id and a model's sealed logs, less dropped ones, in order of their entries.

    Raises InvalidInput if no decisions were imported, Refused if the model is not registered.
    """
    with book.read() as snapshot:
        known(snapshot.rows, model)
        dropped = {row.log for row in snapshot.rows.where(DroppedRow)}
        rows = sorted(snapshot.rows.where(LogRow, model=model), key=lambda row: row.seq)
        ledger_id = the_ledger(snapshot.rows).ledger_id
    files: list[File] = []
    latest: dict[str, datetime] = {}
    for row in rows:
        if not row.rows:
            continue
        first, last = (
            read_time(time) if time else None for time in (row.first_time, row.last_time)
        )
        path = book.home.evidence.path(row.file, "parquet")
        mark = latest.get(row.kind)
        if row.log not in dropped:
            files.append(File(row.log, row.kind, path, row.file, row.rows, first, last, mark))
        if last is not None:
            latest[row.kind] = max(mark or last, last)
    if not any(file.kind == "decision" for file in files):
        raise InvalidInput(
            f"No decisions of {model} have been imported, or they were dropped.",
            f"Import them: quaestor logs import FILE --model {model}",
        )
    return ledger_id, files


def check_files(
    book: Book,
    ledger_id: str,
    files: Sequence[File],
    *,
    again: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Checked:
    """Hold files against the digests that were entered, those of which it is not remembered.

    `progress` is told bytes done and in all. Raises CheckFailed for one that is missing or is not
    what was sealed.
    """
    kept = _remembered(book, ledger_id)
    found = {file.digest: _look(file) for file in files}
    wanted = {file.digest: file for file in files}
    due = [
        file
        for digest, file in wanted.items()
        if again or digest not in kept or not _same(kept[digest], found[digest])
    ]
    total, done = sum(found[file.digest].size for file in due), 0
    with ThreadPoolExecutor(_THREADS, "check") as pool:
        for file, digest in zip(
            due, pool.map(lambda each: digest_file(each.path), due), strict=True
        ):
            if digest != file.digest:
                pool.shutdown(cancel_futures=True)
                raise _changed(file)
            done += found[file.digest].size
            progress(done, total)
    now = book.now()
    times = {file.digest: now for file in due}
    for file in due:
        if not _same(_look(file), found[file.digest]):  # written to while it was read
            raise _changed(file)
    checked = {
        digest: msgspec.structs.replace(seen, time=times.get(digest) or kept[digest].time)
        for digest, seen in found.items()
    }
    if due:
        _remember(book, ledger_id, kept | checked)
    return Checked(
        files=len(found),
        bytes=sum(seen.size for seen in found.values()),
        computed=len(due),
        remembered=len(found) - len(due),
        since=min(seen.time for seen in checked.values()),
    )


def _look(file: File) -> _Seen:
    try:
        seen = file.path.stat()
    except OSError:
        raise _changed(file) from None
    return _Seen(seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, "")


def _same(one: _Seen, other: _Seen) -> bool:
    return msgspec.structs.replace(one, time=other.time) == other


def _changed(file: File) -> CheckFailed:
    return CheckFailed(
        f"The sealed log {file.log} is not what was sealed.",
        "Run `quaestor ledger verify` and restore the file from a backup.",
    )


def _remembered(book: Book, ledger_id: str) -> dict[str, _Seen]:
    """What the seat remembers; nothing of a file that cannot be read."""
    data = None
    with suppress(OSError):
        data = book.seat.checked(ledger_id) if book.seat else None
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(data or b"{}", type=dict[str, _Seen])
    return {}


def _remember(book: Book, ledger_id: str, seen: dict[str, _Seen]) -> None:
    """Keep it where there is a seat; without it the next check computes the digests again."""
    if book.seat is not None:
        with suppress(OSError):
            book.seat.keep_checked(ledger_id, msgspec.json.encode(seen))
