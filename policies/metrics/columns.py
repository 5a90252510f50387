"""Sealed logs of one kind as one SQL relation of canonical columns, whatever each file holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.logs.mapping import RECORD


class Holds(StrEnum):
    """What a canonical column must hold to be measured."""

    TIME = "times"
    NUMBER = "numbers"
    FLAG = "true or false"
    TEXT = "text"


DECISION: Mapping[str, Holds] = {
    "time": Holds.TIME,
    "duration_ms": Holds.NUMBER,
    "tokens_in": Holds.NUMBER,
    "tokens_out": Holds.NUMBER,
    "cost": Holds.NUMBER,
    "confidence": Holds.NUMBER,
    "output_chars": Holds.NUMBER,
    "escalated": Holds.FLAG,
    "status": Holds.TEXT,
    "guardrail": Holds.TEXT,
    "task": Holds.TEXT,
    "request_id": Holds.TEXT,
    "operation": Holds.TEXT,
}
OF_SPANS = frozenset({"operation", "parent_id"})
"""What a log has whose records lie in one another, as the spans of a trace do."""
CALLS = ("chat", "completion", "text_completion", "generate_content", "embeddings", "rerank")
"""Operations of spans that are a call of a model (OpenTelemetry, semantic conventions of GenAI)."""
LABELS = ("hallucination", "groundedness", "relevance", "toxicity")
ANSWER: Mapping[str, Holds] = {
    "time": Holds.TIME,
    "request_id": Holds.TEXT,
    "rating": Holds.NUMBER,
    "satisfied": Holds.FLAG,
    "complaint": Holds.FLAG,
    "outcome": Holds.TEXT,
    **dict.fromkeys(LABELS, Holds.NUMBER),
}
RESOURCE: Mapping[str, Holds] = {
    "time": Holds.TIME,
    "resource": Holds.TEXT,
    "amount": Holds.NUMBER,
    "unit": Holds.TEXT,
    "cost": Holds.NUMBER,
}
LATE = '"=late"'
CALL = '"=call"'
PLACE = ('"=of"', "file_row_number")
"""Columns of a relation that no mapped column is called like: whether a row is late, whether a span
is a call of a model (null: it is no span), and where a row stands, by which rows of one time are in
order."""

_IS_CALL = f"coalesce(operation::VARCHAR IN {CALLS}, false)"
_SQL = {
    Holds.TIME: "TIMESTAMPTZ",
    Holds.NUMBER: "DOUBLE",
    Holds.FLAG: "BOOLEAN",
    Holds.TEXT: "VARCHAR",
}


@dataclass(frozen=True)
class File:
    """A sealed log's file; `first` and `last` bound its times as the entry states them.

    Rows before `watermark`, the latest time in what was entered before it, are late.
    """

    log: str
    kind: str
    path: Path
    digest: str
    rows: int
    first: datetime | None
    last: datetime | None
    watermark: datetime | None = None

    @property
    def has_late_rows(self) -> bool:
        """Whether any row can be late."""
        return bool(self.watermark and self.first and self.first < self.watermark)


@dataclass(frozen=True)
class Relation:
    """SQL of a relation with its parameters; `columns` are those that a file has.

    It yields the wanted columns (null where a file lacks one), LATE, CALL and PLACE. `passed_over`
    says of columns that hold something else what it is.
    """

    sql: str
    parameters: Mapping[str, object]
    columns: frozenset[str]
    passed_over: Mapping[str, str]
    any_late: bool
    any_spans: bool

    def missing(self, column: str, kind: str) -> str | None:
        """Why nothing can be measured of a column; None if something can."""
        if column in self.columns:
            return None
        if column in self.passed_over:
            return self.passed_over[column]
        return f"no log of {kind} has the column {column}"


def relation(files: Sequence[File], wanted: Mapping[str, Holds]) -> Relation:
    """Bring the columns of files to one type each; a column of another kind is passed over."""
    columns: set[str] = set()
    passed: dict[str, str] = {}
    any_spans = False
    alike: dict[tuple[tuple[str, ...], datetime | None], list[int]] = {}
    for number, file in enumerate(files):
        held = columns_of(file)
        for name, holds in wanted.items():
            if name in held and not _suits(holds, held[name]):
                passed[name] = f"{file.log} has {held[name]} in the column {name}, not {holds}"
        suited = {name for name in held.keys() & wanted.keys() if _suits(wanted[name], held[name])}
        columns |= suited
        spans = held.keys() >= OF_SPANS
        any_spans |= spans
        selected = (
            *(_selected(name, wanted[name], held, suited) for name in wanted),
            f"{_IS_CALL if spans else 'NULL::BOOLEAN'} AS {CALL}",
        )
        watermark = file.watermark if file.has_late_rows else None
        alike.setdefault((selected, watermark), []).append(number)
    parameters: dict[str, object] = {}
    parts = []
    for part, ((selected, watermark), numbers) in enumerate(alike.items()):
        parameters[f"files{part}"] = [str(files[number].path) for number in numbers]
        late = "false"
        if watermark and "time" in wanted:
            parameters[f"mark{part}"] = watermark
            late = f'coalesce("time" < $mark{part}::TIMESTAMPTZ, false)'
        where = f"read_parquet($files{part}::VARCHAR[], filename = '=of', file_row_number = true)"
        names = ", ".join([*selected, f"{late} AS {LATE}", *PLACE])
        parts.append(f"SELECT {names} FROM {where}")  # noqa: S608 - names keep to the grammar of targets; values are bound
    sql = "\nUNION ALL ".join(parts)
    any_late = any(name.startswith("mark") for name in parameters)
    return Relation(f"({sql})", parameters, frozenset(columns), passed, any_late, any_spans)


def columns_of(file: File) -> dict[str, pa.DataType]:
    """The mapped columns of a sealed log, by name."""
    schema = pq.read_schema(file.path)
    return {name: schema.field(name).type for name in schema.names if name != RECORD}


def _suits(holds: Holds, kind: pa.DataType) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    match holds:
        case Holds.TIME:
            return bool(pa.types.is_timestamp(kind))
        case Holds.TEXT:
            return True
        case _:
            return bool(number or pa.types.is_boolean(kind))


def _selected(name: str, holds: Holds, held: Mapping[str, pa.DataType], suited: set[str]) -> str:
    """Write one column; a number is a flag if it is 1 or 0."""
    sql = _SQL[holds]
    if name not in suited:
        return f'NULL::{sql} AS "{name}"'
    if holds is Holds.FLAG and not pa.types.is_boolean(held[name]):
        return f'CASE "{name}" WHEN 1 THEN true WHEN 0 THEN false END AS "{name}"'
    return f'"{name}"::{sql} AS "{name}"'
