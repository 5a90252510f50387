"""Running an audit: from the record's evidence to a result that the record keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import digest_file
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.audits import AuditRow, next_audit
from ledger.registers.logs import LogRow
from ledger.registers.models import known
from ledger.registers.rows import Rows
from policies.adopting import thresholds_in_force
from policies.fairness.audit import audit_fairness, digest_files
from policies.fairness.counts import FairnessRequest
from policies.fairness.result import FairnessResult

_MEASURES = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
)


@dataclass(frozen=True)
class Audited:
    """An audit that was entered. `document` is the JSON kept in evidence under `result`."""

    audit_id: str
    model: str
    verdict: str
    result: str
    document: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The document of `audit fairness --json`."""
        return {"audit_id": self.audit_id, "model": self.model, **self.document}


def run_fairness(
    book: Book,
    signer: Signer,
    model: str,
    request: FairnessRequest,
    *,
    files: Sequence[Path] | None = None,
    seed: int | None = None,
) -> Audited:
    """Audit a model's imported decisions, or files, and enter the result whatever it is.

    Raises InvalidInput (columns, filter, nothing imported), CheckFailed (a sealed log is not what
    was sealed) and what `Book.append` raises.
    """
    logs: list[LogRow] = []
    with book.read() as snapshot:
        known(snapshot.rows, model)
        if files is None:
            logs = snapshot.rows.where(LogRow, model=model)
    paths = list(files) if files is not None else _checked_logs(book, model, logs)
    digest = digest_files(paths)
    thresholds_digest, thresholds = thresholds_in_force(book)
    result = audit_fairness(paths, request, thresholds.fairness, digest, seed)
    document = result.as_json()
    kept = book.home.evidence.keep(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), "json")
    body = _body(model, result, kept, thresholds_digest, [row.log for row in logs])

    def entering(rows: Rows) -> list[Draft]:
        return [Draft(Kind.AUDIT_COMPLETED, f"audit/{next_audit(rows)}", body)]

    appended = book.append(signer, entering)
    return Audited(appended.name, model, result.verdict, kept, document)


def read_result(book: Book, row: AuditRow) -> dict[str, Any]:
    """An audit's document as it was kept. CheckFailed if it was changed."""
    document = orjson.loads(book.home.evidence.read(row.result, "json"))
    return {"audit_id": row.audit, "model": row.model, **document}


def _checked_logs(book: Book, model: str, logs: Sequence[LogRow]) -> list[Path]:
    """Paths of sealed logs whose bytes are those entered: statistics in them can be forged."""
    if not any(row.rows for row in logs):
        raise InvalidInput(
            f"No decisions of {model} have been imported.",
            "Import them (quaestor logs import FILE --model "
            f"{model}), or audit a file with --data FILE.",
        )
    paths = []
    for row in logs:
        path = book.home.evidence.path(row.file, "parquet")
        if not path.exists() or digest_file(path) != row.file:
            raise CheckFailed(
                f"The sealed log {row.log} is not what was sealed.",
                "Run `quaestor ledger verify` and restore the file from a backup.",
            )
        if row.rows:
            paths.append(path)
    return paths


def _body(
    model: str, result: FairnessResult, kept: str, thresholds: str, logs: list[str]
) -> dict[str, Any]:
    request = result.request
    return {
        "model": model,
        "measure": "fairness",
        "label": request.label or "",
        "prediction": request.prediction,
        "positive": request.positive,
        "by": list(request.by),
        "filter": request.where or "",
        "n": result.n,
        "excluded": result.excluded.rows,
        "seed": result.seed,
        "draws": result.draws,
        "data": result.data_digest,
        "logs": logs,
        "thresholds": thresholds,
        "disparities": [
            {"by": table.by, "measure": name, "value": _decimal(table.compared, name)}
            for table in result.tables
            for name in _MEASURES
        ],
        "verdict": result.verdict,
        "result": kept,
    }


def _decimal(compared: Any, name: str) -> str | None:
    """A measure as an exact decimal string of the double that was computed, 12 places."""
    value = getattr(compared, name).value
    return None if value is None else format(Decimal(value).quantize(Decimal("1e-12")), "f")
