"""`key`: the keys of one's own seat."""

from __future__ import annotations

import base64
import sys
from typing import Annotated, Any, Literal

import typer

from console.cli.asking import ask
from console.cli.display import print_json, show_list, show_one
from console.cli.options import Json, example, group, session_of
from console.session import Session
from ledger.errors import InvalidInput, QuaestorError

app = group("Keys of your seat: make, show, change the passphrase.")


@app.command(epilog=example("quaestor key new mira --name 'Mira Okafor' > mira.request"))
def new(
    context: typer.Context,
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="The id that you want: mira")],
    *,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Yours, or what the program does.")
    ] = "",
    kind: Annotated[
        Literal["person", "program"], typer.Option(help="Who will use the key.")
    ] = "person",
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of the key there; then `actor rotate`.")
    ] = False,
) -> None:
    """Make a signing and a report key; print the request to be enrolled, as JSON.

    Send what it prints to an admin: `actor add FILE` enrols it, `actor rotate FILE` puts it in
    place of an old key. Your keys never leave your seat.
    """
    from ledger.keys import fingerprint
    from reports.enrolling import new_key

    session = session_of(context).acting_as(actor)
    name = ask(session, name, "Your name", "--name NAME")
    passphrase = session.new_passphrase(session.settings.passphrase_file)
    request = new_key(
        session.seat, actor, kind=kind, name=name, passphrase=passphrase, replace=replace
    )
    sys.stdout.write(request.encode().decode())
    session.voice.note(
        f"Send this to an admin, and compare by telephone: {fingerprint(request.public_key)}"
    )


@app.command(epilog=example("quaestor key show", "quaestor key show mira --request > mira.request"))
def show(
    context: typer.Context,
    actor: Annotated[
        str | None, typer.Argument(metavar="ACTOR", help="One key of the seat.")
    ] = None,
    *,
    request: Annotated[
        bool, typer.Option("--request", help="Print the enrolment request again.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the keys of your seat, with fingerprints; none is unlocked."""
    session = session_of(context)
    if request:
        chosen = session.acting_as(actor).actor if actor else session.actor
        sys.stdout.write(session.seat.request(chosen).decode())
        return
    if actor:
        show_one(session, _described(session, actor), as_json=json)
        return
    columns = {
        "actor": "ACTOR",
        "fingerprint": "FINGERPRINT",
        "enrolled": "ENROLLED",
        "path": "KEY",
    }
    show_list(
        session,
        [_described(session, name) for name in session.seat.actors()],
        columns,
        as_json=json,
        empty="Your seat has no key. Make one: quaestor key new ACTOR",
    )


@app.command(
    epilog=example("quaestor key passphrase", "quaestor key passphrase --new-file fd:3 3<new.txt")
)
def passphrase(
    context: typer.Context,
    *,
    new_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The new one from a file or fd:N, not asked for."),
    ] = None,
    json: Json = False,
) -> None:
    """Change the passphrase of all your keys, the report CA's included if it is here."""
    from reports.enrolling import change_passphrase

    session = session_of(context)
    actor, old = session.signer.actor, session.passphrase  # opened before a new one is asked for
    changed = change_passphrase(session.seat, actor, old, session.new_passphrase(new_file))
    if json:
        print_json({"changed": changed})
    else:
        session.voice.note(f"The passphrase of {', '.join(changed)} is changed.")


def _described(session: Session, actor: str) -> dict[str, Any]:
    """A key of the seat; what no request or ledger at hand says is null."""
    from ledger.keys import fingerprint, read_request

    try:
        request = read_request(session.seat.request(actor))
    except InvalidInput:
        request = None
    return {
        "actor": actor,
        "fingerprint": fingerprint(request.public_key) if request else None,
        "enrolled": _enrolled(session, actor, request.public_key) if request else None,
        "path": str(session.seat.folder / "keys" / actor),
    }


def _enrolled(session: Session, actor: str, public_key: bytes) -> bool | None:
    from ledger.registers.actors import ActorRow

    if not session.book.home.exists():
        return None
    try:
        with session.book.read() as snapshot:
            row = snapshot.rows.get(ActorRow, actor)
    except QuaestorError:
        return None
    return row is not None and row.public_key == base64.b64encode(public_key).decode()
