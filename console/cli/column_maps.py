"""Column maps at the command line: options that state one, and the map that comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.cli.cards import Fields, read_yaml, refuse_unknown
from console.cli.display import Document
from console.cli.options import existing_file
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.formats.base import Format
    from ledger.logs.mapping import ColumnMap
    from ledger.logs.recognising import Recognised
    from ledger.logs.rules import RulesInForce

FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="Instead of what the content says: csv, jsonl, json or parquet; or table, otlp, "
        "mlflow, langfuse, langfuse-scores, langfuse-api, langfuse-api-scores, langsmith, "
        "litellm, litellm-spend, openai-batch, ocsf.",
    ),
]
Timezone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Zone of times that state none: Europe/Berlin, UTC."),
]
Kind = Literal["decision", "feedback", "outcome", "resource"]
KindOption = Annotated[
    Kind, typer.Option(help="What the records are: decisions, or what became of them.")
]
MapFile = Annotated[
    Path | None, existing_file("A column map in YAML; `logs map` proposes one.", "--map")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="TARGET=SOURCE:TYPE",
        help="A mapped column; `!` at the end: required.",
    ),
]


def stated_rule(map_file: Path | None, columns: list[str], timezone: str | None) -> Fields:
    """The fields of a map's file, and of `--column` and `--timezone`, which go before it."""
    from ledger.logs.mapping import ColumnMap

    fields: Fields = {}
    if map_file:
        fields |= read_yaml(map_file)
        refuse_unknown(fields, list(ColumnMap.model_fields), str(map_file))
    if columns:
        stated = fields.get("columns") or {}
        fields["columns"] = {**stated, **dict(map(_column, columns))}
    if timezone:
        fields["timezone"] = timezone
    return fields


def _column(text: str) -> tuple[str, Document]:
    """`TARGET=SOURCE:TYPE`, with `!` at the end for a required one; a source may hold colons."""
    target, equals, rest = text.partition("=")
    source, colon, kind = rest.rpartition(":")
    if not (equals and colon and source):
        raise InvalidInput(
            f"{text!r} is not a column.",
            "Write TARGET=SOURCE:TYPE, such as time=decided_at:timestamp",
        )
    return target, {"source": source, "type": kind.removesuffix("!"), "required": kind[-1:] == "!"}


def map_of(
    found: Sequence[Recognised],
    rule: Mapping[str, Any],
    form: str | None,
    kind: Kind = "decision",
    *,
    keyless: bool = False,
) -> ColumnMap:
    """The map of some files: what was stated, on top of what their format or content gives.

    Where there is no vault (`keyless`) what would be sealed is removed.
    """
    from ledger.logs.formats import completed, format_named, protected
    from ledger.logs.formats.table import TABLE
    from ledger.logs.kinds import fitted
    from ledger.logs.proposing import propose

    format_: Format = found[0].format
    if rule.get("format") == TABLE.name and form is None:
        format_ = TABLE  # whoever maps every field themselves may take anything for a table
    elif "format" in rule:
        format_named(str(rule["format"]))
    if format_ is TABLE and not rule.get("columns"):
        container = found[0].container
        proposed = propose(found[0].log, container, rule.get("timezone"), kind)
        mapping = completed(
            format_, {**rule, "columns": proposed.model_dump(mode="json")["columns"]}
        )
    else:
        mapping = protected(format_, rule, keyless=keyless)
    return fitted(mapping, kind)


def note_personal(
    session: Session, one: Recognised, mapping: ColumnMap, rule: Mapping[str, Any]
) -> None:
    """Say which fields are protected although nobody said so, or are not since somebody did.

    Those of the first records, of a format whose records can be read one by one.
    """
    from ledger.logs.formats import decides
    from ledger.logs.surveying import held, sampled, unmarked

    form = one.format
    records = [] if form.gather is not None else sampled(one.log, one.container, form)
    if decides(rule) or not (mapping.subjects or mapping.personal):
        left = unmarked(records, mapping, form, rules_at_hand(session).rules.removed)
        if left:
            session.voice.note(
                "personal data that the map leaves as it is, and that no erasure will reach: "
                f"{', '.join(left)}"
            )
        return
    for done, sources in (
        ("named by pseudonyms", mapping.subjects),
        ("sealed under the person's key", mapping.personal),
    ):
        if found := held(records, sources) if records else sources:
            session.voice.note(f"personal data, {done}: {', '.join(found)}")


def rules_at_hand(session: Session) -> RulesInForce:
    """The redaction policy of the ledger at hand, else what holds where there is none."""
    from ledger.errors import QuaestorError
    from ledger.logs.rules import RulesInForce, rules_in_force

    if not session.book.home.exists():
        return RulesInForce()
    try:
        with session.book.read() as snapshot:
            return rules_in_force(snapshot.rows, session.book.home.evidence)
    except QuaestorError as error:
        session.voice.warn(f"The ledger's redaction policy cannot be read: {error}")
        return RulesInForce()
