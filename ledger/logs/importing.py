"""Importing: from files to one `log.sealed` entry.

Sealed first, entered by one entry afterwards: dying in between leaves evidence that nothing names
and that the next import of the same files names again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.logs.kinds import fitted
from ledger.logs.mapping import ColumnMap
from ledger.logs.protecting import Safeguards
from ledger.logs.reading import Arrival, Examined, Source, examine
from ledger.logs.safekeeping import Safekeeping
from ledger.logs.sealing import SealedLog, seal
from ledger.registers.logs import LogKind, LogRow, imported_as, next_log
from ledger.registers.models import standing
from ledger.registers.rows import Rows

# Columns that a log of a kind should have: an entry states how often each is missing.
WANTED: Mapping[LogKind, tuple[str, ...]] = {
    "decision": (
        "time",
        "request_id",
        "user_id",
        "model",
        "prompt_version",
        "index_version",
        "features_version",
        "duration_ms",
        "status",
    ),
    "feedback": ("time", "request_id", "rating"),
    "outcome": ("time", "request_id", "outcome"),
    "resource": ("time", "resource", "amount", "unit", "cost"),
}


@dataclass(frozen=True)
class Imported:
    """What an import came to; `too_many_bad` says that more rows were bad than was allowed.

    `missing` counts by wanted column the rows without it, `guardrails` by outcome the rows with it.
    """

    log: str
    model: str
    kind: str
    format: str
    already_imported: bool
    rows: int
    quarantined: int
    too_many_bad: bool
    redactions: dict[str, int]
    missing: dict[str, int]
    guardrails: dict[str, int]
    file: str
    root: str
    seq: int

    def as_json(self) -> dict[str, Any]:
        """The document of `logs import --json`."""
        return asdict(self)


def import_logs(
    book: Book,
    signer: Signer,
    model: str,
    sources: Sequence[Path | Arrival],
    column_map: ColumnMap,
    *,
    kind: LogKind = "decision",
    container: str | None = None,
    max_bad: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Seal log files as evidence of what a model did and enter them.

    The same files under the same map are entered once. Bad rows are quarantined, counted and
    entered even when there are more than `max_bad`. Raises InvalidInput, Refused, CheckFailed or
    StoreUnavailable; nothing is entered then.
    """
    if not sources:
        raise InvalidInput("No file was given.", "Name the log files to import.")
    column_map = fitted(column_map, kind)
    logs = [examine(source) for source in sources]
    key = import_key(model, kind, [log.source for log in logs], column_map)
    with book.read() as snapshot:
        standing(snapshot.rows, model)
        known = imported_as(snapshot.rows, key)
    if known is not None:
        return already(known, max_bad)
    evidence = book.home.evidence
    safekeeping = Safekeeping(book, model, column_map, key)
    sealed, vault_key = _sealed(
        book, logs, column_map, key, kind, container, safekeeping.safeguards, progress
    )
    evidence.keep(column_map.canonical(), "json")
    body = log_body(model, kind, key, column_map, sealed, vault_key) | asdict(safekeeping.keep())

    def entering(rows: Rows) -> list[Draft]:
        safekeeping.require_still(rows)
        return [Draft(Kind.LOG_SEALED, f"log/{next_log(rows)}", body)]

    try:
        appended = book.append(signer, entering)
    except Refused:
        with book.read() as snapshot:
            known = imported_as(snapshot.rows, key)
        if known is None:  # nor entered by somebody else while we sealed
            raise
        return already(known, max_bad)
    return Imported(
        log=appended.name,
        model=model,
        kind=kind,
        format=column_map.format,
        already_imported=False,
        rows=sealed.rows,
        quarantined=sealed.quarantined,
        too_many_bad=sealed.quarantined > max_bad,
        redactions=dict(sealed.redactions),
        missing=sealed.missing,
        guardrails=sealed.guardrails,
        file=sealed.file_digest,
        root=sealed.root,
        seq=appended.entries[-1].seq,
    )


def _sealed(
    book: Book,
    logs: Sequence[Examined],
    column_map: ColumnMap,
    key: str,
    kind: LogKind,
    container: str | None,
    safeguards: Safeguards,
    progress: Callable[[int, int], None],
) -> tuple[SealedLog, str | None]:
    """Seal the files; the vault key is of the bad rows, if there are any."""
    vault = book.vault
    keys: list[str] = []

    def encrypt(raw: bytes) -> str:
        """Encrypt a bad row's text, under one key for the whole import."""
        if not keys:
            keys.append(vault.new_key())
        return json.dumps(vault.seal(keys[0], f"quarantine|{key}", raw))

    evidence = book.home.evidence
    sealed = seal(
        logs,
        column_map,
        evidence,
        encrypt,
        progress,
        container=container,
        wanted=WANTED[kind],
        safeguards=safeguards,
    )
    return sealed, keys[0] if keys else None


def import_key(model: str, kind: LogKind, sources: Sequence[Source], column_map: ColumnMap) -> str:
    """What tells one import from another: of which files, as whose, under which map; hex."""
    parts = [model, kind, column_map.digest(), *sorted(source.sha256 for source in sources)]
    return sha256("\n".join(parts).encode()).hexdigest()


def log_body(
    model: str,
    kind: LogKind,
    key: str,
    column_map: ColumnMap,
    sealed: SealedLog,
    vault_key: str | None,
) -> dict[str, Any]:
    """The body of `log.sealed`; `vault_key` is of the quarantined rows."""
    return {
        "model": model,
        "kind": kind,
        "format": column_map.format,
        "file": sealed.file_digest,
        "rows": sealed.rows,
        "root": sealed.root,
        "column_map": sealed.map_digest,
        "sources": [
            {"name": source.name[:300], "size": source.size, "sha256": source.sha256}
            for source in sealed.sources
        ],
        "import_key": key,
        "redactions": _counts(sealed.redactions),
        "missing": _counts(sealed.missing),
        "guardrails": _counts(sealed.guardrails),
        "quarantined": sealed.quarantined,
        "quarantine": sealed.quarantine_digest,
        "quarantine_key": vault_key,
        "first_time": write_time(sealed.first_time) if sealed.first_time else None,
        "last_time": write_time(sealed.last_time) if sealed.last_time else None,
    }


def _counts(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "count": count} for name, count in counts.items()]


def already(row: LogRow, max_bad: int) -> Imported:
    """What an import came to that was made before, judged as if it were made now."""
    return Imported(
        log=row.log,
        model=row.model,
        kind=row.kind,
        format=row.format,
        already_imported=True,
        rows=row.rows,
        quarantined=row.quarantined,
        too_many_bad=row.quarantined > max_bad,
        redactions=counts_of(row.redactions),
        missing=counts_of(row.missing),
        guardrails=counts_of(row.guardrails),
        file=row.file,
        root=row.root,
        seq=row.seq,
    )


def counts_of(text: str) -> dict[str, int]:
    """Counts by name, as a row of the register holds them."""
    return {item["name"]: item["count"] for item in json.loads(text)}
