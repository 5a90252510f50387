"""`logs`: decision logs, imported and sealed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.cli.cards import Fields, read_yaml, refuse_unknown
from console.cli.display import Document, print_json, progress, show_list, show_one
from console.cli.options import Json, OneModel, example, existing_file, group, session_of
from console.exits import ExitCode
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.mapping import ColumnMap

app = group("Decision logs: import them sealed, list them.")

Format = Annotated[
    Literal["csv", "jsonl", "parquet"] | None,
    typer.Option("--format", help="Where the file's name does not say it."),
]
Timezone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Zone of times that state none: Europe/Berlin, UTC."),
]


@app.command(
    "import",
    epilog=example(
        "quaestor logs import decisions.csv --model credit-scorer --map credit_decisions.map.yaml",
        "quaestor logs import day1.jsonl day2.jsonl --model credit-scorer --max-bad 10",
        "quaestor logs import d.csv --model m --column time=decided_at:timestamp "
        "--column sex=sex:string",
    ),
)
def import_files(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="CSV, JSONL, Parquet."),
    ],
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose decisions these are.")],
    map_file: Annotated[
        Path | None, existing_file("A column map in YAML; `logs map` proposes one.", "--map")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET=SOURCE:TYPE", help="A mapped column; `!` at the end: required."
        ),
    ] = None,
    timezone: Timezone = None,
    max_bad: Annotated[
        int, typer.Option(min=0, help="More bad rows than this exit with code 1.")
    ] = 0,
    form: Format = None,
    json: Json = False,
) -> None:
    """Seal log files of a model and enter them, once.

    E-mail addresses, card numbers and credentials are redacted before anything is hashed. Bad rows
    are quarantined and counted. Without --map and --column the map is proposed from the file.
    The same files again change nothing and exit with 0. Types: string, integer, number, boolean,
    timestamp.
    """
    from ledger.logs.importing import import_logs
    from ledger.logs.mapping import propose

    session = session_of(context)
    column_map = (
        _stated(map_file, column or [], timezone)
        if map_file or column
        else propose(files[0], form, timezone)
    )
    signer = session.signer
    with progress(session, "importing") as told:
        imported = import_logs(
            session.book, signer, model, files, column_map,
            format=form, max_bad=max_bad, progress=told,
        )  # fmt: skip
    show_one(session, imported.as_json(), as_json=json)
    if imported.already_imported:
        session.voice.note(f"These files are imported already, as {imported.log}.")
    if imported.too_many_bad:
        session.voice.warn(
            f"{imported.quarantined:,} rows were bad, more than --max-bad {max_bad}; they are in "
            f"quarantine, the others are imported: quaestor logs show {imported.log}"
        )
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command("list", epilog=example("quaestor logs list --model credit-scorer"))
def list_logs(context: typer.Context, *, model: OneModel = None, json: Json = False) -> None:
    """List the sealed logs."""
    from ledger.registers.logs import LogRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(LogRow, **({"model": model} if model else {}))
    columns = {
        "log": "LOG",
        "model": "MODEL",
        "rows": "ROWS",
        "quarantined": "BAD",
        "first_time": "FROM",
        "last_time": "TO",
        "actor": "BY",
    }
    documents = [_document(row) for row in sorted(rows, key=lambda row: row.seq)]
    empty = "No log is imported. Import one: quaestor logs import --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(epilog=example("quaestor logs show log-1", "quaestor logs show log-1 --json"))
def show(
    context: typer.Context,
    log: Annotated[str, typer.Argument(metavar="LOG", help="The log's id: log-1")],
    *,
    json: Json = False,
) -> None:
    """Show a sealed log: files, digests, column map, redactions, and which rows were bad."""
    import orjson

    from ledger.errors import Refused
    from ledger.registers.logs import LogRow

    session = session_of(context)
    with session.book.read() as snapshot:
        row = snapshot.rows.get(LogRow, log)
    if row is None:
        raise Refused(f"There is no log {log}.", "See: quaestor logs list")
    evidence = session.book.home.evidence
    document = _document(row)
    columns = orjson.loads(evidence.read(row.column_map, "json"))["columns"]
    document["columns"] = [{"column": name, **column} for name, column in columns.items()]
    lines = evidence.read(row.quarantine, "jsonl").splitlines() if row.quarantine else []
    document["quarantine"] = [
        {name: bad[name] for name in ("file", "line", "reason", "digest")}
        for bad in map(orjson.loads, lines)
    ]
    show_one(session, document, as_json=json)


@app.command("map", epilog=example("quaestor logs map decisions.csv > decisions.map.yaml"))
def propose_map(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A decision log.")
    ],
    *,
    timezone: Timezone = None,
    form: Format = None,
    json: Json = False,
) -> None:
    """Propose a column map from what the first 10,000 records hold, as YAML to be edited."""
    import yaml

    from ledger.logs.mapping import propose

    session = session_of(context)
    document = propose(file, form, timezone).model_dump(mode="json")
    if json:
        print_json(document)
        return
    typer.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)
    session.voice.note("Check the types, mark what is required, then: quaestor logs import --map")


def _stated(map_file: Path | None, columns: list[str], timezone: str | None) -> ColumnMap:
    """The column map of a file and of `--column`, which goes before it."""
    from pydantic import ValidationError

    from ledger.logs.mapping import ColumnMap

    fields: Fields = {"columns": {}}
    if map_file:
        fields |= read_yaml(map_file)
        refuse_unknown(fields, list(ColumnMap.model_fields), str(map_file))
    if columns:
        fields["columns"] = {**fields["columns"], **dict(map(_column, columns))}
    if timezone:
        fields["timezone"] = timezone
    try:
        return ColumnMap.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the map"
        raise InvalidInput(
            f"The column map is wrong at {place}: {first['msg']}.",
            "See what the file suggests: quaestor logs map FILE",
        ) from error


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


def _document(row: Any) -> Document:
    import orjson

    return {
        "log": row.log,
        "model": row.model,
        "rows": row.rows,
        "quarantined": row.quarantined,
        "redactions": {one["name"]: one["count"] for one in orjson.loads(row.redactions)},
        "sources": orjson.loads(row.sources),
        "first_time": row.first_time or None,
        "last_time": row.last_time or None,
        "file": row.file,
        "root": row.root,
        "column_map": row.column_map,
        "time": row.time,
        "actor": row.actor,
        "seq": row.seq,
    }
