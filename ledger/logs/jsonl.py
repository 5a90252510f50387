"""JSON Lines: one record a line, kept byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ledger.logs.batches import LONGEST, BadRow, Batch, overlong, record_flaw


def read_jsonl(file: BinaryIO) -> Iterator[Batch]:
    """Read from the file's position on. Blank lines are passed over, as everywhere."""
    batch, line = Batch(), 0
    while text := file.readline(LONGEST + 1):
        line += 1
        if len(text) > LONGEST:
            batch.reject(overlong(line, text, file))
        elif record := text.strip(b" \t\r\n"):
            raw = text.removesuffix(b"\n")
            if flaw := record_flaw(record):
                batch.reject(BadRow.of(line, flaw, raw))
            else:
                batch.good(line, raw, record)
        if batch.full():
            batch.position = file.tell()
            yield batch
            batch = Batch()
    batch.position = file.tell()
    yield batch
