"""How an evaluation is shown: suites, measures, groups, comparisons, then the verdict."""

from __future__ import annotations

from typing import Any

import typer

from console.cli.display import NOTHING, Cell, Document, Screen, cell, screen_of
from console.session import Session

_REASONS = 20
_CATEGORIES = 30
_REGRESSIONS = 10


def show_evaluation(session: Session, document: Document) -> None:
    """Everything that a person decides on; all of it is in `--json`."""
    screen = screen_of(session)
    _suites(screen, document)
    _measures(screen, document["measures"])
    _groups(screen, document["subgroups"])
    _categories(screen, document["categories"])
    _failures(screen, document["failures"])
    _comparisons(screen, document["comparisons"])
    typer.echo()
    title = f"{document['evaluation_id']} of {document['model']} {document['version']}"
    title += f": {document['passed']:,} of {document['n']:,} cases passed"
    title += ", the golden baseline" if document["golden"] else ""
    reasons = [[Cell(""), Cell(reason)] for reason in document["reasons"][:_REASONS]]
    if len(document["reasons"]) > _REASONS:
        reasons.append([Cell(""), Cell(f"{len(document['reasons']) - _REASONS} more: see --json")])
    for words, names in (("Findings opened", "findings"), ("Found again", "found_again")):
        if document.get(names):
            reasons.append([Cell(""), Cell(f"{words}: {', '.join(document[names])}")])
    screen.table(["", ""], [[cell("verdict", document["verdict"]), Cell(title)], *reasons])


def _suites(screen: Screen, document: Document) -> None:
    rows = [
        [
            Cell(each["suite"]),
            *(Cell(f"{each[name]:,}") for name in ("n", "passed", "failed", "errors")),
        ]
        for each in document["suites"]
    ]
    screen.table(["SUITE", "CASES", "PASSED", "FAILED", "ERRORS"], rows)


def _measures(screen: Screen, measures: list[Document]) -> None:
    rows = [
        [
            Cell(each["scope"]),
            Cell(each["measure"].replace("_", " ")),
            Cell(f"{each['n']:,}"),
            Cell(_figure(each["value"])),
            Cell(_interval(each["interval"])),
            Cell(_limit(each)),
            cell("verdict", each["verdict"]) if each["verdict"] else Cell(NOTHING),
        ]
        for each in measures
    ]
    if rows:
        typer.echo()
        screen.table(["OF", "MEASURE", "CASES", "VALUE", "95 %", "LIMIT", "VERDICT"], rows)


def _groups(screen: Screen, groups: list[Document]) -> None:
    rows = [
        [
            Cell(f"{each['by']} {each['group']}"),
            Cell(f"{each['n']:,}"),
            Cell(_figure(each["accuracy"])),
            Cell(NOTHING if each["difference"] is None else f"{each['difference']:+.3f}"),
            Cell(_interval(each["difference_ci"])),
            Cell(NOTHING if each["p_holm"] is None else f"{each['p_holm']:.3g}"),
            cell("verdict", each["verdict"]) if each["verdict"] else Cell(NOTHING),
        ]
        for each in groups
    ]
    if rows:
        typer.echo()
        screen.table(["GROUP", "CASES", "RIGHT", "DIFFERENCE", "95 %", "P HOLM", "VERDICT"], rows)


def _categories(screen: Screen, categories: list[Document]) -> None:
    failed = sorted(
        (each for each in categories if each["failed"]), key=lambda each: -each["failed"]
    )
    rows = [
        [
            Cell(each["suite"]),
            Cell(each["category"]),
            Cell(f"{each['n']:,}"),
            Cell(f"{each['failed']:,}"),
            Cell(_figure(each["failed_share"])),
            Cell(_interval(each["failed_share_ci"])),
        ]
        for each in failed[:_CATEGORIES]
    ]
    if rows:
        typer.echo()
        screen.table(["SUITE", "CATEGORY", "CASES", "FAILED", "SHARE", "95 %"], rows)
    if len(failed) > _CATEGORIES:
        typer.echo(f"{len(failed) - _CATEGORIES} more categories with failures: see --json")


def _failures(screen: Screen, failures: list[Document]) -> None:
    rows = [
        [Cell(each["failure"]), Cell(f"{each['n']:,}"), Cell(f"{100 * each['share']:.1f} %")]
        for each in failures
    ]
    if rows:
        typer.echo()
        screen.table(["HOW IT FAILED", "CASES", "SHARE"], rows)


def _comparisons(screen: Screen, comparisons: list[Document]) -> None:
    if not comparisons:
        return
    rows = [
        [
            Cell(each["against"]),
            Cell(" ".join(filter(None, (each["name"], each["version"])))),
            Cell(f"{each['pairs']:,}"),
            Cell(f"{each['broken']:,}"),
            Cell(f"{each['fixed']:,}"),
            Cell(NOTHING if each["p_value"] is None else f"{each['p_value']:.3g}"),
            cell("verdict", each["verdict"]),
        ]
        for each in comparisons
    ]
    typer.echo()
    screen.table(["AGAINST", "WHICH", "PAIRS", "BROKEN", "FIXED", "MCNEMAR P", "VERDICT"], rows)
    for each in comparisons:
        broken = each["regressions"]
        if broken:
            more = len(broken) - _REGRESSIONS
            said = ", ".join(broken[:_REGRESSIONS]) + (f" and {more} more" if more > 0 else "")
            typer.echo(f"Broken against {each['name']}: {said}")


def _limit(each: Document) -> str:
    if each["limit"] is None:
        return NOTHING
    return f"{'at least' if each['bound'] == 'min' else 'at most'} {each['limit']:g}"


def _interval(ends: list[float | None] | None) -> str:
    if ends is None:
        return NOTHING
    return " to ".join("open" if end is None else _figure(end) for end in ends)


def _figure(value: Any) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"  # noqa: PLR2004 - milliseconds
