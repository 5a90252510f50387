"""`ledger witness`: checkpoints kept out of the ledger's reach, and passed between people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.display import show_list, show_one
from console.cli.options import Json, example, group, session_of
from console.exits import ExitCode
from console.session import Session

if TYPE_CHECKING:
    from ledger.witnessing import Witnessed

app = group("Checkpoints kept where the ledger's folder cannot reach them.")


@app.command(epilog=example("quaestor ledger witness add /media/usb"))
def add(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder elsewhere: a share, a USB stick.")
    ],
    *,
    json: Json = False,
) -> None:
    """Let a folder keep your checkpoints; do it again to bring it up to date.

    What it keeps is held against the ledger first, and by `ledger verify` from then on. A fork, or
    fewer entries than it has seen, is exit code 1.
    """
    from ledger.witnessing import add_witness

    session = session_of(context)
    _show(session, add_witness(session.book, session.signer, folder), as_json=json)


@app.command("list", epilog=example("quaestor ledger witness list"))
def list_witnesses(context: typer.Context, *, json: Json = False) -> None:
    """List your witnesses, and whether the ledger continues what each has seen (else exit code 1).

    `missing`: it is not mounted, or keeps nothing of this ledger. `unusable`: what it keeps is
    damaged, or signed by nobody of this ledger (exit code 1 as well); once you know why, remove
    that file, and let the witness keep a new one with `ledger witness add`.
    """
    from ledger.witnessing import witness_folders

    session = session_of(context)
    found = witness_folders(session.book)
    documents = [
        {
            "folder": str(each.folder),
            "says": each.says,
            "size": each.size,
            "by": each.by,
            "time": each.time,
        }
        for each in found
    ]
    columns = {
        "folder": "FOLDER",
        "says": "THE LEDGER",
        "size": "ENTRIES",
        "by": "BY",
        "time": "TIME",
    }
    empty = "You have no witness. Add one: quaestor ledger witness add DIR"
    show_list(session, documents, columns, as_json=json, empty=empty)
    if any(each.says in {"contradicts", "unusable"} for each in found):
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command(epilog=example("quaestor ledger witness exchange to-and-fro.checkpoint"))
def exchange(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", dir_okay=False, help="A checkpoint; made if it is missing."),
    ],
    *,
    json: Json = False,
) -> None:
    """Compare what somebody else has seen with your ledger, and hand back what it is now.

    Pass the file to and fro: once it has been both ways, you have seen the same history. A fork,
    or a ledger that is shorter than what they saw, is exit code 1.
    """
    from ledger.witnessing import witness

    session = session_of(context)
    _show(session, witness(session.book, session.signer, file), as_json=json)


def _show(session: Session, kept: Witnessed, *, as_json: bool) -> None:
    document = {
        "path": str(kept.path),
        "size": kept.size,
        "root": kept.root,
        "before": kept.before,
        "signers": list(kept.signers),
    }
    show_one(session, document, as_json=as_json)
