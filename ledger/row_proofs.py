"""A proof of one imported decision: that a record is a row of a sealed log that the ledger holds.

The row tree is not kept; its leaves are hashed again as they stream by, in memory O(log^2 n).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.book import Book
from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import digest_file
from ledger.keys import Signer
from ledger.logs.checking import record_bytes
from ledger.logs.mapping import RECORD
from ledger.merkle import Frontier, leaf_hash, verify_inclusion
from ledger.proof_text import write_row
from ledger.proofs import siblings
from ledger.proving import entry_proof
from ledger.registers.logs import LogRow
from ledger.witnessing import vouching

Progress = Callable[[int, int], None]

_ROWS = 50_000
_RESTORE = "Restore it from a backup of the home."


def prove_row(
    book: Book,
    signer: Signer,
    log: str,
    row: int,
    *,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Prove that a decision is row `row` (0-based) of a sealed log; the text is JSON.

    The file's digest is checked before any of it is read. InvalidInput for a log or row that is
    not there, CheckFailed if the file is not what was sealed; raises as `vouching` besides.
    """
    with vouching(book, signer) as snapshot:
        sealed = snapshot.rows.get(LogRow, log)
        if sealed is None:
            raise InvalidInput(f"There is no sealed log {log}.", "See: quaestor logs list")
        if not 0 <= row < sealed.rows:
            raise InvalidInput(
                f"{log} has no row {row}.", f"It has {sealed.rows} rows, counted from 0."
            )
        entry = snapshot.entries(sealed.seq, sealed.seq + 1)[0].data
        proof = entry_proof(snapshot, signer, sealed.seq)
    record, path = row_path(book, sealed, row, progress=progress)
    return write_row(record.decode(), row, path, entry, proof)


def row_path(
    book: Book,
    sealed: LogRow,
    row: int,
    *,
    progress: Progress = lambda _done, _total: None,
) -> tuple[bytes, list[bytes]]:
    """A record of a sealed log, and the hashes that lead from it to the log's root.

    The file's digest is checked before any of it is read. CheckFailed if it is not what was sealed,
    or if they do not lead there.
    """
    path = book.home.evidence.path(sealed.file, "parquet")
    _require_sealed(path, sealed.file)
    record, hashes = _read_path(path, row, sealed.rows, progress)
    root = bytes.fromhex(sealed.root)
    if not verify_inclusion(leaf_hash(record), row, sealed.rows, hashes, root):
        raise CheckFailed(f"The rows of {sealed.log} are not those that were sealed.", _RESTORE)
    return record, hashes


def _require_sealed(path: Path, digest: str) -> None:
    if not path.is_file():
        raise CheckFailed(f"The sealed log {path.name} is missing.", _RESTORE)
    if digest_file(path) != digest:
        raise CheckFailed(f"The bytes of {path.name} are not those that were sealed.", _RESTORE)


def _read_path(path: Path, row: int, rows: int, progress: Progress) -> tuple[bytes, list[bytes]]:
    """A row's record and its audit path: every other row belongs to one sibling's subtree."""
    found: dict[tuple[int, int], bytes] = {}
    records = _records(path, rows, progress)
    record = b""
    for low, high in sorted([*siblings(row, rows), (row, row + 1)]):
        part = islice(records, high - low)
        if low == row:
            record = next(part, b"")
            continue
        tree = Frontier()
        tree.extend(map(leaf_hash, part))
        found[low, high] = tree.root()
    return record, [found[sibling] for sibling in siblings(row, rows)]


def _records(path: Path, rows: int, progress: Progress) -> Iterator[bytes]:
    done = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(_ROWS, columns=[RECORD]):
                yield from record_bytes(batch.column(0))
                done += batch.num_rows
                progress(done, rows)
    except pa.ArrowException as error:
        raise CheckFailed(f"{path.name} cannot be read: {error}.", _RESTORE) from error
