"""Sealed rows on their way into the Parquet file: written, hashed and counted at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.logs.batches import BATCH_BYTES, BATCH_ROWS
from ledger.logs.checking import record_bytes
from ledger.logs.deriving import schema
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.logs.tallying import Tally
from ledger.merkle import Frontier


class SealedRows:
    """Takes tables of sealed rows one after another; a context manager that ends the file.

    One thread writes and one hashes, while the caller reads on; at most one table waits.
    """

    def __init__(self, file: BinaryIO, mapping: ColumnMap, wanted: Sequence[str]) -> None:
        self._schema = schema(mapping)
        self._writer = pq.ParquetWriter(
            file, self._schema, compression="zstd", use_dictionary=list(mapping.columns)
        )
        self._threads = [ThreadPoolExecutor(1, "seal-write"), ThreadPoolExecutor(1, "seal-hash")]
        self._running: list[Future[None]] = []
        self._held: list[pa.Table] = []
        self.tree = Frontier()
        self.tally = Tally(mapping, wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
                self._wait()
        finally:
            for thread in self._threads:
                thread.shutdown(cancel_futures=True)
            self._writer.close()

    def add(self, derived: pa.Table) -> None:
        """Take rows as `derivation` makes them, all of them without a problem."""
        names = [RECORD, *(f"={name}" for name in self._schema.names[1:])]
        table = derived.select(names).rename_columns(self._schema.names).cast(self._schema)
        self.tally.add(table)
        self._held.append(table)
        rows = sum(held.num_rows for held in self._held)
        if rows >= BATCH_ROWS // 2 or sum(held.nbytes for held in self._held) >= BATCH_BYTES // 2:
            self._flush()

    def _flush(self) -> None:
        """Let what is held be written and hashed; wait for what was before it."""
        if not self._held:
            return
        table, self._held = pa.concat_tables(self._held), []
        self._wait()
        writer, hasher = self._threads
        self._running = [
            writer.submit(self._writer.write_table, table),
            hasher.submit(self._hash, table.column(RECORD)),
        ]

    def _wait(self) -> None:
        running, self._running = self._running, []
        for each in running:
            each.result()

    def _hash(self, records: pa.ChunkedArray) -> None:
        # A leaf as `merkle.leaf_hash` makes it, without a call for each.
        self.tree.extend([sha256(b"\0" + record).digest() for record in record_bytes(records)])
