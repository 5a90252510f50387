"""What an import would be, before it is one: files, format, map, and what the map leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from rich.text import Text

from console.cli.column_maps import map_of, stated_rule
from console.messages import legible
from console.tui import marks
from console.tui.form import Field, choices
from console.tui.work import Values, lines_of, path_of
from ledger.errors import InvalidInput
from ledger.logs.arriving import PassedOver, arriving
from ledger.logs.containers import CONTAINERS
from ledger.logs.explaining import Example, Explained, explain
from ledger.logs.formats import FORMATS
from ledger.logs.importing import WANTED
from ledger.logs.mapping import ColumnMap
from ledger.logs.recognising import Recognised, one_format, recognised
from ledger.logs.rules import RedactionRules
from ledger.registers.logs import LogKind

_FILES = 5  # that are looked into; more are counted
_EXAMPLES = 2
_LONG = 300

KINDS: dict[LogKind, str] = {
    "decision": "decisions of the model",
    "feedback": "feedback on decisions",
    "outcome": "outcomes: what became of decisions",
    "resource": "resources that it used",
}

FIELDS = (
    Field("path", "Log", "path",
          hint="A file, a folder, a pattern such as exports/**/*.jsonl.gz, or a sealed bundle."),
    Field("more", "More of them", "long", required=False, hint="Files or folders, one a line."),
    Field("kind", "It holds", "choice", "decision",
          list(KINDS.items())),
    Field("map", "Column map", "path", required=False,
          hint="YAML. Without one, the format says, or each field keeps its name; you see it "
          "first."),
    Field("columns", "Columns", "long", required=False,
          hint="TARGET=SOURCE:TYPE, one a line, such as time=decided_at:timestamp; ! at the end "
          "if it is required."),
    Field("timezone", "Time zone", required=False,
          hint="Of times that state none, such as Europe/Berlin."),
    Field("format", "Format", "choice", required=False,
          choices=choices([*CONTAINERS, *FORMATS]),
          hint="Only where the content is not recognised."),
    Field("max_bad", "Bad rows allowed", value="0", hint="All bad rows are kept and counted."),
)  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """The files, what they are taken for, the map they would have, and the first records."""

    kind: LogKind
    form: str | None
    max_bad: int
    found: list[Recognised]
    passed_over: Sequence[PassedOver]
    mapping: ColumnMap
    explained: list[Explained]

    @property
    def name(self) -> str:
        """The files in few words."""
        more = f" and {len(self.found) - 1:,} more" if len(self.found) > 1 else ""
        return f"{self.found[0].log.name}{more}"


def look(
    values: Values, spooled: ExitStack, rules: RedactionRules, *, keyless: bool = False
) -> Looked:
    """Find and recognise what a form names; pipes are spooled as long as `spooled` is open.

    Raises InvalidInput for what is no log, files of several formats, or a map that does not fit.
    """
    kind, form = kind_of(values["kind"]), values["format"] or None
    file = path_of(values["map"]) if values["map"] else None
    rule = stated_rule(file, lines_of(values["columns"]), values["timezone"] or None)
    spool = Path(spooled.enter_context(TemporaryDirectory(prefix="quaestor-")))
    arrived = spooled.enter_context(arriving(named(values), spool, _no_stream))
    found = [recognised(log, form) for log in arrived.logs]
    one_format(found)
    mapping = map_of(found, rule, form, kind, keyless=keyless)
    explained = [
        explain(one, found, mapping, WANTED[kind], shown=_EXAMPLES, rules=rules)
        for one in found[:_FILES]
    ]
    max_bad = bad_rows_allowed(values)
    return Looked(kind, form, max_bad, found, arrived.passed_over, mapping, explained)


def named(values: Values) -> list[str]:
    """The files, folders and patterns that a form names."""
    return [values["path"], *lines_of(values["more"])]


def bad_rows_allowed(values: Values) -> int:
    """How many bad rows a form allows. InvalidInput for what is no number."""
    text = values["max_bad"]
    if not text.isdigit():
        raise InvalidInput(f"{text!r} is not a number of rows.", "Write a whole number, such as 0.")
    return int(text)


def looked_text(looked: Looked, width: int) -> Text:
    """Files with their formats, the map, what is wanted and not there, and two records."""
    text = Text()
    for one in looked.found[:_FILES]:
        text.append(legible(one.log.name), style="bold")
        text.append(f"\n  {legible(one.said())}\n")
    if len(looked.found) > _FILES:
        text.append(f"and {len(looked.found) - _FILES:,} more files of this format\n")
    for other in looked.passed_over[:_FILES]:
        text.append(legible(f"passed over: {other.name}: {other.because}\n"), style=marks.QUIET)
    if len(looked.passed_over) > _FILES:
        text.append(f"passed over: {len(looked.passed_over) - _FILES:,} more\n", style=marks.QUIET)
    text.append("\nThe column map\n", style="bold")
    text.append(map_text(looked.mapping))
    for said, names in _lacking(looked.explained).items():
        if names:
            text.append(f"! {said}: {', '.join(names)}\n", style=marks.WARN)
    first = looked.explained[0]
    for line, reason in first.bad:
        text.append(legible(f"✗ line {line:,}, bad row: {reason}\n"), style=marks.BAD)
    for example in first.examples:
        text.append(_example(example, width))
    return text


def map_text(mapping: ColumnMap) -> Text:
    """Each column with its sources and type, and the zone of times that state none."""
    text = Text()
    for name, column in mapping.columns.items():
        needed = ", needed" if column.required else ""
        text.append(f"{legible(name):<22} ")
        text.append(f"{legible(', '.join(column.sources))} ({column.type}{needed})\n",
                    style=marks.QUIET)  # fmt: skip
    zone = mapping.timezone or "none stated: times without a zone stay bad rows or text"
    return text.append(f"Time zone: {zone}\n", style=marks.QUIET)


def _lacking(explained: Sequence[Explained]) -> dict[str, list[str]]:
    return {
        "wanted, and not in the map": sorted({n for one in explained for n in one.unmapped}),
        "wanted, and empty in these records": sorted({n for one in explained for n in one.empty}),
    }


def _example(example: Example, width: int) -> Text:
    """A record as it is, as it would be kept, and in columns; cut, as it may be a whole trace."""
    text = Text(f"\nLine {example.line:,}\n")
    same = example.before == example.after
    for said, shown in (
        ("as it is", example.before),
        ("as kept", "the same" if same else example.after),
    ):
        cut = shown if len(shown) <= _LONG else f"{shown[:_LONG]}…"
        text.append(f"{said}: ", style=marks.QUIET).append(f"{legible(cut)}\n")
    for name, value in example.columns.items():
        if value is not None:
            line = f"  {name} = {value}".replace("\n", " ")
            text.append(f"{legible(line)[:width]}\n")
    if example.problem:
        text.append(legible(f"✗ bad row: {example.problem}\n"), style=marks.BAD)
    return text


def kind_of(name: str) -> LogKind:
    """What a form says that a log holds."""
    return next(kind for kind in KINDS if kind == name)


def _no_stream() -> BinaryIO:
    raise InvalidInput("A screen has no stream to read from.", "Name a file, or import it by CLI.")
