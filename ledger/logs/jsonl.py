"""JSON Lines: one record a line, kept byte for byte.

Lines are judged a block at a time; a block of which not all are records is judged line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.logs import batches
from ledger.logs.batches import LONGEST, Batch, Rows, all_records, overlong

BLOCK = 8 * 2**20
_SPACE = " \t\r\n"


def read_jsonl(file: BinaryIO, position: Callable[[], int]) -> Iterator[Batch]:
    """Read from the file's position on. Blank lines are passed over, as everywhere.

    `position` tells how many bytes of the log are read.
    """
    line, rest = 1, b""
    while block := file.read(BLOCK):
        block = rest + block
        end = block.rfind(b"\n") + 1
        if not end and len(block) > LONGEST:
            rows = Rows()
            rows.reject(overlong(line, block, file))
            yield rows.batch(position())
            line, rest = line + 1, b""
            continue
        block, rest = block[:end], block[end:]
        yield from _judged(block, line, position())
        line += block.count(b"\n")
    yield from _judged(rest, line, position())


def _judged(block: bytes, line: int, position: int) -> Iterator[Batch]:
    """The batches that whole lines make, the first of them being line number `line`."""
    batch = _all_good(block, line, position) if block else None
    if batch is None:
        yield from _one_by_one(block, line, position)
        return
    size, most = len(batch.records), batches.BATCH_ROWS
    for start in range(0, size, most):
        records = batch.records.slice(start, most)
        raws = batch.raws.slice(start, most) if batch.raws is not None else None
        lines = range(line + start, line + start + len(records))
        yield Batch(records, lines, raws, (), position)


def _all_good(block: bytes, line: int, position: int) -> Batch | None:
    """The lines as one batch, if each of them is a record and none is blank."""
    ended = block if block.endswith(b"\n") else block + b"\n"
    ends = np.flatnonzero(np.frombuffer(ended, np.uint8) == ord("\n")) + 1
    if not all_records(ended[:-1], len(ends)):
        return None
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(ended)]
    raws = pa.Array.from_buffers(pa.binary(), len(ends), buffers)
    try:
        text = raws.cast(pa.string())
    except pa.ArrowInvalid:
        return None  # not UTF-8
    records = pc.ascii_trim(text, characters=_SPACE)
    if pc.any(pc.greater(pc.binary_length(raws), LONGEST + 1)).as_py():
        return None
    return Batch(records, range(line, line + len(ends)), raws, (), position)


def _one_by_one(block: bytes, line: int, position: int) -> Iterator[Batch]:
    rows = Rows()
    for number, raw in enumerate(block.split(b"\n"), start=line):
        if raw.strip(b" \t\r\n"):
            rows.judge(number, raw)
        if rows.full():
            yield rows.batch(position)
            rows = Rows()
    if len(rows):
        yield rows.batch(position)
