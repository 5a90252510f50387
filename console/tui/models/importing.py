"""Importing logs: which, under which column map, then sealed in the background."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from console.cli.importing import only_bundle
from console.tui import marks
from console.tui.desk import Desk
from console.tui.form import Form
from console.tui.models.log import CameTo, came_to_text
from console.tui.models.looking import FIELDS, Looked, bad_rows_allowed, look, looked_text, named
from console.tui.reading import Reading
from console.tui.work import Tell, Values, Work, path_of
from ledger.book import Book
from ledger.kinds import Kind
from ledger.logs.bundling import enter_bundle
from ledger.logs.importing import Imported, import_logs
from ledger.logs.recognising import stated
from ledger.logs.rules import rules_in_force


async def import_decisions(desk: Desk, model: str) -> None:
    """Ask for files, show what they are and their map, import, and say what came of it."""
    if not await desk.allowed(Kind.LOG_SEALED):
        return
    values: Values = {}
    with ExitStack() as spooled:
        looked: Looked | Path | None = None
        while looked is None:
            asked: Values | None = await desk.push_screen_wait(
                Form(f"Import a log of {model}", FIELDS, values, verb="Look at it")
            )
            if asked is None:
                return
            values = asked
            looked = await _agreed(desk, values, spooled)
        name = looked.name
        importing = (
            partial(_bundle, model, looked)
            if isinstance(looked, Path)
            else partial(_files, model, looked)
        )
        imported = await desk.enter(
            Kind.LOG_SEALED, importing, values=values, doing=f"Importing {name}"
        )
    if imported is not None:
        await _tell(desk, name, imported, bad_rows_allowed(values))


async def _agreed(desk: Desk, values: Values, spooled: ExitStack) -> Looked | Path | None:
    """What a person agreed to after they were shown it; a bundle brings its own map."""
    found = await desk.run_job(
        "Reading the first records", partial(_look, desk.book, values, spooled)
    )
    if found is None or isinstance(found, Path):
        return found
    shown = Reading(f"Import {found.name}", partial(looked_text, found), then="imports it")
    return found if await desk.push_screen_wait(shown) else None


def _look(book: Book, values: Values, spooled: ExitStack, _tell: Tell) -> Looked | Path:
    bad_rows_allowed(values)
    bundle = only_bundle([str(path_of(each)) for each in named(values)])
    if bundle:
        return bundle
    with book.read() as snapshot:
        rules = rules_in_force(snapshot.rows, book.home.evidence).rules
    return look(values, spooled, rules)


def _files(model: str, looked: Looked, work: Work) -> Imported:
    return import_logs(
        work.book,
        work.signer,
        model,
        [one.log for one in looked.found],
        looked.mapping,
        kind=looked.kind,
        container=stated(looked.form)[0],
        max_bad=looked.max_bad,
        progress=work.tell,
    )


def _bundle(model: str, path: Path, work: Work) -> Imported:
    most = bad_rows_allowed(work.values)
    return enter_bundle(work.book, work.signer, path, model=model, max_bad=most, progress=work.tell)


async def _tell(desk: Desk, name: str, imported: Imported, allowed: int) -> None:
    """Say what the import came to; what is missing or was redacted is to be read."""
    title = f"{imported.log}: {name}"
    if imported.already_imported:
        desk.tell(f"Imported already: {imported.rows:,} rows.", title=title)
        return
    came = came_to_text(
        CameTo(
            imported.rows,
            imported.quarantined,
            imported.redactions,
            imported.missing,
            imported.guardrails,
        )
    )
    if imported.too_many_bad:
        more = f"! More bad rows than the {allowed:,} that were allowed\n\n"
        came = marks.coloured(more, marks.WARN).append(came)
    await desk.push_screen_wait(Reading(title, lambda _width: came))
