"""`logs import`: from what was named to a sealed log, or to an explanation of what it would be."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.column_maps import (
    Columns,
    FormatOption,
    Kind,
    KindOption,
    MapFile,
    Timezone,
    map_of,
    note_personal,
    stated_rule,
)
from console.cli.display import Document, progress, show_one
from console.cli.explaining import explain_files
from console.cli.options import Json, session_of
from console.exits import ExitCode
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.arriving import Arrived
    from ledger.logs.importing import Imported
    from ledger.logs.mapping import ColumnMap
    from ledger.logs.recognising import Recognised

NAMED = 12  # files that are named one by one; more are counted

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH...", help='Files, "patterns", folders, or - for stdin.')
]
MaxBad = Annotated[int, typer.Option(min=0, help="More bad rows than this exit with code 1.")]


def import_files(
    context: typer.Context,
    paths: Paths,
    *,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Whose decisions these are.")
    ] = None,
    kind: KindOption = "decision",
    map_file: MapFile = None,
    column: Columns = None,
    timezone: Timezone = None,
    max_bad: MaxBad = 0,
    form: FormatOption = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what would be imported and how; import nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Seal log files of a model and enter them, once.

    CSV, JSON Lines, JSON and Parquet, plain or packed by gzip or zstd, are told apart by their
    content, and so are the formats of AI platforms. Folders are searched for logs. Personal data
    and credentials are redacted before anything is hashed, and of conversations a summary is kept,
    with what the map takes from them, unless the redaction policy keeps them whole. Bad rows are
    quarantined and counted. --map and --column add to the columns of the format, or replace them;
    a plain table is mapped as proposed. The persons that a platform names become pseudonyms, and
    what it holds of them is sealed, unless the map states `subject` or `personal` itself.
    The same files again change nothing, and exit as before.
    A bundle (`logs seal`) is checked through and entered as it is.
    Types: string, integer, number, boolean, timestamp.
    """
    session = session_of(context)
    rule = stated_rule(map_file, column or [], timezone)
    with arrived_files(session, paths, explained=explain) as arrived:
        if bundle := only_bundle([str(log.path) for log in arrived.logs]):
            if rule or form or explain:
                raise InvalidInput(
                    "A bundle brings its own map and format.", "Leave the others out."
                )
            import_bundle(session, bundle, model, max_bad, as_json=json)
            return
        found = recognised_files(session, arrived, form)
        mapping = map_of(found, rule, form, kind)
        if explain:
            explain_files(session, found, mapping, kind, as_json=json)
            return
        if model is None:
            raise InvalidInput("It is not said whose decisions these are.", "State --model MODEL.")
        note_personal(session, found[0], mapping, rule)
        _enter(session, model, kind, found, mapping, form, max_bad, as_json=json)


def _enter(
    session: Session,
    model: str,
    kind: Kind,
    found: Sequence[Recognised],
    mapping: ColumnMap,
    form: str | None,
    max_bad: int,
    *,
    as_json: bool,
) -> None:
    from ledger.logs.importing import import_logs
    from ledger.logs.recognising import stated

    signer = session.signer
    container, _ = stated(form)
    with progress(session, "importing", of_bytes=True) as told:
        imported = import_logs(
            session.book, signer, model, [one.log for one in found], mapping,
            kind=kind, container=container, max_bad=max_bad, progress=told,
        )  # fmt: skip
    show_imported(session, imported, max_bad, as_json=as_json)


def only_bundle(paths: Sequence[str]) -> Path | None:
    """The bundle that was named, if one was. InvalidInput for one among other files."""
    from ledger.logs.bundles import is_bundle

    bundles = [path for path in map(Path, paths) if is_bundle(path)]
    if bundles and len(paths) > 1:
        raise InvalidInput(f"{bundles[0]} is a bundle.", "Import one bundle at a time, by itself.")
    return bundles[0] if bundles else None


def import_bundle(
    session: Session, path: Path, model: str | None, max_bad: int, *, as_json: bool
) -> None:
    """Check a bundle through and enter it."""
    from ledger.logs.bundling import enter_bundle

    signer = session.signer
    with progress(session, "checking", of_bytes=True) as told:
        imported = enter_bundle(
            session.book, signer, path, model=model, max_bad=max_bad, progress=told
        )
    show_imported(session, imported, max_bad, as_json=as_json)


def show_imported(session: Session, imported: Imported, max_bad: int, *, as_json: bool) -> None:
    """Print what an import came to; it ends with exit code 1 if too many rows were bad."""
    document = imported.as_json()
    document["missing_share"] = shares(imported.missing, imported.rows)
    show_one(session, document if as_json else readable(document), as_json=as_json)
    if imported.already_imported:
        session.voice.note(f"These files are imported already, as {imported.log}.")
        if since := _dropped_since(session, imported.log):
            session.voice.warn(
                f"{imported.log} was dropped at {since}: its records are gone, and stay so."
            )
    if imported.too_many_bad:
        session.voice.warn(
            f"{imported.quarantined:,} rows were bad, more than --max-bad {max_bad}; they are in "
            f"quarantine, the others are imported: quaestor logs show {imported.log}"
        )
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _dropped_since(session: Session, log: str) -> str | None:
    from ledger.registers.retention import DroppedRow

    with session.book.read() as snapshot:
        dropped = snapshot.rows.get(DroppedRow, log)
    return dropped.time if dropped else None


@contextmanager
def arrived_files(session: Session, paths: Sequence[str], *, explained: bool) -> Iterator[Arrived]:
    """What was named; streams are spooled beside the evidence, where there is one."""
    from tempfile import TemporaryDirectory

    from ledger.logs.arriving import arriving

    folder = session.settings.home / "evidence"
    with TemporaryDirectory(prefix="quaestor-") as other:
        spool = Path(other) if explained or not folder.is_dir() else folder
        with arriving(paths, spool, lambda: sys.stdin.buffer) as arrived:
            yield arrived


def recognised_files(session: Session, arrived: Arrived, form: str | None) -> list[Recognised]:
    """Say what each file is taken for, and what in the folders is passed over."""
    from ledger.logs.recognising import one_format, recognised

    found = [recognised(log, form) for log in arrived.logs]
    for other in arrived.passed_over[:NAMED]:
        session.voice.note(f"passed over: {other.name}: {other.because}")
    if len(arrived.passed_over) > NAMED:
        session.voice.note(f"passed over: {len(arrived.passed_over) - NAMED:,} more files")
    for one in found[:NAMED]:
        session.voice.note(f"{one.log.name}: {one.said()}")
    if len(found) > NAMED:
        session.voice.note(f"and {len(found) - NAMED:,} more files")
    one_format(found)
    return found


def shares(counts: Mapping[str, int], rows: int) -> dict[str, float]:
    """Which share of the rows each count is; nothing of no rows."""
    return {name: count / rows for name, count in counts.items()} if rows else {}


def readable(document: Document) -> Document:
    """The same document with shares instead of the counts that they come from."""
    missing = {name: f"{share:.1%}" for name, share in document["missing_share"].items()}
    others = {name: value for name, value in document.items() if name != "missing_share"}
    return {**others, "missing": missing}
