"""How a bias audit is shown: a table a column, disparities, and the verdict with its reasons."""

from __future__ import annotations

from itertools import groupby

import typer

from console.cli.display import NOTHING, Cell, Document, Screen, cell, screen_of
from console.figures import Figures, measure_tables, named, p_value, signed, span
from console.messages import legible
from console.session import Session

_BAR, _SHORT_BAR = 24, 8
_WIDE, _MIDDLE = 128, 112
_ON_WIDER_SCREENS = ("DIFFERENCE", "P HOLM", "TPR", "FPR")
_REASONS = 15
_IN_BRIEF = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
)
_MORE = (
    "equal_opportunity_difference",
    "predictive_parity_difference",
    "accuracy_equality_difference",
    "treatment_equality_difference",
)


def show_audit(session: Session, document: Document) -> None:
    """Groups as bars with intervals, the disparities, what was asked, the verdict and why."""
    screen = screen_of(session)
    for title, groups in groupby(document["groups"], key=title_of):
        _groups(screen, title, list(groups))
    _disparities(screen, document)
    if document.get("pooled"):
        _pooled(screen, document)
    show_conditions(screen, document)
    verdict = cell("verdict", document["verdict"])
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    shown, kept_back = document["reasons"][:_REASONS], document["reasons"][_REASONS:]
    reasons = [[Cell(""), Cell(legible(reason))] for reason in shown]
    if kept_back:
        more = f"{len(kept_back)} more: quaestor audit show {document['audit_id']} --json"
        reasons.append([Cell(""), Cell(more)])
    screen.table(["", ""], [[verdict, Cell(what)], *reasons])


def show_measure(session: Session, document: Document, measure: str) -> None:
    """One measure of every group in full, and what was asked."""
    screen = screen_of(session)
    for table in measure_tables(document, measure):
        show_figures(screen, table)
    show_conditions(screen, document)


def show_figures(screen: Screen, table: Figures) -> None:
    """A table under its title, and what is said of it."""
    typer.echo(table.title)
    for headings, rows in table.within(screen.width):
        screen.table(headings, [[Cell(text) for text in row] for row in rows])
    if table.note:
        typer.echo(table.note)
    typer.echo()


def show_conditions(screen: Screen, document: Document) -> None:
    """What was asked of which rows, and how intervals and p-values were computed."""
    from policies.fairness.reading import conditions, intervals

    said = [*conditions(document), ("intervals", intervals(document))]
    if document.get("significance"):
        said.append(("p", document["significance"]))
    screen.table(["", ""], [[Cell(name), Cell(legible(value))] for name, value in said])
    typer.echo()


def title_of(found: Document) -> str:
    """What a group or a table is about: its columns, its class, its stratum."""
    return str(found["title"])


def _groups(screen: Screen, title: str, groups: list[Document]) -> None:
    width = screen.width or _WIDE
    headings = ["GROUP", "ROWS", "RATE", "SELECTED", "95 % INTERVAL", "RATIO", "DIFFERENCE"]
    headings += ["P", "TEST", "P HOLM", "TPR", "FPR"]
    rows = [_group(group, _BAR if width >= _WIDE else _SHORT_BAR) for group in groups]
    if width < _MIDDLE:
        kept = [i for i, heading in enumerate(headings) if heading not in _ON_WIDER_SCREENS]
        headings = [headings[i] for i in kept]
        rows = [[row[i] for i in kept] for row in rows]
    typer.echo(legible(f"by {title}"))
    screen.table(headings, rows)
    typer.echo()


def _group(group: Document, width: int) -> list[Cell]:
    from console.tui.bars import interval_bar
    from policies.fairness.reading import rate_interval, tested

    interval = rate_interval(group, "selection_rate")
    low, high = interval or (None, None)
    reference = group["is_reference"]
    difference = group["measures"]["selection_rate"]["difference"]
    return [
        Cell(named(group)),
        Cell(f"{group['n']:,}"),
        cell("selection_rate", group["selection_rate"]),
        Cell(interval_bar(group["selection_rate"], low, high, width)),
        Cell(span(interval)),
        cell("impact_ratio", group["impact_ratio"]),
        Cell(signed(difference) or NOTHING),
        Cell("ref" if reference else p_value(group["p_value"])),
        Cell("ref" if reference else tested(group) or NOTHING),
        Cell("ref" if reference else p_value(group["p_holm"])),
        *(cell(name, group[name]) for name in ("tpr", "fpr")),
    ]


def _disparities(screen: Screen, document: Document) -> None:
    rows = []
    for table in document["disparities_by"]:
        overall = not table.get("stratum") and (table.get("macro") or not table.get("class"))
        names = (*_IN_BRIEF, *_MORE) if overall else _IN_BRIEF[::2]
        rows += [
            [Cell(legible(title_of(table))), Cell(name.replace("_", " ")), *_measured(table, name)]
            for name in names
            if table[name] is not None
        ]
    screen.table(["BY", "MEASURE", "VALUE", "95 % INTERVAL"], rows)
    typer.echo()


def _pooled(screen: Screen, document: Document) -> None:
    typer.echo(f"over the strata of {', '.join(document['control'])} (Cochran-Mantel-Haenszel)")
    rows = [
        [
            Cell(legible(_of_class(one))),
            Cell(legible(one["group"])),
            Cell(legible(one["reference"])),
            cell("strata", one["strata"]),
            cell("odds_ratio", one["odds_ratio"]),
            cell("statistic", one["statistic"]),
            Cell(p_value(one["p_value"])),
            Cell(p_value(one["p_holm"])),
        ]
        for one in document["pooled"]
    ]
    headings = ["BY", "GROUP", "AGAINST", "STRATA", "ODDS RATIO", "CHI-SQUARED", "P", "P HOLM"]
    screen.table(headings, rows)
    typer.echo()


def _of_class(one: Document) -> str:
    return one["by"] if one["class"] is None else f"{one['by']}, for class {one['class']}"


def _measured(found: Document, name: str) -> tuple[Cell, Cell]:
    """A measure and its interval."""
    return cell(name, found[name]), Cell(span(found[f"{name}_ci"]))
