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


@dataclass(frozen=True)
class Decisions:
    """Files to audit, the ids of the sealed logs that they are (none for others), their digest."""

    paths: list[Path]
    logs: list[str]
    digest: str


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
    decisions = decisions_of(book, model, files)
    thresholds_digest, thresholds = thresholds_in_force(book)
    result = audit_fairness(decisions.paths, request, thresholds.fairness, decisions.digest, seed)
    asked = {**_asked(result), "logs": decisions.logs, "thresholds": thresholds_digest}
    return enter_audit(book, signer, model, asked, result.as_json())


def decisions_of(book: Book, model: str, files: Sequence[Path] | None = None) -> Decisions:
    """Files of a model's decisions: its sealed logs, or those that are given.

    Raises InvalidInput if nothing was imported, CheckFailed if a sealed log is not what was
    sealed, Refused if the model is not registered.
    """
    logs: list[LogRow] = []
    with book.read() as snapshot:
        known(snapshot.rows, model)
        if files is None:
            logs = snapshot.rows.where(LogRow, model=model, kind="decision")
    paths = list(files) if files is not None else _checked_logs(book, model, logs)
    return Decisions(paths, [row.log for row in logs], digest_files(paths))


def enter_audit(
    book: Book, signer: Signer, model: str, asked: dict[str, Any], document: dict[str, Any]
) -> Audited:
    """Keep a result in evidence and enter it, whatever its verdict.

    `asked` are the fields of `CompletedAudit` except for `model`, `verdict` and `result`;
    `document` says the `verdict`.
    """
    kept = book.home.evidence.keep(orjson.dumps(document, option=orjson.OPT_SORT_KEYS), "json")
    body = {"model": model, **asked, "verdict": document["verdict"], "result": kept}

    def entering(rows: Rows) -> list[Draft]:
        return [Draft(Kind.AUDIT_COMPLETED, f"audit/{next_audit(rows)}", body)]

    appended = book.append(signer, entering)
    return Audited(appended.name, model, document["verdict"], kept, document)


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


def _asked(result: FairnessResult) -> dict[str, Any]:
    request = result.request
    options = [{"name": name, "value": value} for name, value in request.options().items()]
    return {
        "measure": "fairness",
        "profile": "",
        "outcome": request.outcome,
        "label": request.label or "",
        "prediction": request.prediction,
        "positive": request.positive,
        "by": list(request.by),
        "filter": request.where or "",
        "options": options,
        "n": result.n,
        "excluded": result.excluded.rows,
        "seed": result.seed,
        "draws": result.draws,
        "data": result.data_digest,
        "disparities": [
            {
                "by": table.place.by,
                "measure": name,
                "value": exact_decimal(table.compared.disparities[name].value),
            }
            for table in result.overall
            for name in _MEASURES
        ],
    }


def exact_decimal(value: float | None) -> str | None:
    """A measure as an entry holds it: the double that was computed, to 12 places."""
    return None if value is None else format(Decimal(value).quantize(Decimal("1e-12")), "f")
