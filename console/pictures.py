"""Pictures of an audit in characters: rates and means with intervals, calibration, distributions.

Drawn by plotext without colour, so that nothing depends on it; a plain terminal gets ASCII.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from console.messages import legible

Document = dict[str, Any]

NARROWEST = 40
_WIDEST = 110
_CURVES = 9
_CURVE_ROWS = 16
_NAME = 24
_ASCII = str.maketrans("┌┐└┘├┤┬┴┼─│━┃░▒·…", "+++++++++-|=|:#.~")


class Span(NamedTuple):
    """One row of a picture: a value, the interval around it, and within it a narrower one."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    first: float | None = None
    last: float | None = None


def pictures(document: Document, width: int, *, plain: bool) -> Iterator[str]:
    """Draw what an audit's document holds, one picture with its title at a time."""
    width = max(NARROWEST, min(width, _WIDEST))
    for by, found in groupby(document["groups"], key=lambda group: group.get("title", group["by"])):
        for title, drawn in _of_table(document, by, list(found), width):
            text = drawn.translate(_ASCII) if plain else drawn
            yield f"{title}\n{text}"


def spans(rows: Sequence[Span], width: int, bottom: float | None = 0.0) -> str:
    """Draw a bar to each value with its interval over it; `bottom` is where bars begin.

    Without a `bottom` there are no bars: intervals stand alone, on a scale that fits them.
    """
    import plotext

    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None] or [
        0.0
    ]
    low, high = (min(ends) if bottom is None else min(bottom, *ends)), max(ends)
    high = high if high > low else low + 1.0
    figure = _figure(width, max(len(rows), 2) + 3)
    places = [float(len(rows) - i) for i in range(len(rows))]
    for place, row in zip(places, rows, strict=True):
        if row.value is None:
            continue
        if bottom is not None:
            _line(figure, bottom, row.value, place, "░")
        if row.low is not None and row.high is not None:
            _line(figure, row.low, row.high, place, "━")
        if row.first is not None and row.last is not None:
            _line(figure, row.first, row.last, place, "▒")
        figure.draw(figure.signal([row.value], [place], marker="┃"))
    figure.ruler("x").lim(low, high)
    figure.ruler("y").lim(1, max(len(rows), 2))
    figure.ruler("y").ticks(places, [_short(row.name) for row in rows])
    return str(plotext.uncolorize(str(figure.build()))).rstrip("\n")


def curves(groups: Sequence[tuple[str, Sequence[tuple[float, float]]]], width: int) -> str:
    """Draw points of observed by expected share, a letter a group, with the diagonal dotted."""
    import plotext

    figure = _figure(width, _CURVE_ROWS)
    steps = [i / 40 for i in range(41)]
    figure.draw(figure.signal(steps, steps, marker="·"))
    keys = []
    for letter, (name, points) in zip("abcdefghi", groups, strict=False):
        if points:
            figure.draw(
                figure.signal(*(list(side) for side in zip(*points, strict=True)), marker=letter)
            )
        keys.append(f"{letter} {_short(name)}")
    figure.ruler("x").lim(0, 1)
    figure.ruler("y").lim(0, 1)
    drawn = str(plotext.uncolorize(str(figure.build()))).rstrip("\n")
    return f"{drawn}\n{'   '.join(keys)}"


def _of_table(
    document: Document, by: str, groups: list[Document], width: int
) -> Iterator[tuple[str, str]]:
    outcome = document["outcome"]
    if outcome == "score":
        yield (
            f"Scores by {by}: median, half and nine tenths of the rows",
            spans([_distribution(group) for group in groups], width, None),
        )
        yield f"Mean score by {by}, with its 95 % interval", _measure(groups, "mean", width)
        labelled = [group for group in groups if group["auc"] is not None]
        if labelled:
            yield f"AUC by {by}, with its 95 % interval", _measure(labelled, "auc", width)
        shown = [group for group in groups if group["brier"] is not None][:_CURVES]
        if shown:
            points = [(group["group"], _points(group)) for group in shown]
            yield f"Calibration by {by}: observed over expected share", curves(points, width)
    elif outcome == "rating":
        name = "mean_error" if document["label"] else "mean_prediction"
        title = f"{name.replace('_', ' ').capitalize()} by {by}, with its 95 % interval"
        yield title, _measure(groups, name, width)
    else:
        yield (
            f"Selection rate by {by}, with its 95 % interval",
            _measure(groups, "selection_rate", width, 0.0),
        )


def _measure(groups: Sequence[Document], name: str, width: int, bottom: float | None = None) -> str:
    from policies.fairness.reading import rate_interval

    rows = [
        Span(_name(group), group[name], *(rate_interval(group, name) or (None, None)))
        for group in groups
    ]
    return spans(rows, width, bottom)


def _name(group: Document) -> str:
    """A group's name, cut so that it still says that it is small."""
    small = " (small)" if group["small"] else ""
    return f"{_short(group['group'], _NAME - len(small))}{small}"


def _distribution(group: Document) -> Span:
    found = group["percentiles"]
    ends = (found[name] for name in ("p50", "p5", "p95", "p25", "p75"))
    return Span(_name(group), *ends)


def _points(group: Document) -> list[tuple[float, float]]:
    return [(each["expected"], each["observed"]) for each in group["bins"] if each["n"]]


def _figure(width: int, height: int) -> Any:
    import plotext

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    return figure


def _line(figure: Any, start: float, end: float, place: float, marker: str) -> None:
    figure.draw(figure.segment([start, end], [place, place], marker=marker))


def _short(name: str, width: int = _NAME) -> str:
    text = legible(name)
    return text if len(text) <= width else f"{text[: width - 1]}…"
