"""Importing: from files to one `log.sealed` entry.

Sealed first, entered by one entry afterwards: dying in between leaves evidence that nothing names
and that the next import of the same files names again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.book import Book
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput, Refused
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.logs.mapping import ColumnMap
from ledger.logs.reading import Source, examine
from ledger.logs.sealing import SealedLog, seal
from ledger.registers.logs import LogRow, imported_as, next_log
from ledger.registers.models import standing
from ledger.registers.rows import Rows


@dataclass(frozen=True)
class Imported:
    """What an import came to; `too_many_bad` says that more rows were bad than was allowed."""

    log: str
    model: str
    already_imported: bool
    rows: int
    quarantined: int
    too_many_bad: bool
    redactions: dict[str, int]
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
    sources: Sequence[Path],
    column_map: ColumnMap,
    *,
    format: str | None = None,  # noqa: A002 - the flag's name
    max_bad: int = 0,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Seal log files as evidence of a model's decisions and enter them.

    The same files under the same map are entered once. Bad rows are quarantined, counted and
    entered even when there are more than `max_bad`. Raises InvalidInput, Refused, CheckFailed or
    StoreUnavailable; nothing is entered then.
    """
    if not sources:
        raise InvalidInput("No file was given.", "Name the log files to import.")
    key = _import_key(model, [examine(path) for path in sources], column_map)
    with book.read() as snapshot:
        standing(snapshot.rows, model)
        known = imported_as(snapshot.rows, key)
    if known is not None:
        return _already(known)
    vault = book.vault
    keys: list[str] = []

    def encrypt(raw: bytes) -> str:
        """Encrypt a bad row's text, under one key for the whole import."""
        if not keys:
            keys.append(vault.new_key())
        return json.dumps(vault.seal(keys[0], f"quarantine|{key}", raw))

    evidence = book.home.evidence
    sealed = seal(sources, column_map, evidence, encrypt, progress, form=format)
    if _import_key(model, sealed.sources, column_map) != key:
        raise CheckFailed(
            "A file changed before it was read.",
            "Import files that are no longer written to, such as rotated logs.",
        )
    evidence.keep(column_map.canonical(), "json")
    body = _body(model, key, sealed, keys[0] if keys else None)

    def entering(rows: Rows) -> list[Draft]:
        return [Draft(Kind.LOG_SEALED, f"log/{next_log(rows)}", body)]

    try:
        appended = book.append(signer, entering)
    except Refused:
        with book.read() as snapshot:
            known = imported_as(snapshot.rows, key)
        if known is None:  # nor entered by somebody else while we sealed
            raise
        return _already(known)
    return Imported(
        log=appended.name,
        model=model,
        already_imported=False,
        rows=sealed.rows,
        quarantined=sealed.quarantined,
        too_many_bad=sealed.quarantined > max_bad,
        redactions=dict(sealed.redactions),
        file=sealed.file_digest,
        root=sealed.root,
        seq=appended.entries[-1].seq,
    )


def _import_key(model: str, sources: Sequence[Source], column_map: ColumnMap) -> str:
    parts = [model, column_map.digest(), *sorted(source.sha256 for source in sources)]
    return sha256("\n".join(parts).encode()).hexdigest()


def _body(model: str, key: str, sealed: SealedLog, vault_key: str | None) -> dict[str, Any]:
    return {
        "model": model,
        "file": sealed.file_digest,
        "rows": sealed.rows,
        "root": sealed.root,
        "column_map": sealed.map_digest,
        "sources": [
            {"name": source.name[:300], "size": source.size, "sha256": source.sha256}
            for source in sealed.sources
        ],
        "import_key": key,
        "redactions": [{"name": name, "count": count} for name, count in sealed.redactions.items()],
        "quarantined": sealed.quarantined,
        "quarantine": sealed.quarantine_digest,
        "quarantine_key": vault_key,
        "first_time": write_time(sealed.first_time) if sealed.first_time else None,
        "last_time": write_time(sealed.last_time) if sealed.last_time else None,
    }


def _already(row: LogRow) -> Imported:
    return Imported(
        log=row.log,
        model=row.model,
        already_imported=True,
        rows=row.rows,
        quarantined=row.quarantined,
        too_many_bad=False,
        redactions={item["name"]: item["count"] for item in json.loads(row.redactions)},
        file=row.file,
        root=row.root,
        seq=row.seq,
    )
