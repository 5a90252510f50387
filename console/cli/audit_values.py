"""How audits of scores and ratings, audits by a profile, and proxies are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import typer

from console.cli.display import Cell, Document, Screen, cell, screen_of
from console.messages import legible
from console.session import Session

_SCORES = {
    "mean": "MEAN",
    "auc": "AUC",
    "brier": "BRIER",
    "calibration_error": "ECE",
    "calibration_in_the_large": "OBSERVED - EXPECTED",
    "ks": "KS",
    "wasserstein": "WASSERSTEIN",
}
_RATINGS = {
    "mean_prediction": "MEAN",
    "mean_outcome": "OUTCOME",
    "mean_error": "MEAN ERROR",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "standardized_difference": "SMD",
}
_WITH_INTERVAL = ("mean", "auc", "calibration_in_the_large", "mean_prediction", "mean_error")
_PICTURE = 80


def show_values(session: Session, document: Document) -> None:
    """Groups with their measures, differences from the reference, the verdict and why."""
    screen = screen_of(session)
    measures = _SCORES if document["outcome"] == "score" else _RATINGS
    known = [
        name for name in measures if any(group[name] is not None for group in document["groups"])
    ]
    references = {table["by"]: table["reference"] for table in document["disparities_by"]}
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        typer.echo(legible(f"by {by}, held against {references[by]}"))
        headings = ["GROUP", "ROWS", *(measures[name] for name in known)]
        rows = [
            [_name(group), Cell(f"{group['n']:,}"), *(_figure(group, name) for name in known)]
            for group in groups
        ]
        screen.table(headings, rows)
        typer.echo()
    names = [name for name in document["disparities"] if not name.endswith("_ci")]
    screen.table(
        ["BY", "LARGEST DIFFERENCE FROM THE REFERENCE", "VALUE", "95 % INTERVAL"],
        [
            [
                Cell(table["by"]),
                Cell(name.removesuffix("_difference").replace("_", " ")),
                cell(name, table[name]),
                _span(table[f"{name}_ci"]),
            ]
            for table in document["disparities_by"]
            for name in names
            if table[name] is not None
        ],
    )
    typer.echo()
    _verdict(screen, document)


def show_profile(session: Session, document: Document) -> None:
    """Title, tables of rates and ratios, what the profile also wants, verdict, and caveats."""
    screen = screen_of(session)
    typer.echo(f"{document['title']}\n")
    tables = {table["by"]: table for table in document["disparities_by"]}
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        table = tables[by]
        typer.echo(legible(f"by {by}, held against {table['reference']}"))
        headings = ["GROUP", "ROWS", "SELECTED", "RATE", "95 % INTERVAL"]
        headings += ["RATIO", "95 % INTERVAL", "P", "SMD"]
        rows = [[*_profiled(group)] for group in groups]
        kept = len(headings) if any(row[-1].text for row in rows) else -1
        screen.table(headings[:kept], [row[:kept] for row in rows])
        if table.get("unknown"):
            typer.echo(f"of unknown category, in no group: {table['unknown']:,}")
        typer.echo()
    for name in ("mode", "median", "data_source", "mitigation"):
        if document.get(name) is not None:
            typer.echo(legible(f"{name.replace('_', ' ')}: {document[name]}"))
    if document.get("missing"):
        typer.echo(f"not stated, and wanted: {', '.join(document['missing'])}")
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


def _profiled(group: Document) -> Iterator[Cell]:
    yield _name(group)
    yield Cell(f"{group['n']:,}")
    yield Cell(f"{group['selected']:,}")
    yield cell("rate", group["selection_rate"])
    yield _span(group["selection_rate_ci"])
    yield cell("ratio", group["impact_ratio"])
    yield _span(group["impact_ratio_ci"])
    p = group["p_value"]
    yield Cell("" if p is None else "<.001" if p < 0.001 else f"{p:.3f}")  # noqa: PLR2004 - a p of three digits
    smd = group.get("standardized_difference")
    yield Cell("" if smd is None else f"{smd:+.3f}")


def _name(group: Document) -> Cell:
    return Cell(f"  {legible(group['group'])}{' (small)' if group['small'] else ''}")


def _figure(group: Document, name: str) -> Cell:
    value = cell(name, group[name])
    interval = group[f"{name}_ci"]
    if name not in _WITH_INTERVAL or not interval:
        return value
    return Cell(f"{value.text} ({interval[0]:.3f} to {interval[1]:.3f})")


def _span(interval: Sequence[float] | None) -> Cell:
    return Cell(f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "")


def _verdict(screen: Screen, document: Document) -> None:
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    reasons = [[Cell(""), Cell(legible(reason))] for reason in document["reasons"]]
    screen.table(["", ""], [[cell("verdict", document["verdict"]), Cell(what)], *reasons])
