"""`finding`: what somebody must remedy, by when, until it is closed with what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from console.cli.display import (
    Cell,
    Document,
    cell,
    print_json,
    screen_of,
    show_list,
    show_one,
    show_recorded,
)
from console.cli.entering import enter
from console.cli.options import (
    Json,
    OneModel,
    Reason,
    Severity,
    example,
    group,
    moment,
    one_of,
    session_of,
)

if TYPE_CHECKING:
    from ledger.registers.findings import FindingRow

app = group("Findings: what must be remedied, by whom and by when.")

Outcome = Literal["remedied", "risk-accepted", "no-defect"]
Finding = Annotated[str, typer.Argument(metavar="FINDING", help="The finding's id: fi-1")]
Due = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="RFC 3339 with a zone: 2026-12-24T17:00:00+01:00"),
]


@app.command(
    "open",
    epilog=example(
        "quaestor finding open 'The fallback of the scorer was never drilled' --severity medium \\",
        "    --model credit-scorer --owner jonas --due 2026-12-18T17:00:00Z",
    ),
)
def open_(
    context: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is wrong, in one line.")],
    *,
    severity: Annotated[Severity, typer.Option(help=f"How bad. {one_of(Severity)}")],
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="The model concerned.")] = None,
    owner: Annotated[
        str | None,
        typer.Option(metavar="ACTOR", help="Who must remedy it; default: the model's owner."),
    ] = None,
    due: Due = None,
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="Where it comes from, such as audit/aud-1")
    ] = "a person",
    detail: Annotated[str, typer.Option(metavar="TEXT", help="What is known so far.")] = "",
    json: Json = False,
) -> None:
    """Open a finding. Without a date it is due when the thresholds in force say of its severity."""
    from policies.remedying import open_finding

    session = session_of(context)
    appended = open_finding(
        session.book,
        session.signer,
        title=title,
        severity=severity,
        model=model,
        source=source,
        owner=owner,
        due=moment(due),
        detail=detail,
    )
    show_recorded(session, appended, as_json=json)


@app.command("list", epilog=example("quaestor finding list", "quaestor finding list --all --json"))
def list_findings(
    context: typer.Context,
    *,
    model: OneModel = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ACTOR", help="Only what this one must remedy.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    json: Json = False,
) -> None:
    """List findings, what is due first at the top; what is overdue is marked."""
    from ledger.registers.findings import FindingRow

    session = session_of(context)
    asked = {"model": model, "owner": owner, "status": None if every else "open"}
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(FindingRow, **{k: v for k, v in asked.items() if v})
    now = session.book.clock()
    ordered = sorted(rows, key=lambda row: (row.status == "closed", row.due, row.seq))
    columns = {
        "finding": "FINDING",
        "state": "STATE",
        "severity": "SEVERITY",
        "due": "DUE",
        "owner": "OWNER",
        "model": "MODEL",
        "title": "TITLE",
        "source": "FROM",
    }
    documents = [_summary(row, now) for row in ordered]
    show_list(session, documents, columns, as_json=json, empty="No finding is open.")


@app.command(epilog=example("quaestor finding show fi-1"))
def show(context: typer.Context, finding: Finding, *, json: Json = False) -> None:
    """Show a finding: what it is about, who had to remedy it by when, and what was done."""
    from ledger.registers.findings import FindingNoteRow, known

    session = session_of(context)
    with session.book.read() as snapshot:
        row = known(snapshot.rows, finding)
        notes = snapshot.rows.where(FindingNoteRow, finding=finding)
    subject = f"finding/{finding}"
    document: Document = {
        **_summary(row, session.book.clock()),
        "detail": session.reveal(subject, "detail", row.detail) or None,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "outcome": row.outcome or None,
        "resolution": session.reveal(subject, "resolution", row.resolution) or None,
        "closed_at": row.closed_at or None,
        "closed_by": row.closed_by or None,
        "history": [
            {
                "time": note.time,
                "actor": note.actor,
                "owner": note.owner or None,
                "due": note.due or None,
                "note": session.reveal(subject, "reason" if note.owner else "note", note.text)
                or None,
            }
            for note in notes
        ],
    }
    if json:
        print_json(document)
        return
    history = document.pop("history")
    show_one(session, document, as_json=False)
    if history:
        typer.echo()
        names = ("time", "actor", "owner", "due", "note")
        rows = [[cell(name, each[name]) for name in names] for each in history]
        screen_of(session).table([Cell(name).text.upper() for name in names], rows)


@app.command(
    epilog=example(
        "quaestor finding assign fi-1 eva --reason 'Eva knows the filter'",
        "quaestor finding assign fi-1 --due 2026-12-24T17:00:00Z",
    )
)
def assign(
    context: typer.Context,
    finding: Finding,
    actor: Annotated[
        str | None, typer.Argument(metavar="[ACTOR]", help="Who must remedy it; as before if none.")
    ] = None,
    *,
    due: Due = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Give a finding another owner, another due date, or both. The old ones stay in its history."""
    from policies.remedying import assign_finding

    session = session_of(context)
    appended = assign_finding(
        session.book, session.signer, finding, owner=actor, due=moment(due), reason=reason
    )
    show_recorded(session, appended, as_json=json)


@app.command(epilog=example("quaestor finding note fi-1 'The filter is in review'"))
def note(
    context: typer.Context,
    finding: Finding,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is worth remembering.")],
    *,
    json: Json = False,
) -> None:
    """Add a note."""
    enter(context, "finding.noted", f"finding/{finding}", {"note": text}, as_json=json)


@app.command(
    epilog=example("quaestor finding close fi-1 'Filter 1.3 refuses all 40 of them: ev-7'")
)
def close(
    context: typer.Context,
    finding: Finding,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was done about it.")],
    *,
    outcome: Annotated[Outcome, typer.Option(help=f"How it ended. {one_of(Outcome)}")] = "remedied",
    json: Json = False,
) -> None:
    """Close a finding with what was done."""
    body = {"outcome": outcome, "resolution": text}
    enter(context, "finding.closed", f"finding/{finding}", body, as_json=json)


def _summary(row: FindingRow, now: Any) -> Document:
    from policies.remedying import state_of

    return {
        "finding": row.finding,
        "title": row.title,
        "model": row.model or None,
        "severity": row.severity,
        "state": state_of(row, now),
        "source": row.source,
        "category": row.category or None,
        "owner": row.owner,
        "due": row.due,
        "seq": row.seq,
    }
