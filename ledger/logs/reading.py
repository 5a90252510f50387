"""Log files as batches of records, whatever their container and their format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from itertools import chain
from pathlib import Path

import msgspec

from ledger.errors import InvalidInput
from ledger.logs.batches import LONGEST, BadRow, Batch, Rows
from ledger.logs.columnar import read_columnar
from ledger.logs.containers import CONTAINERS, opened
from ledger.logs.delimited import read_delimited
from ledger.logs.documents import read_document
from ledger.logs.formats.base import Format, Unfold
from ledger.logs.jsonl import read_jsonl

UNFOLDED = 16 * LONGEST  # bytes that one container record may unfold to


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: its name, size in bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is to be read, and the name that it has in the record."""

    path: Path
    name: str

    def mark(self) -> tuple[int, int, int, int] | None:
        """What changes when the file is written to or replaced; None if there is none."""
        try:
            now = self.path.stat()
        except (OSError, ValueError):
            return None
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that was looked at: what it is, and how one would see that it changed since."""

    arrival: Arrival
    source: Source
    mark: tuple[int, int, int, int] | None

    def changed(self) -> bool:
        """Whether it was written to or replaced since."""
        return self.arrival.mark() != self.mark


def arrival(source: Path | Arrival) -> Arrival:
    """A file under its own name, unless it has another."""
    return source if isinstance(source, Arrival) else Arrival(source, source.name)


def examine(source: Path | Arrival | Examined) -> Examined:
    """Name, size and digest of a regular, non-empty file; InvalidInput if it is not one."""
    if isinstance(source, Examined):
        return source
    log = arrival(source)
    mark = log.mark()
    try:
        if log.path.is_file():
            with log.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size:
                    digest = file_digest(file, "sha256").hexdigest()
                    return Examined(log, Source(log.name, size, digest), mark)
            what = "is empty"
        else:
            what = "is not a file" if log.path.exists() else "is missing"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    raise InvalidInput(f"{log.name} {what}.", "Give a readable file that holds decision records.")


def read(source: Path | Arrival, container: str | None = None) -> Iterator[Batch]:
    """Read the container records of a file batch by batch.

    `container` (csv, jsonl, json or parquet) overrides what the content says. Raises InvalidInput
    for what is not a readable file of its container.
    """
    log = arrival(source)
    if container is not None and container not in CONTAINERS:
        raise InvalidInput(
            f"The container {container!r} is not known.", f"Known are: {', '.join(CONTAINERS)}."
        )
    with opened(log.path, log.name, container) as found:
        match found.container:
            case "parquet":
                size = log.path.stat().st_size
                yield from read_columnar(found.file, log.name, size)
            case "csv":
                yield from read_delimited(found.file, log.name, found.position)
            case "json":
                yield from read_document(found.file, log.name, found.position)
            case _:
                yield from read_jsonl(found.file, found.position)


def unfolding(form: Format, logs: Sequence[Arrival], container: str | None) -> Unfold | None:
    """How container records become decision records; a format may ask to see all of them first."""
    if form.gather is None:
        return form.unfold
    batches = (read(log, container) for log in logs)
    return form.gather(record for batch in chain.from_iterable(batches) for record in batch.each())


def unfolded(batches: Iterable[Batch], unfold: Unfold | None) -> Iterator[Batch]:
    """The decision records of container records; one that cannot be unfolded is a bad row."""
    if unfold is None:
        yield from batches
        return
    for batch in batches:
        rows = Rows(bad=list(batch.bad))
        for number, whole in enumerate(batch.each()):
            line = batch.lines[number]
            try:
                records = _bounded(unfold(whole))
            except (ValueError, msgspec.MsgspecError, RecursionError) as error:
                reason = str(error).splitlines()[0][:200] if str(error) else "cannot be unfolded"
                rows.reject(BadRow.of(line, reason, batch.raw(number)))
                continue
            for record in records:
                rows.add(line, record, record)
                if rows.full():
                    yield rows.batch(batch.position)
                    rows = Rows()
        yield rows.batch(batch.position)


def _bounded(records: Iterable[bytes]) -> list[bytes]:
    """All records of one container record. ValueError if they are too much."""
    found, size = [], 0
    for record in records:
        size += len(record)
        if size > UNFOLDED:
            raise ValueError(f"unfolds to more than {UNFOLDED // 2**20} MiB")
        found.append(record)
    return found
