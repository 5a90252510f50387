"""`audit`: bias audits of decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli import audit_profiles
from console.cli.audit_profiles import Since, Until, Version
from console.cli.audit_tables import show_audit, show_measure
from console.cli.display import Document, print_json, show_list
from console.cli.drift import drift
from console.cli.evaluate import evaluate, is_evaluation, listed_evaluations, show_by_id
from console.cli.options import Json, OneModel, example, existing_file, group, moment, session_of
from console.exits import ExitCode
from console.session import Session

app = group("Bias audits of imported decisions.")

Chart = Annotated[bool, typer.Option("--chart", help="Draw the groups as well.")]


@app.command(
    epilog=example(
        "quaestor audit fairness --model credit-scorer --label repaid --prediction approved "
        "--by sex,age_band",
        "quaestor audit fairness --model credit-scorer --prediction approved --by region \\",
        "    --where \"channel = 'app'\" --json",
        "quaestor audit fairness --model credit-scorer --prediction score --cutoff 640 \\",
        "    --by sex --control region --reference sex=male --version 2.1.0",
    )
)
def fairness(
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="Whose decisions.")],
    prediction: Annotated[str, typer.Option(metavar="COL", help="What was decided.")],
    by: Annotated[
        str, typer.Option(metavar="COL[,COL...]", help="Groups: each column, and all crossed.")
    ],
    label: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="What turned out true, in decisions or outcomes; without, selection rates alone.",
        ),
    ] = None,
    positive: Annotated[
        str, typer.Option(metavar="VALUE", help="The value that is favourable.")
    ] = "1",
    where: Annotated[
        str | None, typer.Option(metavar="SQL", help="A condition on the columns of a row.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        existing_file("Audit files instead of the model's imported decisions.", "--data"),
    ] = None,
    since: Since = None,
    until: Until = None,
    version: Version = None,
    outcome: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="binary, multiclass (each class against the rest, and the mean), score or rating.",
        ),
    ] = "binary",
    cutoff: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="A numeric prediction is positive from here on."),
    ] = None,
    control: Annotated[
        str | None,
        typer.Option(metavar="COL[,COL...]", help="Compare within each of these values as well."),
    ] = None,
    reference: Annotated[
        str,
        typer.Option(metavar="GROUP", help="Whom to hold others to: best, largest or COL=GROUP."),
    ] = "best",
    weight: Annotated[
        str | None, typer.Option(metavar="COL", help="How much a row counts.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the bootstrap; else derived from the data.")
    ] = None,
    chart: Chart = False,
    json: Json = False,
) -> None:
    """Audit decisions for bias between groups.

    Held against the thresholds in force. Every audit is entered, whatever its verdict. Exit code 1
    if the verdict is fail.
    """
    from policies.auditing import run_fairness
    from policies.fairness.request import FairnessRequest, narrowed
    from policies.scoring import OUTCOMES, run_values

    session = session_of(context)
    request = FairnessRequest(
        prediction=prediction,
        by=_columns(by),
        label=label,
        positive=positive,
        where=narrowed(where, moment(since), moment(until), version),
        outcome=outcome,
        cutoff=cutoff,
        weight=weight,
        control=_columns(control) if control else (),
        reference=reference,
    )
    run = run_values if outcome in OUTCOMES else run_fairness
    audited = run(session.book, session.signer, model, request, files=data, seed=seed)
    document = audited.as_json()
    if json:
        print_json(document)
    else:
        _show(session, document, chart=chart)
        _say_others(session, audited.audit_id)
    if audited.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)


app.command(
    epilog=example(
        "quaestor audit drift --model credit-scorer --reference 2026-01..2026-02 \\",
        "    --current 2026-03.. --output approved --confidence score",
        "quaestor audit drift --model credit-scorer --against train.parquet --current 2026-03",
    )
)(drift)

app.command(
    epilog=example(
        "quaestor audit evaluate --model support-assistant --version 0.9.0 --suite results/",
        "quaestor audit evaluate --model support-assistant --version 0.9.1 \\",
        "    --suite redteam.json --suite accuracy.eval --baseline ev-1 --json",
    )
)(evaluate)


@app.command("list", epilog=example("quaestor audit list --model credit-scorer --json"))
def list_audits(context: typer.Context, *, model: OneModel = None, json: Json = False) -> None:
    """List every audit that was ever run, whatever its verdict.

    An audit whose question was asked again is marked with the later one; OTHER FILTERS counts
    the audits of the same model that chose its rows by another filter; DROPPED LOGS names those
    of its logs that were dropped since, so that it cannot be computed again.
    """
    import orjson

    from ledger.registers.audits import AuditRow, elsewhere, superseded
    from ledger.registers.retention import DroppedRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(AuditRow, **({"model": model} if model else {}))
        evaluations = listed_evaluations(snapshot.rows, model)
        gone = {row.log for row in snapshot.rows.where(DroppedRow)}
    later = superseded(rows)
    columns = {
        "audit_id": "AUDIT",
        "model": "MODEL",
        "measure": "MEASURE",
        "verdict": "VERDICT",
        "superseded_by": "SUPERSEDED BY",
        "by": "BY",
        "filter": "WHERE",
        "other_filters": "OTHER FILTERS",
        "n": "ROWS",
        "dropped_logs": "DROPPED LOGS",
        "time": "TIME",
        "actor": "RUN BY",
    }
    documents = [
        {
            "audit_id": row.audit,
            "model": row.model,
            "measure": row.measure,
            "profile": row.profile or None,
            "outcome": row.outcome,
            "verdict": row.verdict,
            "superseded_by": later.get(row.audit),
            "by": orjson.loads(row.by),
            "label": row.label or None,
            "prediction": row.prediction,
            "filter": row.filter or None,
            "options": {each["name"]: each["value"] for each in orjson.loads(row.options)},
            "other_filters": elsewhere(rows, row),
            "n": row.n,
            "dropped_logs": [log for log in orjson.loads(row.logs) if log in gone],
            "disparities": orjson.loads(row.disparities),
            "time": row.time,
            "actor": row.actor,
            "seq": row.seq,
        }
        for row in sorted(rows, key=lambda row: row.seq)
    ]
    documents = sorted([*documents, *evaluations], key=lambda each: each["seq"])
    empty = "No audit was run. Run one: quaestor audit fairness --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(epilog=example("quaestor audit show aud-1"))
def show(
    context: typer.Context,
    audit: Annotated[str, typer.Argument(metavar="AUDIT", help="The audit's id: aud-1")],
    *,
    measure: Annotated[
        str | None,
        typer.Option("--measure", metavar="NAME", help="One measure in full, such as tpr or fdr."),
    ] = None,
    chart: Chart = False,
    json: Json = False,
) -> None:
    """Show an audit's groups with their intervals, its verdict and the reasons."""
    import orjson

    from console.figures import measures_of
    from ledger.errors import InvalidInput, Refused
    from ledger.registers.audits import AuditRow
    from ledger.registers.retention import dropped_of
    from policies.auditing import read_result

    session = session_of(context)
    if is_evaluation(audit):
        show_by_id(session, audit, as_json=json)
        return
    with session.book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, audit)
        gone = dropped_of(snapshot.rows, orjson.loads(row.logs)) if row else []
    if row is None:
        raise Refused(f"There is no audit {audit}.", "See: quaestor audit list")
    document = read_result(session.book, row)
    if gone:
        dropped = [{"log": each.log, "time": each.time, "reason": each.reason} for each in gone]
        document["dropped_logs"] = dropped
    if json:
        print_json(document)
    elif measure is not None:
        known = measures_of(document)
        if measure not in known:
            raise InvalidInput(
                f"{audit} has no measure {measure!r}.", f"It has: {', '.join(known) or 'none'}."
            )
        show_measure(session, document, measure)
    else:
        _show(session, document, chart=chart)
        _say_others(session, audit)
        for each in gone:
            session.voice.warn(
                f"{each.log}, on which {audit} rests, was dropped at {each.time} ({each.reason}): "
                "its decisions are gone, and the audit cannot be computed again."
            )


def _show(session: Session, document: Document, *, chart: bool) -> None:
    """An audit as its kind is shown, drawn as well if that is wanted."""
    from console.cli.audit_values import show_pictures, show_profile, show_values
    from console.cli.drift_tables import drift_title, show_drift

    if document.get("measure") == "drift":
        title = f"{document['audit_id']} of {document['model']}: {drift_title(document)}"
        show_drift(session, document, title)
        return
    if document.get("profile"):
        show_profile(session, document)
    elif document.get("outcome") in {"score", "rating"}:
        show_values(session, document)
    else:
        show_audit(session, document)
    if document.get("label_join"):
        _say_labels(document)
    if chart:
        show_pictures(session, document)


def _say_labels(document: Document) -> None:
    """Where the label is from, and how many decisions have none."""
    joined = document["label_join"]
    typer.echo(
        f"Labels are from outcomes in {', '.join(joined['logs'])}, by request_id: "
        f"{joined['labelled']:,} decisions have one, {document['excluded']['label_missing']:,} "
        f"of those asked for were left out without; {joined['repeated']:,} repeat the request_id "
        "of an earlier one that was answered."
    )


def _columns(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(","))


def _say_others(session: Session, audit: str) -> None:
    """How many other audits there are, so that none looks like the only one."""
    from ledger.registers.audits import AuditRow, elsewhere, superseded

    with session.book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, audit)
        rows = snapshot.rows.where(AuditRow, model=row.model) if row else []
    if row is None or len(rows) == 1:
        return
    later = superseded(rows).get(audit)
    standing = f"; superseded by {later}" if later else ""
    typer.echo(
        f"One of {len(rows)} audits of {row.model}, {elsewhere(rows, row)} of them with another "
        f"filter{standing}: quaestor audit list --model {row.model}"
    )


app.add_typer(audit_profiles.app)
