"""Column maps: which fields of a decision record become typed columns of a sealed log.

Rules kept here:
- a value is read from its text alone, so `12` and `"12"` are the same integer;
- empty text is a missing value;
- a timestamp without a zone means nothing until the map states one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from ledger.errors import InvalidInput
from ledger.logs.reading import read

RECORD = "record"
SEEN = 10_000

# The shapes of text that each type accepts, as RE2 and Python both understand them.
INTEGER = r"[+-]?[0-9]{1,19}(\.0*)?"
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
TRUE = r"(?i:true|yes|t|y|1)"
FALSE = r"(?i:false|no|f|n|0)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
ZONELESS = rf"{_DAY}([T ]{_CLOCK})?"
ZONED = rf"{_DAY}[T ]{_CLOCK}(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)"


class Type(StrEnum):
    """What a mapped column holds."""

    STRING = "string"
    INTEGER = "integer"  # 64 bits, signed
    NUMBER = "number"  # a finite double
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"  # microseconds, UTC


class Column(BaseModel):
    """Where one mapped column comes from and what it holds.

    `source` is a top-level name of the record or, if there is none of that name, a dotted path
    (`model.version`, `scores.0`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    type: Type
    required: bool = False


Target = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class ColumnMap(BaseModel):
    """The mapped columns of a sealed log, by name.

    `timezone` (an IANA name) is the zone of timestamps that state none; without it a record that
    holds such a timestamp is a bad row.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Mapping[Target, Column] = Field(min_length=1)
    timezone: str | None = None

    @field_validator("columns")
    @classmethod
    def _sorted(cls, columns: Mapping[str, Column]) -> dict[str, Column]:
        if RECORD in columns:
            raise ValueError(f"no column may be called {RECORD!r}: the record itself is")
        return dict(sorted(columns.items()))

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str | None) -> str | None:
        try:
            return timezone and ZoneInfo(timezone).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{timezone!r} is not an IANA time zone") from None

    def canonical(self) -> bytes:
        """Canonical JSON (RFC 8785) of the map."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, lower-case hex."""
        return sha256(self.canonical()).hexdigest()


def propose(path: Path, form: str | None = None, timezone: str | None = None) -> ColumnMap:
    """Map every top-level field under its own name, typed by what the first 10,000 records hold.

    Zone-less timestamps stay text unless `timezone` states their zone. Raises InvalidInput if
    the file holds no record.
    """
    seen: dict[str, Type | None] = {}
    records = (record for batch in read(path, form) for record in batch.records)
    for record in islice(records, SEEN):
        for name, value in orjson.loads(record).items():
            seen[name] = _wider(seen.get(name), _seen_as(value, zoneless=timezone is not None))
    if not seen:
        raise InvalidInput(
            f"{path.name} holds no record with a field to map.",
            "Check that this is the decision log, or state a column map.",
        )
    names = _targets(seen)
    columns = {
        names[source]: Column(source=source, type=type_ or Type.STRING)
        for source, type_ in seen.items()
    }
    return ColumnMap(columns=columns, timezone=timezone)


def _seen_as(value: Any, *, zoneless: bool) -> Type | None:
    """Narrowest type of one JSON value; None if it is missing."""
    if value is None or value == "":
        return None
    if isinstance(value, dict | list):
        return Type.STRING
    text = str(value).strip()
    # A leading zero is part of a code (a postcode, an account), never of a quantity.
    quantity = not (isinstance(value, str) and re.match(r"[+-]?0[0-9]", text))
    whole = re.fullmatch(r"[+-]?[0-9]+", text) is not None
    shapes = {
        Type.INTEGER: quantity and whole and -(2**63) <= int(text) < 2**63,
        Type.NUMBER: quantity and not whole and re.fullmatch(NUMBER, text),
        Type.BOOLEAN: text.lower() in {"true", "false"},
        Type.TIMESTAMP: re.fullmatch(f"{ZONED}|{ZONELESS}" if zoneless else ZONED, text),
    }
    return next((type_ for type_, fits in shapes.items() if fits), Type.STRING)


def _wider(known: Type | None, new: Type | None) -> Type | None:
    """Narrowest type that holds both."""
    if known is None or new is None or known == new:
        return known or new
    return Type.NUMBER if {known, new} == {Type.INTEGER, Type.NUMBER} else Type.STRING


def _targets(sources: Iterable[str]) -> dict[str, str]:
    """Give every source name a target name of its own, in the grammar of targets."""
    taken = {RECORD}
    targets = {}
    for source in sources:
        name = re.sub(r"[^a-z0-9]+", "_", source.lower()).strip("_")[:50]
        name = name if name[:1].isalpha() else f"column_{name}".rstrip("_")
        target = next(
            n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken
        )
        taken.add(target)
        targets[source] = target
    return targets
