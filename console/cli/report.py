"""`report`: signed PDFs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from console.cli.display import show_list, show_one
from console.cli.options import (
    Json,
    OneModel,
    example,
    existing_file,
    group,
    moment,
    read_file,
    session_of,
)
from console.exits import ExitCode
from console.session import Session
from console.settings import read_passphrase

app = group("Signed PDF reports: build, list, verify.")

Trust = Annotated[
    str | None,
    typer.Option(metavar="FINGERPRINT", help="SHA-256 of the CA you trust, not your seat's pin."),
]


@app.command(
    epilog=example(
        "quaestor report build model-report --model credit-scorer",
        "quaestor report build model-report --model credit-scorer --from 2026-01-01T00:00:00Z",
    )
)
def build(
    context: typer.Context,
    kind: Annotated[Literal["model-report"], typer.Argument(metavar="KIND", help="model-report")],
    *,
    model: Annotated[str, typer.Option(metavar="MODEL", help="The model it is about.")],
    period_from: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="RFC 3339 with a zone; default: registration."),
    ] = None,
    period_to: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="RFC 3339; default: now.")
    ] = None,
    pkcs12: Annotated[
        Path | None,
        existing_file("Sign with an organisation's own key and certificate (.p12).", "--pkcs12"),
    ] = None,
    pkcs12_passphrase_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Its passphrase from a file or fd:N, not asked for."),
    ] = None,
    json: Json = False,
) -> None:
    """Build a PDF from the record alone, sign it, and enter that it was issued."""
    del kind  # there is one so far; its name stands in the command for those to come
    from reports.issuing import issue_model_report

    session = session_of(context)
    start, end = moment(period_from), moment(period_to)
    signer = session.signer
    own = _own_signer(session, pkcs12, pkcs12_passphrase_file) if pkcs12 else None
    issued = issue_model_report(
        session.book,
        signer,
        None if own else session.report_key,
        model,
        period_from=start,
        period_to=end,
        pkcs12=own,
    )
    show_one(session, issued.as_json(), as_json=json)


@app.command("list", epilog=example("quaestor report list --json"))
def list_reports(context: typer.Context, *, model: OneModel = None, json: Json = False) -> None:
    """List the reports that were issued."""
    from ledger.registers.reports import ReportRow

    session = session_of(context)
    with session.book.read() as snapshot:
        rows = snapshot.rows.where(ReportRow, **({"about": f"model/{model}"} if model else {}))
    columns = {
        "report": "REPORT",
        "about": "ABOUT",
        "issued_at": "ISSUED",
        "issued_by": "BY",
        "pages": "PAGES",
        "path": "FILE",
    }
    folder = session.book.home.reports
    documents = [
        {**row.model_dump(), "path": str(folder / f"{row.report}.pdf")}
        for row in sorted(rows, key=lambda row: row.seq)
    ]
    empty = "No report was issued. Build one: quaestor report build --help"
    show_list(session, documents, columns, as_json=json, empty=empty)


@app.command(
    epilog=example(
        "quaestor report verify rep-20261120-a1b2c3.pdf",
        "quaestor report verify report.pdf --trust SHA256:3F:...:9A --json",
    )
)
def verify(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The PDF.")
    ],
    *,
    trust: Trust = None,
    json: Json = False,
) -> None:
    """Check a report: signature, evidence, and the ledger at hand if there is one.

    Trusted is the CA that your seat has pinned, or the one that you name; never what the file or a
    home says. Exit code 1 if it is altered or leads to another CA, 5 if you trust none yet.
    """
    from reports.checking import check_report, trusted_fingerprints

    session = session_of(context)
    book = session.book if session.book.home.exists() else None
    check = check_report(read_file(file), book=book, seat=session.seat, trust=trust)
    show_one(session, check.as_json(), as_json=json)
    if check.verdict == "untrusted" and not trusted_fingerprints(session.seat, trust):
        session.voice.note(
            "Your seat has pinned no report CA: compare the fingerprint with its owner by "
            "telephone, then give it with --trust."
        )
        raise typer.Exit(ExitCode.UNCONFIRMED)
    if check.verdict != "valid":
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _own_signer(session: Session, file: Path, source: str | None) -> Any:
    from reports.signing import load_pkcs12

    passphrase = (
        read_passphrase(source)
        if source
        else session.ask_passphrase(f"Passphrase of {file.name}: ", "--pkcs12-passphrase-file FILE")
    )
    return load_pkcs12(file, passphrase)
