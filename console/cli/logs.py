"""`logs`: decision logs, imported and sealed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.display import Document, show_list, show_one
from console.cli.importing import import_files, readable, shares
from console.cli.options import Json, OneModel, example, group, session_of
from console.cli.proposing import propose_map

app = group("Decision logs: import them sealed, list them.")

app.command(
    "import",
    epilog=example(
        "quaestor logs import decisions.csv --model credit-scorer --map credit_decisions.map.yaml",
        "quaestor logs import day1.jsonl.gz 'traces/**/*.json' --model loan-agent --max-bad 10",
        "quaestor logs import exports/ --model loan-agent --explain",
        "quaestor logs import d.csv --model m --column time=decided_at:timestamp "
        "--column sex=sex:string",
    ),
)(import_files)


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
        "kind": "KIND",
        "format": "FORMAT",
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
    from ledger.logs.mapping import ColumnMap
    from ledger.registers.logs import LogRow

    session = session_of(context)
    with session.book.read() as snapshot:
        row = snapshot.rows.get(LogRow, log)
    if row is None:
        raise Refused(f"There is no log {log}.", "See: quaestor logs list")
    evidence = session.book.home.evidence
    document = _document(row)
    column_map = ColumnMap.model_validate_json(evidence.read(row.column_map, "json")).brief()
    columns = column_map.pop("columns")
    document["columns"] = [
        {"column": name, "required": False, **column} for name, column in columns.items()
    ]
    document["map"] = column_map
    lines = evidence.read(row.quarantine, "jsonl").splitlines() if row.quarantine else []
    document["quarantine"] = [
        {name: bad[name] for name in ("file", "line", "reason", "digest")}
        for bad in map(orjson.loads, lines)
    ]
    show_one(session, document if json else readable(document), as_json=json)


app.command(
    "map",
    epilog=example(
        "quaestor logs map decisions.csv > decisions.map.yaml",
        "quaestor logs map traces.jsonl -o loan_agent.map.yaml",
    ),
)(propose_map)


def _document(row: Any) -> Document:
    import orjson

    from ledger.logs.importing import counts_of

    missing = counts_of(row.missing)
    return {
        "log": row.log,
        "model": row.model,
        "kind": row.kind,
        "format": row.format,
        "rows": row.rows,
        "quarantined": row.quarantined,
        "redactions": counts_of(row.redactions),
        "missing": missing,
        "missing_share": shares(missing, row.rows),
        "guardrails": counts_of(row.guardrails),
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
