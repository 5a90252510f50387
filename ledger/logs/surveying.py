"""Where in the records of a log something stands that no column takes yet.

The formats of platforms have no field for the decision: it stands in an attribute, a tag or inside
the text of an answer, and what is looked for is a value that few others take its place of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from typing import Any

import orjson

from ledger.logs.formats.base import Format
from ledger.logs.formats.table import TABLE
from ledger.logs.mapping import ZONELESS, Case, Column, ColumnMap, Type, Unit
from ledger.logs.paths import LONGEST, MOST, SCALARS, Key, Leg, Name, Path, Step, find, parse, write
from ledger.logs.proposing import named_personal, seen_as, targets_of, wider
from ledger.logs.reading import Arrival, read, unfolded, unfolding
from ledger.logs.redaction import redact_text

FEW = 10  # different values of a decision, a label or a group
SHORT = 60  # characters of one
ELEMENTS = 2  # of an array that are looked at
PLACES = 5_000
SAMPLED = 1_000  # records
LIKELY = (
    *("decision", "verdict", "approved", "recommendation", "label", "outcome"),
    *("score", "confidence", "probability", "sex", "gender", "age", "age_band", "ethnicity"),
    *("index_version", "features_version", "prompt_version", "escalated"),
)
"""Names of what is looked for: these first."""
Legs = tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A source, what it holds, in how many records, and which values if they are few."""

    source: str
    name: str
    type: Type
    rows: int
    values: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    rows: int = 0
    type: Type | None = None
    values: set[str] = field(default_factory=set)
    long: bool = False

    def note(self, value: Any) -> None:
        """Take a value into account."""
        text = _written(value)
        self.rows += 1
        self.type = wider(self.type, seen_as(value, zoneless=False))
        self.long = self.long or len(text) > SHORT
        if len(self.values) <= FEW:
            self.values.add(text)

    def place(self, legs: Legs) -> Place:
        """The place that this was seen at."""
        name = _named(legs)
        values = tuple(sorted(self.values)) if len(self.values) <= FEW else ()
        # 1.10 is no number, if it is a version.
        type_ = None if name.endswith("version") else self.type
        return Place(write(Path(legs)), name, type_ or Type.STRING, self.rows, values)

    def telling(self, name: str) -> bool:
        """Whether it may be a decision, a score or a group: few values, or a fraction."""
        changes = len(self.values) > 1 or self.rows == 1 or name in LIKELY
        few = len(self.values) <= FEW and changes
        return not self.long and (few or self.type is Type.NUMBER)


def sampled(log: Arrival, container: str, format_: Format) -> list[bytes]:
    """The first decision records of a log. InvalidInput if it cannot be read."""
    batches = unfolded(read(log, container), unfolding(format_, [log], container))
    return list(islice((record for batch in batches for record in batch.each()), SAMPLED))


def survey(records: Iterable[bytes], mapping: ColumnMap, format_: Format) -> list[Place]:
    """Places of decision records that no column takes; the likelier ones first."""
    known = {
        _flat(parse(source).legs) for column in mapping.columns.values() for source in column.reads
    }
    cut = [_flat(parse(source).legs) for source in format_.cut]
    seen: dict[Legs, _Seen] = {}
    for document in _documents(records):
        for legs, value in _leaves(document, ((),)):
            if legs not in seen:
                way = _flat(legs)
                if len(seen) >= PLACES or way in known or any(way[: len(c)] == c for c in cut):
                    continue
                seen[legs] = _Seen()
            seen[legs].note(value)
    found = (each.place(legs) for legs, each in seen.items() if each.telling(_named(legs)))
    return sorted((place for place in found if len(place.source) <= LONGEST), key=_rank)


def with_likely(mapping: ColumnMap, places: Iterable[Place]) -> ColumnMap:
    """The map with a column for each likely name that it has none for, of all its places."""
    named: dict[str, list[Place]] = {}
    for place in places:
        if place.name in LIKELY and place.name not in mapping.columns:
            named.setdefault(place.name, []).append(place)
    for name, found in named.items():
        mapping = with_column(mapping, found, name)[0]
    return mapping


def with_column(
    mapping: ColumnMap, places: Sequence[Place], name: str | None = None
) -> tuple[ColumnMap, str]:
    """The map with one more column, and what it is called: after the first place, or as stated."""
    types = [place.type for place in places]
    type_ = reduce(wider, types, None) or Type.STRING
    source = tuple(place.source for place in places)
    if name is None:
        taken = {f"\0{column}": column for column in mapping.columns}
        (name,) = targets_of([places[0].name or "value"], taken).values()
    columns = {**mapping.columns, name: Column(source=source, type=type_)}
    return mapping.model_copy(update={"columns": dict(sorted(columns.items()))}), name


def stands_at(records: Iterable[bytes], source: str) -> Place | None:
    """What stands at a source; None if nothing does, or it is no source."""
    try:
        parse(source)
    except ValueError:
        return None
    seen = _Seen()
    for document in _documents(records):
        value = find(document, source)
        if value is not None and value != "":
            seen.note(value)
    return seen.place(parse(source).legs) if seen.rows else None


def values_of(records: Iterable[bytes], column: Column) -> list[str]:
    """The different texts at the sources of a column, sorted."""
    found: set[str] = set()
    for document in _documents(records):
        cases = (case for case in column.cases if any(map(case.holds, _texts(document, case))))
        case = next(cases, None)
        said = case.text if case else next(_texts(document, column), None)
        if said is not None:
            found.add(column.values.get(said, said))
    return sorted(found)


def _texts(document: Any, of: Column | Case) -> Iterator[str]:
    """The texts that stand at some sources."""
    for value in (find(document, source) for source in of.sources):
        if value not in (None, ""):
            yield _written(value)


def _written(value: Any) -> str:
    """A text, or the JSON of any other value."""
    try:
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    except TypeError:  # arrays within arrays, deeper than it goes
        return "[...]"


def zoneless(records: Sequence[bytes], mapping: ColumnMap) -> list[str]:
    """The columns of a map whose times state no zone in these records."""
    timed = {
        name: column
        for name, column in mapping.columns.items()
        if column.unit is Unit.ISO and (column.type is Type.TIMESTAMP or column.since is not None)
    }
    return [
        name
        for name, column in timed.items()
        if any(re.fullmatch(ZONELESS, text.strip()) for text in values_of(records, column))
    ]


def unmarked(
    records: Iterable[bytes],
    mapping: ColumnMap,
    format_: Format,
    removed: frozenset[str] = frozenset(),
) -> list[str]:
    """Sources of personal data of a format that hold something, and that the map leaves as is.

    Of a table those are its columns that are called like some. What redaction takes out, of the
    classes `removed`, is not left.
    """
    marked = {*mapping.redact, *mapping.pseudonyms, *mapping.personal, *mapping.subjects}
    personal = format_.personal
    if format_.name == TABLE.name:
        likely = named_personal(mapping)
        personal = (*likely.subjects, *likely.personal)
    return held(records, [each for each in personal if each not in marked], removed)


def held(
    records: Iterable[bytes], sources: Sequence[str], removed: frozenset[str] = frozenset()
) -> list[str]:
    """Those of some sources that hold something which is not of the classes `removed`."""
    found: set[str] = set()
    for document in _documents(records if sources else ()):
        for source in sources:
            value = find(document, source)
            if isinstance(value, str) and removed:
                value = redact_text(value, Counter(), removed, _named(parse(source).legs))
                value = None if value.startswith("[redacted:") else value
            if value not in (None, ""):
                found.add(source)
    return [source for source in sources if source in found]


def _documents(records: Iterable[bytes]) -> Iterator[Any]:
    """The records that can be read; why others cannot, the import says."""
    for record in records:
        with suppress(orjson.JSONDecodeError):
            yield orjson.loads(record)


def _rank(place: Place) -> int:
    return LIKELY.index(place.name) if place.name in LIKELY else len(LIKELY)


def _flat(legs: Legs) -> tuple[Step, ...]:
    """The steps of a way; whether JSON text is passed through makes no other place of it."""
    return tuple(step for leg in legs for step in leg)


def _named(legs: Legs) -> str:
    """The last name on the way that is no place in an array: `loan.sex` is called `sex`."""
    steps = [step.text for leg in legs for step in leg if not step.text.isdecimal()]
    return steps[-1].rpartition(".")[2] if steps else ""


def _leaves(value: Any, legs: Legs) -> Iterator[tuple[Legs, Any]]:
    """Every value that holds no others, also inside JSON texts, and the way to it."""
    if sum(map(len, legs)) + len(legs) > MOST:
        return
    if isinstance(value, dict | list):
        for step, inner in _steps(value):
            yield from _leaves(inner, (*legs[:-1], (*legs[-1], step)))
    elif isinstance(value, str) and value[:1] in {"{", "["}:
        with suppress(orjson.JSONDecodeError):  # cut off, or no JSON
            yield from _leaves(orjson.loads(value), (*legs, ()))
    elif value is not None and value != "" and any(legs):
        yield legs, value


def _steps(value: dict[str, Any] | list[Any]) -> Iterator[tuple[Step, Any]]:
    """What an object or an array holds, of an array the first."""
    if isinstance(value, dict):
        yield from ((Name(name), inner) for name, inner in value.items())
    elif _is_pairs(value):
        yield from ((Key(pair["key"]), _bare(pair["value"])) for pair in value)
    else:
        yield from ((Name(str(place)), inner) for place, inner in enumerate(value[:ELEMENTS]))


def _is_pairs(value: list[Any]) -> bool:
    """Whether it is an array of keys and values, as OTLP writes attributes."""
    return bool(value) and all(
        isinstance(pair, dict) and isinstance(pair.get("key"), str) and "value" in pair
        for pair in value
    )


def _bare(value: Any) -> Any:
    """What an AnyValue of OTLP says."""
    if isinstance(value, dict):
        for kind in SCALARS:
            if value.get(kind) is not None:
                return value[kind]
        for kind in ("arrayValue", "kvlistValue"):
            inner = value.get(kind)
            if isinstance(inner, dict) and isinstance(inner.get("values"), list):
                return [each if kind == "kvlistValue" else _bare(each) for each in inner["values"]]
    return value
