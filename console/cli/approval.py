"""`approval`: what one person asked for and others decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.asking import confirm_name
from console.cli.display import Document, show_list, show_one, show_recorded
from console.cli.options import Confirm, Json, Reason, example, group, session_of
from console.session import Session

if TYPE_CHECKING:
    from ledger.authority import Standing
    from ledger.registers.approvals import ApprovalRow

app = group("What waits for a second person.")

Approval = Annotated[str, typer.Argument(metavar="ID", help="The request: ap-3")]


@app.command(
    "list", epilog=example("quaestor approval list", "quaestor approval list --all --json")
)
def list_approvals(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    json: Json = False,
) -> None:
    """List the requests that wait for a decision."""
    from ledger.authority import standing
    from ledger.registers.approvals import ApprovalRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(ApprovalRow)
        now = {row.approval: standing(snapshot.rows, row) for row in rows}
    columns = {
        "approval": "ID",
        "state": "STATE",
        "kind": "WOULD ENTER",
        "subject": "ABOUT",
        "requested_by": "REQUESTED BY",
        "requested_at": "AT",
        "approved_by": "APPROVED BY",
        "needed": "NEEDED",
        "decided_by": "DECIDED BY",
        "reason": "REASON",
    }
    chosen = [row for row in rows if every or row.state == "pending"]
    chosen.sort(key=lambda row: row.seq)
    documents = [_document(session, row, now[row.approval]) for row in chosen]
    show_list(session, documents, columns, as_json=json, empty="Nothing waits for a second person.")


@app.command(epilog=example("quaestor approval show ap-3"))
def show(context: typer.Context, approval: Approval, *, json: Json = False) -> None:
    """Show a request, and the exact entry that approving it would make."""
    session = session_of(context)
    row, now = _known(session, approval)
    document = _document(session, row, now)
    document["effect"] = row.effect.body
    show_one(session, document, as_json=json)


@app.command(epilog=example("quaestor approval approve ap-3 --confirm credit-scorer"))
def approve(
    context: typer.Context, approval: Approval, *, confirm: Confirm = None, json: Json = False
) -> None:
    """Approve somebody else's request; what it asked for is entered with the last approval needed.

    To confirm, the name of what it is about is typed: `credit-scorer` of `model/credit-scorer`;
    for the ledger itself, the organisation's name.
    """
    from ledger.approving import approve as approve_request
    from ledger.kinds import Kind
    from ledger.registers.body import subject_name

    session = session_of(context)
    row, now = _known(session, approval)
    what = f"{row.requested_by} asks for {row.kind} about {row.subject}."
    why = session.reveal(f"approval/{row.approval}", "reason", row.reason)
    if why:
        what += f" Reason: {why}"
    if now.needed > 1:
        what += f" {now.sentence} approvals are given."
    name = subject_name(row.subject)
    if row.subject.startswith("ledger/"):
        name = session.book.facts.organisation
    confirm_name(session, confirm, name, what)
    appended = approve_request(session.book, session.signer, approval)
    waits = approval if appended.entries[-1].kind == Kind.APPROVAL_APPROVED else None
    show_recorded(session, appended, as_json=json, approval=waits)


@app.command(epilog=example("quaestor approval reject ap-3 --reason 'The audit is not done yet'"))
def reject(
    context: typer.Context, approval: Approval, *, reason: Reason = "", json: Json = False
) -> None:
    """Reject a request, or withdraw your own."""
    from ledger.approving import reject as reject_request

    session = session_of(context)
    appended = reject_request(session.book, session.signer, approval, reason)
    show_recorded(session, appended, as_json=json)


def _known(session: Session, approval: str) -> tuple[ApprovalRow, Standing]:
    from ledger.authority import standing
    from ledger.errors import Refused
    from ledger.registers.approvals import ApprovalRow

    with session.book.read() as snapshot:
        row = snapshot.rows.get(ApprovalRow, approval)
        if row is None:
            raise Refused(f"There is no approval {approval}.", "See: quaestor approval list --all")
        return row, standing(snapshot.rows, row)


def _document(session: Session, row: ApprovalRow, now: Standing) -> Document:
    pending = row.state == "pending"
    return {
        "approval": row.approval,
        "state": row.state,
        "kind": row.kind,
        "subject": row.subject,
        "requested_by": row.requested_by,
        "requested_at": row.requested_at,
        "approved_by": list(now.given if pending else row.approvers),
        "needed": now.needed if pending else None,
        "decided_by": row.decided_by or None,
        "decided_at": row.decided_at or None,
        "reason": session.reveal(f"approval/{row.approval}", "reason", row.reason) or None,
    }
