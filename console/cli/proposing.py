"""`logs map`: a column map, proposed from a log and settled in a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.display import print_json
from console.cli.importing import FormatOption, Kind, KindOption, Timezone
from console.cli.options import Json, session_of
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.mapping import ColumnMap

LOOKED_AT = 10_000  # records
FEW = 10  # different values of a decision that are worth showing


def propose_map(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A decision log.")
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the map there.")
    ] = None,
    kind: KindOption = "decision",
    timezone: Timezone = None,
    form: FormatOption = None,
    json: Json = False,
) -> None:
    """Propose a column map from what a log is and what its first records hold, as YAML.

    On a terminal it asks for what no log says of itself: which column is the decision, which the
    label, which hold groups or personal data. With --no-input it prints the proposal as it is.
    """
    import yaml

    from ledger.logs.proposing import propose
    from ledger.logs.recognising import recognised

    session = session_of(context)
    found = recognised(file, form)
    session.voice.note(f"{found.log.name}: {found.said()}")
    mapping = propose(file, form, timezone, kind)
    if session.person_present and not json:
        mapping = _settled(session, file, form, kind, mapping)
    if json:
        print_json(mapping.model_dump(mode="json"))
        return
    text = yaml.safe_dump(mapping.brief(), sort_keys=False, allow_unicode=True)
    if output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)
    session.voice.note("Check the types, mark what is required, then: quaestor logs import --map")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput(f"{path} is there already.", "Name another file.") from None
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}.", "Name another."
        ) from error


def _settled(
    session: Session, file: Path, form: str | None, kind: Kind, mapping: ColumnMap
) -> ColumnMap:
    """The proposal with what a person answered; an empty answer leaves a question open."""
    from ledger.logs.formats import completed, format_named

    mapping = _zoned(session, file, form, kind, mapping)
    names = list(mapping.columns)
    for number, (name, column) in enumerate(mapping.columns.items(), start=1):
        session.voice.note(f"{number:>4}  {name} ({column.type})  from {', '.join(column.sources)}")
    answers: dict[str, Any] = {}
    if decision := _one_of(session, "Which column is the decision?", names):
        answers["decision"] = decision
        values = _values(file, form, mapping, decision)
        if values:
            session.voice.note(f"Its values: {', '.join(values)}")
            positive = _asked(session, "Which of them is the favourable one?", _listed(values))
            answers |= {"positive": positive} if positive else {}
    if label := _one_of(session, "Which column is the label, the outcome that came true?", names):
        answers["label"] = label
    answers["groups"] = _some_of(session, "Which columns hold groups (age, sex)?", names)
    personal = _some_of(session, "Which columns hold personal data?", names)
    answers["personal"] = [source for name in personal for source in mapping.columns[name].sources]
    fields = mapping.brief() | {name: value for name, value in answers.items() if value}
    return completed(format_named(mapping.format), fields)


def _zoned(
    session: Session, file: Path, form: str | None, kind: Kind, mapping: ColumnMap
) -> ColumnMap:
    """Ask for the zone of times that state none, if there are any."""
    from ledger.logs.mapping import ColumnMap, Type
    from ledger.logs.proposing import propose

    if mapping.timezone is not None:
        return mapping
    zoned = propose(file, form, "UTC", kind)
    times = [
        name
        for name, column in zoned.columns.items()
        if column.type is Type.TIMESTAMP and mapping.columns[name].type is not Type.TIMESTAMP
    ]
    if not times:
        return mapping

    def known(text: str) -> str | None:
        try:
            return ColumnMap(columns=mapping.columns, timezone=text).timezone
        except ValueError:
            return None

    question = f"{', '.join(times)}: times without a zone. In which zone are they (Europe/Berlin)?"
    zone = _asked(session, question, known)
    return propose(file, form, zone, kind) if zone else mapping


def _values(file: Path, form: str | None, mapping: ColumnMap, name: str) -> list[str]:
    """The different values of a column in the first records, if they are few."""
    from ledger.logs.explaining import explain
    from ledger.logs.recognising import recognised

    found = recognised(file, form)
    examples = explain(found, [found], mapping, (), shown=LOOKED_AT).examples
    values = {str(one.columns[name]) for one in examples if one.columns[name] is not None}
    return sorted(values) if len(values) <= FEW else []


def _asked(session: Session, question: str, known: Callable[[str], str | None]) -> str | None:
    """Ask until the answer is known, or there is none."""
    while answer := session.voice.ask(f"{question} (empty: none) "):
        if (understood := known(answer)) is not None:
            return understood
        session.voice.warn(f"{answer} is none of them.")
    return None


def _listed(names: Sequence[str]) -> Callable[[str], str | None]:
    """Take a name, or its number from 1 on."""

    def known(text: str) -> str | None:
        if text in names:
            return text
        inside = text.isdecimal() and 1 <= int(text) <= len(names)
        return names[int(text) - 1] if inside else None

    return known


def _one_of(session: Session, question: str, names: Sequence[str]) -> str | None:
    return _asked(session, question, _listed(names))


def _some_of(session: Session, question: str, names: Sequence[str]) -> list[str]:
    one = _listed(names)

    def known(text: str) -> str | None:
        found = [one(part.strip()) for part in text.split(",") if part.strip()]
        return ",".join(name for name in found if name) if all(found) else None

    answer = _asked(session, f"{question} Several with commas.", known)
    return answer.split(",") if answer else []
