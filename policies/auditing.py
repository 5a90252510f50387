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
from ledger.registers.retention import DroppedRow
from ledger.registers.rows import Rows
from policies.adopting import thresholds_in_force
from policies.fairness.audit import audit_fairness, digest_files
from policies.fairness.counts import FairnessRequest
from policies.fairness.labelling import Files, Labelled
from policies.fairness.result import FairnessResult
from policies.metrics.columns import File, columns_of

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
    """Files of decisions, the ids of the sealed logs that they are (none for others), their digest.

    With a label from outcome logs, `labelled` says which they are; `logs` and `digest` then name
    them as well.
    """

    paths: list[Path]
    logs: list[str]
    digest: str
    labelled: Labelled | None = None

    @property
    def files(self) -> Files:
        """What an audit opens: the decisions, with their labels if those stand elsewhere."""
        return self.labelled or self.paths


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
    decisions = decisions_of(book, model, files, request.label)
    thresholds_digest, thresholds = thresholds_in_force(book)
    result = audit_fairness(decisions.files, request, thresholds.fairness, decisions.digest, seed)
    asked = {**_asked(result), "logs": decisions.logs, "thresholds": thresholds_digest}
    return enter_audit(book, signer, model, asked, result.as_json())


def decisions_of(
    book: Book, model: str, files: Sequence[Path] | None = None, label: str | None = None
) -> Decisions:
    """Files of a model's decisions: its sealed logs, or those that are given.

    A `label` that no sealed log of decisions has is looked for in the model's logs of outcomes.
    Raises InvalidInput if nothing was imported or the label cannot be joined, CheckFailed if a
    sealed log is not what was sealed, Refused if the model is not registered.
    """
    logs: list[LogRow] = []
    outcomes: list[LogRow] = []
    with book.read() as snapshot:
        known(snapshot.rows, model)
        if files is None:
            logs = snapshot.rows.where(LogRow, model=model, kind="decision")
            dropped = [row.log for row in logs if snapshot.rows.get(DroppedRow, row.log)]
            if dropped and len(dropped) == len(logs):
                raise InvalidInput(
                    f"The imported decisions of {model} were dropped: {', '.join(dropped)}.",
                    "Their audits stay on record; audit a file with --data FILE.",
                )
            logs = [row for row in logs if row.log not in dropped]
            outcomes = [
                row
                for row in snapshot.rows.where(LogRow, model=model, kind="outcome")
                if snapshot.rows.get(DroppedRow, row.log) is None
            ]
    if files is not None:
        return Decisions(list(files), [], digest_files(files))
    if not any(row.rows for row in logs):
        raise InvalidInput(
            f"No decisions of {model} have been imported.",
            "Import them (quaestor logs import FILE --model "
            f"{model}), or audit a file with --data FILE.",
        )
    decided, names = _checked_logs(book, logs), [row.log for row in logs]
    paths = [file.path for file in decided]
    if label is None or any(label in columns_of(file) for file in decided):
        return Decisions(paths, names, digest_files(paths))
    labelled = _labelled(model, decided, _checked_logs(book, outcomes), label)
    names += [file.log for file in labelled.outcomes]
    return Decisions(paths, names, digest_files(labelled.paths), labelled)


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


def _labelled(
    model: str, decided: Sequence[File], outcomes: Sequence[File], label: str
) -> Labelled:
    """Decisions with the outcome logs that hold their label. InvalidInput if they do not meet."""
    telling = tuple(file for file in outcomes if label in columns_of(file))
    if not telling:
        raise InvalidInput(
            f"Neither the decisions of {model} nor its logs of outcomes have a column {label!r}.",
            "See what a log holds: quaestor logs show LOG. Outcomes come with: quaestor logs "
            f"import FILE --model {model} --kind outcome",
        )
    if not any("request_id" in columns_of(file) for file in decided):
        raise InvalidInput(
            f"The decisions of {model} have no column request_id, by which {label!r} of its "
            "outcomes could be joined.",
            "Import them under a map with request_id: --column request_id=SOURCE:string",
        )
    return Labelled(tuple(decided), telling, label)


def _checked_logs(book: Book, logs: Sequence[LogRow]) -> list[File]:
    """Sealed logs whose bytes are those entered: statistics in them can be forged."""
    files = []
    for row in logs:
        path = book.home.evidence.path(row.file, "parquet").resolve()
        if not path.exists() or digest_file(path) != row.file:
            raise CheckFailed(
                f"The sealed log {row.log} is not what was sealed.",
                "Run `quaestor ledger verify` and restore the file from a backup.",
            )
        if row.rows:
            files.append(File(row.log, row.kind, path, row.file, row.rows, None, None))
    return files


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
