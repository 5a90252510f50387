"""How metrics are shown: groups, windows, answers, tasks and resources, then what is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import typer

from console.cli.display import NOTHING, Cell, Document, Screen, screen_of
from console.messages import legible
from console.session import Session

_WINDOWS = 48
_TASKS = 10
_BLOCKS = "▁▂▃▄▅▆▇█"
_WORDS = {"satisfied": "satisfied", "complaints": "complaints", "coverage": "answered"}

Read = Callable[[Document], str]


def show_metrics(session: Session, document: Document) -> None:
    """Tables of all decisions and each group, of the windows, and of what else is known."""
    screen = screen_of(session)
    cells = [("all", document["total"])]
    cells += [(_named(each["group"]), each) for each in document["groups"]]
    columns = _columns(document)
    name = ", ".join(document["by"]).upper()
    _table(screen, name or " ", cells, columns)
    whole = [each for each in document["windows"] if each["group"] is None]
    if whole:
        typer.echo(f"\nWindows of {document['window']}, {document['zone']}")
        shown = [(_window(each), each) for each in whole[-_WINDOWS:]]
        _table(screen, "FROM", shown, columns)
        if len(whole) > _WINDOWS:
            typer.echo(f"{len(whole) - _WINDOWS:,} windows before these: see --json")
    _answers(screen, cells)
    _confidence(document["total"]["confidence"])
    _tasks(screen, document["tasks"])
    _resources(screen, document["resources"])
    typer.echo()
    screen.table(["", ""], [[Cell(a, "bold"), Cell(b)] for a, b in facts(document)])


def _columns(document: Document) -> dict[str, Read]:
    """The columns that anything is known of, by heading."""
    total = document["total"]
    every: dict[str, tuple[str, Read]] = {
        "/S": ("per_second", lambda cell: _figure(cell["per_second"])),
        **{f"P{p} MS": ("latency_ms", _of("latency_ms", f"p{p}", _figure)) for p in (50, 95, 99)},
        "ERRORS": ("errors", _of("errors", "rate", _percent)),
        "TOKENS IN": ("tokens_in", _of("tokens_in", "sum", _whole)),
        "TOKENS OUT": ("tokens_out", _of("tokens_out", "sum", _whole)),
        "COST": ("cost", _of("cost", "sum", _figure)),
        "PER REQUEST": ("cost", _of("cost", "per_request", _figure)),
        "CONFIDENCE": ("confidence", _of("confidence", "mean", _figure)),
        "CHARS OUT": ("output_chars", _of("output_chars", "mean", _figure)),
        "ESCALATED": ("escalated", _of("escalated", "rate", _percent)),
        "GUARDRAILS": ("guardrails", _guardrails),
    }
    known = {heading: read for heading, (name, read) in every.items() if total[name] is not None}
    return {"REQUESTS": lambda cell: _whole(cell["requests"]), **known}


def _table(
    screen: Screen, name: str, cells: list[tuple[str, Document]], columns: dict[str, Read]
) -> None:
    rows = [
        [Cell(label, "bold"), *(Cell(read(cell)) for read in columns.values())]
        for label, cell in cells
    ]
    screen.table([name, *columns], rows)


def _window(each: Document) -> str:
    """When a window begins by the clocks of the zone; an asterisk: the period cuts it."""
    start = str(each["local"]).replace("T", " ")
    return f"{start} *" if each["partial"] else start


def _answers(screen: Screen, cells: list[tuple[str, Document]]) -> None:
    """What became of the decisions: a line for each measure of each group."""
    rows = [
        [Cell(label, "bold"), Cell(what), Cell(value), Cell(interval), Cell(n)]
        for label, cell in cells
        for what, value, interval, n in _answered(cell)
    ]
    if rows:
        typer.echo()
        screen.table(["ANSWERS", "", "VALUE", "95 %", "N"], rows)


def _answered(cell: Document) -> Iterator[tuple[str, str, str, str]]:
    found = {**(cell["feedback"] or {}), **(cell["labels"] or {})}
    for name, measure in found.items():
        if name == "outcomes" or measure is None:
            continue
        yield _WORDS.get(name, name), *_estimate(measure)
    for outcome in found.get("outcomes") or []:
        yield f"outcome {legible(outcome['outcome'])}", *_estimate(outcome)


def _estimate(measure: Document) -> tuple[str, str, str]:
    shown = _percent if "rate" in measure else _figure
    value = measure["rate"] if "rate" in measure else measure["mean"]
    ends = " to ".join(map(shown, measure["ci"])) if measure["ci"] else NOTHING
    of = measure.get("population")
    return shown(value), ends, f"{measure['n']:,}" + (f" of {of:,}" if of is not None else "")


def _confidence(found: Document | None) -> None:
    if found is None:
        return
    most = max(*found["tenths"], 1)
    bars = "".join(
        _BLOCKS[round(n / most * (len(_BLOCKS) - 1))] if n else " " for n in found["tenths"]
    )
    outside = f", {found['outside']:,} outside" if found["outside"] else ""
    typer.echo(f"\nConfidence from 0 to 1 by tenths |{bars}|{outside}")
    typer.echo("  ".join(f"{n:,}" for n in found["tenths"]))


def _tasks(screen: Screen, tasks: Document | None) -> None:
    if tasks is None:
        return
    each = f", each {_figure(tasks['cost_per_task'])} on average" if tasks["cost"] else ""
    typer.echo(f"\nDifferent tasks: {tasks['distinct']:,}{each}")
    rows = [
        [
            Cell(legible(each["task"]), "bold"),
            Cell(_whole(each["requests"])),
            Cell(_figure(each["cost"])),
            Cell(_figure(each["cost_per_request"])),
        ]
        for each in tasks["dearest"][:_TASKS]
    ]
    screen.table(["TASK", "REQUESTS", "COST", "PER REQUEST"], rows)


def _resources(screen: Screen, resources: list[Document] | None) -> None:
    if not resources:
        return
    typer.echo()
    rows = [
        [
            Cell(legible(each["resource"] or NOTHING), "bold"),
            Cell(f"{_figure(each['amount'])} {legible(each['unit'] or '')}".strip()),
            Cell(_figure(each["cost"])),
        ]
        for each in resources
    ]
    screen.table(["RESOURCE", "AMOUNT", "COST"], rows)


def facts(document: Document) -> Iterator[tuple[str, str]]:
    """What one must know to read the figures, and why some are not there."""
    quantiles, files, answers = (document[name] for name in ("quantiles", "files", "answers"))
    if quantiles["method"]:
        error = f", off by {quantiles['relative_error']:.2%} at most"
        yield "quantiles", quantiles["method"] + (error if quantiles["relative_error"] else "")
    when = f"{files['computed']:,} digests computed now, {files['remembered']:,} before, unchanged"
    yield "files", f"{files['files']:,} are what was sealed: {when}"
    for column, texts in document["only"].items():
        yield "only", f"{column}: {legible(', '.join(texts))}"
    if document["left_out"]:
        named = (
            f"{each['records']:,} {legible(each['operation'] or 'of no operation')}"
            for each in document["left_out"]
        )
        yield "left out", f"{', '.join(named)}: spans that are no call of a model; --all counts all"
    if document["without_time"]:
        counted = "in none" if document["since"] or document["until"] else "only in the totals"
        yield "without time", f"{document['without_time']:,} decisions, in no window, {counted}"
    if document["late"]:
        yield "late", f"{document['late']:,} decisions before others that were entered earlier"
    if unjoined := answers["without_request_id"] + answers["without_decision"]:
        yield "answers", f"{unjoined:,} of {answers['rows']:,} answer no decision that is here"
    for name, reason in document["reasons"].items():
        yield name.replace("_", " "), f"not known: {reason}"


def _named(group: dict[str, str | None]) -> str:
    return ", ".join(NOTHING if name is None else legible(name) for name in group.values())


def _of(name: str, part: str, shown: Callable[[Any], str]) -> Read:
    """Read a part of a measure, or nothing where there is no measure."""
    return lambda cell: shown(cell[name][part] if cell[name] else None)


def _guardrails(cell: Document) -> str:
    outcomes = [each for each in cell["guardrails"] or [] if each["outcome"] != "none"]
    shares = (f"{legible(each['outcome'])} {_percent(each['rate'])}" for each in outcomes[:3])
    return ", ".join(shares) or NOTHING


def _whole(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f} %"


def _figure(value: float | None) -> str:
    """Four digits that count; whole from a thousand on."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"  # noqa: PLR2004 - as said
