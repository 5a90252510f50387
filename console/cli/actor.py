"""`actor`: people and programs, their roles and keys."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.asking import confirm_name
from console.cli.display import show_list, show_one, show_recorded
from console.cli.options import (
    Confirm,
    Json,
    Reason,
    Role,
    example,
    group,
    one_of,
    read_file,
    session_of,
)
from console.session import Session
from ledger.errors import InvalidInput, Refused

app = group("People and programs: enrol them, give and take roles.")

Actor = Annotated[str, typer.Argument(metavar="ACTOR", help="The actor's id.")]
Request = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What `key new` printed."),
]


@app.command(epilog=example("quaestor actor add mira.request --role model-owner"))
def add(
    context: typer.Context,
    file: Request,
    *,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help=f"Repeatable. {one_of(Role)}"),
    ] = None,
    json: Json = False,
) -> None:
    """Enrol who made a request. Once there are two admins, the other one must approve it.

    In the founder's seat, which holds the report CA, a certificate for signing reports is issued
    as well.
    """
    from ledger.keys import fingerprint, read_request
    from reports.enrolling import enrol

    session = session_of(context)
    request = read_request(read_file(file))
    session.voice.note(
        f"Enrolling {request.name} as {request.actor}, key {fingerprint(request.public_key)}"
    )
    outcome = enrol(session.book, session.signer, request, role or [], session.authority_key)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command("list", epilog=example("quaestor actor list --json"))
def list_actors(context: typer.Context, *, json: Json = False) -> None:
    """List everybody, with roles and who enrolled them."""
    from ledger.registers.actors import ActorRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(ActorRow)
    columns = {
        "actor": "ACTOR",
        "name": "NAME",
        "kind": "KIND",
        "roles": "ROLES",
        "status": "STATUS",
        "enrolled_by": "ENROLLED BY",
    }
    documents = [_document(session, row) for row in rows]
    show_list(session, documents, columns, as_json=json, empty="Nobody is enrolled.")


@app.command(epilog=example("quaestor actor show mira"))
def show(context: typer.Context, actor: Actor, *, json: Json = False) -> None:
    """Show an actor: roles, keys past and present, certificate."""
    from ledger.keys import fingerprint
    from ledger.registers.actors import ActorRow, KeyRow

    session = session_of(context)
    with session.book.read() as snapshot:
        row = snapshot.rows.get(ActorRow, actor)
        keys = snapshot.rows.where(KeyRow, actor=actor)
    if row is None:
        raise Refused(f"There is no actor {actor}.", "See: quaestor actor list")
    document = _document(session, row)
    document["certified"] = bool(row.certificate)
    document["keys"] = [
        {
            "fingerprint": fingerprint(base64.b64decode(key.public_key)),
            "from_seq": key.from_seq,
            "until_seq": _seq(key.until_seq),
            "untrusted_since": _seq(key.untrusted_since),
        }
        for key in keys
    ]
    show_one(session, document, as_json=json)


@app.command(epilog=example("quaestor actor grant mira risk-officer"))
def grant(
    context: typer.Context,
    actor: Actor,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help=one_of(Role))],
    *,
    json: Json = False,
) -> None:
    """Give a role. Once there are two admins, the other one must approve it."""
    from ledger.approving import enter_or_request
    from ledger.entry import Draft
    from ledger.kinds import Kind

    session = session_of(context)
    draft = Draft(Kind.ACTOR_GRANTED, f"actor/{actor}", {"role": role})
    outcome = enter_or_request(session.book, session.signer, lambda _rows: draft)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command(
    epilog=example(
        "quaestor actor revoke mira risk-officer",
        "quaestor actor revoke mira --key --since-seq 120 --reason 'Laptop stolen' --confirm mira",
    )
)
def revoke(
    context: typer.Context,
    actor: Actor,
    role: Annotated[Role | None, typer.Argument(metavar="ROLE", help=one_of(Role))] = None,
    *,
    key: Annotated[bool, typer.Option("--key", help="Revoke the key instead of a role.")] = False,
    since_seq: Annotated[
        int | None,
        typer.Option(min=0, metavar="SEQ", help="The first entry that the key is not trusted for."),
    ] = None,
    reason: Reason = "",
    confirm: Confirm = None,
    json: Json = False,
) -> None:
    """Take a role, or revoke a key from an entry on; what it signed since then is flagged.

    Once there are two admins, taking a role needs another person's approval; revoking a key, which
    stops a person at once, does not; it asks for their name instead.
    """
    from ledger.approving import enter_or_request
    from ledger.entry import Draft
    from ledger.kinds import Kind
    from ledger.registers.actors import ActorRow

    session = session_of(context)
    if key == (role is not None):
        raise InvalidInput(
            "It is not clear what to revoke.", "Name a role, or give --key with --since-seq."
        )
    draft = Draft(Kind.ACTOR_ROLE_REVOKED, f"actor/{actor}", {"role": role})
    if role is None:
        if since_seq is None or not reason:
            raise InvalidInput(
                "A key is revoked from an entry on, for a reason.", "Give --since-seq and --reason."
            )
        with session.book.read() as snapshot:
            row = snapshot.rows.get(ActorRow, actor)
        if row is None:
            raise Refused(f"There is no actor {actor}.", "See: quaestor actor list")
        what = f"{actor} can do nothing until they have a new key."
        confirm_name(session, confirm, actor, what)
        body = {"public_key": row.public_key, "since_seq": since_seq, "reason": reason}
        draft = Draft(Kind.ACTOR_KEY_REVOKED, f"actor/{actor}", body)
    outcome = enter_or_request(session.book, session.signer, lambda _rows: draft)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command(epilog=example("quaestor actor rotate mira.request"))
def rotate(context: typer.Context, file: Request, *, json: Json = False) -> None:
    """Put an actor's new key in place of the old one.

    FILE is the request that `key new --replace` printed. Once there are two admins, the other one
    must approve it.
    """
    from ledger.keys import read_request
    from reports.enrolling import rotate as put_new_key

    session = session_of(context)
    request = read_request(read_file(file))
    outcome = put_new_key(session.book, session.signer, request, session.authority_key)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command(epilog=example("quaestor actor retire mira --reason 'Left the bank' --confirm mira"))
def retire(
    context: typer.Context,
    actor: Actor,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    confirm: Confirm = None,
    json: Json = False,
) -> None:
    """End an actor's part in this ledger, for good. With two admins, another person approves it."""
    from ledger.approving import enter_or_request
    from ledger.entry import Draft
    from ledger.kinds import Kind

    session = session_of(context)
    confirm_name(session, confirm, actor, f"{actor} will never act in this ledger again.")
    draft = Draft(Kind.ACTOR_RETIRED, f"actor/{actor}", {"reason": reason})
    outcome = enter_or_request(session.book, session.signer, lambda _rows: draft)
    show_recorded(session, outcome.appended, as_json=json, approval=outcome.approval)


@app.command(epilog=example("quaestor actor certify mira"))
def certify(context: typer.Context, actor: Actor, *, json: Json = False) -> None:
    """Issue a certificate for signing reports.

    Only the founder's seat, which holds the report CA's key, can do this.
    """
    from reports.enrolling import certify as issue

    session = session_of(context)
    if session.authority_key is None:
        raise InvalidInput(
            "This seat does not hold the report CA's key.", "Do it from the founder's seat."
        )
    appended = issue(session.book, session.signer, actor, session.authority_key)
    show_recorded(session, appended, as_json=json)


def _document(session: Session, row: Any) -> dict[str, Any]:
    """An actor as JSON; the name is read from the vault."""
    return {
        "actor": row.actor,
        "name": session.reveal(f"actor/{row.actor}", "name", row.name),
        "kind": row.kind,
        "roles": row.role_list,
        "status": row.status,
        "key": row.key_fingerprint,
        "enrolled_by": row.enrollers,
        "enrolled_at": row.enrolled_at,
        "seq": row.seq,
    }


def _seq(seq: int) -> int | None:
    return seq if seq >= 0 else None
