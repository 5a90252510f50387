"""JSON Lines: one record a line, kept byte for byte.

Lines are judged a block at a time; a block of which not all are records is judged line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ledger.logs import batches
from ledger.logs.batches import LONGEST, Batch, Rows, all_records, line_feeds, overlong

BLOCK = 16 * 2**20
_SPACE = " \t\r\n"


def read_jsonl(file: BinaryIO, position: Callable[[], int]) -> Iterator[Batch]:
    """Read from the file's position on. Blank lines are passed over, as everywhere.

    `position` tells how many bytes of the log are read.
    """
    line = 1
    while block := file.read(BLOCK):
        rest = file.readline(LONGEST + 1)
        block += rest
        feeds = line_feeds(block)
        endless = len(rest) > LONGEST and not rest.endswith(b"\n")
        if endless:
            start = int(feeds[-1]) + 1 if len(feeds) else 0
            block, rest = block[:start], block[start:]
        yield from _judged(block, feeds, line, position())
        line += len(feeds)
        if endless:
            rows = Rows()
            rows.reject(overlong(line, rest, file))
            yield rows.batch(position())
            line += 1


def _judged(block: bytes, feeds: NDArray[np.intp], line: int, position: int) -> Iterator[Batch]:
    """The batches that whole lines make, the first of them being line number `line`."""
    if block and not block.endswith(b"\n"):
        block, feeds = block + b"\n", np.append(feeds, len(block))
    batch = _all_good(block, feeds, line, position)
    if batch is None:
        yield from _one_by_one(block, line, position)
        return
    size, most = len(batch.records), batches.BATCH_ROWS
    for start in range(0, size, most):
        records = batch.records.slice(start, most)
        raws = batch.raws.slice(start, most) if batch.raws is not None else None
        lines = range(line + start, line + start + len(records))
        yield Batch(records, lines, raws, (), position)


def _all_good(block: bytes, feeds: NDArray[np.intp], line: int, position: int) -> Batch | None:
    """The lines as one batch, if each of them is a record and none is blank."""
    if not len(feeds) or not all_records(block, feeds):
        return None
    offsets = np.append(0, feeds + 1).astype(np.int32)
    if np.any(np.diff(offsets) > LONGEST + 1):
        return None
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block)]
    raws = pa.Array.from_buffers(pa.binary(), len(feeds), buffers)
    try:
        records = pc.ascii_trim(raws.cast(pa.string()), characters=_SPACE)
    except pa.ArrowInvalid:
        return None  # not UTF-8
    return Batch(records, range(line, line + len(feeds)), raws, (), position)


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
