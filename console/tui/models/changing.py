"""What can be changed of a model: for each, the kind of entry, the form, and the body entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from console.tui.desk import Desk
from console.tui.dialogs import TypedName
from console.tui.form import Field, Form, choices
from console.tui.models.registering import (
    CARD_FIELDS,
    STATUSES,
    card_field,
    card_of,
    rating_fields,
    ratings_of,
    read_card,
    title_of,
)
from console.tui.picture import Picture
from console.tui.work import Values, Work, path_of
from ledger.book import Appended
from ledger.entry import Draft
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.models import ModelRow


@dataclass(frozen=True)
class Change:
    """One thing that can be changed, and how."""

    kind: Kind
    fields: Callable[[Picture], list[Field]]
    now: Callable[[ModelRow], dict[str, str]]
    body: Callable[[Values], dict[str, Any]]


def _owners(picture: Picture) -> list[Field]:
    actors = [row.actor for row in picture.rows.where(ActorRow, status="active")]
    return [Field("owner", "Owner", "choice", choices=choices(actors))]


def _ratings(row: ModelRow) -> dict[str, str]:
    legal = {f"legal_{name}": value for name, value in row.legal_class.model_dump().items()}
    return {**legal, "materiality": row.materiality, "testing_level": row.testing_level}


CHANGES = {
    "status": Change(
        Kind.MODEL_STATUS_CHANGED,
        lambda _: [Field("status", "Status", "choice", choices=choices(STATUSES))],
        lambda row: {"status": row.status},
        lambda values: {"status": values["status"]},
    ),
    "owner": Change(
        Kind.MODEL_OWNED,
        _owners,
        lambda row: {"owner": row.owner},
        lambda values: {"owner": values["owner"]},
    ),
    "version": Change(
        Kind.MODEL_VERSIONED,
        lambda _: [
            Field("version", "Version"),
            Field("notes", "What changed", "long", required=False),
        ],
        lambda _: {},
        lambda values: {"version": values["version"], "notes": values["notes"]},
    ),
    "ratings": Change(Kind.MODEL_TIERED, lambda _: rating_fields(), _ratings, ratings_of),
    "card": Change(
        Kind.MODEL_CARDED,
        lambda _: [card_field(name) for name in CARD_FIELDS],
        lambda row: row.model_card.model_dump(),
        lambda values: {"card": card_of(values).model_dump()},
    ),
    "card file": Change(
        Kind.MODEL_CARDED,
        lambda _: [Field("path", "YAML card", "path")],
        lambda _: {},
        lambda values: {"card": card_of(read_card(path_of(values["path"]))).model_dump()},
    ),
}


async def change_model(desk: Desk, model: str, what: str) -> None:
    """Ask for the new state of one thing, and enter it."""
    picture, change = desk.picture, CHANGES[what]
    row = picture.rows.get(ModelRow, model) if picture else None
    if picture is None or row is None:
        return

    def entering(work: Work) -> Appended:
        draft = Draft(change.kind, f"model/{model}", change.body(work.values))
        return work.book.append(work.signer, [draft])

    entered = await desk.enter(
        change.kind,
        entering,
        form=lambda filled: Form(f"{title_of(what)} of {model}", change.fields(picture), filled),
        values=change.now(row),
        confirm=lambda values: _retiring(model, values),
        doing=f"Changing {model}",
    )
    if entered is not None:
        desk.tell(f"Entered as entry {entered.entries[-1].seq}.", title=model)


def _retiring(model: str, values: Values) -> TypedName | None:
    """Retiring is for good, so it wants the typed name."""
    if values.get("status") != "retired":
        return None
    body = "A retired model cannot be changed or brought back; its successor is registered anew."
    return TypedName(f"Retire {model}", body, model, "Retire")
