"""`audit`: bias audits of decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.display import Cell, Document, cell, print_json, screen_of, show_list
from console.cli.options import Json, OneModel, example, existing_file, group, session_of
from console.exits import ExitCode
from console.session import Session

app = group("Bias audits of imported decisions.")

_BAR = 24
_WIDE = 105
_ON_WIDE_SCREENS = ("tpr", "fpr")


@app.command(
    epilog=example(
        "quaestor audit fairness --model credit-scorer --label repaid --prediction approved "
        "--by sex,age_band",
        "quaestor audit fairness --model credit-scorer --prediction approved --by region \\",
        "    --where \"channel = 'app'\" --json",
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
        typer.Option(metavar="COL", help="What turned out true; without, selection rates alone."),
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
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the bootstrap; else derived from the data.")
    ] = None,
    json: Json = False,
) -> None:
    """Audit decisions for bias between groups.

    Held against the thresholds in force. Every audit is entered, whatever its verdict. Exit code 1
    if the verdict is fail.
    """
    from policies.auditing import run_fairness
    from policies.fairness.counts import FairnessRequest

    session = session_of(context)
    columns = tuple(column.strip() for column in by.split(","))
    request = FairnessRequest(prediction, columns, label, positive, where)
    audited = run_fairness(session.book, session.signer, model, request, files=data, seed=seed)
    document = audited.as_json()
    if json:
        print_json(document)
    else:
        _show(session, document)
    if audited.verdict == "fail":
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command("list", epilog=example("quaestor audit list --model credit-scorer --json"))
def list_audits(context: typer.Context, *, model: OneModel = None, json: Json = False) -> None:
    """List every audit that was ever run, whatever its verdict."""
    import orjson

    from ledger.registers.audits import AuditRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(AuditRow, **({"model": model} if model else {}))
    columns = {
        "audit_id": "AUDIT",
        "model": "MODEL",
        "verdict": "VERDICT",
        "by": "BY",
        "filter": "WHERE",
        "n": "ROWS",
        "time": "TIME",
        "actor": "RUN BY",
    }
    documents = [
        {
            "audit_id": row.audit,
            "model": row.model,
            "verdict": row.verdict,
            "by": orjson.loads(row.by),
            "label": row.label or None,
            "prediction": row.prediction,
            "filter": row.filter or None,
            "n": row.n,
            "disparities": orjson.loads(row.disparities),
            "time": row.time,
            "actor": row.actor,
            "seq": row.seq,
        }
        for row in sorted(rows, key=lambda row: row.seq)
    ]
    empty = "No audit was run. Run one: quaestor audit fairness --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(epilog=example("quaestor audit show aud-1"))
def show(
    context: typer.Context,
    audit: Annotated[str, typer.Argument(metavar="AUDIT", help="The audit's id: aud-1")],
    *,
    json: Json = False,
) -> None:
    """Show an audit's groups with their intervals, its verdict and the reasons."""
    from ledger.errors import Refused
    from ledger.registers.audits import AuditRow
    from policies.auditing import read_result

    session = session_of(context)
    with session.book.read() as snapshot:
        row = snapshot.rows.get(AuditRow, audit)
    if row is None:
        raise Refused(f"There is no audit {audit}.", "See: quaestor audit list")
    document = read_result(session.book, row)
    if json:
        print_json(document)
    else:
        _show(session, document)


def _show(session: Session, document: Document) -> None:
    """Groups as bars with intervals, then the disparities, the verdict and why."""
    screen = screen_of(session)
    wide = screen.width is None or screen.width >= _WIDE
    headings = ["GROUP", "ROWS", "RATE", "SELECTED", "95 % INTERVAL", "RATIO", "P", "TPR", "FPR"]
    rows = []
    shown = ""
    for group_ in document["groups"]:
        if group_["by"] != shown:
            shown = group_["by"]
            rows.append([Cell(f"by {shown}", "bold"), *[Cell("")] * (len(headings) - 1)])
        rows.append(_group(group_, _BAR if wide else _BAR // 2))
    kept = len(headings) if wide else -len(_ON_WIDE_SCREENS)
    screen.table(headings[:kept], [row[:kept] for row in rows])
    typer.echo()
    screen.table(
        ["BY", "MEASURE", "VALUE", "95 % INTERVAL"],
        [
            [Cell(table["by"]), Cell(name.replace("_", " ")), *_measured(table, name)]
            for table in document["disparities_by"]
            for name in document["disparities"]
            if not name.endswith("_ci")
        ],
    )
    typer.echo()
    verdict = cell("verdict", document["verdict"])
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    reasons = [[Cell(""), Cell(reason)] for reason in document["reasons"]]
    screen.table(["", ""], [[verdict, Cell(what)], *reasons])


def _group(group_: Document, width: int) -> list[Cell]:
    from console.tui.bars import interval_bar

    low, high = group_["selection_rate_ci"] or (None, None)
    rate, interval = _measured(group_, "selection_rate")
    p_value = group_["p_value"]
    return [
        Cell(f"  {group_['group']}{' (small)' if group_['small'] else ''}"),
        Cell(f"{group_['n']:,}"),
        rate,
        Cell(interval_bar(group_["selection_rate"], low, high, width)),
        interval,
        cell("impact_ratio", group_["impact_ratio"]),
        Cell(_significance(p_value)),
        *(cell(name, group_[name]) for name in _ON_WIDE_SCREENS),
    ]


def _measured(found: Document, name: str) -> tuple[Cell, Cell]:
    """A measure and its interval."""
    interval = found[f"{name}_ci"]
    text = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
    return cell(name, found[name]), cell("interval", text)


def _significance(p_value: float | None) -> str:
    """Three digits, or below a thousandth; `ref` for the group that others are held to."""
    if p_value is None:
        return "ref"
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004
