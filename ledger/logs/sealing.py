"""Sealing: decision records redacted, mapped, hashed and kept as one Parquet file.

What is true at each moment:
- a sealed log and its quarantine file are written once, under dot-names in the evidence folder,
  and take their digests as names only when they are whole and on disk; a crash leaves dot-files;
- nothing is hashed or written in clear before it was redacted;
- every row of the sources is either sealed or in quarantine; blank lines are not rows.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ledger.errors import CheckFailed, InvalidInput, StoreUnavailable
from ledger.evidence import Evidence
from ledger.logs.batches import BadRow, Batch
from ledger.logs.checking import SealFacts, record_bytes
from ledger.logs.deriving import derivation, schema
from ledger.logs.engine import analysis, offer
from ledger.logs.mapping import RECORD, ColumnMap, Type
from ledger.logs.quarantine import Quarantine
from ledger.logs.reading import Source, examine, read
from ledger.logs.redaction import hits, redact
from ledger.merkle import Frontier, leaf_hash

TIME = "time"  # the mapped column whose bounds a sealed log states
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SealedLog(SealFacts):
    """What came of sealing: the facts, and where they came from.

    `redactions` counts by class (email, card, credential) what was replaced in sealed rows;
    `first_time` and `last_time` are the bounds of the mapped timestamp `time`, if there is one;
    `size` is the sealed file's, in bytes.
    """

    sources: tuple[Source, ...]
    redactions: dict[str, int]
    quarantined: int
    quarantine_digest: str | None
    first_time: datetime | None
    last_time: datetime | None
    size: int


def seal(
    sources: Sequence[Path],
    mapping: ColumnMap,
    evidence: Evidence,
    encrypt: Callable[[bytes], str],
    progress: Callable[[int, int], None],
    *,
    form: str | None = None,
) -> SealedLog:
    """Seal log files, in the order given, as one file in `evidence`.

    `encrypt` is applied to the raw text of bad rows; `progress` is told bytes done and in all.
    Raises InvalidInput if a file cannot be read or none holds a record, CheckFailed if one
    changes meanwhile, StoreUnavailable if the disk is full.
    """
    marks = [_mark(path) for path in sources]
    read_from = tuple(examine(path) for path in sources)
    total, done = sum(source.size for source in read_from), 0
    folder = evidence.folder
    with _temporary(folder) as sealed, _temporary(folder) as aside, analysis() as engine:
        quarantine = Quarantine(aside, encrypt)
        with _Sealer(sealed, mapping, engine, quarantine) as sealer:
            for path, source in zip(sources, read_from, strict=True):
                for batch in read(path, form):
                    sealer.add(source.name, batch)
                    progress(done + batch.position, total)
                done += source.size
        if [_mark(path) for path in sources] != marks:
            raise CheckFailed(
                "A file changed while it was read.",
                "Import files that are no longer written to, such as rotated logs.",
            )
        if not sealer.tree.size and not quarantine.count:
            raise InvalidInput(
                f"{', '.join(source.name for source in read_from)}: no decision record in it.",
                "Check that this is the decision log.",
            )
        size = sealed.tell()
        return SealedLog(
            file_digest=_adopted(evidence, sealed, "parquet"),
            rows=sealer.tree.size,
            root=sealer.tree.root().hex(),
            map_digest=mapping.digest(),
            sources=read_from,
            redactions=dict(sorted((+sealer.redactions).items())),
            quarantined=quarantine.count,
            quarantine_digest=_adopted(evidence, aside, "jsonl") if quarantine.count else None,
            first_time=sealer.first,
            last_time=sealer.last,
            size=size,
        )


class _Sealer:
    """Redacts, maps, hashes and writes batch after batch."""

    def __init__(
        self,
        file: BinaryIO,
        mapping: ColumnMap,
        engine: duckdb.DuckDBPyConnection,
        quarantine: Quarantine,
    ) -> None:
        self._schema = schema(mapping)
        self._derive, self._parameters = derivation(mapping, "batch")
        self._derive += " ORDER BY row"
        self._engine = engine
        self._quarantine = quarantine
        self._writer = pq.ParquetWriter(
            file, self._schema, compression="zstd", use_dictionary=list(mapping.columns)
        )
        self._timed = TIME in mapping.columns and mapping.columns[TIME].type is Type.TIMESTAMP
        self.tree = Frontier()
        self.redactions: Counter[str] = Counter()
        self.first: datetime | None = None
        self.last: datetime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, name: str, batch: Batch) -> None:
        """Seal the records of a batch of the source called `name`; quarantine the rest."""
        bad = list(batch.bad)
        records = batch.records
        found = self._redact(records)
        derived = self._engine.execute(self._derive, self._parameters).to_arrow_table()
        problems = derived.column("problem")
        if problems.null_count < len(records):
            for row, problem in enumerate(problems.to_pylist()):
                if problem:
                    bad.append(BadRow.of(batch.lines[row], problem, batch.raw[row]))
                    found.pop(row, None)
            derived = derived.filter(pc.is_null(problems))
        for bad_row in sorted(bad, key=lambda row: row.line):
            self._quarantine.add(name, bad_row)
        for counts in found.values():
            self.redactions.update(counts)
        if derived.num_rows:
            self._write(derived)

    def _redact(self, records: list[bytes]) -> dict[int, Counter[str]]:
        """Redact in place and offer the outcome to SQL; return what was found, by row."""
        offer(self._engine, records)
        found = {}
        for row, classes in hits(self._engine):
            counts: Counter[str] = Counter()
            records[row] = redact(records[row], counts, classes)
            found[row] = counts
        if found:
            offer(self._engine, records)
        return found

    def _write(self, derived: pa.Table) -> None:
        names = [RECORD, *(f"={name}" for name in self._schema.names[1:])]
        table = derived.select(names).rename_columns(self._schema.names).cast(self._schema)
        self._writer.write_table(table)
        self.tree.extend(map(leaf_hash, record_bytes(table.column(RECORD))))
        if self._timed:
            bounds = pc.min_max(table.column(TIME))
            low, high = (_moment(bounds[bound].value) for bound in ("min", "max"))
            self.first = min(filter(None, (self.first, low)), default=None)
            self.last = max(filter(None, (self.last, high)), default=None)


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _mark(path: Path) -> tuple[int, int, int, int] | None:
    """Tell what changes when a file is written to or replaced; None if there is none."""
    try:
        now = path.stat()
    except OSError:
        return None
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns


@contextmanager
def _temporary(folder: Path) -> Iterator[BinaryIO]:
    """Open a new dot-file in `folder`; it is gone afterwards unless it was adopted."""
    path = folder / f".sealing.{secrets.token_hex(8)}"
    try:
        with path.open("xb") as file:
            yield file
    except OSError as error:
        raise StoreUnavailable(
            f"The log could not be sealed in {folder}: {error.strerror or error}.",
            "Make room or correct the permissions, then import it again; nothing was entered.",
        ) from error
    finally:
        path.unlink(missing_ok=True)


def _adopted(evidence: Evidence, file: BinaryIO, ext: str) -> str:
    """Make a finished file durable and give it its digest as name."""
    file.flush()
    os.fchmod(file.fileno(), 0o660)
    os.fsync(file.fileno())
    return evidence.adopt(Path(file.name), ext)
