"""`logs map`: a column map, proposed from a log and settled in a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.column_maps import FormatOption, Kind, KindOption, Timezone
from console.cli.display import print_json
from console.cli.options import Json, session_of
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.mapping import ColumnMap
    from ledger.logs.recognising import Recognised
    from ledger.logs.surveying import Place

SHOWN = 30  # places that no column takes
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

    A platform's log has no field for the decision: where the records hold values that look like
    one, a score or a group, also inside the text of answers, they are proposed, and the fields
    that hold personal data are marked. On a terminal it asks for what no log says of itself: which
    column, or which place in the record, is the decision, which the label, which hold groups or
    personal data. With --no-input it prints the proposal as it is.
    """
    session = session_of(context)
    first = proposed(file, form, timezone, kind)
    session.voice.note(f"{first.found.log.name}: {first.found.said()}")
    mapping = first.mapping
    if session.person_present and not json:
        mapping = _zoned(session, file, form, kind, mapping, first.records)
        mapping = _Settling(session, mapping, first.records, first.places_left(mapping)).settled()
    if json:
        print_json(mapping.model_dump(mode="json"))
        return
    text = map_yaml(mapping)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_map(output, text)
    session.voice.note("Check the types, mark what is required, then: quaestor logs import --map")


@dataclass(frozen=True)
class Proposed:
    """What a log is, the map that it would have, and its first decision records."""

    found: Recognised
    kind: Kind
    mapping: ColumnMap
    records: list[bytes]

    def places_left(self, mapping: ColumnMap) -> list[Place]:
        """Where something stands in the records that looks like a column, and is none yet."""
        from ledger.logs.surveying import survey

        if self.kind != "decision":
            return []
        return survey(self.records, mapping, self.found.format)[:SHOWN]


def proposed(file: Path, form: str | None, timezone: str | None, kind: Kind) -> Proposed:
    """A map for a log: by its format, its likely names, and whose data it holds."""
    from ledger.logs.proposing import propose
    from ledger.logs.recognising import recognised
    from ledger.logs.surveying import sampled, survey, with_likely

    found = recognised(file, form)
    mapping = propose(file, form, timezone, kind)
    records = sampled(found.log, found.container, found.format)
    if found.format.columns and kind == "decision":
        mapping = with_likely(mapping, survey(records, mapping, found.format))
    return Proposed(found, kind, mapping, records)


def answered(
    mapping: ColumnMap, answers: dict[str, Any], personal: Sequence[str], person: str | None = None
) -> ColumnMap:
    """The map with what a person said of it, and with these columns' sources marked as personal.

    `person` is the column of whom a record is about. What is marked is a text from then on.
    """
    from ledger.logs.formats import completed, format_named, marked
    from ledger.logs.mapping import Type

    columns = dict(mapping.columns)
    for name in {*personal, *filter(None, [person])}:
        columns[name] = columns[name].model_copy(update={"type": Type.STRING})
    subject = columns[person].sources if person else mapping.subjects
    sources = [source for name in personal for source in columns[name].sources]
    told = mapping.model_copy(update={"columns": columns})
    told = marked(told, subject, list(dict.fromkeys([*mapping.personal, *sources])))
    given = {name: value for name, value in answers.items() if value}
    return completed(format_named(mapping.format), told.brief() | given)


def as_column(mapping: ColumnMap, place: Place) -> tuple[ColumnMap, str]:
    """The map with a column for a place, and its name: the one that reads it, or a new one."""
    from ledger.logs.surveying import with_column

    taken = mapping.columns.items()
    known = next((name for name, column in taken if place.source in column.sources), None)
    return (mapping, known) if known else with_column(mapping, [place])


def map_yaml(mapping: ColumnMap) -> str:
    """A map as one would write it by hand."""
    import yaml

    return str(yaml.safe_dump(mapping.brief(), sort_keys=False, allow_unicode=True))


def write_map(path: Path, text: str) -> None:
    """Write a map into a new file. InvalidInput if it cannot be, or is there."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInput(f"{path} is there already.", "Name another file.") from None
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}.", "Name another."
        ) from error


class _Settling:
    """A conversation about a map; an empty answer leaves a question open."""

    def __init__(
        self, session: Session, mapping: ColumnMap, records: Sequence[bytes], places: list[Place]
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._records = records
        self._places = places

    def settled(self) -> ColumnMap:
        """The map with what a person answered."""
        self._show()
        answers: dict[str, Any] = {}
        if decision := self._one_of("Which column is the decision?"):
            answers["decision"] = decision
            values = self._values(decision)
            if values:
                self._session.voice.note(f"Its values: {', '.join(values)}")
                question = "Which of them is the favourable one?"
                positive = _asked(self._session, question, _listed(values))
                answers |= {"positive": positive} if positive else {}
        if label := self._one_of("Which column is the label, the outcome that came true?"):
            answers["label"] = label
        answers["groups"] = self._some_of("Which columns hold groups (age, sex)?")
        marked = [*self._mapping.subjects, *self._mapping.personal]
        if marked:
            self._session.voice.note(f"Marked as personal data: {', '.join(marked)}")
        personal = self._some_of("Which columns hold personal data?")
        person = None
        if (marked or personal) and not self._mapping.subjects:
            person = self._one_of("Which column names the person that a record is about?")
        return answered(self._mapping, answers, personal, person)

    def _show(self) -> None:
        """Number what may be answered: the columns, then the other places that look like some."""
        note = self._session.voice.note
        names = self._mapping.columns
        for number, (name, column) in enumerate(names.items(), start=1):
            note(f"{number:>4}  {name} ({column.type})  from {', '.join(column.sources)}")
        if self._places:
            note("      no columns yet:")
        for number, place in enumerate(self._places, start=len(names) + 1):
            values = f": {', '.join(place.values)}" if place.values else ""
            note(f"{number:>4}  {place.source} ({place.type}){values}")
        self._numbered: list[str | Place] = [*names, *self._places]

    def _one_of(self, question: str) -> str | None:
        return _asked(self._session, question, self._known)

    def _some_of(self, question: str) -> list[str]:
        def known(text: str) -> str | None:
            found = [self._known(part.strip()) for part in text.split(",") if part.strip()]
            return ",".join(name for name in found if name) if all(found) else None

        answer = _asked(self._session, f"{question} Several with commas.", known)
        return list(dict.fromkeys(answer.split(","))) if answer else []

    def _known(self, text: str) -> str | None:
        """The column of this name, number or source; a place becomes a column."""
        from ledger.logs.surveying import stands_at

        if text in self._mapping.columns:
            return text
        if text.isdecimal() and 1 <= int(text) <= len(self._numbered):
            chosen = self._numbered[int(text) - 1]
            if isinstance(chosen, str):
                return chosen
            place: Place | None = chosen
        else:
            place = stands_at(self._records, text)
        if place is None:
            return None
        self._mapping, name = as_column(self._mapping, place)
        return name

    def _values(self, name: str) -> list[str]:
        """The different values of a column in the first records, if they are few."""
        from ledger.logs.surveying import values_of

        values = values_of(self._records, self._mapping.columns[name])
        return values if len(values) <= FEW else []


def _zoned(
    session: Session,
    file: Path,
    form: str | None,
    kind: Kind,
    mapping: ColumnMap,
    records: Sequence[bytes],
) -> ColumnMap:
    """Ask for the zone of times that state none, if there are any."""
    from ledger.logs.formats.table import TABLE
    from ledger.logs.mapping import ColumnMap, Type
    from ledger.logs.proposing import propose
    from ledger.logs.surveying import zoneless

    if mapping.timezone is not None:
        return mapping
    if mapping.format == TABLE.name:
        zoned = propose(file, form, "UTC", kind)
        times = [
            name
            for name, column in zoned.columns.items()
            if column.type is Type.TIMESTAMP and mapping.columns[name].type is not Type.TIMESTAMP
        ]
    else:
        times = zoneless(records, mapping)
    if not times:
        return mapping

    def known(text: str) -> str | None:
        try:
            return ColumnMap(columns=mapping.columns, timezone=text).timezone
        except ValueError:
            return None

    question = f"{', '.join(times)}: times without a zone. In which zone are they (Europe/Berlin)?"
    zone = _asked(session, question, known)
    if zone and mapping.format == TABLE.name:
        return propose(file, form, zone, kind)
    return mapping.model_copy(update={"timezone": zone})


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
