"""The kinds of log: decisions, and what became of them; which columns each must and may have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ledger.errors import InvalidInput
from ledger.logs.mapping import Column, ColumnMap, Type
from ledger.registers.logs import LogKind

REQUIRED: Mapping[LogKind, tuple[str, ...]] = MappingProxyType(
    {"decision": (), "feedback": ("request_id",), "outcome": ("request_id",), "resource": ()}
)
"""Columns without which a record of a kind says nothing: a row that lacks one is a bad row."""

_REQUEST = ("request", "requestid", "decision_id", "prediction_id", "completion_id", "call_id")
_TIME = ("timestamp", "created_at", "created", "date", "at", "recorded_at", "given_at")
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "request_id": (*_REQUEST, "application_id", "observation_id", "trace_id", "span_id"),
    "time": (*_TIME, "resolved_at", "observed_at"),
    "rating": ("score", "stars", "csat"),
    "satisfied": ("satisfaction", "thumbs_up", "helpful", "liked"),
    "complaint": ("complained", "is_complaint"),
    "comment": ("comments", "feedback", "remark", "free_text"),
    "outcome": ("result", "actual", "ground_truth", "resolution", "task_outcome"),
    "hallucination": ("hallucinated", "hallucinates"),
    "groundedness": ("grounded", "faithfulness", "faithful"),
    "relevance": ("relevant", "answer_relevance"),
    "toxicity": ("toxic",),
}
# Other names under which the canonical columns of a kind go, the likelier ones first.
_CALLED: Mapping[LogKind, Mapping[str, tuple[str, ...]]] = {
    "decision": {},
    "feedback": _ANSWERS,
    "outcome": _ANSWERS,
    "resource": {
        "time": (*_TIME, "start_time", "hour", "day"),
        "resource": ("resource_id", "service", "instance", "gpu", "host", "name"),
        "amount": ("quantity", "usage", "used", "value"),
        "unit": ("units", "usage_unit", "measure"),
        "cost": ("price", "charge", "billed_cost", "total_cost"),
    },
}
_TEXTS = ("request_id", "outcome", "comment", "resource", "unit")
_FLAGS = ("satisfied", "complaint", "hallucination", "groundedness", "relevance", "toxicity")


def canonical_names(kind: LogKind, sources: Iterable[str]) -> dict[str, str]:
    """The canonical column by source, of the sources that are called like one of a kind's."""
    by_name: dict[str, str] = {}
    for source in sources:
        by_name.setdefault(re.sub(r"[^a-z0-9]+", "_", source.lower()).strip("_"), source)
    found: dict[str, str] = {}
    for target, others in _CALLED[kind].items():
        names = (name for name in (target, *others) if name in by_name)
        for source in (by_name[name] for name in names):
            if source not in found:
                found[source] = target
                break
    return found


def canonical_column(kind: LogKind, target: str, column: Column, *, yes_or_no: bool) -> Column:
    """A proposed column under a canonical name, of the type that it has there.

    `yes_or_no` says that its values can all be read as true or false.
    """
    if target not in _CALLED[kind]:
        return column
    given: dict[str, object] = {"required": target in REQUIRED[kind]}
    if target in _TEXTS:
        given["type"] = Type.STRING
    elif target in _FLAGS and yes_or_no:
        given["type"] = Type.BOOLEAN
    return column.model_copy(update=given)


def fitted(mapping: ColumnMap, kind: LogKind) -> ColumnMap:
    """The map of a log of a kind, with what such a record must have required.

    Raises InvalidInput if the map has no column for it.
    """
    for name in REQUIRED[kind]:
        if name not in mapping.columns:
            raise InvalidInput(
                f"A log of {kind} needs the column {name}, and the map has none.",
                f"Say where it stands: --column {name}=SOURCE:string",
            )
    required = {
        name: column.model_copy(update={"required": column.required or name in REQUIRED[kind]})
        for name, column in mapping.columns.items()
    }
    return mapping.model_copy(update={"columns": required})
