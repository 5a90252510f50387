"""Sealing: decision records redacted, mapped, hashed and kept as one Parquet file.

What is true at each moment:
- a sealed log and its quarantine file are written once, under dot-names in the evidence folder,
  and take their digests as names only when they are whole and on disk; a crash leaves dot-files,
  which a later import removes;
- nothing is hashed or written in clear before it was redacted;
- every row of the sources is either sealed or in quarantine; blank lines are not rows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import Evidence
from ledger.logs.batches import BadRow, Batch, record_flaw
from ledger.logs.checking import SealFacts
from ledger.logs.deriving import derivation
from ledger.logs.engine import analysis
from ledger.logs.formats import format_named
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.logs.protecting import Protection, Safeguards
from ledger.logs.quarantine import Quarantine
from ledger.logs.reading import Arrival, Examined, Source, examine, read, unfolded, unfolding
from ledger.logs.scratch import scratch, sweep
from ledger.logs.writing import SealedRows


@dataclass(frozen=True)
class SealedLog(SealFacts):
    """What came of sealing: the facts, and where they came from.

    `redactions` counts by class (email, field, ...) what was replaced in sealed rows;
    `missing` counts by wanted column the rows that have nothing there, `guardrails` by outcome
    what the column `guardrail` says; `first_time` and `last_time` are the bounds of the mapped
    timestamp `time`, if there is one; `size` is the sealed file's, in bytes.
    """

    sources: tuple[Source, ...]
    redactions: dict[str, int]
    quarantined: int
    quarantine_digest: str | None
    first_time: datetime | None
    last_time: datetime | None
    size: int
    missing: dict[str, int] = field(default_factory=dict)
    guardrails: dict[str, int] = field(default_factory=dict)


def seal(
    sources: Sequence[Path | Arrival | Examined],
    mapping: ColumnMap,
    evidence: Evidence,
    encrypt: Callable[[bytes], str],
    progress: Callable[[int, int], None],
    *,
    container: str | None = None,
    wanted: Sequence[str] = (),
    safeguards: Safeguards | None = None,
) -> SealedLog:
    """Seal log files, in the order given, as one file in `evidence`.

    `encrypt` is applied to the raw text of bad rows; `progress` is told bytes done and in all;
    `container` overrides what the files' content says; `wanted` names the columns of which it is
    counted how often they are missing; `safeguards` are the redaction policy and the keys of
    pseudonyms and persons. Raises InvalidInput if a file cannot be read or none holds
    a record, CheckFailed if one changed since it was examined, StoreUnavailable if the disk is
    full.
    """
    logs = [examine(source) for source in sources]
    total, done = sum(log.source.size for log in logs), 0
    form = format_named(mapping.format)
    unfold = unfolding(form, [log.arrival for log in logs], container)
    folder = evidence.folder
    sweep(folder)
    with scratch(folder) as sealed, scratch(folder) as aside, analysis() as engine:
        quarantine = Quarantine(aside, encrypt)
        with SealedRows(sealed, mapping, wanted) as rows:
            protection = Protection(engine, mapping, safeguards)
            sealer = _Sealer(rows, mapping, engine, quarantine, protection)
            for log in logs:
                for batch in _ahead(unfolded(read(log.arrival, container), unfold)):
                    sealer.add(log.source.name, batch)
                    progress(done + batch.position, total)
                done += log.source.size
        if any(log.changed() for log in logs):
            raise CheckFailed(
                "A file changed while it was read.",
                "Import files that are no longer written to, such as rotated logs.",
            )
        if not rows.tree.size and not quarantine.count:
            raise InvalidInput(
                f"{', '.join(log.source.name for log in logs)}: no decision record in it.",
                "Check that this is the decision log.",
            )
        size = sealed.tell()
        return SealedLog(
            file_digest=adopted(evidence, sealed, "parquet"),
            rows=rows.tree.size,
            root=rows.tree.root().hex(),
            map_digest=mapping.digest(),
            sources=tuple(log.source for log in logs),
            redactions=dict(sorted((+sealer.redactions).items())),
            quarantined=quarantine.count,
            quarantine_digest=adopted(evidence, aside, "jsonl") if quarantine.count else None,
            first_time=rows.tally.first,
            last_time=rows.tally.last,
            size=size,
            missing=rows.tally.missing,
            guardrails=dict(sorted(rows.tally.guardrails.items())),
        )


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The same batches, of which the next is read while one is being sealed."""
    with ThreadPoolExecutor(1, "seal-read") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


class _Sealer:
    """Protects and maps batch after batch, and hands on what is to be kept."""

    def __init__(
        self,
        rows: SealedRows,
        mapping: ColumnMap,
        engine: duckdb.DuckDBPyConnection,
        quarantine: Quarantine,
        protection: Protection,
    ) -> None:
        self._rows = rows
        derived, self._parameters = derivation(mapping, "batch", as_it_came=not protection.takes)
        # The records are at hand: to take them through the engine would copy each twice.
        self._derive = f"SELECT * EXCLUDE ({RECORD}) FROM ({derived})"  # noqa: S608 - built above
        self._engine = engine
        self._protection = protection
        self._quarantine = quarantine
        self.redactions: Counter[str] = Counter()

    def add(self, name: str, batch: Batch) -> None:
        """Seal the records of a batch of the source called `name`; quarantine the rest."""
        bad = list(batch.bad)
        if len(batch.records):
            bad += self._seal(batch)
        for bad_row in sorted(bad, key=lambda row: row.line):
            self._quarantine.add(name, bad_row)

    def _seal(self, batch: Batch) -> list[BadRow]:
        """Seal what can be sealed; return the rest."""
        try:
            protected = self._protection.apply(batch.records)
            derived = self._engine.execute(self._derive, self._parameters).to_arrow_table()
        except (duckdb.Error, msgspec.DecodeError):
            return self._sound(batch)
        derived = _in_order(derived).append_column(RECORD, protected.records)
        bad = []
        problems = derived.column("problem")
        unsealed: set[int] = set()
        if problems.null_count < len(problems) or protected.refused:
            reasons = dict(enumerate(problems.to_pylist())) | protected.refused
            for row, reason in reasons.items():
                if reason is not None:
                    bad.append(BadRow.of(batch.lines[row], reason, batch.raw(row)))
                    unsealed.add(row)
            derived = derived.filter(pa.array([reason is None for reason in reasons.values()]))
        self.redactions.update(protected.counts(unsealed))
        if derived.num_rows:
            self._rows.add(derived)
        return bad

    def _sound(self, batch: Batch) -> list[BadRow]:
        """Seal a batch of which some records are none: a format may unfold what it cannot read."""
        flaws = [record_flaw(record) for record in batch.each()]
        if not any(flaws):
            raise InvalidInput(
                f"A record from line {batch.lines[0]} on cannot be mapped.",
                "Check the column map against the log: quaestor logs import --explain",
            )
        bad = [
            BadRow.of(batch.lines[row], flaw, batch.raw(row))
            for row, flaw in enumerate(flaws)
            if flaw
        ]
        good = [row for row, flaw in enumerate(flaws) if not flaw]
        if not good:
            return bad
        rest = Batch(
            batch.records.take(pa.array(good)),
            [batch.lines[row] for row in good],
            batch.raws.take(pa.array(good)) if batch.raws is not None else None,
            (),
        )
        return bad + self._seal(rest)


def _in_order(derived: pa.Table) -> pa.Table:
    """Rows in the order in which they were read, whichever thread was done first."""
    places = derived.column("row").to_numpy()
    return derived if np.all(places[1:] > places[:-1]) else derived.sort_by("row")


def adopted(evidence: Evidence, file: BinaryIO, ext: str) -> str:
    """Make a finished file durable and give it its digest as name."""
    file.flush()
    os.fchmod(file.fileno(), 0o660)
    os.fsync(file.fileno())
    return evidence.adopt(Path(file.name), ext)
