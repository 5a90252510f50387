"""`init`, `demo` and `doctor`: the way in."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from console.cli.asking import ask
from console.cli.display import Cell, cell, print_json, screen_of, show_one
from console.cli.options import Json, example, group, session_of
from console.doctor import Finding
from console.exits import ExitCode

app = group()


@app.command(
    epilog=example(
        "quaestor init ada --name 'Ada Lindqvist' --organisation 'Northgate Bank' "
        "--origin northgate.example/ai"
    )
)
def init(
    context: typer.Context,
    actor: Annotated[
        str | None, typer.Argument(metavar="ACTOR", help="Your id in the ledger: ada")
    ] = None,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Your name.")] = "",
    organisation: Annotated[str, typer.Option(metavar="NAME", help="Whose ledger it is.")] = "",
    origin: Annotated[
        str, typer.Option(metavar="ORIGIN", help="Its name in checkpoints: bank.example/ai")
    ] = "",
    store: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Keep the record in PostgreSQL: postgresql+psycopg://USER@HOST/DATABASE. "
            "Else QUAESTOR_STORE, else DuckDB in the home.",
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Found a ledger, with yourself as its first admin.

    Makes your keys and the report CA in your seat, and the ledger in the home. Its entry 0 fixes
    the role matrix; the shipped thresholds and playbook are adopted after it. With --store, the
    home holds what is not in the database, in a folder that all machines reach; the database's
    password belongs in libpq's PGPASSFILE or PGPASSWORD, and is never written down.
    """
    from console.settings import read_store
    from ledger.clock import system_clock
    from ledger.home import Home, without_password
    from reports.founding import found_ledger

    session = session_of(context)
    actor = ask(session, actor or session.settings.actor, "Your id in the ledger", "ACTOR")
    name = ask(session, name, "Your name", "--name NAME")
    organisation = ask(session, organisation, "Organisation", "--organisation NAME")
    origin = ask(session, origin, "Origin, such as bank.example/ai", "--origin ORIGIN")
    folder, url = read_store(store, session.settings.home)
    home = Home(folder or session.settings.home, url or session.settings.store)
    book, _ = found_ledger(
        home,
        session.seat,
        actor=actor,
        name=name,
        organisation=organisation,
        origin=origin,
        passphrase=session.new_passphrase(session.settings.passphrase_file),
        demo=False,
        clock=system_clock,
    )
    facts = book.facts
    document = {
        "ledger_id": facts.ledger_id,
        "origin": facts.origin,
        "organisation": facts.organisation,
        "founder": facts.founder,
        "home": str(home.folder.resolve()),
        "store": without_password(home.store) if home.store else "duckdb",
        "seat": str(session.seat.folder.resolve()),
        "ca_fingerprint": facts.ca_fingerprint,
    }
    show_one(session, document, as_json=json)
    session.voice.note(
        "Tell readers of reports the CA's fingerprint. Next: enrol a second admin, since until "
        "then one person alone decides who is who: quaestor key new; quaestor actor add"
    )


@app.command(epilog=example("quaestor demo", "quaestor demo /tmp/story --no-tui"))
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where, a new folder.")] = Path(
        "demo"
    ),
    *,
    tui: Annotated[
        bool | None,
        typer.Option("--tui/--no-tui", help="End in the console; by default on a terminal."),
    ] = None,
) -> None:
    """Tell the story of one model, on a ledger of its own.

    People, a model with a planted bias, its decisions, the audit that finds it, an incident, a
    kill that an application obeys, a resume, a signed report, a verification. Everything stays in
    DIR; DIR/env.sh lets you try every command on it.
    """
    from console.demo.story import run_demo

    watched = session_of(context).person_present and sys.stdout.isatty()
    run_demo(folder, tui=watched if tui is None else tui)


@app.command(epilog=example("quaestor doctor", "quaestor doctor --json"))
def doctor(context: typer.Context, *, json: Json = False) -> None:
    """Say what is present, missing or unsafe here.

    One line each. Exit code 1 if something is missing or unsafe that the main job needs.
    """
    from console.doctor import examine
    from console.readiness import examine_ledger
    from ledger.clock import system_clock

    session = session_of(context)
    settings = session.settings
    findings = examine(
        settings.home,
        settings.seat,
        now=system_clock(),
        environ=settings.looks,
        store=settings.store,
    )
    findings += examine_ledger(session.book)
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        rows = [[cell("state", f.state), Cell(f.name), Cell(_sentence(f))] for f in findings]
        screen_of(session).table(["", "", ""], rows)
    if any(finding.stops_the_job for finding in findings):
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _sentence(finding: Finding) -> str:
    detail = finding.detail.removesuffix(".")
    return f"{detail}. {finding.hint}" if finding.hint else detail
