"""The figures of metrics: one cell each in a list, lines over time, and what must be known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.text import Text

from console.cli.metric_tables import facts
from console.messages import legible
from console.tui import marks
from console.tui.bars import sparkline
from console.tui.times import LocalTime

Document = dict[str, Any]

_NAME, _ALL = 18, 10
_DASH = "\N{EN DASH}"
_WHOLE = 1_000
_WORDS = {"satisfied": "satisfied", "complaints": "complaints", "coverage": "answered"}


def part(cell: Document, name: str, of: str) -> float | None:
    """A part of a measure, or None where there is no measure."""
    found = cell[name]
    return None if found is None else found[of]


def figure(value: float | None) -> str:
    """Four digits that count; whole from a thousand on."""
    if value is None:
        return _DASH
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.4g}"


def percent(value: float | None) -> str:
    """A share in per cent."""
    return _DASH if value is None else f"{value:.1%}"


MEASURES: dict[str, Callable[[Document], str]] = {
    "Requests": lambda cell: f"{cell['requests']:,}",
    "p50 ms": lambda cell: figure(part(cell, "latency_ms", "p50")),
    "p95 ms": lambda cell: figure(part(cell, "latency_ms", "p95")),
    "p99 ms": lambda cell: figure(part(cell, "latency_ms", "p99")),
    "Errors": lambda cell: percent(part(cell, "errors", "rate")),
    "Cost": lambda cell: figure(part(cell, "cost", "sum")),
    "Confidence": lambda cell: figure(part(cell, "confidence", "mean")),
    "Escalated": lambda cell: percent(part(cell, "escalated", "rate")),
    "Tokens in": lambda cell: figure(part(cell, "tokens_in", "sum")),
    "Tokens out": lambda cell: figure(part(cell, "tokens_out", "sum")),
    "A second": lambda cell: figure(cell["per_second"]),
}

_LINES: dict[str, tuple[Callable[[Document], float | None], Callable[[float | None], str]]] = {
    "requests": (lambda cell: cell["requests"], figure),
    "p95 ms": (lambda cell: part(cell, "latency_ms", "p95"), figure),
    "errors": (lambda cell: part(cell, "errors", "rate"), percent),
    "cost": (lambda cell: part(cell, "cost", "sum"), figure),
    "confidence": (lambda cell: part(cell, "confidence", "mean"), figure),
}


def lines_text(
    model: str, document: Document, windows: Sequence[Document], width: int, local: LocalTime
) -> Text:
    """A line a measure over the newest windows that fit, after what all come to."""
    text = marks.coloured(model, "bold")
    text.append(f"  {document['total']['requests']:,} decisions, windows of {document['window']}")
    shown = windows[-max(width - _NAME - _ALL - 2, 1) :]
    if shown:
        ends = f"{local.minute(shown[0]['start'])} to {local.minute(shown[-1]['end'])}"
        text.append(f"\n{'':<{_NAME}}{'in all':>{_ALL}}  {ends}", style=marks.QUIET)
    for name, (read, said) in _LINES.items():
        values = [read(each) if each["requests"] else None for each in shown]
        if any(value is not None for value in values):
            whole = said(read(document["total"]))
            text.append(f"\n{name:<{_NAME}}{whole:>{_ALL}}  ").append(sparkline(values))
    return text


def answers_text(document: Document) -> Text:
    """What became of the decisions, tasks and resources."""
    text = Text()
    cells = [("all", document["total"])]
    cells += [(_named(each["group"]), each) for each in document["groups"]]
    for label, cell in cells:
        lines = list(_answered(cell))
        if lines:
            text.append(f"{label}\n", style="bold")
        for line in lines:
            text.append(f"{line}\n")
    tasks = document["tasks"]
    if tasks is not None:
        text.append("\nDearest tasks\n", style="bold")
        for each in tasks["dearest"]:
            text.append(f"{legible(each['task']):<32}{each['requests']:>9,}")
            text.append(f"{figure(each['cost']):>12}\n")
    for each in document["resources"] or []:
        amount = f"{figure(each['amount'])} {legible(each['unit'] or '')}".strip()
        text.append(f"\n{legible(each['resource'] or _DASH)}: {amount}, {figure(each['cost'])}")
    return text if text.plain else Text("No feedback, outcomes, tasks or resources are known.")


def facts_text(document: Document) -> Text:
    """What one must know to read the figures, and why some are not there."""
    text = Text()
    for name, said in facts(document):
        text.append(f"{name:<{_NAME}}", style="bold").append(f"{legible(said)}\n")
    return text


def _answered(cell: Document) -> Iterator[str]:
    found = {**(cell["feedback"] or {}), **(cell["labels"] or {})}
    for name, measure in found.items():
        if name != "outcomes" and measure is not None:
            yield f"  {_WORDS.get(name, name):<{_NAME}}{_estimate(measure)}"
    for outcome in found.get("outcomes") or []:
        yield f"  {legible(outcome['outcome']):<{_NAME}}{_estimate(outcome)}"


def _estimate(measure: Document) -> str:
    said = percent if "rate" in measure else figure
    value = measure["rate"] if "rate" in measure else measure["mean"]
    ends = f" ({_DASH.join(map(said, measure['ci']))})" if measure["ci"] else ""
    of = measure.get("population")
    return f"{said(value)}{ends}, n {measure['n']:,}" + (f" of {of:,}" if of is not None else "")


def _named(group: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {legible(value or 'none')}" for name, value in group.items())
