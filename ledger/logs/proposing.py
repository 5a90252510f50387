"""Column maps for logs that nobody has described yet, from what their first records hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ledger.errors import InvalidInput
from ledger.logs.batches import BadRow, parsed
from ledger.logs.formats import completed, marked, protected
from ledger.logs.formats.table import TABLE
from ledger.logs.kinds import canonical_column, canonical_names
from ledger.logs.mapping import (
    FALSE,
    NUMBER,
    RECORD,
    TRUE,
    ZONED,
    ZONELESS,
    Column,
    ColumnMap,
    Type,
)
from ledger.logs.paths import LONGEST, top
from ledger.logs.reading import Arrival, read
from ledger.logs.recognising import recognised
from ledger.registers.logs import LogKind

SEEN = 10_000
PERSONS = tuple(
    f"{who}_id"
    for who in (
        *("applicant", "customer", "client", "patient", "borrower", "candidate", "claimant"),
        *("subject", "person", "member", "employee", "end_user", "user"),
    )
)
"""What a table calls whom a decision is about, the likelier ones first."""
ABOUT_PERSONS = (
    *("full_name", "first_name", "last_name", "surname", "applicant_name", "customer_name"),
    *("email", "e_mail", "email_address", "phone", "phone_number", "mobile", "address", "street"),
    *("date_of_birth", "birth_date", "dob", "national_id", "ssn", "tax_id", "iban"),
)
"""What a table calls what is personal, whoever it is about."""


def propose(
    source: Path | Arrival,
    form: str | None = None,
    timezone: str | None = None,
    kind: LogKind = "decision",
) -> ColumnMap:
    """The map of a log: that of its format, or of a table what its first 10,000 records suggest.

    A format's personal fields are marked, and of a table those that are called like some. A table's
    top-level fields are mapped under their own names, typed by what they hold; zone-less timestamps
    stay text unless `timezone` states their zone. `form` is a container or a format. Of feedback,
    outcomes and resources, fields that are called like a canonical column become it.
    Raises InvalidInput if the file cannot be read or holds no record.
    """
    found = recognised(source, form)
    zone = {"timezone": timezone} if timezone else {}
    if found.format is not TABLE:
        return protected(found.format, zone)
    seen: dict[str, Type | None] = {}
    unclear: set[str] = set()
    batches = read(source, found.container)
    bad: list[BadRow] = []

    def records() -> Iterator[bytes]:
        for batch in batches:
            bad.extend(batch.bad[:1])
            yield from batch.each()

    for record in islice(records(), SEEN):
        for name, value in parsed(record).items():
            seen[name] = wider(seen.get(name), seen_as(value, zoneless=timezone is not None))
            if value is not None and not re.fullmatch(f"{TRUE}|{FALSE}|", str(value).strip()):
                unclear.add(name)
    if not seen:
        raise InvalidInput(
            f"{found.log.name} holds no record with a field to map"
            + (f"; line {bad[0].line}: {bad[0].reason}." if bad else "."),
            "Check that this is the decision log, or state a column map.",
        )
    columns = {
        target: canonical_column(
            kind,
            target,
            Column(source=top(name), type=seen[name] or Type.STRING),
            yes_or_no=name not in unclear,
        )
        for name, target in targets_of(seen, canonical_names(kind, seen)).items()
        if len(top(name)) <= LONGEST
    }
    mapping = completed(TABLE, {**zone, "columns": columns})
    return named_personal(mapping) if kind == "decision" else mapping


def named_personal(mapping: ColumnMap) -> ColumnMap:
    """The map of a table in which columns are personal that are called so; they become texts."""
    subject = next((name for name in PERSONS if name in mapping.columns), None)
    personal = [name for name in ABOUT_PERSONS if name in mapping.columns]
    columns = dict(mapping.columns)
    for name in filter(None, [subject, *personal]):
        columns[name] = columns[name].model_copy(update={"type": Type.STRING})
    return marked(
        mapping.model_copy(update={"columns": columns}),
        columns[subject].sources if subject else (),
        [source for name in personal for source in columns[name].sources],
    )


def seen_as(value: Any, *, zoneless: bool) -> Type | None:
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


def wider(known: Type | None, new: Type | None) -> Type | None:
    """Narrowest type that holds both."""
    if known is None or new is None or known == new:
        return known or new
    return Type.NUMBER if {known, new} == {Type.INTEGER, Type.NUMBER} else Type.STRING


def targets_of(sources: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Give every source name a target name of its own, in the grammar of targets, or as given."""
    taken = {RECORD, *given.values()}
    targets = {}
    for source in sources:
        if source in given:
            targets[source] = given[source]
            continue
        name = re.sub(r"[^a-z0-9]+", "_", source.lower()).strip("_")[:50]
        name = name if name[:1].isalpha() else f"column_{name}".rstrip("_")
        target = next(
            n for n in (name, *(f"{name}_{i}" for i in range(2, len(taken) + 3))) if n not in taken
        )
        taken.add(target)
        targets[source] = target
    return targets
