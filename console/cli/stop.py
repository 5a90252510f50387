"""`kill` and `resume`: shortcuts for the hand in a hurry."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.asking import confirm_key
from console.cli.display import print_json, show_one, show_recorded
from console.cli.options import Json, Model, StoppedMode, example, group, session_of
from console.exits import ExitCode
from console.session import Session
from ledger.errors import QuaestorError

if TYPE_CHECKING:
    from ledger.switching import KillReport

app = group()

CONFIRMING_KEY = "s"
_ASK_PATIENCE = 1.0

_MEANINGS = {
    "off": "it does not answer",
    "fallback": "its fallback answers",
    "rollback": "the version before it answers",
}


@app.command(
    epilog=example(
        "quaestor kill credit-scorer",
        "quaestor kill credit-scorer --mode fallback --confirm credit-scorer",
    )
)
def kill(
    context: typer.Context,
    model: Model,
    *,
    mode: Annotated[StoppedMode, typer.Option(help="What takes its place.")] = "off",
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; else within 15 minutes by `switch reason`.")
    ] = "",
    confirm: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The model again, instead of the confirming key."),
    ] = None,
    json: Json = False,
) -> None:
    """Stop a model now.

    The model is stopped on the switchboard first and recorded then. Exit code 4 means "stopped,
    not yet recorded": the next command that writes records it.
    """
    from ledger.switching import give_reason
    from ledger.switching import kill as stop

    session = session_of(context)
    what = f"{_described(session, model)}\nStopping it ({mode}): {_MEANINGS[mode]}."
    confirm_key(session, confirm, model, CONFIRMING_KEY, what)
    report = stop(session.book, session.signer, model, mode=mode, reason=reason)
    _show(session, report, as_json=json)
    if report.recorded is None:
        raise typer.Exit(ExitCode.STORE_UNAVAILABLE)
    if not reason and not json:
        typed = _asked_reason(session)
        if typed:
            show_recorded(
                session, give_reason(session.book, session.signer, model, typed), as_json=False
            )
        else:
            session.voice.note(
                f"Give the reason within 15 minutes: quaestor switch reason {model} TEXT"
            )


@app.command(
    epilog=example("quaestor resume credit-scorer --reason 'Version 2.1.1 passed its audit'")
)
def resume(
    context: typer.Context,
    model: Model,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it may serve again.")],
    json: Json = False,
) -> None:
    """Ask a second person to let a model serve again.

    Nothing changes until somebody else approves it: quaestor approval approve.
    """
    from ledger.approving import request
    from ledger.registers.switches import draft_resumption

    session = session_of(context)
    outcome = request(
        session.book, session.signer, lambda rows: draft_resumption(rows, model, reason), reason
    )
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


def _described(session: Session, model: str) -> str:
    """What is about to be stopped, as far as the ledger answers at once; a kill needs no answer."""
    from ledger.book import Book
    from ledger.registers.models import ModelRow
    from ledger.registers.switches import SwitchRow

    try:
        with Book(session.book.home, patience=_ASK_PATIENCE).read() as snapshot:
            row = snapshot.rows.get(ModelRow, model)
            switch = snapshot.rows.get(SwitchRow, model)
    except QuaestorError as error:
        return f"{model} (the ledger does not answer: {error.message})"
    if row is None or switch is None:
        return model
    return (
        f"{row.name} ({model}), version {row.version}, in {row.status}, owned by {row.owner}; "
        f"now {switch.mode}"
    )


def _show(session: Session, report: KillReport, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    recorded = (
        "stopped, not yet recorded: " + report.why_not_recorded
        if report.recorded is None
        else f"entry {report.recorded}"
    )
    document = {
        "model": report.model,
        "switch": report.mode,
        "before": report.before,
        "ordered": report.ordered_at,
        "published": report.published_at,
        "recorded": recorded,
        "seen_by_clients": report.seen_by_clients,
    }
    show_one(session, document, as_json=False)


def _asked_reason(session: Session) -> str:
    if not session.person_present:
        return ""
    return session.voice.ask("Reason (Enter to give it later): ")
