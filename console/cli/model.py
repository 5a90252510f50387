"""`model`: the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.asking import confirm_name
from console.cli.cards import Fields, card_texts, registration
from console.cli.display import Document, print_json, show_list, show_one, show_recorded
from console.cli.entering import enter
from console.cli.options import (
    Category,
    Confirm,
    Json,
    LegalRole,
    Level,
    Mode,
    Model,
    Status,
    example,
    existing_file,
    group,
    one_of,
    session_of,
)

app = group("The inventory of models, with cards, owners, versions and ratings.")

Card = Annotated[
    Path | None,
    existing_file("A YAML model card; flags go before what stands in it.", "--card"),
]
Texts = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="FIELD=TEXT", help="A text of the card; repeatable."),
]
CategoryOption = Annotated[Category | None, typer.Option(help="Class under the EU AI Act.")]
Point = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The point relied on: 'Annex III 5(b)'")
]
LegalRoleOption = Annotated[LegalRole | None, typer.Option(help="The organisation's part.")]
LegalReason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why this class.")]
Materiality = Annotated[Level | None, typer.Option(help="How much depends on the model.")]
TestingLevel = Annotated[Level | None, typer.Option(help="How much testing it takes.")]


@app.command(
    epilog=example(
        "quaestor model register credit-scorer --card credit-scorer.yaml --owner mira",
        "quaestor model register triage --name 'Complaint triage' --owner mira --version 1.0 \\",
        "    --set purpose='Sorts complaints by urgency'",
    )
)
def register(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="ID", help="Its id: a-z, 0-9 and dashes.")],
    *,
    card: Card = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What people call it.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="ACTOR", help="Who answers for it.")] = None,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The version in use.")
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Default: proposed.")] = None,
    switch: Annotated[Mode | None, typer.Option(help="Default: on.")] = None,
    category: CategoryOption = None,
    point: Point = None,
    legal_role: LegalRoleOption = None,
    legal_reason: LegalReason = None,
    materiality: Materiality = None,
    testing_level: TestingLevel = None,
    texts: Texts = None,
    json: Json = False,
) -> None:
    """Enter a model into the inventory, by flags or with a model card."""
    from ledger.registers.models import draft_registration

    session = session_of(context)
    flags: Fields = {
        "name": name,
        "owner": owner,
        "version": version,
        "status": status,
        "switch": switch,
        "materiality": materiality,
        "testing_level": testing_level,
    }
    legal = _legal(category, point, legal_role, legal_reason)
    body = registration(model, card, flags, legal, texts or [])
    appended = session.book.append(session.signer, [draft_registration(model, body)])
    show_recorded(session, appended, as_json=json)


@app.command("list", epilog=example("quaestor model list", "quaestor model list --json"))
def list_models(context: typer.Context, *, json: Json = False) -> None:
    """List the models: owner, status, version and switch."""
    from ledger.registers.models import ModelRow
    from ledger.registers.switches import SwitchRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(ModelRow)
        modes = {row.model: row.mode for row in snapshot.rows.where(SwitchRow)}
    columns = {
        "id": "MODEL",
        "name": "NAME",
        "owner": "OWNER",
        "status": "STATUS",
        "version": "VERSION",
        "switch": "SWITCH",
    }
    documents = [_summary(row, modes[row.model]) for row in rows]
    empty = "No model is registered. Register one: quaestor model register --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(epilog=example("quaestor model show credit-scorer"))
def show(context: typer.Context, model: Model, *, json: Json = False) -> None:
    """Show a model: ratings, versions, and what was recorded about it."""
    from ledger.registers.audits import AuditRow
    from ledger.registers.datasets import LineageRow
    from ledger.registers.incidents import IncidentRow
    from ledger.registers.logs import LogRow
    from ledger.registers.models import VersionRow, known
    from ledger.registers.switches import SwitchRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows
        row = known(rows, model)
        mode = rows.where(SwitchRow, model=model)[0].mode
        versions = sorted(rows.where(VersionRow, model=model), key=lambda version: version.seq)
        lineage = sorted(rows.where(LineageRow, model=model), key=lambda each: each.seq)
        logs = rows.where(LogRow, model=model)
        audits = rows.where(AuditRow, model=model)
        incidents = rows.where(IncidentRow, model=model)
    document: Document = {
        **_summary(row, mode),
        "legal_class": row.legal_class.model_dump(),
        "materiality": row.materiality,
        "testing_level": row.testing_level,
        "registered_at": row.registered_at,
        "registered_by": row.registered_by,
        "versions": [
            {"version": v.version, "time": v.time, "actor": v.actor, "notes": v.notes}
            for v in versions
        ],
        "data": [
            {"version": d.model_version, "use": d.use, "dataset": d.dataset, "digest": d.digest}
            for d in lineage
        ],
        "logs": [log.log for log in logs],
        "decisions": sum(log.rows for log in logs),
        "audits": [{"audit": audit.audit, "verdict": audit.verdict} for audit in audits],
        "incidents": [{"incident": i.incident, "status": i.status} for i in incidents],
        "card": row.model_card.model_dump(),
    }
    if json:
        print_json(document)
        return
    del document["card"]
    document["versions"] = [v.version for v in versions]
    document["data"] = [f"{d.model_version}: {d.use} on {d.dataset}" for d in lineage]
    show_one(session, document, as_json=False)
    session.voice.note(f"Its card: quaestor model card {model}")


@app.command(
    epilog=example(
        "quaestor model card credit-scorer",
        "quaestor model card credit-scorer --set limitations='Not tested on joint applications'",
    )
)
def card(
    context: typer.Context,
    model: Model,
    *,
    card: Card = None,
    texts: Texts = None,
    json: Json = False,
) -> None:
    """Show a model's card; with --card or --set, enter a new one.

    --card states the whole card; --set changes a text and leaves the others as they are.
    """
    from ledger.registers.models import known

    session = session_of(context)
    with session.book.read() as snapshot:
        present = known(snapshot.rows, model).model_card.model_dump()
    if card is None and not texts:
        show_one(session, present, as_json=json)
        return
    kept = dict.fromkeys(present, "") if card else present
    body = {"card": {**kept, **card_texts(card, texts or [])}}
    enter(context, "model.carded", f"model/{model}", body, as_json=json)


@app.command(epilog=example("quaestor model own credit-scorer jonas"))
def own(
    context: typer.Context,
    model: Model,
    owner: Annotated[str, typer.Argument(metavar="ACTOR", help="Who answers for it from now on.")],
    *,
    json: Json = False,
) -> None:
    """Give a model another owner."""
    enter(context, "model.owned", f"model/{model}", {"owner": owner}, as_json=json)


@app.command(
    epilog=example("quaestor model version credit-scorer 2.1.1 --notes 'Own history capped'")
)
def version(
    context: typer.Context,
    model: Model,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="The version now in use.")],
    *,
    notes: Annotated[str, typer.Option(metavar="TEXT", help="What changed.")] = "",
    json: Json = False,
) -> None:
    """Enter a new version of a model."""
    enter(
        context,
        "model.versioned",
        f"model/{model}",
        {"version": version, "notes": notes},
        as_json=json,
    )


@app.command(epilog=example("quaestor model status credit-scorer production"))
def status(
    context: typer.Context,
    model: Model,
    status: Annotated[Status, typer.Argument(metavar="STATUS", help=one_of(Status))],
    *,
    json: Json = False,
) -> None:
    """Move a model in its life cycle."""
    enter(context, "model.status_changed", f"model/{model}", {"status": status}, as_json=json)


@app.command(
    epilog=example(
        "quaestor model tier credit-scorer --category high-risk --point 'Annex III 5(b)'"
    )
)
def tier(
    context: typer.Context,
    model: Model,
    *,
    category: CategoryOption = None,
    point: Point = None,
    legal_role: LegalRoleOption = None,
    legal_reason: LegalReason = None,
    materiality: Materiality = None,
    testing_level: TestingLevel = None,
    json: Json = False,
) -> None:
    """Rate a model anew: legal class, materiality, testing level. What is not given stays."""
    from ledger.registers.models import known

    session = session_of(context)
    with session.book.read() as snapshot:
        row = known(snapshot.rows, model)
    legal = _legal(category, point, legal_role, legal_reason)
    body = {
        "legal_class": {**row.legal_class.model_dump(), **legal},
        "materiality": materiality or row.materiality,
        "testing_level": testing_level or row.testing_level,
    }
    enter(context, "model.tiered", f"model/{model}", body, as_json=json)


@app.command(epilog=example("quaestor model retire credit-scorer --confirm credit-scorer"))
def retire(
    context: typer.Context, model: Model, *, confirm: Confirm = None, json: Json = False
) -> None:
    """Retire a model, for good. Its switch stays as it is: kill it first if it still serves."""
    session = session_of(context)
    confirm_name(session, confirm, model, f"{model} can never be taken out of retirement.")
    enter(context, "model.status_changed", f"model/{model}", {"status": "retired"}, as_json=json)


def _summary(row: Any, mode: str) -> Document:
    return {
        "id": row.model,
        "name": row.name,
        "owner": row.owner,
        "status": row.status,
        "version": row.version,
        "switch": mode,
    }


def _legal(
    category: str | None, point: str | None, role: str | None, reason: str | None
) -> dict[str, str]:
    given = {"category": category, "point": point, "role": role, "reason": reason}
    return {name: value for name, value in given.items() if value is not None}
