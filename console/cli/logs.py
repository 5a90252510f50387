"""`logs`: decision logs, imported and sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.deciding import LOG, ROW, one_request, show_decision
from console.cli.display import Document, show_list, show_one
from console.cli.importing import import_files, readable, shares
from console.cli.log_keeping import erase, retention
from console.cli.metrics import metrics
from console.cli.options import Json, OneModel, example, group, session_of
from console.cli.proposing import propose_map
from console.cli.querying import query_decisions
from console.cli.sealing import seal_files
from console.session import Session
from ledger.errors import InvalidInput

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
    from ledger.registers.retention import DroppedRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(LogRow, **({"model": model} if model else {}))
        dropped = {row.log: row for row in snapshot.rows.where(DroppedRow)}
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
        "state": "STATE",
    }
    documents = [
        _document(row, dropped.get(row.log)) for row in sorted(rows, key=lambda row: row.seq)
    ]
    empty = "No log is imported. Import one: quaestor logs import --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(
    epilog=example(
        "quaestor logs show log-1 --json",
        "quaestor logs show log-1:41 --proof decision.json",
        "quaestor logs show --request req-8c21",
        "quaestor logs show log-1 --row 41",
    )
)
def show(
    context: typer.Context,
    log: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A log, log-1; or a decision, log-1:41 (row from 0)."),
    ] = None,
    *,
    request: Annotated[
        str | None, typer.Option(metavar="ID", help="The decision with this request id.")
    ] = None,
    decision: Annotated[
        int | None,
        typer.Option("--row", min=0, help="The record of this number, counted from 0, alone."),
    ] = None,
    proof: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Write a decision's proof of inclusion there."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show a sealed log, or one decision with all that is known of it.

    Of a log: files, digests, column map, redactions, and which rows were bad. Of a decision: the
    record (personal fields readable where they are not erased), the model and its version then,
    prompt, confidence, attributions, guardrail, feedback and outcomes with the same request id,
    the audits that looked at it, and the hashes that prove it to the log's root; --proof writes
    what others can check, too. With --row the record alone, as JSON.
    """
    session = session_of(context)
    if (log is None) == (request is None):
        raise InvalidInput("What is to be shown?", "Give one of: log-1, log-1:41, --request ID")
    if log is not None and LOG.fullmatch(log):
        if proof:
            raise InvalidInput("A proof is of one decision.", f"Name it: {log}:0")
        _show_log(session, log, decision, as_json=json)
        return
    if decision is not None:
        raise InvalidInput("--row goes with a log.", "Give: quaestor logs show log-1 --row N")
    place = ROW.fullmatch(log or "")
    name, row = (place[1], int(place[2])) if place else one_request(session, str(request or log))
    show_decision(session, name, row, proof, as_json=json)


def _show_log(session: Session, log: str, decision: int | None, *, as_json: bool) -> None:
    import orjson

    from ledger.errors import Refused
    from ledger.logs.mapping import ColumnMap
    from ledger.registers.logs import LogRow
    from ledger.registers.retention import DroppedRow

    if decision is not None:
        from ledger.logs.showing import read_decision

        _, readable_record = read_decision(session.book, log, decision)
        typer.echo(readable_record)
        return
    with session.book.read() as snapshot:
        row = snapshot.rows.get(LogRow, log)
        dropped = snapshot.rows.get(DroppedRow, log)
    if row is None:
        raise Refused(f"There is no log {log}.", "See: quaestor logs list")
    evidence = session.book.home.evidence
    document = _document(row, dropped)
    column_map = ColumnMap.model_validate_json(evidence.read(row.column_map, "json")).brief()
    columns = column_map.pop("columns")
    document["columns"] = [
        {"column": name, "required": False, **column} for name, column in columns.items()
    ]
    document["map"] = column_map
    kept = row.quarantine and dropped is None
    lines = evidence.read(row.quarantine, "jsonl").splitlines() if kept else []
    document["quarantine"] = [
        {name: bad[name] for name in ("file", "line", "reason", "digest")}
        for bad in map(orjson.loads, lines)
    ]
    show_one(session, document if as_json else readable(document), as_json=as_json)


app.command(
    "seal",
    epilog=example(
        "quaestor --as ci logs seal decisions.jsonl -o decisions.bundle --key ci.key",
        "quaestor logs seal traces/ -o night.bundle --model loan-agent",
        "quaestor logs import decisions.bundle --model credit-scorer",
    ),
)(seal_files)

app.command(
    "query",
    epilog=example(
        "quaestor logs query 'SELECT model, kind, count(*) FROM decisions GROUP BY ALL'",
        "quaestor logs query \"SELECT * FROM decisions WHERE status = 'error'\" -o errors.csv",
        "quaestor logs query 'DESCRIBE decisions' --json",
    ),
)(query_decisions)

app.command(
    "map",
    epilog=example(
        "quaestor logs map decisions.csv > decisions.map.yaml",
        "quaestor logs map traces.jsonl -o loan_agent.map.yaml",
    ),
)(propose_map)


app.command(
    epilog=example(
        "quaestor logs erase --subject cust-4711 --ground 'Art. 17 request of 3 March'",
        "quaestor logs erase --pseudonyms loan-agent --ground 'The study is over'",
    )
)(erase)
app.command(epilog=example("quaestor logs retention", "quaestor logs retention --apply"))(retention)

app.command(
    epilog=example(
        "quaestor logs metrics --model loan-agent --window 1h --by version,prompt_version",
        "quaestor logs metrics --model loan-agent --since 2026-11-03 --tz Europe/Berlin --json",
    )
)(metrics)


def _document(row: Any, dropped: Any) -> Document:
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
        "policy": row.policy or None,
        "time": row.time,
        "actor": row.actor,
        "seq": row.seq,
        "sealed_by": row.sealed_by or None,
        "bundle": row.bundle or None,
        "state": "dropped" if dropped else "sealed",
        "dropped": _dropped(dropped) if dropped else None,
    }


def _dropped(row: Any) -> Document:
    return {"time": row.time, "reason": row.reason, "by": row.actor}
