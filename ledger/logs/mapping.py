"""Column maps: which fields of a decision record become typed columns of a sealed log.

Rules kept here:
- a value is read from its text alone, so `12` and `"12"` are the same integer;
- empty text is a missing value;
- a timestamp without a zone means nothing until the map states one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from ledger.logs.paths import parse

RECORD = "record"
MAPPED = "quaestor:mapped"  # the member of a record that `ledger.logs.taking` writes

# The shapes of text that each type accepts, as RE2 and Python both understand them.
INTEGER = r"[+-]?[0-9]{1,19}(\.0*)?"
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
TRUE = r"(?i:true|yes|t|y|1)"
FALSE = r"(?i:false|no|f|n|0)"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
ZONELESS = rf"{_DAY}([T ]{_CLOCK})?"
ZONED = rf"{_DAY}[T ]{_CLOCK} ?(Z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)"
EPOCH = r"[+-]?[0-9]{1,19}(\.[0-9]*)?"


class Type(StrEnum):
    """What a mapped column holds."""

    STRING = "string"
    INTEGER = "integer"  # 64 bits, signed
    NUMBER = "number"  # a finite double
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"  # microseconds, UTC


class Unit(StrEnum):
    """How a time is written: as text (ISO 8601), or as a number of these since 1970 in UTC."""

    ISO = "iso"
    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"
    NANOSECONDS = "ns"


class Of(StrEnum):
    """What of a text is taken: itself, its length in characters, or its SHA-256 in hex."""

    VALUE = "value"
    LENGTH = "length"
    DIGEST = "digest"


def _parsed(source: str) -> str:
    parse(source)
    return source


Source = Annotated[str, AfterValidator(_parsed)]
"""Where a value stands in the record: see `ledger.logs.paths` for the grammar."""


def _some(source: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if not source:
        raise ValueError("there must be at least one source")
    return source[0] if len(source) == 1 and isinstance(source, tuple) else source


def _several(source: str | tuple[str, ...]) -> tuple[str, ...]:
    return (source,) if isinstance(source, str) else source


Sources = Annotated[Source | tuple[Source, ...], AfterValidator(_some)]
"""One source or several."""
Target = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class Case(BaseModel):
    """What a column says, whatever stands at its sources, if something else stands in the record.

    It holds if any of its sources has a text that is one of `among` (any, if none is named) and
    none of `but`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Sources
    among: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    text: Annotated[str, StringConstraints(min_length=1, max_length=300)]

    @property
    def sources(self) -> tuple[str, ...]:
        """Its sources, any of which may hold."""
        return _several(self.source)

    def holds(self, text: str) -> bool:
        """Whether it holds for a text at one of its sources."""
        return (not self.among or text in self.among) and text not in self.but


class Column(BaseModel):
    """Where one mapped column comes from and what it holds.

    The first of its `cases` that holds counts; then, of several sources, the first that holds
    anything. `unit` is that of the times at `source` and `since`; with `since` the column is the
    milliseconds from there to `source`. `values` translates texts (others stay as they are); a
    number is multiplied by `scale`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Sources
    type: Type
    required: bool = False
    unit: Unit = Unit.ISO
    since: Source | None = None
    scale: Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$")] | None = None
    values: Mapping[str, str] = Field(default_factory=dict)
    of: Of = Of.VALUE
    cases: tuple[Case, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Its sources, in the order in which they count."""
        return _several(self.source)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every source that it is read from."""
        since = () if self.since is None else (self.since,)
        return (*self.sources, *since, *(each for case in self.cases for each in case.sources))

    @field_validator("values")
    @classmethod
    def _sorted(cls, values: Mapping[str, str]) -> dict[str, str]:
        return dict(sorted(values.items()))

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        flaw = next(_flaws(self), None)
        if flaw:
            raise ValueError(flaw)
        return self


def _flaws(column: Column) -> Iterator[str]:
    """Say what in a column contradicts itself."""
    timed = column.type is Type.TIMESTAMP or column.since is not None
    if column.since is not None and column.type is not Type.NUMBER:
        yield "`since` makes a duration, which is a number"
    if column.unit is not Unit.ISO and not timed:
        yield "`unit` is for timestamps and for durations (`since`)"
    if column.scale is not None and (column.type is not Type.NUMBER or timed):
        yield "`scale` is for numbers"
    if column.of is Of.LENGTH and column.type is not Type.INTEGER:
        yield "the length of a text is an integer"
    if column.of is Of.DIGEST and column.type is not Type.STRING:
        yield "the digest of a text is a string"
    if column.values and (timed or column.of is not Of.VALUE):
        yield "`values` translates texts, not times, lengths or digests"
    if column.cases and (column.type is not Type.STRING or column.of is not Of.VALUE):
        yield "`cases` are of a string"


class ColumnMap(BaseModel):
    """The mapped columns of a sealed log by name, and what else is to be done with its records.

    `timezone` (an IANA name) is the zone of timestamps that state none; without it a record that
    holds such a timestamp is a bad row. `decision`, `label` and `groups` say which columns these
    are, `positive` which text of the decision is the favourable one. `redact` names fields that
    are removed, `pseudonyms` fields replaced by keyed HMACs, `personal` fields encrypted for the
    person that `subject` names; of several subjects, for the first that a record names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: Mapping[Target, Column] = Field(min_length=1)
    format: str = "table"
    timezone: str | None = None
    decision: Target | None = None
    positive: str | None = None
    label: Target | None = None
    groups: tuple[Target, ...] = ()
    redact: tuple[Source, ...] = ()
    pseudonyms: tuple[Source, ...] = ()
    personal: tuple[Source, ...] = ()
    subject: Sources | None = None

    @property
    def subjects(self) -> tuple[str, ...]:
        """The sources that name persons, in the order in which they count."""
        return () if self.subject is None else _several(self.subject)

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

    @model_validator(mode="after")
    def _named(self) -> Self:
        named = {"decision": self.decision, "label": self.label}
        pairs = [*named.items(), *(("groups", group) for group in self.groups)]
        for role, column in pairs:
            if column is not None and column not in self.columns:
                raise ValueError(f"{role}: there is no column {column!r}")
        return self

    def canonical(self) -> bytes:
        """Canonical JSON (RFC 8785) of the map; `cases` are left out where there are none."""
        document = self.model_dump(mode="json")
        for column in document["columns"].values():
            if not column["cases"]:
                del column["cases"]
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, lower-case hex."""
        return sha256(self.canonical()).hexdigest()

    def brief(self) -> dict[str, Any]:
        """The map as one would write it by hand: without what it says anyway."""
        return {"columns": {}} | self.model_dump(mode="json", exclude_defaults=True)
