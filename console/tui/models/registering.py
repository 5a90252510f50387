"""Registering a model: a form's fields, filled from a YAML card where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from console.cli import cards
from console.tui.form import Field, choices
from console.tui.work import Values, Work
from ledger.book import Appended
from ledger.errors import InvalidInput
from ledger.registers.models import (
    Category,
    LegalClass,
    Level,
    ModelCard,
    Registered,
    Status,
    draft_registration,
)

CARD_FIELDS = tuple(ModelCard.model_fields)
LEVELS: tuple[str, ...] = get_args(Level)
STATUSES: tuple[str, ...] = get_args(Status)

_LEGAL = tuple(LegalClass.model_fields)


def rating_fields() -> list[Field]:
    """The three ratings, each decided for itself."""
    return [
        Field(
            "legal_category",
            "Class (EU AI Act)",
            "choice",
            "not-classified",
            choices(get_args(Category)),
        ),
        Field("legal_point", "Point relied on", required=False, hint="Such as Annex III 5(b)."),
        Field("legal_role", "We are its", "choice", choices=choices(("deployer", "provider"))),
        Field("legal_reason", "Reason", required=False),
        Field(
            "materiality",
            "Materiality",
            "choice",
            choices=choices(LEVELS),
            hint="How much hangs on it for the organisation.",
        ),
        Field(
            "testing_level",
            "Testing level",
            "choice",
            choices=choices(LEVELS),
            hint="How hard it must be tested.",
        ),
    ]


def registration_fields(owners: Sequence[str]) -> list[Field]:
    """Everything that a registration states; the card's prose may be left for later."""
    return [
        Field("id", "Id", hint="a-z, 0-9 and dashes; it never changes."),
        Field("name", "Name"),
        Field("owner", "Owner", "choice", choices=choices(owners)),
        Field("version", "Version"),
        Field("status", "Status", "choice", "development", choices(STATUSES)),
        Field("switch", "Switch", "choice", "off", choices(("off", "on")),
              hint="Whether applications may use it from now on."),
        *rating_fields(),
        *(card_field(name) for name in CARD_FIELDS),
    ]  # fmt: skip


def card_field(name: str) -> Field:
    """A field of the card's prose."""
    return Field(name, title_of(name), required=False)


def title_of(name: str) -> str:
    """`Out of scope use` of `out_of_scope_use`."""
    return name.replace("_", " ").capitalize()


def read_card(path: Path) -> dict[str, str]:
    """A YAML card as the values of the form. InvalidInput if it is not one."""
    fields = cards.read_card(path)
    legal = fields.pop("legal_class", None) or {}
    flat = {**fields, **{f"legal_{name}": legal[name] for name in _LEGAL if name in legal}}
    return {name: str(value).strip() for name, value in flat.items()}


def card_of(values: Values) -> ModelCard:
    """The card in a form's values."""
    return ModelCard(**{name: values.get(name, "") for name in CARD_FIELDS})


def ratings_of(values: Values) -> dict[str, Any]:
    """The three ratings in a form's values, as an entry's body holds them."""
    return {
        "legal_class": {name: values.get(f"legal_{name}", "") for name in _LEGAL},
        "materiality": values["materiality"],
        "testing_level": values["testing_level"],
    }


def register(work: Work) -> Appended:
    """Enter a registration as the form states it."""
    values = work.values
    try:
        body = Registered.model_validate(
            {
                "name": values["name"],
                "owner": values["owner"],
                "version": values["version"],
                "status": values["status"],
                "switch": values["switch"],
                "card": card_of(values).model_dump(),
                **ratings_of(values),
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"{place}: {first['msg']}.", "Correct it and enter it again.") from error
    return work.book.append(work.signer, [draft_registration(values["id"], body)])
