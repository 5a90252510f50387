"""Sealed rows on their way into the Parquet file: written, hashed and counted at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.logs.batches import BATCH_BYTES, BATCH_ROWS
from ledger.logs.checking import record_bytes
from ledger.logs.deriving import schema
from ledger.logs.mapping import RECORD, ColumnMap, Type
from ledger.merkle import Frontier

TIME = "time"  # the mapped column whose bounds a sealed log states
GUARDRAIL = "guardrail"  # the mapped column whose values it counts,
MOST_OUTCOMES = 50  # up to so many different ones
OTHER = "other"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        self._timed = TIME in mapping.columns and mapping.columns[TIME].type is Type.TIMESTAMP
        self.tree = Frontier()
        self.missing = dict.fromkeys(wanted, 0)
        self.guardrails: Counter[str] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None

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
        self._count(table)
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

    def _count(self, table: pa.Table) -> None:
        for name in self.missing:
            known = name in table.schema.names
            self.missing[name] += table.column(name).null_count if known else table.num_rows
        if GUARDRAIL in table.schema.names:
            for outcome in pc.value_counts(table.column(GUARDRAIL).cast(pa.string())).to_pylist():
                if outcome["values"] is not None:
                    self._add_outcome(outcome["values"], outcome["counts"])
        if self._timed:
            bounds = pc.min_max(table.column(TIME))
            low, high = (_moment(bounds[bound].value) for bound in ("min", "max"))
            self.first = min(filter(None, (self.first, low)), default=None)
            self.last = max(filter(None, (self.last, high)), default=None)

    def _add_outcome(self, outcome: str, count: int) -> None:
        name = "".join(sign if sign.isprintable() else " " for sign in outcome[:300])
        fits = name in self.guardrails or len(self.guardrails) < MOST_OUTCOMES
        self.guardrails[name if fits else OTHER] += count


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
