"""How audits of scores and ratings, audits by a profile, and proxies are shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import typer

from console.cli.audit_tables import named, p_value, show_audit, show_conditions, span
from console.cli.display import Cell, Document, Screen, cell, screen_of
from console.messages import legible
from console.session import Session
from policies.fairness.reading import tested

_SCORES = {
    "mean": "MEAN",
    "auc": "AUC",
    "brier": "BRIER",
    "calibration_error": "ECE",
    "calibration_in_the_large": "OBSERVED - EXPECTED",
    "ks": "KS",
    "ks_p": "P",
    "ks_p_holm": "P HOLM",
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
    "p": "P",
    "p_holm": "P HOLM",
}
_WITH_INTERVAL = ("mean", "auc", "calibration_in_the_large", "mean_prediction", "mean_error")
_P_VALUES = {"ks_p", "ks_p_holm", "p", "p_holm"}
_PICTURE = 80


def show_values(session: Session, document: Document) -> None:
    """Groups with their measures, differences from the reference, the verdict and why."""
    screen = screen_of(session)
    measures = _SCORES if document["outcome"] == "score" else _RATINGS
    known = [
        name
        for name in measures
        if any(_value(group, name) is not None for group in document["groups"])
    ]
    references = {table["by"]: table["reference"] for table in document["disparities_by"]}
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        typer.echo(legible(f"by {by}, held against {references[by]}"))
        headings = ["GROUP", "ROWS", *(measures[name] for name in known)]
        rows = [
            [named(group), Cell(f"{group['n']:,}"), *(_figure(group, name) for name in known)]
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
    screen = screen_of(session)
    typer.echo(legible(document["title"]))
    for name in ("mode", "data_source", "mitigation"):
        if document.get(name) is not None:
            typer.echo(legible(f"{name.replace('_', ' ')}: {document[name]}"))
    for name, said in (
        (document.get("special_categories") or {}).get("justification") or {}
    ).items():
        typer.echo(legible(f"{name.replace('_', ' ')}: {said}"))
    if document.get("missing"):
        typer.echo(f"not stated, and wanted: {', '.join(document['missing'])}")
    typer.echo()
    if all("measures" in group for group in document["groups"]):
        show_audit(session, document)
    else:
        _selections(screen, document)
        show_conditions(screen, document)
        _verdict(screen, document)
    for caveat in document["profile"]["caveats"]:
        typer.echo(f"- {caveat.strip()}")


def _selections(screen: Screen, document: Document) -> None:
    tables = {table["by"]: table for table in document["disparities_by"]}
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        table = tables[by]
        typer.echo(legible(f"by {by}, held against {table['reference']}"))
        headings = ["GROUP", "ROWS", "SELECTED", "RATE", "95 % INTERVAL", "RATIO", "95 % INTERVAL"]
        headings += ["DIFFERENCE", "95 % INTERVAL", "P", "TEST", "P HOLM", "SMD", "95 % INTERVAL"]
        rows = [[*_profiled(group)] for group in groups]
        kept = [i for i in range(len(headings)) if any(row[i].text for row in rows)]
        screen.table([headings[i] for i in kept], [[row[i] for i in kept] for row in rows])
        if table.get("unknown"):
            typer.echo(f"of unknown category, in no group: {table['unknown']:,}")
        typer.echo()


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
    yield named(group)
    yield Cell(f"{group['n']:,}")
    yield Cell(f"{group['selected']:,}")
    yield cell("rate", group["selection_rate"])
    yield Cell(span(group["selection_rate_ci"]))
    yield cell("ratio", group["impact_ratio"])
    yield Cell(span(group["impact_ratio_ci"]))
    yield _signed(group.get("difference"))
    yield Cell(span(group.get("difference_ci")))
    p, holm = group["p_value"], group.get("p_holm")
    yield Cell("ref" if group["is_reference"] else p_value(p))
    yield Cell(tested(group))
    yield Cell("" if holm is None else p_value(holm))
    yield _signed(group.get("standardized_difference"))
    yield Cell(span(group.get("standardized_difference_ci")))


def _signed(value: float | None) -> Cell:
    return Cell("" if value is None else f"{value:+.3f}")


def _figure(group: Document, name: str) -> Cell:
    if name in _P_VALUES:
        return Cell("" if _value(group, name) is None else p_value(_value(group, name)))
    value = cell(name, group[name])
    interval = group[f"{name}_ci"]
    if name not in _WITH_INTERVAL or not interval:
        return value
    return Cell(f"{value.text} ({interval[0]:.3f} to {interval[1]:.3f})")


def _value(group: Document, name: str) -> float | None:
    """A figure of a group; of ratings the p-value is that of their errors, if those are known."""
    if name in {"p", "p_holm"}:
        return (group["error_test"] or group["prediction_test"] or {}).get(name)
    found: float | None = group.get(name)
    return found


def _verdict(screen: Screen, document: Document) -> None:
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    reasons = [[Cell(""), Cell(legible(reason))] for reason in document["reasons"]]
    screen.table(["", ""], [[cell("verdict", document["verdict"]), Cell(what)], *reasons])
