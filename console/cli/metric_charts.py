"""Windows of metrics as lines over time, drawn by plotext without colour; a gap is a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from console.cli.display import Document
from console.messages import legible

_NARROWEST, _WIDEST, _HEIGHT = 40, 110, 11
_LINES = 6
_MARKS = "oxz*+#"
_LEAST = 2  # windows that make a line
_PLAIN = str.maketrans("┌┐└┘├┤┬┴┼─│•", "+++++++++-|o")

Read = Callable[[Document], float | None]


def _part(name: str, part: str, scale: float = 1.0) -> Read:
    def read(cell: Document) -> float | None:
        found = cell[name] and cell[name][part]
        return None if found is None else scale * found

    return read


_CHARTS: dict[str, Read] = {
    "Requests a second": lambda cell: cell["per_second"] if cell["requests"] else None,
    "Latency, p95 in ms": _part("latency_ms", "p95"),
    "Errors in %": _part("errors", "rate", 100),
    "Cost": _part("cost", "sum"),
    "Confidence, mean": _part("confidence", "mean"),
    "Escalated in %": _part("escalated", "rate", 100),
}


def charts(document: Document, width: int, *, plain: bool = False) -> Iterator[str]:
    """Draw what is known over time, a picture with its title at a time; `plain` in ASCII."""
    width = max(_NARROWEST, min(width, _WIDEST))
    lines = _lines(document)
    starts = [each["local"] for each in lines[0][1]] if lines else []
    if len(starts) < _LEAST:
        return
    for title, read in _CHARTS.items():
        series = [(name, [read(cell) for cell in cells]) for name, cells in lines]
        if any(value is not None for _, values in series for value in values):
            drawn = _drawn(title, series, starts, width)
            yield drawn.translate(_PLAIN) if plain else drawn


def _lines(document: Document) -> list[tuple[str, list[Document]]]:
    """Windows of all decisions, or of the groups with the most of them."""
    windows = document["windows"]
    if not document["by"]:
        return [("", [each for each in windows if each["group"] is None])]
    most = sorted(document["groups"], key=lambda each: -each["requests"])[:_LINES]
    return [
        (
            legible(", ".join(name or "none" for name in group["group"].values())),
            [each for each in windows if each["group"] == group["group"]],
        )
        for group in most
    ]


def _drawn(
    title: str, series: list[tuple[str, list[float | None]]], starts: list[str], width: int
) -> str:
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, _HEIGHT)
    for mark, (_, values) in zip(_MARKS, series, strict=False):
        _line(figure, values, mark if len(series) > 1 else "•")
    known = [value for _, values in series for value in values if value is not None]
    low, high = min(0.0, *known), max(known)
    figure.ruler("x").lim(0, len(starts) - 1)
    figure.ruler("y").lim(low, high if high > low else low + 1.0)
    places = sorted({0, len(starts) // 2, len(starts) - 1})
    labels = [starts[place][5:16].replace("T", " ") for place in places]
    figure.ruler("x").ticks([float(place) for place in places], labels)
    text = str(plotext.uncolorize(str(figure.build()))).rstrip("\n")
    keys = "   ".join(f"{mark} {name}" for mark, (name, _) in zip(_MARKS, series, strict=False))
    return f"{title}\n{text}" + (f"\n{keys}" if len(series) > 1 else "")


def _line(figure: Any, values: list[float | None], mark: str) -> None:
    """Draw a line from window to window; one beside a gap stands alone."""
    for place, value in enumerate(values):
        if value is None:
            continue
        after = values[place + 1] if place + 1 < len(values) else None
        if after is None:
            figure.draw(figure.signal([float(place)], [value], marker=mark))
        else:
            ends = [float(place), float(place + 1)]
            figure.draw(figure.segment(ends, [value, after], marker=mark))
