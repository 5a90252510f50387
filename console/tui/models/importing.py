"""Importing a decision log: which file, under which column map, then sealed in the background."""

from __future__ import annotations

from pydantic import ValidationError
from rich.text import Text

from console.cli.cards import read_yaml
from console.tui.desk import Desk
from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.work import Values, Work, path_of
from ledger.errors import InvalidInput
from ledger.kinds import Kind
from ledger.logs.importing import Imported, import_logs
from ledger.logs.mapping import ColumnMap, propose

_FIELDS = (
    Field("path", "Decision log", "path", hint="CSV, JSON Lines or Parquet."),
    Field(
        "map",
        "Column map",
        "path",
        required=False,
        hint="YAML. Without one, every field is mapped under its own name; you see it first.",
    ),
    Field("max_bad", "Bad rows allowed", value="0", hint="All bad rows are kept and counted."),
)


async def import_decisions(desk: Desk, model: str) -> None:
    """Ask for file and map, show the map, import with a progress bar, say what came of it."""
    if not await desk.allowed(Kind.LOG_SEALED):
        return
    values: Values = {}
    mapping: ColumnMap | None = None
    while mapping is None:
        asked = await desk.push_screen_wait(
            Form(f"Import decisions of {model}", _FIELDS, values, verb="Look at the map")
        )
        if asked is None:
            return
        values = asked
        mapping = await _agreed_map(desk, values)
    path = path_of(values["path"])

    def importing(work: Work) -> Imported:
        return import_logs(
            work.book,
            work.signer,
            model,
            [path],
            mapping,
            max_bad=_whole(work.values["max_bad"]),
            progress=work.tell,
        )

    imported = await desk.enter(
        Kind.LOG_SEALED, importing, values=values, doing=f"Importing {path.name}"
    )
    if imported is not None:
        desk.tell(
            told(imported),
            title=f"{imported.log}: {path.name}",
            severity="warning" if imported.too_many_bad else "information",
            timeout=12,
        )


async def _agreed_map(desk: Desk, values: Values) -> ColumnMap | None:
    mapping = await desk.run_job("Reading the columns", lambda _tell: _column_map(values))
    agreed = mapping is not None and await desk.push_screen_wait(_shown(mapping))
    return mapping if agreed else None


def told(imported: Imported) -> str:
    """What an import came to, in one sentence each."""
    if imported.already_imported:
        return f"Imported already, as {imported.log}: {imported.rows:,} decisions."
    redacted = ", ".join(f"{count:,} {name}" for name, count in imported.redactions.items())
    bad = f" {imported.quarantined:,} bad rows are quarantined" if imported.quarantined else ""
    over = ": more than was allowed." if imported.too_many_bad else "." if bad else ""
    return f"{imported.rows:,} decisions sealed. Redacted: {redacted or 'nothing'}.{bad}{over}"


def _column_map(values: Values) -> ColumnMap:
    _whole(values["max_bad"])
    path = path_of(values["path"])
    if not values["map"]:
        return propose(path)
    file = path_of(values["map"])
    try:
        return ColumnMap.model_validate(read_yaml(file))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the map"
        raise InvalidInput(
            f"{file.name} is wrong at {place}: {first['msg']}.",
            "Leave the map out to have one proposed.",
        ) from error


def _shown(mapping: ColumnMap) -> Notice:
    text = Text()
    for name, column in mapping.columns.items():
        needed = ", needed" if column.required else ""
        text.append(f"{name:<24}", style="bold")
        text.append(f"{column.source} ({column.type}{needed})\n")
    zone = mapping.timezone or "none stated: times without a zone stay bad rows or text"
    text.append(f"\nTime zone: {zone}")
    return Notice(text, "Enter imports under this map; Esc goes back.", title="The column map")


def _whole(text: str) -> int:
    if not text.isdigit():
        raise InvalidInput(f"{text!r} is not a number of rows.", "Write a whole number, such as 0.")
    return int(text)
