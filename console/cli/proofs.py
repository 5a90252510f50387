"""`ledger prove` and `ledger check`: proofs for others, and checking what others hand over."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.display import Document, print_json, progress, show_list
from console.cli.options import Json, example, existing_file, group, read_file, session_of
from console.session import Session
from ledger.errors import InvalidInput, StoreUnavailable

if TYPE_CHECKING:
    from ledger.checkpoint import NamedKey

app = group()


@app.command(
    epilog=example(
        "quaestor ledger prove 12 -o entry-12.tlog-proof",
        "quaestor ledger prove --log log-1 --row 499 > decision.json",
        "quaestor ledger prove --consistency monday.checkpoint > since-monday.json",
    )
)
def prove(
    context: typer.Context,
    seq: Annotated[
        int | None, typer.Argument(metavar="[SEQ]", min=0, help="The number of an entry.")
    ] = None,
    *,
    log: Annotated[
        str | None, typer.Option("--log", metavar="LOG", help="A sealed log, with --row.")
    ] = None,
    row: Annotated[
        int | None, typer.Option("--row", metavar="N", min=0, help="A decision in it, from 0.")
    ] = None,
    consistency: Annotated[
        Path | None, existing_file("An earlier checkpoint to be continued.", "--consistency")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", dir_okay=False, help="Write it there."),
    ] = None,
    json: Json = False,
) -> None:
    """Prove an entry, an imported decision, or that nothing was rewritten; signed by you.

    For an entry, a c2sp.org/tlog-proof@v1 text; else JSON (docs/record-format.md). Who has the
    proof and your verifier key (`ledger checkpoint --vkey`) needs nothing else: `ledger check`.
    """
    from ledger.proving import prove_consistency, prove_entry
    from ledger.row_proofs import prove_row

    if [seq is not None, log is not None or row is not None, consistency is not None].count(
        True
    ) != 1:
        raise InvalidInput(
            "What is to be proved?", "Give one of: SEQ, --log LOG --row N, --consistency FILE"
        )
    session = session_of(context)
    signer = session.signer  # unlocked before the ledger is read
    if seq is not None:
        kind, text = "entry", prove_entry(session.book, signer, seq).text()
    elif consistency is not None:
        old = read_text(consistency)
        kind, text = "consistency", prove_consistency(session.book, signer, old, str(consistency))
    elif log is not None and row is not None:
        with progress(session, "hashing") as told:
            kind, text = "row", prove_row(session.book, signer, log, row, progress=told)
    else:
        raise InvalidInput("--log and --row belong together.", "Give both: --log LOG --row N")
    if output is not None:
        _write(output, text)
        session.voice.note(f"The proof is in {output}")
    if json:
        path = str(output) if output else None
        print_json({"kind": kind, "by": signer.actor, "path": path, "proof": text})
    elif output is None:
        sys.stdout.write(text)


@app.command(
    epilog=example(
        "quaestor ledger check entry-12.tlog-proof entry-12.json --vkey ada.vkey",
        "quaestor ledger check decision.json since-monday.json monday.checkpoint",
    )
)
def check(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            exists=True,
            dir_okay=False,
            help="Proofs and checkpoints; beside the proof of an entry, also the entry's bytes.",
        ),
    ],
    *,
    vkey: Annotated[
        list[str] | None,
        typer.Option(
            "--vkey",
            metavar="KEY",
            help="A verifier key, or a file of them, one a line; repeatable. Without it, the keys "
            "of the actors of the ledger at hand.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check proofs and checkpoints offline, with nothing but public keys.

    Neither ledger nor seat is needed if you give the keys. Exit code 1 if anything does not hold,
    2 if a FILE is not what it should be.
    """
    from ledger.proof_files import GivenFile, check_files

    session = session_of(context)
    keys, whose = (given_keys(vkey), "--vkey") if vkey else _keys_at_hand(session)
    found = check_files([GivenFile(str(path), read_file(path)) for path in files], keys)
    documents: list[Document] = [
        {
            "file": file.name,
            "kind": proved.kind,
            "what": proved.what,
            "origin": proved.checkpoint.origin,
            "size": proved.checkpoint.size,
            "root": proved.checkpoint.root.hex(),
            "signers": list(proved.signers),
        }
        for file, proved in found
    ]
    if json:
        names = sorted({name for name, _ in keys})
        print_json({"keys": {"from": whose, "names": names}, "checked": documents})
        return
    columns = {"file": "FILE", "what": "IT HOLDS", "signers": "SIGNED BY"}
    show_list(session, documents, columns, as_json=False, empty="")
    session.voice.note(f"Checked with the keys from {whose}.")


def read_text(path: Path) -> str:
    """The text of a file that a person named. InvalidInput if it is none."""
    try:
        return read_file(path).decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not text.", "Give what was printed.") from error


def given_keys(vkeys: Sequence[str]) -> list[NamedKey]:
    """Verifier keys from texts, or from files that hold them one a line."""
    from ledger.checkpoint import parse_vkey

    texts = []
    for each in vkeys:
        path = Path(each)
        texts += read_text(path).split() if path.is_file() else [each]
    return [parse_vkey(text) for text in texts]


def _keys_at_hand(session: Session) -> tuple[list[NamedKey], str]:
    from ledger.witnessing import actor_keys

    home = session.book.home
    if not home.exists():
        raise InvalidInput(
            "Whose signature counts? There is no ledger at hand whose actors' keys could be used.",
            "Give a key: --vkey KEY; its owner prints it with: quaestor ledger checkpoint --vkey",
        )
    with session.book.read() as snapshot:
        return actor_keys(snapshot), f"the ledger in {home.folder}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be written: {error.strerror}.", "Choose another file."
        ) from error
