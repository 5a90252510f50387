"""`incident`: what went wrong, and what was done about it by when."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from console.cli.asking import ask, confirm_name
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
    Confirm,
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
from console.session import Session

app = group("Incidents: open, answer, work through the playbook, close.")

Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="The incident's id: inc-1")]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="What there is to say.")]
_TIME_HELP = "RFC 3339 with a zone, 2026-11-20T02:15:00Z; default:"


class _WithSeverities(TyperCommand):
    """A command whose help defines the severities, out of the shipped playbook."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the definitions, then the examples."""
        from policies.shipped import playbook

        with formatter.section("Severities (of the shipped playbook)"):
            formatter.write_dl([(each.id, _definition(each)) for each in playbook().severities])
        super().format_epilog(ctx, formatter)


@app.command(
    "open",
    cls=_WithSeverities,
    epilog=example(
        "quaestor incident open 'Declines of young women doubled' --severity critical \\",
        "    --model credit-scorer --detected-at 2026-11-20T02:00:00Z",
    ),
)
def open_(
    context: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What is wrong, in one line.")],
    *,
    severity: Annotated[
        Severity | None, typer.Option(help="How bad; asked for if left out.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="The model concerned.")] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What is known so far.")] = "",
    detected_at: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"When it was seen. {_TIME_HELP} --aware-at")
    ] = None,
    aware_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"When you knew; the clock runs. {_TIME_HELP} now"),
    ] = None,
    json: Json = False,
) -> None:
    """Open an incident. Its steps and their due times come from the playbook in force."""
    from policies.responding import open_incident

    session = session_of(context)
    aware = moment(aware_at) or session.book.clock()
    chosen = severity or _chosen(session)
    appended = open_incident(
        session.book,
        session.signer,
        title=title,
        severity=chosen,
        model=model,
        description=description,
        detected_at=moment(detected_at) or aware,
        aware_at=aware,
    )
    show_recorded(session, appended, as_json=json)
    session.voice.note(f"What is due when: quaestor incident show {appended.name}")


@app.command(epilog=example("quaestor incident ack inc-1"))
def ack(context: typer.Context, incident: Incident, *, json: Json = False) -> None:
    """Acknowledge an incident: somebody answers."""
    enter(context, "incident.acknowledged", f"incident/{incident}", {}, as_json=json)


@app.command(
    "list", epilog=example("quaestor incident list", "quaestor incident list --all --json")
)
def list_incidents(
    context: typer.Context,
    *,
    model: OneModel = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    json: Json = False,
) -> None:
    """List incidents, with what is due next."""
    from ledger.registers.incidents import IncidentRow, StepRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(IncidentRow, **({"model": model} if model else {}))
        steps = {row.incident: snapshot.rows.where(StepRow, incident=row.incident) for row in rows}
    columns = {
        "incident": "INCIDENT",
        "severity": "SEVERITY",
        "status": "STATUS",
        "title": "TITLE",
        "model": "MODEL",
        "assignee": "LED BY",
        "next_step": "NEXT",
        "next_due": "DUE",
    }
    documents = [
        _summary(session, row, steps[row.incident])
        for row in sorted(rows, key=lambda row: row.seq)
        if every or row.status != "closed"
    ]
    show_list(session, documents, columns, as_json=json, empty="No incident is open.")


@app.command(epilog=example("quaestor incident show inc-1"))
def show(context: typer.Context, incident: Incident, *, json: Json = False) -> None:
    """Show an incident: its clock, its steps, its notes. Whether times were met is computed."""
    from ledger.registers.incidents import NoteRow, StepRow, known

    session = session_of(context)
    with session.book.read() as snapshot:
        row = known(snapshot.rows, incident)
        steps = snapshot.rows.where(StepRow, incident=incident)
        notes = snapshot.rows.where(NoteRow, incident=incident)
    subject = f"incident/{incident}"
    document: Document = {
        **_summary(session, row, steps),
        "description": session.reveal(subject, "description", row.description) or None,
        "detected_at": row.detected_at,
        "aware_at": row.aware_at,
        "opened_at": row.opened_at,
        "opened_by": row.opened_by,
        "acknowledged_by": row.acknowledged_by or None,
        "resolved_at": row.resolved_at or None,
        "resolution": session.reveal(subject, "resolution", row.resolution) or None,
        "closed_at": row.closed_at or None,
        "steps": _steps(session, row, steps),
        "notes": [
            {
                "time": note.time,
                "actor": note.actor,
                "note": session.reveal(subject, "note", note.text),
            }
            for note in notes
        ],
    }
    if json:
        print_json(document)
        return
    screen = screen_of(session)
    tables = {name: document.pop(name) for name in ("steps", "notes")}
    show_one(session, document, as_json=False)
    typer.echo()
    names = ["step", "state", "due", "done", "done_by"]
    rows = []
    phase = ""
    for each in tables["steps"]:
        if each["phase"] != phase:
            phase = each["phase"]
            rows.append([Cell(phase, "bold"), *[Cell("")] * (len(names) - 1)])
        rows.append([Cell(f"  {each['step']}"), *(cell(name, each[name]) for name in names[1:])])
    screen.table([name.replace("_", " ").upper() for name in names], rows)
    for note in tables["notes"]:
        typer.echo()
        typer.echo(f"{cell('time', note['time']).text}  {note['actor']}")
        typer.echo(cell("note", note["note"]).text)


@app.command(epilog=example("quaestor incident step inc-1 contain --note 'Fallback since 03:10'"))
def step(
    context: typer.Context,
    incident: Incident,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step's id: contain")],
    *,
    note: Note = "",
    json: Json = False,
) -> None:
    """Tick a step of the playbook: it was done now, by you."""
    enter(
        context,
        "incident.step_done",
        f"incident/{incident}",
        {"step": step, "note": note or None},
        as_json=json,
    )


@app.command(epilog=example("quaestor incident note inc-1 'The release of Tuesday is the suspect'"))
def note(
    context: typer.Context,
    incident: Incident,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is worth remembering.")],
    *,
    json: Json = False,
) -> None:
    """Add a note."""
    enter(context, "incident.noted", f"incident/{incident}", {"note": text}, as_json=json)


@app.command(epilog=example("quaestor incident assign inc-1 jonas"))
def assign(
    context: typer.Context,
    incident: Incident,
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="Who leads the answer.")],
    *,
    json: Json = False,
) -> None:
    """Say who leads the answer."""
    enter(context, "incident.assigned", f"incident/{incident}", {"assignee": actor}, as_json=json)


@app.command(
    epilog=example("quaestor incident escalate inc-1 critical --reason 'It still goes on'")
)
def escalate(
    context: typer.Context,
    incident: Incident,
    severity: Annotated[Severity, typer.Argument(metavar="SEVERITY", help=one_of(Severity))],
    *,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Change the severity, up or down; open steps get new due times."""
    from policies.responding import escalate as change_severity

    session = session_of(context)
    appended = change_severity(session.book, session.signer, incident, severity, reason)
    show_recorded(session, appended, as_json=json)


@app.command(epilog=example("quaestor incident resolve inc-1 'Version 2.1.1 passed the audit'"))
def resolve(
    context: typer.Context,
    incident: Incident,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was done about it.")],
    *,
    json: Json = False,
) -> None:
    """Say that the harm is over, and what was done."""
    enter(context, "incident.resolved", f"incident/{incident}", {"resolution": text}, as_json=json)


@app.command(epilog=example("quaestor incident close inc-1 --confirm inc-1"))
def close(
    context: typer.Context, incident: Incident, *, confirm: Confirm = None, json: Json = False
) -> None:
    """Close a resolved incident, for good: its steps can no longer be ticked."""
    body = "Steps can no longer be ticked afterwards; notes can still be added."
    confirm_name(session_of(context), confirm, incident, body)
    enter(context, "incident.closed", f"incident/{incident}", {}, as_json=json)


def _chosen(session: Session) -> str:
    """Let a person choose the severity, with definitions and an example of each before them."""
    from policies.adopting import playbook_in_force

    flag = "--severity critical|high|medium|low"
    session.require_person("Severity", flag)
    _, playbook = playbook_in_force(session.book)
    for each in playbook.severities:
        session.voice.question(f"{each.id}: {_definition(each)}\n\n")
    return ask(session, None, "Severity", flag)


def _definition(severity: Any) -> str:
    """When to answer, what it means, and an example."""
    hours, minutes = divmod(severity.answer_minutes, 60)
    within = f"{hours} h" if hours and not minutes else f"{severity.answer_minutes} min"
    return f"Answer within {within}. {severity.definition} Example: {severity.example}"


def _summary(session: Session, row: Any, steps: Any) -> Document:
    from ledger.clock import write_time
    from policies.responding import clock

    found = clock(row, steps, session.book.clock())
    due = found.next_due if row.status == "open" else None
    return {
        "incident": row.incident,
        "title": row.title,
        "severity": row.severity,
        "status": row.status,
        "model": row.model or None,
        "assignee": row.assignee or None,
        "answer_due": row.answer_due,
        "answered_at": row.acknowledged_at or None,
        "answer_state": found.answer.state,
        "times_met": found.all_met,
        "next_step": (due.step or "answer") if due else None,
        "next_due": write_time(due.due) if due else None,
        "seq": row.seq,
    }


def _steps(session: Session, row: Any, steps: Any) -> list[Document]:
    from ledger.clock import write_time
    from policies.responding import clock

    notes = {step.step: step.note for step in steps}
    return [
        {
            "phase": each.phase,
            "step": each.step,
            "title": each.title,
            "state": each.state,
            "due": write_time(each.due),
            "done": write_time(each.done) if each.done else None,
            "done_by": each.done_by or None,
            "note": session.reveal(f"incident/{row.incident}", "note", notes[each.step]) or None,
        }
        for each in clock(row, steps, session.book.clock()).steps
    ]
