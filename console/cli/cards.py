"""Model cards as people write them: a YAML file, flags on top of it, and no unknown field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.cli.options import read_file
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic import ValidationError

    from ledger.registers.models import Registered

Fields = dict[str, Any]

# What stands in a card file beside the texts of the card itself.
FACTS = (
    "id",
    "name",
    "owner",
    "version",
    "status",
    "switch",
    "legal_class",
    "materiality",
    "testing_level",
)
_UNLESS_STATED: Fields = {
    "status": "proposed",
    "switch": "on",
    "materiality": "medium",
    "testing_level": "medium",
}


def read_yaml(path: Path) -> Fields:
    """A YAML file that is one mapping. InvalidInput if it is anything else."""
    import yaml

    try:
        document = yaml.safe_load(read_file(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not YAML: {error}", "Correct it and try again.") from error
    if not isinstance(document, dict):
        raise InvalidInput(f"{path} does not hold named fields.", "Write one `name: value` a line.")
    return document


def refuse_unknown(given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """InvalidInput for the first field that is not known, with the nearest one that is."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
            raise InvalidInput(f"{where} has an unknown field {name!r}.", hint)


def read_card(path: Path) -> Fields:
    """A model card's file: facts and texts, all of them known."""
    fields = read_yaml(path)
    refuse_unknown(fields, [*FACTS, *_text_names()], str(path))
    return fields


def card_texts(path: Path | None, stated: Sequence[str]) -> Fields:
    """The texts of a card file, and `FIELD=TEXT` on top of them. InvalidInput for unknown ones."""
    fields = read_card(path) if path else {}
    texts = {name: text for name, text in fields.items() if name not in FACTS}
    for pair in stated:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidInput(f"{pair!r} sets nothing.", "Write --set FIELD=TEXT.")
        refuse_unknown({name: text}, _text_names(), "--set")
        texts[name] = text
    return texts


def registration(
    model: str, card: Path | None, flags: Fields, legal: Fields, stated: Sequence[str]
) -> Registered:
    """A model's registration: what the flags say, else the card file, else what is usual.

    Raises InvalidInput for what is unknown, missing, of another type, or another model's card.
    """
    from pydantic import ValidationError

    from ledger.registers.models import Registered

    file = read_card(card) if card else {}
    if file.get("id", model) != model:
        raise InvalidInput(f"{card} is the card of {file['id']}.", f"Give the card of {model}.")
    classed = file.get("legal_class", {})
    refuse_unknown(
        classed if isinstance(classed, dict) else {str(classed): None},
        ("category", "point", "role", "reason"),
        f"{card}: legal_class",
    )
    facts = {name: value for name, value in file.items() if name in FACTS and name != "id"}
    given = {name: value for name, value in flags.items() if value is not None}
    body = {
        **_UNLESS_STATED,
        **facts,
        **given,
        "legal_class": {**classed, **legal},
        "card": card_texts(card, stated),
    }
    try:
        return Registered.model_validate(body)
    except ValidationError as error:
        raise _unsound(error) from error


def _text_names() -> list[str]:
    from ledger.registers.models import ModelCard

    return list(ModelCard.model_fields)


def _unsound(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return InvalidInput(f"{name} is missing.", f"Give --{name.replace('_', '-')}, or a --card.")
    hint = "Put it in quotes." if first["type"] == "string_type" else "Correct it and try again."
    return InvalidInput(f"{name}: {first['msg']} (got {str(first['input'])[:80]!r}).", hint)
