"""Charts of scores and ratings as SVG text: means with intervals, distributions, calibration.

Only the geometry is worked out here, every figure comes from the audit. Nothing depends on colour:
groups are told apart by their rows or, on curves, by letters and dashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.charts import LABEL_CELLS, PLOT, ROW, WIDTH, shorten
from reports.content import ValueGroup
from reports.legible import Legible
from reports.verdicts import Interval

MOST_CURVES = 9
_TOP = 12.0
_LETTERS = "abcdefghi"
_DASHES = ("none", "6 3", "2 2", "8 3 2 3", "1 3", "10 4", "4 4", "6 2 2 2", "3 1")
_LEFT, _RIGHT, _UPPER, _LOWER = 60.0, 400.0, 26.0, 296.0
_STEPS = 4


@dataclass(frozen=True)
class _Row:
    label: str
    value: float
    outer: Interval | None
    inner: Interval | None


def interval_chart(groups: Sequence[ValueGroup], measure: str, legible: Legible) -> str:
    """Draw one measure of each group with its 95 % interval; groups without it are left out."""
    rows = []
    for group in groups:
        found = group.measures.get(measure)
        if found is not None and found.value is not None:
            rows.append(_Row(group.group, found.value, found.interval, None))
    return _spans(rows, legible)


def distribution_chart(groups: Sequence[ValueGroup], legible: Legible) -> str:
    """Draw each group's scores: median, the middle half as a box, nine tenths as a whisker."""
    rows = []
    for group in groups:
        if group.percentiles:
            p5, p25, p50, p75, p95 = group.percentiles
            rows.append(_Row(group.group, p50, (p5, p95), (p25, p75)))
    return _spans(rows, legible)


def calibration_chart(groups: Sequence[ValueGroup], legible: Legible) -> str:
    """Draw observed over expected shares, a letter a group; the dashed diagonal is perfect.

    The first nine groups are drawn; a page says so where there are more.
    """
    drawn = [group for group in groups if group.curve][:MOST_CURVES]
    curves = [
        {
            "letter": letter,
            "dashes": dashes,
            "label": shorten(legible(group.group), LABEL_CELLS),
            "key": _UPPER + 18 * (place + 1),
            "points": [
                {"x": _across(expected), "y": _up(observed)} for expected, observed in group.curve
            ],
        }
        for place, (group, letter, dashes) in enumerate(zip(drawn, _LETTERS, _DASHES, strict=False))
    ]
    ticks = [
        {"x": _across(i / _STEPS), "y": _up(i / _STEPS), "label": f"{i / _STEPS:.2f}"}
        for i in range(_STEPS + 1)
    ]
    plot = {"left": _LEFT, "right": _RIGHT, "top": _UPPER, "bottom": _LOWER}
    return _draw(
        "calibration.svg.j2", width=WIDTH, height=_LOWER + 38, plot=plot, ticks=ticks, curves=curves
    )


def _spans(rows: Sequence[_Row], legible: Legible) -> str:
    found = [end for row in rows for end in (row.value, *(row.outer or ()))]
    ends: list[float] = found or [0.0, 1.0]
    low, high = min(ends), max(ends)
    step = _step(high - low)
    low, high = floor(low / step) * step, (floor(high / step) + 1) * step
    decimals = max(0, -floor(log10(step)))

    def x(value: float) -> float:
        return PLOT[0] + (PLOT[1] - PLOT[0]) * (value - low) / (high - low)

    def both(span: Interval | None) -> tuple[float, float] | None:
        return (x(span[0]), x(span[1])) if span else None

    bottom = _TOP + ROW * len(rows) + 4
    return _draw(
        "spans.svg.j2",
        width=WIDTH,
        height=bottom + 22,
        plot=PLOT,
        top=_TOP,
        bottom=bottom,
        rows=[
            {
                "y": _TOP + ROW * place + ROW / 2,
                "label": shorten(legible(row.label), LABEL_CELLS),
                "x": x(row.value),
                "outer": both(row.outer),
                "inner": both(row.inner),
                "figure": f"{row.value:.{decimals + 1}f}",
            }
            for place, row in enumerate(rows)
        ],
        ticks=[
            {"x": x(low + step * n), "label": f"{low + step * n:.{decimals}f}"}
            for n in range(round((high - low) / step) + 1)
        ],
    )


def _step(span: float) -> float:
    """Choose 1, 2 or 5 times a power of ten that cuts a span into at most six."""
    if span <= 0:
        return 1.0
    power: float = 10.0 ** floor(log10(span / 6))
    return min(power * n for n in (1, 2, 5, 10) if power * n * 6 >= span)


def _across(share: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * share


def _up(share: float) -> float:
    return _LOWER - (_LOWER - _UPPER) * share


def _draw(name: str, **shown: Any) -> str:
    template = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined
    ).get_template(name)
    return template.render(**shown)
