"""The log formats that an import knows, and how one is told from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ledger.errors import InvalidInput
from ledger.logs.formats.base import Format
from ledger.logs.formats.langfuse import (
    LANGFUSE,
    LANGFUSE_API,
    LANGFUSE_API_SCORES,
    LANGFUSE_SCORES,
)
from ledger.logs.formats.langsmith import LANGSMITH
from ledger.logs.formats.litellm import LITELLM, LITELLM_SPEND
from ledger.logs.formats.mlflow import MLFLOW
from ledger.logs.formats.ocsf import OCSF
from ledger.logs.formats.openai_batch import OPENAI_BATCH
from ledger.logs.formats.otlp import OTLP
from ledger.logs.formats.table import TABLE
from ledger.logs.mapping import ColumnMap, Of, Type

# In this order a record is offered to them; the table, which takes anything, is last.
FORMATS: Mapping[str, Format] = {
    format_.name: format_
    for format_ in (
        OTLP,
        MLFLOW,
        LANGFUSE,
        LANGFUSE_SCORES,
        LANGFUSE_API,
        LANGFUSE_API_SCORES,
        LANGSMITH,
        LITELLM,
        LITELLM_SPEND,
        OPENAI_BATCH,
        OCSF,
        TABLE,
    )
}


def format_named(name: str) -> Format:
    """The format of this name. Raises InvalidInput if there is none."""
    if name not in FORMATS:
        raise InvalidInput(f"There is no log format {name!r}.", f"Known are: {', '.join(FORMATS)}.")
    return FORMATS[name]


def recognise(samples: Sequence[Mapping[str, Any]]) -> Format:
    """The format of some parsed container records: the first that one claims, else a table."""
    for sample in samples:
        for format_ in FORMATS.values():
            if format_ is not TABLE and format_.recognises(sample):
                return format_
    return TABLE


def protected(format_: Format, rule: Mapping[str, Any], *, keyless: bool = False) -> ColumnMap:
    """The map of a format with a user's rule on top, which marks the format's personal fields.

    A rule that states `subject` or `personal` itself decides. Persons are those at the sources of
    `user_id`. Raises as `completed`.
    """
    mapping = completed(format_, rule)
    if not format_.personal or decides(rule):
        return mapping
    user = mapping.columns.get("user_id")
    named = user.sources if user and user.type is Type.STRING and user.of is Of.VALUE else ()
    return marked(mapping, named or format_.personal[:1], format_.personal, keyless=keyless)


def decides(rule: Mapping[str, Any]) -> bool:
    """Whether a rule says itself whose personal data stands where; also that none does."""
    return not rule.keys().isdisjoint({"subject", "personal"})


def marked(
    mapping: ColumnMap, subject: Sequence[str], personal: Sequence[str], *, keyless: bool = False
) -> ColumnMap:
    """The map with these sources marked, save those that it removes or pseudonymises.

    Where there is no vault whose keys could seal them (`keyless`) they are removed.
    """
    decided = {*mapping.redact, *mapping.pseudonyms}
    subject = tuple(each for each in subject if each not in decided)
    personal = tuple(each for each in personal if each not in {*decided, *subject})
    if keyless:
        return mapping.model_copy(update={"redact": (*mapping.redact, *subject, *personal)})
    one = subject[0] if len(subject) == 1 else subject or None
    return mapping.model_copy(update={"subject": one, "personal": personal})


def completed(format_: Format, rule: Mapping[str, Any]) -> ColumnMap:
    """The map of a format with a user's rule on top: its columns added, or in place of others.

    `rule` has the fields of a ColumnMap, `columns` as mappings; it need not state any. Raises
    InvalidInput, which names the place, for a rule that makes no sound map.
    """
    stated = rule.get("columns") or {}
    columns = {**format_.columns, **stated} if isinstance(stated, Mapping) else stated
    usual = {"format": format_.name, "timezone": format_.timezone}
    if rule.get("format", format_.name) != format_.name:
        raise InvalidInput(
            f"The column map is for {rule['format']}, the log is {format_.name}.",
            "Give the map that belongs to this log, or state --format.",
        )
    try:
        return ColumnMap.model_validate({**usual, **rule, "columns": columns})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # What pydantic says beyond a source is which way to write one it tried.
        place = ".".join(map(str, first["loc"])).partition(".source.")
        where = "".join(place[:2]).removesuffix(".") or "the map"
        raise InvalidInput(
            f"The column map is wrong at {where}: {first['msg'].removeprefix('Value error, ')}.",
            "See what the file suggests: quaestor logs map FILE",
        ) from error
