"""`logs erase`, `logs retention`: what of decision logs is destroyed, by two people."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli.display import print_json, show_list, show_recorded
from console.cli.options import Json, OneModel, session_of


def erase(
    context: typer.Context,
    *,
    subject: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="The person, as the logs name them at the map's subject."
        ),
    ] = None,
    pseudonyms: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Instead: the key of this model's pseudonyms."),
    ] = None,
    ground: Annotated[
        str, typer.Option(metavar="TEXT", help="On what ground; in clear for ever: no names.")
    ],
    json: Json = False,
) -> None:
    """Erase what sealed logs hold of a person, or what their pseudonyms stand for.

    The keys are destroyed once a second person approves; the logs stay, and still verify. The
    entry names the person by an HMAC alone. It reaches the fields that the column maps call
    personal, in every log, and no copy of the vault.
    """
    from ledger.errors import InvalidInput
    from ledger.logs.erasing import erase_pseudonyms, erase_subject

    session = session_of(context)
    if subject is not None and pseudonyms is None:
        outcome = erase_subject(session.book, session.signer, subject, ground)
    elif pseudonyms is not None and subject is None:
        outcome = erase_pseudonyms(session.book, session.signer, pseudonyms, ground)
    else:
        raise InvalidInput(
            "It is not said what is to be erased.", "Give --subject TEXT, or --pseudonyms MODEL."
        )
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


def retention(
    context: typer.Context,
    *,
    model: OneModel = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Drop the logs that are due; a second person approves.")
    ] = False,
    log: Annotated[
        list[str] | None, typer.Option(metavar="LOG", help="With --apply: only this log.")
    ] = None,
    json: Json = False,
) -> None:
    """Show which sealed logs are due to be dropped, since when and why; --apply drops them.

    Dropping deletes a log's files for good; root, counts and the reason stay in the record. No log
    is dropped before the law's minimum and the policy's maximum are over. Each log takes an
    approval of its own; --apply asks for it once, however often it is run.
    """
    from ledger.errors import InvalidInput
    from policies.retaining import drop, retained

    session = session_of(context)
    rows = [row for row in retained(session.book) if model is None or row.model == model]
    if not apply:
        if log:
            raise InvalidInput("--log goes with --apply.", "See: quaestor logs list")
        columns = {
            "log": "LOG",
            "model": "MODEL",
            "kind": "KIND",
            "risk": "RISK",
            "rows": "ROWS",
            "since": "FROM",
            "state": "STATE",
            "until": "UNTIL, OR SINCE",
            "period": "PERIOD",
            "approval": "APPROVAL",
            "why": "WHY",
        }
        documents = [row.as_json() for row in rows]
        show_list(session, documents, columns, as_json=json, empty="No log is imported.")
        return
    chosen = log or [row.log for row in rows if row.state == "due" and not row.approval]
    waiting = [] if log else [row for row in rows if row.approval]
    done = [drop(session.book, session.signer, name) for name in chosen]
    if json:
        asked: list[tuple[str, str | None]] = [(row.log, row.approval) for row in waiting]
        asked += [(one.log, one.outcome.approval) for one in done]
        print_json(
            [
                {"log": name, "approval": approval, "dropped": not approval}
                for name, approval in asked
            ]
        )
        return
    for row in waiting:
        session.voice.note(
            f"{row.log} waits for another person: quaestor approval approve {row.approval}"
        )
    for one in done:
        appended, approval = one.outcome.appended, one.outcome.approval
        show_recorded(session, appended, as_json=False, approval=approval)
    if not done and not waiting:
        session.voice.note("No log is due to be dropped.")
