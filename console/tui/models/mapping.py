"""Proposing a column map for a log, settling what no log says of itself, and writing it down."""

from __future__ import annotations

from functools import partial

from rich.text import Text

from console.cli.proposing import Proposed, answered, as_column, map_yaml, proposed, write_map
from console.messages import legible
from console.tui.desk import Desk
from console.tui.form import Field, Form
from console.tui.models.looking import FIELDS, kind_of
from console.tui.reading import Reading
from console.tui.work import Tell, Values, names_of, path_of

_ASKED = [
    Field("path", "Log", "path", hint="One file is enough: its first records are looked into."),
    *(each for each in FIELDS if each.name in {"kind", "timezone", "format"}),
]


async def propose_map(desk: Desk) -> None:
    """Ask for a log, propose its map, let a person say what is what, and write it."""
    found = await desk.find_out(
        _proposed,
        form=lambda values: Form("Propose a column map", _ASKED, values, verb="Look at it"),
        doing="Reading the first records",
    )
    if found is None:
        return
    written = await desk.find_out(
        partial(_written, found),
        form=lambda values: Form(
            "What the log does not say of itself", _questions(found), values, verb="Write it",
            note=f"{found.found.log.name}: {found.found.said()}",
        ),
        doing="Writing the map",
    )  # fmt: skip
    if written is not None:
        path, text = written
        await desk.push_screen_wait(
            Reading(f"The map is in {path}", lambda _width: Text(legible(text)))
        )


def _proposed(values: Values, _tell: Tell) -> Proposed:
    form, zone = values["format"] or None, values["timezone"] or None
    return proposed(path_of(values["path"]), form, zone, kind_of(values["kind"]))


def _questions(found: Proposed) -> list[Field]:
    """Columns by name; other places that look like some by `=` and their source."""
    named = "decision" if "decision" in found.mapping.columns else ""
    columns = [(name, f"{name} ({each.type})") for name, each in found.mapping.columns.items()]
    places = [
        (f"={place.source}", f"{place.source}: {', '.join(place.values) or place.type}")
        for place in found.places_left(found.mapping)
    ]
    groups, marked = found.mapping.groups, _marked(found)
    whose = Field("person", "Whose data", "choice", choices=columns, required=False,
                  hint="Which column names the person that a record is about.")  # fmt: skip
    return [
        Field("decision", "The decision", "choice", found.mapping.decision or named,
              choices=[*columns, *places], required=False, hint="What the model decided."),
        Field("positive", "Favourable", value=found.mapping.positive or "", required=False,
              hint="Which of the decision's values is good for the person: approve."),
        Field("label", "The label", "choice", found.mapping.label or "",
              choices=[*columns, *places], required=False, hint="The outcome that came true."),
        Field("groups", "Groups", "many", ",".join(groups), choices=columns, required=False,
              hint="Space marks the columns that hold groups (age, sex)."),
        Field("personal", "Personal data", "many", ",".join(marked), choices=columns,
              required=False, hint="Space marks the columns to be sealed, so that they can be "
              "erased."),
        *([] if found.mapping.subjects else [whose]),
        Field("to", "Write to", "path", hint="A new YAML file, for the import's `Column map`."),
    ]  # fmt: skip


def _marked(found: Proposed) -> list[str]:
    """The columns that hold what is proposed to be personal data."""
    personal = {*found.mapping.personal}
    return [name for name, each in found.mapping.columns.items() if personal & {*each.sources}]


def _written(found: Proposed, values: Values, _tell: Tell) -> tuple[str, str]:
    mapping = found.mapping
    places = {f"={place.source}": place for place in found.places_left(mapping)}
    answers: dict[str, object] = {"positive": values["positive"]}
    for name in ("decision", "label"):
        answers[name] = values[name]
        if place := places.get(values[name]):
            mapping, answers[name] = as_column(mapping, place)
    answers["groups"] = names_of(values["groups"])
    personal, person = names_of(values["personal"]), values.get("person") or None
    left = {s for name in _marked(found) if name not in personal
            for s in mapping.columns[name].sources}  # fmt: skip
    kept = tuple(source for source in mapping.personal if source not in left)
    mapping = mapping.model_copy(update={"personal": kept})
    text = map_yaml(answered(mapping, answers, personal, person))
    path = path_of(values["to"])
    write_map(path, text)
    return str(path), text
