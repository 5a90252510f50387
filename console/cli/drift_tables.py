"""How a comparison of data and a profile are shown: tables of columns, then what to look at."""

from __future__ import annotations

from itertools import islice

import typer

from console.cli.display import NOTHING, Cell, Document, Screen, cell, screen_of
from console.session import Session

_MOVED = 3
_REASONS = 15
_FEATURES = 40
_MEASURES = {
    "psi": "PSI",
    "ks": "KS",
    "jensen_shannon": "JS",
    "cramers_v": "CRAMER V",
    "wasserstein_normalised": "W / SD",
}
_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}


def show_drift(session: Session, document: Document, title: str) -> None:
    """Columns with their distances, where the mass moved, changes of the schema, the verdict."""
    screen = screen_of(session)
    features = sorted(document["features"], key=lambda each: -each["psi"])
    rows = [
        [
            Cell(each["column"]),
            Cell("" if each["role"] == "feature" else each["role"]),
            *(_figure(each[name]) for name in _MEASURES),
            cell("verdict", each["verdict"]),
        ]
        for each in features[:_FEATURES]
    ]
    if rows:
        screen.table(["COLUMN", "ROLE", *_MEASURES.values(), "VERDICT"], rows)
    if len(features) > _FEATURES:
        typer.echo(f"{len(features) - _FEATURES} more columns with smaller PSI: see --json")
    _moved(screen, [each for each in features if each["verdict"] != "pass"])
    _schema(screen, document["schema"])
    typer.echo()
    reasons = [[Cell(""), Cell(reason)] for reason in document["reasons"][:_REASONS]]
    if len(document["reasons"]) > _REASONS:
        reasons.append([Cell(""), Cell(f"{len(document['reasons']) - _REASONS} more: see --json")])
    screen.table(["", ""], [[cell("verdict", document["verdict"]), Cell(title)], *reasons])
    typer.echo(limits_line(document))


def limits_line(document: Document) -> str:
    """By whose limits a profile or comparison was judged."""
    if adopted := document["thresholds_adopted"]:
        return f"Limits: the thresholds in force ({adopted[:12]})"
    return "Limits: the shipped proposal, as there is no ledger that adopted others"


def drift_title(document: Document) -> str:
    """What was compared with what, in one line."""
    sides = []
    for side in ("reference", "current"):
        of = document[side]
        name = of["dataset"] or ", ".join(of["files"]) or "decisions"
        period = f" {of['period']}" if of["period"] else ""
        sides.append(f"{name}{period} ({document[f'{side}_rows']:,} rows)")
    return " against ".join(reversed(sides))


def show_profile(session: Session, document: Document) -> None:
    """Columns at a glance, the label's classes, then concerns with the gravest first."""
    screen = screen_of(session)
    columns = document["columns"]
    screen.table(
        ["COLUMN", "HOLDS", "MISSING", "DISTINCT", "LOW", "MEDIAN", "HIGH", "FAR OUT"],
        [_column(each, document["rows"]) for each in columns],
    )
    label = document["label"]
    if label and label["classes"]:
        typer.echo()
        shares = [
            [Cell(each["class"]), Cell(f"{each['rows']:,}"), _share(each["rows"], document["rows"])]
            for each in label["classes"]
        ]
        screen.table([label["column"].upper(), "ROWS", "SHARE"], shares)
    typer.echo()
    found = [
        [
            Cell(each["severity"], _STYLES[each["severity"]]),
            Cell(each["column"], "bold"),
            Cell(each["message"]),
        ]
        for each in document["concerns"]
    ]
    if found:
        screen.table(["", "", ""], found)
        typer.echo()
    counts = ", ".join(f"{document['severities'][name]} {name}" for name in _STYLES)
    typer.echo(f"{document['rows']:,} rows, {len(columns)} columns; concerns: {counts}")
    typer.echo(limits_line(document))


def _column(each: Document, rows: int) -> list[Cell]:
    spread = each["spread"]
    figures = [spread[name] if spread else None for name in ("low", "median", "high")]
    return [
        Cell(each["column"]),
        Cell(each["kind"]),
        _share(each["missing"]["rows"], rows),
        Cell(f"{each['distinct']:,}"),
        *(Cell(NOTHING if figure is None else f"{figure:g}") for figure in figures),
        Cell(f"{spread['beyond_whiskers']:,}" if spread else NOTHING),
    ]


def _moved(screen: Screen, features: list[Document]) -> None:
    rows = [
        [
            Cell(feature["column"] if not position else ""),
            Cell(moved["cell"]),
            Cell(f"{100 * moved['change']:+.1f} %"),
            _figure(moved["psi"]),
        ]
        for feature in islice(features, _REASONS)
        for position, moved in enumerate(feature["moved"][:_MOVED])
    ]
    if rows:
        typer.echo("\nWhere the mass moved")
        screen.table(["COLUMN", "CELL", "CHANGE", "PSI"], rows)


def _schema(screen: Screen, schema: Document) -> None:
    rows = [
        *([Cell(name), Cell("added")] for name in schema["added"]),
        *([Cell(name), Cell("gone", "bold red")] for name in schema["removed"]),
        *(
            [Cell(each["column"]), Cell(f"held {each['reference']}, now {each['current']}")]
            for each in schema["retyped"]
        ),
        *(
            [Cell(each["column"]), Cell(f"not compared: {each['reason']}")]
            for each in schema["not_compared"]
        ),
    ]
    if rows:
        typer.echo()
        screen.table(["OTHER COLUMNS", ""], rows)


def _figure(value: float | None) -> Cell:
    return Cell(NOTHING if value is None else f"{value:.3f}")


def _share(rows: int, of: int) -> Cell:
    return Cell(f"{100 * rows / of:.1f} %" if rows else "0")
