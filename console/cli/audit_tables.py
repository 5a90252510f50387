"""How a bias audit is shown: a table a column, disparities, and the verdict with its reasons."""

from __future__ import annotations

from itertools import groupby

import typer

from console.cli.display import NOTHING, Cell, Document, Screen, cell, screen_of
from console.session import Session

_BAR = 24
_WIDE = 112
_ON_WIDE_SCREENS = 3
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
    """Groups as bars with intervals, then the disparities, the verdict and why."""
    screen = screen_of(session)
    for title, groups in groupby(document["groups"], key=title_of):
        _groups(screen, title, list(groups))
    _disparities(screen, document)
    if document.get("pooled"):
        _pooled(screen, document)
    if document["significance"]:
        typer.echo(f"P: {document['significance']}.\n")
    verdict = cell("verdict", document["verdict"])
    what = f"{document['audit_id']} of {document['model']}, {document['n']:,} rows"
    shown, kept_back = document["reasons"][:_REASONS], document["reasons"][_REASONS:]
    reasons = [[Cell(""), Cell(reason)] for reason in shown]
    if kept_back:
        more = f"{len(kept_back)} more: quaestor audit show {document['audit_id']} --json"
        reasons.append([Cell(""), Cell(more)])
    screen.table(["", ""], [[verdict, Cell(what)], *reasons])


def show_measure(session: Session, document: Document, measure: str) -> None:
    """One measure of every group in full: what it counts, and how it stands to the reference."""
    screen = screen_of(session)
    headings = ["GROUP", "OF", "VALUE", "95 % INTERVAL", "WILSON", "RATIO", "95 % INTERVAL"]
    headings += ["DIFFERENCE", "95 % INTERVAL", "P", "P HOLM", "TEST", "PARITY"]
    for title, groups in groupby(document["groups"], key=title_of):
        rows = []
        for group in groups:
            found = group["measures"][measure]
            counted = found["denominator"] is not None
            rows.append(
                [
                    Cell(f"  {group['group']}{' (small)' if group['small'] else ''}"),
                    Cell(f"{found['numerator']:,}/{found['denominator']:,}" if counted else ""),
                    *_measured(found, "value"),
                    Cell(_span(found["wilson"])),
                    *_measured(found, "ratio"),
                    *_measured(found, "difference"),
                    Cell(_p(found["p_value"])),
                    Cell(_p(found["p_holm"])),
                    cell("test", found["test"]),
                    Cell({True: "yes", False: "no"}.get(found["parity"], NOTHING)),
                ]
            )
        typer.echo(f"{measure.replace('_', ' ')} by {title}")
        screen.table(headings, rows)
        typer.echo()


def title_of(found: Document) -> str:
    """What a group or a table is about: its columns, its class, its stratum."""
    return str(found["title"])


def _groups(screen: Screen, title: str, groups: list[Document]) -> None:
    wide = screen.width is None or screen.width >= _WIDE
    headings = ["GROUP", "ROWS", "RATE", "SELECTED", "95 % INTERVAL", "RATIO", "P"]
    headings += ["P HOLM", "TPR", "FPR"]
    rows = [_group(group, _BAR if wide else _BAR // 2) for group in groups]
    kept = len(headings) if wide else -_ON_WIDE_SCREENS
    typer.echo(f"by {title}")
    screen.table(headings[:kept], [row[:kept] for row in rows])
    typer.echo()


def _group(group: Document, width: int) -> list[Cell]:
    from console.tui.bars import interval_bar

    low, high = group["selection_rate_ci"] or (None, None)
    rate, interval = _measured(group, "selection_rate")
    return [
        Cell(f"  {group['group']}{' (small)' if group['small'] else ''}"),
        Cell(f"{group['n']:,}"),
        rate,
        Cell(interval_bar(group["selection_rate"], low, high, width)),
        interval,
        cell("impact_ratio", group["impact_ratio"]),
        Cell("ref" if group["is_reference"] else _p(group["p_value"])),
        Cell("ref" if group["is_reference"] else _p(group["p_holm"])),
        *(cell(name, group[name]) for name in ("tpr", "fpr")),
    ]


def _disparities(screen: Screen, document: Document) -> None:
    rows = []
    for table in document["disparities_by"]:
        overall = not table.get("stratum") and (table.get("macro") or not table.get("class"))
        names = (*_IN_BRIEF, *_MORE) if overall else _IN_BRIEF[::2]
        rows += [
            [Cell(title_of(table)), Cell(name.replace("_", " ")), *_measured(table, name)]
            for name in names
            if table[name] is not None
        ]
    screen.table(["BY", "MEASURE", "VALUE", "95 % INTERVAL"], rows)
    typer.echo()


def _pooled(screen: Screen, document: Document) -> None:
    typer.echo(f"over the strata of {', '.join(document['control'])} (Cochran-Mantel-Haenszel)")
    rows = [
        [
            Cell(one["by"] if one["class"] is None else f"{one['by']}, for class {one['class']}"),
            Cell(one["group"]),
            Cell(one["reference"]),
            cell("strata", one["strata"]),
            cell("odds_ratio", one["odds_ratio"]),
            cell("statistic", one["statistic"]),
            Cell(_p(one["p_value"])),
            Cell(_p(one["p_holm"])),
        ]
        for one in document["pooled"]
    ]
    headings = ["BY", "GROUP", "AGAINST", "STRATA", "ODDS RATIO", "CHI-SQUARED", "P", "P HOLM"]
    screen.table(headings, rows)
    typer.echo()


def _measured(found: Document, name: str) -> tuple[Cell, Cell]:
    """A measure and its interval."""
    return cell(name, found[name]), Cell(_span(found[f"{name}_ci"]))


def _span(interval: list[float] | None) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""


def _p(p_value: float | None) -> str:
    """Three digits, or below a thousandth that it is."""
    if p_value is None:
        return NOTHING
    return "<.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004
