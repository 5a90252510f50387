"""`logs import`: from what was named to a sealed log, or to an explanation of what it would be."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.cli.cards import Fields, read_yaml, refuse_unknown
from console.cli.display import Document, print_json, progress, show_one
from console.cli.options import Json, existing_file, session_of
from console.exits import ExitCode
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.arriving import Arrived
    from ledger.logs.explaining import Explained
    from ledger.logs.formats.base import Format
    from ledger.logs.importing import Imported
    from ledger.logs.mapping import ColumnMap
    from ledger.logs.recognising import Recognised
    from ledger.logs.rules import RulesInForce

NAMED = 12  # files that are named one by one; more are counted

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
Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help='Files, "patterns", folders, or - for stdin.')
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
MaxBad = Annotated[int, typer.Option(min=0, help="More bad rows than this exit with code 1.")]


def import_files(
    context: typer.Context,
    paths: Paths,
    *,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Whose decisions these are.")
    ] = None,
    kind: KindOption = "decision",
    map_file: MapFile = None,
    column: Columns = None,
    timezone: Timezone = None,
    max_bad: MaxBad = 0,
    form: FormatOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what would be imported and how; import nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Seal log files of a model and enter them, once.

    CSV, JSON Lines, JSON and Parquet, plain or packed by gzip or zstd, are told apart by their
    content, and so are the formats of AI platforms. Folders are searched for logs. Personal data
    and credentials are redacted before anything is hashed, and of conversations a summary is kept,
    with what the map takes from them, unless the redaction policy keeps them whole. Bad rows are
    quarantined and counted. --map and --column add to the columns of the format, or replace them;
    a plain table is mapped as proposed. The persons that a format names become pseudonyms, and
    what it holds of them is sealed, unless the map states `subject` or `personal` itself.
    The same files again change nothing, and exit as before.
    A bundle (`logs seal`) is checked through and entered as it is.
    Types: string, integer, number, boolean, timestamp.
    """
    session = session_of(context)
    rule = stated_rule(map_file, column or [], timezone)
    with arrived_files(session, paths, explained=explain) as arrived:
        if bundle := only_bundle([str(log.path) for log in arrived.logs]):
            if rule or form or explain:
                raise InvalidInput(
                    "A bundle brings its own map and format.", "Leave the others out."
                )
            import_bundle(session, bundle, model, max_bad, as_json=json)
            return
        found = recognised_files(session, arrived, form)
        mapping = map_of(found, rule, form, kind)
        if explain:
            _explain(session, found, mapping, kind, as_json=json)
            return
        if model is None:
            raise InvalidInput("It is not said whose decisions these are.", "State --model MODEL.")
        note_personal(session, found[0], mapping, rule)
        _enter(session, model, kind, found, mapping, form, max_bad, as_json=json)


def _enter(
    session: Session,
    model: str,
    kind: Kind,
    found: Sequence[Recognised],
    mapping: ColumnMap,
    form: str | None,
    max_bad: int,
    *,
    as_json: bool,
) -> None:
    from ledger.logs.importing import import_logs
    from ledger.logs.recognising import stated

    signer = session.signer
    container, _ = stated(form)
    with progress(session, "importing", of_bytes=True) as told:
        imported = import_logs(
            session.book, signer, model, [one.log for one in found], mapping,
            kind=kind, container=container, max_bad=max_bad, progress=told,
        )  # fmt: skip
    show_imported(session, imported, max_bad, as_json=as_json)


def only_bundle(paths: Sequence[str]) -> Path | None:
    """The bundle that was named, if one was. InvalidInput for one among other files."""
    from ledger.logs.bundles import is_bundle

    bundles = [path for path in map(Path, paths) if is_bundle(path)]
    if bundles and len(paths) > 1:
        raise InvalidInput(f"{bundles[0]} is a bundle.", "Import one bundle at a time, by itself.")
    return bundles[0] if bundles else None


def import_bundle(
    session: Session, path: Path, model: str | None, max_bad: int, *, as_json: bool
) -> None:
    """Check a bundle through and enter it."""
    from ledger.logs.bundling import enter_bundle

    signer = session.signer
    with progress(session, "checking", of_bytes=True) as told:
        imported = enter_bundle(
            session.book, signer, path, model=model, max_bad=max_bad, progress=told
        )
    show_imported(session, imported, max_bad, as_json=as_json)


def show_imported(session: Session, imported: Imported, max_bad: int, *, as_json: bool) -> None:
    """Print what an import came to; it ends with exit code 1 if too many rows were bad."""
    document = imported.as_json()
    document["missing_share"] = shares(imported.missing, imported.rows)
    show_one(session, document if as_json else readable(document), as_json=as_json)
    if imported.already_imported:
        session.voice.note(f"These files are imported already, as {imported.log}.")
        if since := _dropped_since(session, imported.log):
            session.voice.warn(
                f"{imported.log} was dropped at {since}: its records are gone, and stay so."
            )
    if imported.too_many_bad:
        session.voice.warn(
            f"{imported.quarantined:,} rows were bad, more than --max-bad {max_bad}; they are in "
            f"quarantine, the others are imported: quaestor logs show {imported.log}"
        )
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _dropped_since(session: Session, log: str) -> str | None:
    from ledger.registers.retention import DroppedRow

    with session.book.read() as snapshot:
        dropped = snapshot.rows.get(DroppedRow, log)
    return dropped.time if dropped else None


@contextmanager
def arrived_files(session: Session, paths: Sequence[str], *, explained: bool) -> Iterator[Arrived]:
    """What was named; streams are spooled beside the evidence, where there is one."""
    from tempfile import TemporaryDirectory

    from ledger.logs.arriving import arriving

    folder = session.settings.home / "evidence"
    with TemporaryDirectory(prefix="quaestor-") as other:
        spool = Path(other) if explained or not folder.is_dir() else folder
        with arriving(paths, spool, lambda: sys.stdin.buffer) as arrived:
            yield arrived


def recognised_files(session: Session, arrived: Arrived, form: str | None) -> list[Recognised]:
    """Say what each file is taken for, and what in the folders is passed over."""
    from ledger.logs.recognising import one_format, recognised

    found = [recognised(log, form) for log in arrived.logs]
    for other in arrived.passed_over[:NAMED]:
        session.voice.note(f"passed over: {other.name}: {other.because}")
    if len(arrived.passed_over) > NAMED:
        session.voice.note(f"passed over: {len(arrived.passed_over) - NAMED:,} more files")
    for one in found[:NAMED]:
        session.voice.note(f"{one.log.name}: {one.said()}")
    if len(found) > NAMED:
        session.voice.note(f"and {len(found) - NAMED:,} more files")
    one_format(found)
    return found


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
    if decides(rule):
        left = unmarked(records, mapping, form, _rules(session).rules.removed)
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
    from ledger.logs.formats import completed, decides, format_named, marked, protected
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
        if not decides(rule):
            mapping = marked(mapping, proposed.subjects, proposed.personal, keyless=keyless)
    else:
        mapping = protected(format_, rule, keyless=keyless)
    return fitted(mapping, kind)


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


def shares(counts: Mapping[str, int], rows: int) -> dict[str, float]:
    """Which share of the rows each count is; nothing of no rows."""
    return {name: count / rows for name, count in counts.items()} if rows else {}


def readable(document: Document) -> Document:
    """The same document with shares instead of the counts that they come from."""
    missing = {name: f"{share:.1%}" for name, share in document["missing_share"].items()}
    others = {name: value for name, value in document.items() if name != "missing_share"}
    return {**others, "missing": missing}


def _explain(
    session: Session,
    found: Sequence[Recognised],
    mapping: ColumnMap,
    kind: Kind,
    *,
    as_json: bool,
) -> None:
    from ledger.logs.explaining import explain
    from ledger.logs.importing import WANTED

    force = _rules(session)
    told = [explain(one, found, mapping, WANTED[kind], rules=force.rules) for one in found]
    if as_json:
        document = mapping.brief() | {"format": mapping.format}
        print_json(
            {
                "redaction": force.model_dump(mode="json"),
                "map": document,
                "files": [one.as_json() for one in told],
            }
        )
        return
    import yaml

    for one in told:
        _tell(one)
    typer.echo("The map that would be used:")
    typer.echo(yaml.safe_dump(mapping.brief(), sort_keys=False, allow_unicode=True), nl=False)
    typer.echo(f"Redaction: {_said(force)}")
    session.voice.note("Nothing was imported.")


def _rules(session: Session) -> RulesInForce:
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


def _said(force: RulesInForce) -> str:
    """Which rules these are, and what they do."""
    from ledger.logs.screens import CLASSES

    rules = force.rules
    which = f"the policy in force ({force.digest[:12]})" if force.digest else "no policy is adopted"
    left = [name for name in CLASSES if name not in rules.removed]
    classes = f"every class but {', '.join(left)} is removed" if left else "every class is removed"
    kept = "kept whole" if rules.keeps_conversations else "summed up, with what the map takes"
    return f"{which}; {classes}; conversations are {kept}."


def _tell(one: Explained) -> None:
    from console.messages import legible

    packed = f", packed by {one.compression}" if one.compression else ""
    typer.echo(legible(f"{one.file}: {one.container}{packed}, {one.title}: {one.because}"))
    for example in one.examples:
        typer.echo(f"  line {example.line}")
        typer.echo(legible(f"    as it is   {example.before}"))
        same = example.before == example.after
        typer.echo(legible(f"    as kept    {'the same' if same else example.after}"))
        for name, value in example.columns.items():
            if value is not None:
                typer.echo(legible(f"    {name} = {value}"))
        if example.problem:
            typer.echo(legible(f"    bad row: {example.problem}"))
    for line, reason in one.bad:
        typer.echo(legible(f"  line {line}, bad row: {reason}"))
    if one.unmapped:
        typer.echo(f"  wanted, and not in the map: {', '.join(one.unmapped)}")
    if one.empty:
        typer.echo(f"  wanted, and empty in these records: {', '.join(one.empty)}")
    if one.unmarked:
        typer.echo(f"  personal, and not marked in the map: {', '.join(one.unmarked)}")
    typer.echo("")
