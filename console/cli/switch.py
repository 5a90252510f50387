"""`switch`: which models may serve."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.display import Document, show_list, show_one, show_recorded
from console.cli.options import Json, Model, example, group, session_of
from console.session import Session

app = group("Switches: which models may serve, and their history.")


@app.command("list", epilog=example("quaestor switch list --json"))
def list_switches(context: typer.Context, *, json: Json = False) -> None:
    """List every model's switch, orders to stop that are not recorded yet included."""
    from ledger.publishing import modes_of, with_stops
    from ledger.registers.switches import SwitchRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(SwitchRow)
        modes = with_stops(session.book.home, modes_of(snapshot.rows))
    columns = {
        "model": "MODEL",
        "mode": "SWITCH",
        "since": "SINCE",
        "actor": "BY",
        "recorded": "RECORDED",
    }
    documents = [_document(row, modes[row.model]) for row in rows]
    show_list(session, documents, columns, as_json=json, empty="No model is registered.")


@app.command(epilog=example("quaestor switch show credit-scorer"))
def show(context: typer.Context, model: Model, *, json: Json = False) -> None:
    """Show a model's switch, and what waits for approval."""
    from ledger.publishing import modes_of, with_stops
    from ledger.registers.approvals import ApprovalRow
    from ledger.registers.switches import switch_of

    session = session_of(context)
    with session.book.read() as snapshot:
        row = switch_of(snapshot.rows, model)
        modes = with_stops(session.book.home, modes_of(snapshot.rows))
        waiting = snapshot.rows.where(ApprovalRow, subject=f"model/{model}", state="pending")
    document = _document(row, modes[model])
    document["waiting"] = [approval.approval for approval in waiting]
    document["serve"] = modes[model] == "on"
    show_one(session, document, as_json=json)


@app.command(epilog=example("quaestor switch history credit-scorer"))
def history(context: typer.Context, model: Model, *, json: Json = False) -> None:
    """List every change of a model's switch: ordered, published, recorded, why."""
    from ledger.registers.switches import SwitchEventRow, switch_of

    session = session_of(context)
    with session.book.read() as snapshot:
        switch_of(snapshot.rows, model)
        events = snapshot.rows.where(SwitchEventRow, model=model)
    columns = {
        "seq": "ENTRY",
        "mode": "SWITCH",
        "ordered_at": "ORDERED",
        "published_at": "PUBLISHED",
        "recorded_at": "RECORDED",
        "requested_by": "REQUESTED BY",
        "actor": "BY",
        "reason": "REASON",
    }
    documents = [_event(session, event) for event in events]
    show_list(session, documents, columns, as_json=json, empty="Its switch was never moved.")


@app.command(
    epilog=example("quaestor switch reason credit-scorer 'Declines of women rose by half'")
)
def reason(
    context: typer.Context,
    model: Model,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Why it was stopped.")],
    *,
    json: Json = False,
) -> None:
    """Give the reason of a model's last kill, within 15 minutes of it."""
    from ledger.switching import give_reason

    session = session_of(context)
    appended = give_reason(session.book, session.signer, model, text)
    show_recorded(session, appended, as_json=json)


def _document(row: Any, mode: str) -> Document:
    """A switch as applications see it; `recorded` is false while a stop waits in the spool."""
    return {
        "model": row.model,
        "mode": str(mode),
        "since": row.since,
        "actor": row.actor,
        "recorded": row.mode == mode,
        "seq": row.seq,
    }


def _event(session: Session, event: Any) -> Document:
    return {
        "seq": event.event,
        "mode": event.mode,
        "actor": event.actor,
        "order_id": event.order_id or None,
        "ordered_at": event.ordered_at,
        "published_at": event.published_at or None,
        "recorded_at": event.recorded_at,
        "requested_by": event.requested_by or None,
        "reason": session.reveal(f"model/{event.model}", "reason", event.reason) or None,
    }
