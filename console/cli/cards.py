"""Model cards as people write them: a YAML file, flags on top of it, and no unknown field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from console.cli.options import read_file
from ledger.errors import InvalidInput

Fields = dict[str, Any]


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


def pick(given: Mapping[str, Any], known: Sequence[str], where: str) -> Fields:
    """The fields as they are. InvalidInput names the first unknown one and the nearest known."""
    for name in given:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
            raise InvalidInput(f"{where} has an unknown field {name!r}.", hint)
    return dict(given)


def read_settings_of_fields(pairs: Sequence[str]) -> Fields:
    """`FIELD=TEXT` pairs as fields. InvalidInput for one without `=`."""
    fields: Fields = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidInput(f"{pair!r} sets nothing.", "Write --set FIELD=TEXT.")
        fields[name] = text
    return fields


def card_of(given: Mapping[str, Any], where: str) -> Fields:
    """The nineteen texts of a model card out of what was given; nothing else may stand there."""
    from ledger.registers.models import ModelCard

    return pick(given, list(ModelCard.model_fields), where)


def registration(model: str, card: Path | None, flags: Fields, texts: Fields) -> Any:
    """A model's registration: the card file's fields, overridden by flags that were given.

    Raises InvalidInput for what is unknown, missing, of another type, or another model's card.
    """
    from pydantic import ValidationError

    from ledger.registers.models import ModelCard, Registered

    facts = ("name", "owner", "version", "status", "switch", "materiality", "testing_level")
    known = ["id", *facts, "legal_class", *ModelCard.model_fields]
    fields = pick(read_yaml(card), known, str(card)) if card else {}
    if fields.pop("id", model) != model:
        raise InvalidInput(f"{card} is not the card of {model}.", "Give the model's own card.")
    legal = {**fields.pop("legal_class", {}), **flags.pop("legal_class")}
    defaults = {
        "status": "proposed",
        "switch": "on",
        "materiality": "medium",
        "testing_level": "medium",
    }
    stated = {name: fields.pop(name) for name in facts if name in fields}
    given = {name: value for name, value in flags.items() if value}
    try:
        return Registered.model_validate(
            {
                **defaults,
                **stated,
                **given,
                "legal_class": legal,
                "card": {**fields, **card_of(texts, "--set")},
            }
        )
    except ValidationError as error:
        raise _unsound(error) from error


def _unsound(error: Any) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return InvalidInput(f"{name} is missing.", f"Give --{name.replace('_', '-')}, or a --card.")
    hint = "Put the text in quotes." if first["type"] == "string_type" else "Correct it."
    return InvalidInput(f"{name}: {first['msg']} (got {str(first['input'])[:80]!r}).", hint)
