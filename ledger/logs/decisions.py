"""One decision with its context: the record, and what the ledger knows around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.book import Book
from ledger.clock import write_time
from ledger.errors import CheckFailed, InvalidInput
from ledger.logs.answering import plain
from ledger.logs.mapping import RECORD, ColumnMap
from ledger.logs.permitted import VIEW
from ledger.logs.querying import checked_files, every_decision
from ledger.logs.showing import in_clear
from ledger.registers.audits import AuditRow
from ledger.registers.logs import LogRow
from ledger.registers.models import ModelRow, VersionRow, known
from ledger.registers.retention import DroppedRow

ATTRIBUTION = "attribution_"  # mapped columns: how far a feature moved the answer
ATTRIBUTIONS = "attributions"  # or one field of the record, an object or an array
MOST_FOUND = 100
_ANSWERS = frozenset({"feedback", "outcome"})


@dataclass(frozen=True)
class Decision:
    """A decision record as it was sealed, and its context as the ledger has it now.

    `record` is JSON text, its personal fields opened where their key still exists. `columns` are
    the mapped columns; `version` is the model's by the ledger when the decision was made, None if
    the log states no time. `attributions` go from the strongest to the weakest. `answers` are the
    feedback and outcomes with the same request id, `audits` those that looked at this log.
    """

    log: LogRow
    row: int
    model: ModelRow
    version: str | None
    record: bytes
    columns: Mapping[str, Any]
    decision: Any
    label: Any
    attributions: Sequence[tuple[str, float]]
    answers: Sequence[Mapping[str, Any]]
    audits: Sequence[AuditRow]

    @property
    def name(self) -> str:
        """`log-1:17`."""
        return f"{self.log.log}:{self.row}"

    def as_json(self) -> dict[str, Any]:
        """The document of `logs show`; the record is to be written as the JSON text that it is."""
        columns = self.columns
        return {
            "decision_id": self.name,
            "kind": self.log.kind,
            "time": columns.get("time"),
            "request_id": columns.get("request_id"),
            "model": {
                "model": self.model.model,
                "name": self.model.name,
                "owner": self.model.owner,
                "version_then": self.version,
                "version_logged": columns.get("model_version"),
                "served": columns.get("model"),
            },
            "prompt": {
                "name": columns.get("prompt_name"),
                "version": columns.get("prompt_version"),
            },
            "decision": self.decision,
            "label": self.label,
            "confidence": columns.get("confidence"),
            "guardrail": columns.get("guardrail"),
            "attributions": [
                {"feature": feature, "value": value} for feature, value in self.attributions
            ],
            "record": self.record,
            "columns": dict(columns),
            "answers": list(self.answers),
            "audits": [
                {
                    "audit": audit.audit,
                    "measure": audit.measure,
                    "filter": audit.filter,
                    "verdict": audit.verdict,
                    "time": audit.time,
                }
                for audit in self.audits
            ],
            "sealed": {
                "log": self.log.log,
                "row": self.row,
                "rows": self.log.rows,
                "root": self.log.root,
                "seq": self.log.seq,
                "time": self.log.time,
                "actor": self.log.actor,
                "sealed_by": self.log.sealed_by or None,
            },
        }


def decision_at(book: Book, log: str, row: int) -> Decision:
    """Row `row` (from 0) of a sealed log, with its context.

    Raises InvalidInput for what is not there, CheckFailed if a file is not what was sealed.
    """
    with book.read() as snapshot:
        rows = snapshot.rows
        sealed = rows.get(LogRow, log)
        if sealed is None:
            raise InvalidInput(f"There is no sealed log {log}.", "See: quaestor logs list")
        if rows.get(DroppedRow, log) is not None:
            raise InvalidInput(
                f"{log} was dropped: its records are gone.", "See: quaestor logs list"
            )
        if not 0 <= row < sealed.rows:
            raise InvalidInput(
                f"{log} has no row {row}.", f"It has {sealed.rows} rows, counted from 0."
            )
        model = known(rows, sealed.model)
        versions = rows.where(VersionRow, model=sealed.model)
        audits = [
            audit
            for audit in rows.where(AuditRow, model=sealed.model)
            if log in orjson.loads(audit.logs)
        ]
    evidence = book.home.evidence
    mapping = ColumnMap.model_validate_json(evidence.read(sealed.column_map, "json"))
    (path,) = checked_files(book, [sealed])
    values = _row_of(path, row)
    record = values.pop(RECORD).encode()
    time = values.get("time")
    request = values.get("request_id")
    return Decision(
        log=sealed,
        row=row,
        model=model,
        version=_version_at(versions, time if isinstance(time, datetime) else None),
        record=in_clear(book, mapping, record),
        columns={name: plain(value) for name, value in values.items()},
        decision=plain(values.get(mapping.decision or "decision")),
        label=plain(values.get(mapping.label or "label")),
        attributions=_attributions(values, record),
        answers=_answers(book, sealed.model, request) if isinstance(request, str) else [],
        audits=sorted(audits, key=lambda audit: audit.seq),
    )


def find_request(book: Book, request: str) -> list[tuple[str, int]]:
    """Log and row of the decisions with this request id, 100 at most, in order of import."""
    with every_decision(book, choose=lambda row: row.kind == "decision") as decisions:
        if "request_id" not in decisions.columns:
            return []
        found = decisions.documents(
            f"SELECT log, row FROM {VIEW} WHERE request_id::VARCHAR = ? LIMIT {MOST_FOUND}",  # noqa: S608 - a constant and a number
            request,
        )
    places = {sealed.log: place for place, sealed in enumerate(decisions.logs)}
    return sorted(
        ((each["log"], each["row"]) for each in found), key=lambda each: (places[each[0]], each[1])
    )


def _row_of(path: Path, row: int) -> dict[str, Any]:
    """One row of a Parquet file, read by its row group."""
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                if row < count:
                    found: dict[str, Any] = file.read_row_group(group).slice(row, 1).to_pylist()[0]
                    return found
                row -= count
    except pa.ArrowException as error:
        raise CheckFailed(
            f"{path.name} cannot be read: {str(error).splitlines()[0]}.",
            "Run `quaestor ledger verify` and restore the file from a backup.",
        ) from error
    raise CheckFailed(
        f"{path.name} has fewer rows than were sealed.", "Run: quaestor ledger verify"
    )


def _version_at(versions: Sequence[VersionRow], time: datetime | None) -> str | None:
    """The version in use at a moment, by the times that the entries claim."""
    if time is None:
        return None
    then = write_time(time)
    before = [row for row in versions if row.time <= then]
    return max(before, key=lambda row: row.seq).version if before else None


def _attributions(values: Mapping[str, Any], record: bytes) -> list[tuple[str, float]]:
    """How far each feature moved the answer, as the log has it, the strongest first."""
    found = {
        name.removeprefix(ATTRIBUTION): value
        for name, value in values.items()
        if name.startswith(ATTRIBUTION)
    }
    try:
        field = orjson.loads(record).get(ATTRIBUTIONS)
        field = orjson.loads(field) if isinstance(field, str) else field
    except orjson.JSONDecodeError:
        field = None
    if isinstance(field, dict):
        found = field | found
    elif isinstance(field, list):
        named = [each for each in field if isinstance(each, dict)]
        found = {str(each.get("feature")): each.get("value") for each in named} | found
    numbers = [
        (name, float(value))
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return sorted(numbers, key=lambda each: (-abs(each[1]), each[0]))


def _answers(book: Book, model: str, request: str) -> list[dict[str, Any]]:
    """Feedback and outcomes of a model with this request id, what is null left out."""
    with book.read() as snapshot:
        gone = {row.log for row in snapshot.rows.where(DroppedRow)}
        logs = snapshot.rows.where(LogRow, model=model)
    names = {row.log for row in logs if row.kind in _ANSWERS and row.log not in gone}
    if not names:
        return []
    with every_decision(book, choose=lambda row: row.log in names) as decisions:
        if "request_id" not in decisions.columns:
            return []
        found = decisions.documents(
            f"SELECT * EXCLUDE (record, request_id) FROM {VIEW} "  # noqa: S608 - a constant
            f"WHERE request_id::VARCHAR = ? ORDER BY log, row LIMIT {MOST_FOUND}",
            request,
        )
    return [
        {name: plain(value) for name, value in each.items() if value is not None} for each in found
    ]
