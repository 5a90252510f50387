"""One decision of a sealed log, its personal fields readable where their keys still exist."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.book import Book
from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import digest_file
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.logs.people import opened
from ledger.logs.splicing import Node, splice
from ledger.registers.logs import LogRow
from ledger.registers.retention import DroppedRow
from ledger.subjects import SubjectKeys

_RESTORE = "Run `quaestor ledger verify`, and restore the file from a backup."


def read_decision(book: Book, log: str, row: int) -> tuple[str, str]:
    """Record `row` (from 0) of a log as JSON text: as it is sealed, and as it can be read.

    InvalidInput if there is no such log or row, CheckFailed if the file is not what was sealed.
    """
    with book.read() as snapshot:
        found = snapshot.rows.get(LogRow, log)
        dropped = snapshot.rows.get(DroppedRow, log)
    if found is None:
        raise InvalidInput(f"There is no log {log}.", "See: quaestor logs list")
    if dropped is not None:
        raise InvalidInput(f"{log} was dropped at {dropped.time}: {dropped.reason}.", "It is gone.")
    if not 0 <= row < found.rows:
        raise InvalidInput(f"{log} has no row {row}.", f"It has {found.rows}, counted from 0.")
    evidence = book.home.evidence
    path = evidence.path(found.file, "parquet")
    if not path.is_file() or digest_file(path) != found.file:
        raise CheckFailed(f"The sealed log {log} is missing, or is not what was sealed.", _RESTORE)
    mapping = ColumnMap.model_validate_json(evidence.read(found.column_map, "json"))
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            record = _record(file, row)
    except pa.ArrowException as error:
        raise CheckFailed(f"{path.name} cannot be read: {error}.", _RESTORE) from error
    return record, in_clear(book, mapping, record.encode()).decode()


def in_clear(book: Book, mapping: ColumnMap, record: bytes) -> bytes:
    """A record with its personal fields as they were, or `[erased]`. CheckFailed as `opened`."""
    if not mapping.personal:
        return record
    keys = SubjectKeys(book.home.vault)
    root = Node()
    for source in mapping.personal:
        root.add(
            source,
            partial(opened, ledger_id=book.facts.ledger_id, source=source, key_of=keys.key),
        )
    return splice(record, root)


def _record(file: pq.ParquetFile, row: int) -> str:
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if row < rows:
            return str(file.read_row_group(group, columns=[RECORD]).column(0)[row].as_py())
        row -= rows
    raise InvalidInput("The log has no such row.", "Count from 0.")
