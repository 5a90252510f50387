"""`ledger export`, `backup`, `rebuild`, `move`: keeping a ledger, here and elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.asking import confirm_name
from console.cli.display import progress, show_one
from console.cli.options import Confirm, Json, example, group, session_of
from console.session import Session

if TYPE_CHECKING:
    from ledger.moving import Carried

app = group()


@app.command(epilog=example("quaestor ledger export --tiles public"))
def export(
    context: typer.Context,
    *,
    tiles: Annotated[
        Path,
        typer.Option(metavar="DIR", file_okay=False, help="Made or extended: c2sp.org/tlog-tiles."),
    ],
    json: Json = False,
) -> None:
    """Write the ledger as static files that any web server publishes.

    Checkpoint (signed by you), tree tiles and entries; done again, it adds what is new. Personal
    texts are ciphertext in it, and no key is.
    """
    from ledger.tile_export import export_tiles

    session = session_of(context)
    signer = session.signer  # unlocked before the ledger is read
    with progress(session, "exporting") as told:
        done = export_tiles(session.book, signer, tiles, progress=told)
    document = {
        "folder": str(done.folder),
        "size": done.size,
        "root": done.root,
        "files": done.files,
    }
    show_one(session, document, as_json=json)


@app.command(epilog=example("quaestor ledger backup /backups/quaestor"))
def backup(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(metavar="DEST", file_okay=False, help="Empty, missing, or a backup."),
    ],
    *,
    json: Json = False,
) -> None:
    """Copy the whole home while others work; done again, it adds what is new.

    The copy is a home with a database of its own, made from entries that were each checked: to
    restore it, open it (--home DEST). Seats are not in it; it holds the vault, so guard it alike.
    """
    from ledger.moving import backup as back_up

    session = session_of(context)
    with progress(session, "backing up") as told:
        done = back_up(session.book, folder, progress=told)
    _show(session, done, as_json=json)


@app.command(epilog=example("quaestor ledger rebuild"))
def rebuild(context: typer.Context, *, json: Json = False) -> None:
    """Make every register anew from the entries, if these are sound (else exit code 1)."""
    from ledger import moving

    session = session_of(context)
    with progress(session, "rebuilding") as told:
        rows = moving.rebuild(session.book, progress=told)
    show_one(session, {"rows": rows}, as_json=json)


@app.command(
    epilog=example(
        "quaestor ledger move postgresql+psycopg://quaestor@db.example/ledger",
        "quaestor ledger move duckdb: --confirm bank.example/quaestor",
    )
)
def move(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="PostgreSQL's, or `duckdb:` for a file in the home."),
    ],
    *,
    confirm: Confirm = None,
    json: Json = False,
) -> None:
    """Carry the ledger to another store, entry for entry, with the same root.

    Others may work until the end; who has it open then must start again. Interrupted, start it
    again: it goes on where it stopped. What is left behind is set aside, not deleted. The name to
    confirm is the ledger's origin.
    """
    from console.settings import read_store
    from ledger import moving

    session = session_of(context)
    book = session.book
    finished = moving.finish_move(book.home)
    if finished:
        session.voice.note("An earlier move, interrupted at its end, is finished.")
    _, store = ("", "") if url == "duckdb:" else read_store(url, book.home.folder)
    confirm_name(session, confirm, book.facts.origin, "This moves the ledger for everyone.")
    with progress(session, "moving") as told:
        done = moving.move(book, store or "duckdb:", finished=finished, progress=told)
    _show(session, done, as_json=json)


def _show(session: Session, done: Carried, *, as_json: bool) -> None:
    document = {"to": done.to, "size": done.size, "root": done.root, "entries": done.entries}
    show_one(session, document, as_json=as_json)
