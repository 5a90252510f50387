"""`ledger restored` and `ledger accept`: after an honest restore from a backup."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.asking import confirm_name
from console.cli.display import show_one, show_recorded
from console.cli.options import Confirm, Json, example, group, session_of

app = group()


@app.command(epilog=example("quaestor ledger restored --reason 'The disk failed on Sunday'"))
def restored(
    context: typer.Context,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    lost_from: Annotated[
        int | None,
        typer.Option(
            "--from",
            metavar="SEQ",
            min=0,
            help="The first lost entry, if others have entered something since.",
        ),
    ] = None,
    confirm: Confirm = None,
    json: Json = False,
) -> None:
    """Declare that entries were lost and a backup was put back.

    The range is what your seat has seen and the ledger has not: let whoever saw most declare it.
    Your seat accepts it; two others accept and approve it, or one where there is no third who
    could; every other seat then accepts it for itself.
    """
    from ledger.restoring import declare

    session = session_of(context)
    confirm_name(
        session,
        confirm,
        session.book.facts.organisation,
        "Entries that your seat has seen will be declared lost.",
    )
    outcome = declare(session.book, session.signer, reason, lost_from)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command(epilog=example("quaestor ledger accept --confirm 'Northgate Bank'"))
def accept(context: typer.Context, *, confirm: Confirm = None, json: Json = False) -> None:
    """Accept a declared restoration for your seat: what you saw of the lost entries is set aside.

    The checkpoints set aside are kept in your seat; they prove that there once was more. What was
    seen after the loss was declared is never set aside.
    """
    from ledger.restoring import accept as accept_restoration

    session = session_of(context)
    confirm_name(
        session,
        confirm,
        session.book.facts.organisation,
        "Your seat will no longer hold the lost entries against this ledger.",
    )
    accepted = accept_restoration(session.book)
    document = {
        "lost_from": accepted.lost_from,
        "lost_to": accepted.lost_to,
        "reason": accepted.reason,
        "declared_by": accepted.declared_by,
        "set_aside": list(accepted.set_aside),
    }
    show_one(session, document, as_json=json)
