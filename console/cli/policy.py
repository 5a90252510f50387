"""`policy`: the policies in force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli.display import print_json, show_list, show_recorded
from console.cli.options import (
    Json,
    PolicyKind,
    example,
    existing_file,
    group,
    one_of,
    read_file,
    session_of,
)

app = group("Thresholds and playbooks in force.")

Policy = Annotated[PolicyKind, typer.Argument(metavar="POLICY", help=one_of(PolicyKind))]


@app.command("list", epilog=example("quaestor policy list --json"))
def list_policies(context: typer.Context, *, json: Json = False) -> None:
    """List the policies in force: since when, by whom, why."""
    from ledger.registers.policies import PolicyRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(PolicyRow)
    columns = {
        "policy": "POLICY",
        "adopted_at": "IN FORCE SINCE",
        "adopted_by": "ADOPTED BY",
        "reason": "REASON",
        "content": "SHA-256",
    }
    documents = [row.model_dump() for row in rows]
    empty = "No policy is in force. Adopt one: quaestor policy adopt thresholds"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(epilog=example("quaestor policy show thresholds > thresholds.yaml"))
def show(context: typer.Context, policy: Policy, *, json: Json = False) -> None:
    """Show a policy in force, as YAML to be edited and adopted."""
    import orjson
    import yaml

    from policies.adopting import policy_in_force

    _, content = policy_in_force(session_of(context).book, policy)
    document = orjson.loads(content)
    if json:
        print_json(document)
    else:
        typer.echo(
            yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100), nl=False
        )


@app.command(
    epilog=example(
        "quaestor policy adopt thresholds --file thresholds.yaml --reason 'Board, 3 March'"
    )
)
def adopt(
    context: typer.Context,
    policy: Policy,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, and who decided it.")],
    file: Annotated[
        Path | None, existing_file("YAML or JSON; without it, the policy shipped here.")
    ] = None,
    json: Json = False,
) -> None:
    """Put a policy in force, for what is decided from now on."""
    from policies.adopting import adopt as put_in_force

    session = session_of(context)
    content = read_file(file) if file else None
    appended = put_in_force(session.book, session.signer, policy, content, reason)
    show_recorded(session, appended, as_json=json)
