"""How audits of scores and ratings, audits by a profile, and proxies are shown."""

from __future__ import annotations

import typer

from console.cli.audit_tables import show_audit, show_conditions, show_figures
from console.cli.display import Cell, Document, Screen, cell, screen_of
from console.figures import selection_tables, span, value_tables
from console.messages import legible
from console.session import Session

_PICTURE = 80


def show_values(session: Session, document: Document) -> None:
    """Groups with their measures, differences from the reference, the verdict and why."""
    screen = screen_of(session)
    for table in value_tables(document):
        show_figures(screen, table)
    names = [name for name in document["disparities"] if not name.endswith("_ci")]
    screen.table(
        ["BY", "LARGEST DIFFERENCE FROM THE REFERENCE", "VALUE", "95 % INTERVAL"],
        [
            [
                Cell(legible(table["title"])),
                Cell(name.removesuffix("_difference").replace("_", " ")),
                cell(name, table[name]),
                Cell(span(table[f"{name}_ci"])),
            ]
            for table in document["disparities_by"]
            for name in names
            if table[name] is not None
        ],
    )
    typer.echo()
    show_conditions(screen, document)
    _verdict(screen, document)


def show_profile(session: Session, document: Document) -> None:
    """Title, tables of rates and ratios, what the profile also wants, verdict, and caveats."""
    from policies.fairness.reading import stated

    screen = screen_of(session)
    typer.echo(legible(document["title"]))
    for name, said in stated(document):
        typer.echo(legible(f"{name}: {said}"))
    typer.echo()
    if all("measures" in group for group in document["groups"]):
        show_audit(session, document)
    else:
        for table in selection_tables(document):
            show_figures(screen, table)
        show_conditions(screen, document)
        _verdict(screen, document)
    for caveat in document["profile"]["caveats"]:
        typer.echo(f"- {caveat.strip()}")


def show_proxies(session: Session, document: Document) -> None:
    """Columns ranked by how much they tell of the attribute, and what was set aside."""
    columns = {
        "column": "COLUMN",
        "kind": "KIND",
        "values": "VALUES",
        "missing": "MISSING",
        "cramers_v": "CRAMER'S V",
        "mutual_information": "MUTUAL INFORMATION",
        "auc": "AUC",
        "auc_group": "AUC OF",
    }
    rows = [[cell(name, proxy[name]) for name in columns] for proxy in document["proxies"]]
    screen = screen_of(session)
    typer.echo(
        f"what tells {document['by']}, {document['n']:,} rows, "
        f"{document['unknown']:,} of unknown group left out"
    )
    screen.table(list(columns.values()), rows)
    for column, reason in document["set_aside"].items():
        typer.echo(legible(f"{column} is not ranked: {reason}"))
    typer.echo(document["caveat"])


def show_pictures(session: Session, document: Document) -> None:
    """The audit's groups drawn in characters, within the width of the terminal."""
    from console.pictures import pictures

    width = screen_of(session).width or _PICTURE
    for drawn in pictures(document, width, plain=session.settings.dumb):
        typer.echo(f"\n{drawn}")


def _verdict(screen: Screen, document: Document) -> None:
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    reasons = [[Cell(""), Cell(legible(reason))] for reason in document["reasons"]]
    screen.table(["", ""], [[cell("verdict", document["verdict"]), Cell(what)], *reasons])
