"""`ledger`: the record itself."""

from __future__ import annotations

import base64
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import keeping, proofs, restorations, witnesses
from console.cli.display import Cell, Document, print_json, progress, screen_of, show_list, show_one
from console.cli.options import Json, Last, example, existing_file, group, read_file, session_of
from console.cli.proofs import read_text
from console.exits import ExitCode
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography import x509

    from ledger.anchors import Anchor
    from ledger.verification import Verification

app = group("The record itself: entries, verification, checkpoints.")


@app.command(
    epilog=example("quaestor ledger log --last 20", "quaestor ledger log --kind 'model.*' --json")
)
def log(
    context: typer.Context,
    *,
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="`model.registered`, or `model.*`")
    ] = "",
    subject: Annotated[str, typer.Option(metavar="SUBJECT", help="`model/credit-scorer`")] = "",
    last: Last = 50,
    json: Json = False,
) -> None:
    """List entries, the latest last."""
    session = session_of(context)
    with session.book.read() as snapshot:
        found = snapshot.find(kind=kind, subject=subject, last=last)
    columns = {"seq": "ENTRY", "time": "TIME", "actor": "BY", "kind": "KIND", "subject": "ABOUT"}
    documents = [
        {name: getattr(entry, name) for name in columns} | {"bytes": len(entry.data)}
        for entry in found
    ]
    show_list(session, documents, columns, as_json=json, empty="No entry is like that.")


@app.command(
    epilog=example("quaestor ledger show 12", "quaestor ledger show 12 --bytes | sha256sum")
)
def show(
    context: typer.Context,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help="The entry's number.")],
    *,
    exact: Annotated[
        bool, typer.Option("--bytes", help="Its exact canonical bytes, and nothing else.")
    ] = False,
    json: Json = False,
) -> None:
    """Show an entry. Personal texts appear as the record holds them: as ciphertext."""
    import orjson

    from ledger.entry import entry_hash

    session = session_of(context)
    with session.book.read() as snapshot:
        found = snapshot.entries(seq, seq + 1)
        size = snapshot.head.size
    if not found:
        raise InvalidInput(f"There is no entry {seq}.", f"The ledger has 0 to {size - 1}.")
    data = found[0].data
    if exact:
        sys.stdout.buffer.write(data)
        return
    document = {**orjson.loads(data), "hash": entry_hash(data).hex()}
    if json:
        print_json(document)
        return
    body = orjson.dumps(document.pop("body"), option=orjson.OPT_INDENT_2).decode()
    show_one(
        session, {name: value for name, value in document.items() if name != "v"}, as_json=False
    )
    typer.echo(f"\n{body}")


@app.command(
    epilog=example(
        "quaestor ledger verify",
        "quaestor ledger verify --since-last",
        "quaestor ledger verify --strict --against auditor.checkpoint --json",
    )
)
def verify(
    context: typer.Context,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Verified only if every entry is vouched for.")
    ] = False,
    since_last: Annotated[
        bool,
        typer.Option("--since-last", help="Only what came after your last verification."),
    ] = False,
    allow_unconfirmed: Annotated[
        bool, typer.Option("--allow-unconfirmed", help="Exit with 0 if unconfirmed.")
    ] = False,
    against: Annotated[
        list[Path] | None,
        existing_file("A checkpoint note or a signed report to hold it against; repeatable."),
    ] = None,
    trust: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="The CA you trust, for a report in --against."),
    ] = None,
    json: Json = False,
) -> None:
    """Verify the whole record against your anchors.

    Entries, signatures, authority, registers, tree, journal, evidence, vault and switchboard. Exit
    code 0 if verified, 1 if altered, 5 if unconfirmed: sound in itself, but held against nothing
    from outside, or not against all that your seat and its witnesses kept, for some of it is
    damaged. Timestamps that your seat keeps are checked, and held against it too.

    With --since-last it goes on from where your seat's last verification ended: it reads the
    entries, journal and evidence that came later, and says so. Where it cannot go on (another
    version, a damaged memory, another tree), it checks everything and says why.
    """
    from ledger.verification import verify as verify_home
    from reports.timestamped import timestamp_anchors

    session = session_of(context)
    anchors = [_anchor(session, file, trust) for file in against or []]
    against_all = [*anchors, *timestamp_anchors(session.book)]
    with progress(session, "verifying") as told:
        found = verify_home(
            session.book, against=against_all, strict=strict, since_last=since_last, progress=told
        )
    if json:
        print_json(found.as_json())
    else:
        _show_verification(session, found)
    if found.verdict == "altered":
        raise typer.Exit(ExitCode.CHECK_FAILED)
    if found.verdict == "unconfirmed" and not allow_unconfirmed:
        raise typer.Exit(ExitCode.UNCONFIRMED)


@app.command(
    epilog=example(
        "quaestor ledger checkpoint > monday.checkpoint",
        "quaestor ledger checkpoint --vkey",
        "quaestor ledger checkpoint --cosign monday.checkpoint > cosigned.checkpoint",
        "quaestor ledger checkpoint --tsa http://tsa.example/ts --tsa-ca tsa-ca.pem",
    )
)
def checkpoint(
    context: typer.Context,
    *,
    vkey: Annotated[
        bool, typer.Option("--vkey", help="The verifier key for your checkpoints instead.")
    ] = False,
    cosign: Annotated[
        Path | None,
        existing_file("Somebody's checkpoint, to be printed with your cosignature.", "--cosign"),
    ] = None,
    tsa: Annotated[
        str,
        typer.Option("--tsa", metavar="URL", help="A timestamp authority (RFC 3161) to ask."),
    ] = "",
    tsa_ca: Annotated[
        Path | None,
        existing_file("Its CA's certificate (PEM), which your seat then pins.", "--tsa-ca"),
    ] = None,
    json: Json = False,
) -> None:
    """Print a checkpoint signed by you, for a witness to keep.

    Size and root of the whole record, as a signed note (c2sp.org/signed-note, tlog-checkpoint)
    under the key name ORIGIN/ACTOR. It is held against your seat first, which keeps it. With
    --cosign, somebody else's checkpoint, held against the ledger, under your cosignature.

    With --tsa, your seat keeps it with the authority's timestamp; it is printed all the same if the
    authority does not answer (exit code 4).
    """
    from ledger.checkpoint import parse_checkpoint, parse_note
    from ledger.witnessing import cosign as cosign_note
    from ledger.witnessing import signed_checkpoint, vouching

    session = session_of(context)
    origin = session.book.facts.origin
    if vkey:
        _show_verifier_key(session, origin, as_json=json)
        return
    authority = _authority(tsa, tsa_ca)
    signer = session.signer  # unlocked before the ledger is read
    if cosign is not None:
        note = cosign_note(session.book, signer, read_text(cosign), str(cosign))
    else:
        with vouching(session.book, signer) as snapshot:
            note = signed_checkpoint(snapshot, signer)
    signed = parse_checkpoint(parse_note(note)[0])
    stamp: Anchor | None = None
    try:
        if tsa:
            stamp = _have_timestamped(session, note, tsa, authority)
    finally:  # whatever becomes of the timestamp, the checkpoint is good
        if json:
            by = f"{origin}/{signer.actor}"
            size, root = signed.size, signed.root.hex()
            document = {"origin": origin, "size": size, "root": root, "by": by, "note": note}
            kept = {"time": stamp.time, "by": stamp.by, "where": stamp.where} if stamp else None
            print_json({**document, "timestamp": kept})
        else:
            typer.echo(note, nl=False)


@app.command(epilog=example("quaestor ledger recover"))
def recover(context: typer.Context, *, json: Json = False) -> None:
    """Post what only the journal holds; record stops that wait.

    Every command does the first by itself; this one also rebuilds a database that is missing or
    damaged, and keeps the damaged one. Nothing is repaired that does not verify.
    """
    from ledger import rebuilding
    from ledger.spool import spooled_orders

    session = session_of(context)
    recovered = rebuilding.recover(session.book)
    orders = spooled_orders(session.book.home)
    recorded = session.book.record_orders(session.signer) if orders else []
    with session.book.read() as snapshot:
        size = snapshot.head.size
    done: Document = {
        "posted": recovered.posted,
        "kept": str(recovered.kept) if recovered.kept else None,
        "orders": recorded,
        "size": size,
    }
    show_one(session, done, as_json=json)


app.add_typer(proofs.app)
app.add_typer(witnesses.app, name="witness")
app.add_typer(keeping.app)
app.add_typer(restorations.app)


def _authority(tsa: str, tsa_ca: Path | None) -> x509.Certificate | None:
    """The CA that is to be trusted for timestamps, if one is named."""
    from reports.authority import load_certificate

    if tsa_ca is None:
        return None
    if not tsa:
        raise InvalidInput("--tsa-ca is the CA of an authority.", "Name the authority: --tsa URL")
    return load_certificate(read_file(tsa_ca))


def _have_timestamped(
    session: Session, note: str, tsa: str, authority: x509.Certificate | None
) -> Anchor:
    from reports.timestamped import have_timestamped

    ledger_id, nonce = session.book.facts.ledger_id, secrets.randbits(64)
    stamp = have_timestamped(session.seat, ledger_id, note, tsa, authority=authority, nonce=nonce)
    session.voice.note(f"Timestamped at {stamp.time} by {stamp.by}, kept in {stamp.where}")
    return stamp


def _show_verifier_key(session: Session, origin: str, *, as_json: bool) -> None:
    from ledger.checkpoint import key_id, vkey
    from ledger.registers.actors import active

    name = f"{origin}/{session.actor}"
    with session.book.read() as snapshot:
        public_key = base64.b64decode(active(snapshot.rows, session.actor).public_key)
    text = vkey(name, public_key)
    if as_json:
        print_json({"name": name, "key_id": key_id(name, public_key).hex(), "vkey": text})
    else:
        typer.echo(text)


def _anchor(session: Session, file: Path, trust: str | None) -> Anchor:
    """What a checkpoint note or a signed report vouches for."""
    from console.anchors import anchor_in

    return anchor_in(read_file(file), str(file), seat=session.seat, trust=trust)


def _show_verification(session: Session, found: Verification) -> None:
    from console.tui.marks import verdict_mark

    mark = verdict_mark(found.verdict)
    screen = screen_of(session)
    screen.table([""], [[Cell(f"{mark.glyph} {found.sentence}", mark.style)]])
    facts: Document = {"root": found.root, **found.checked}
    show_one(session, facts, as_json=False)
    if found.problems:
        rows: list[list[Any]] = [
            [
                Cell("" if problem.seq is None else str(problem.seq)),
                Cell(problem.check),
                Cell(problem.subject),
                Cell(problem.message),
            ]
            for problem in found.problems
        ]
        typer.echo()
        screen.table(["ENTRY", "CHECK", "ABOUT", "PROBLEM"], rows)
