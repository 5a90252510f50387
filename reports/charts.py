"""Charts as SVG text: only the geometry is worked out here, every figure comes from the audit.

Nothing depends on colour: what lies below the four-fifths line is hatched and says so in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, east_asian_width

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports.content import Group
from reports.legible import Legible

WIDTH = 640.0
PLOT = (178.0, 486.0)
ROW = 24.0
TOP = 34.0
LABEL_CELLS = 24
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
MOST_STEPS = 6
HIGHEST = "the highest rate"
FOUR_FIFTHS = 0.8
"""29 CFR 1607.4 D: a rate below four fifths of the highest is evidence of adverse impact."""


def selection_rates(
    groups: Sequence[Group], held: float, legible: Legible, whose: str = HIGHEST
) -> str:
    """Draw selection rates as bars, with 95 % whiskers and the four-fifths line, as one SVG.

    The groups must be of one grouping, in which `held` is the rate that they are held against and
    `whose` says whose it is, whether or not that group is among them; the line stands at four
    fifths of it. Groups without a rate are left out. The mark "below" follows the audit's impact
    ratio.
    """
    drawn = [(group, group.selection_rate) for group in groups if group.selection_rate is not None]
    ends = [group.selection_rate_ci[1] for group, _ in drawn if group.selection_rate_ci]
    step, top = _scale(max([held, *(rate for _, rate in drawn), *ends]))

    def x(rate: float) -> float:
        return PLOT[0] + (PLOT[1] - PLOT[0]) * min(rate / top, 1.0)

    bottom = TOP + ROW * len(drawn) + 4
    rows = [
        {
            "y": TOP + ROW * place + ROW / 2,
            "label": shorten(legible(group.group), LABEL_CELLS),
            "end": x(rate),
            "whisker": [x(end) for end in group.selection_rate_ci or ()],
            "below": _below(group.impact_ratio),
            "rate": rate,
            "impact_ratio": group.impact_ratio,
        }
        for place, (group, rate) in enumerate(drawn)
    ]
    ticks = [{"x": x(step * n), "rate": step * n} for n in range(round(top / step) + 1)]
    template = Environment(
        loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined
    ).get_template("selection_rates.svg.j2")
    return template.render(
        width=WIDTH,
        height=bottom + 22,
        plot=PLOT,
        top=TOP,
        bottom=bottom,
        rows=rows,
        ticks=ticks,
        line=x(FOUR_FIFTHS * held),
        line_rate=FOUR_FIFTHS * held,
        whose=shorten(legible(whose), 2 * LABEL_CELLS),
    )


def _below(ratio: float | None) -> bool:
    """Whether a ratio is below four fifths, which may be computed as a little less than it is."""
    return ratio is not None and round(ratio, 12) < FOUR_FIFTHS


def shorten(text: str, cells: int) -> str:
    """Cut text to a width in cells, an East Asian wide character counting two, marks none."""
    used = 0
    for place, char in enumerate(text):
        used += 0 if category(char) == "Mn" else 2 if east_asian_width(char) in "WF" else 1
        if used > cells:
            return text[: max(place - 1, 0)] + "…"
    return text


def _scale(highest: float) -> tuple[float, float]:
    """Choose the finest step that reaches `highest` in at most six ticks, and where they end."""
    for step in STEPS:
        if highest <= step * MOST_STEPS:
            return step, step * max(1, -int(-highest // step))
    return STEPS[-1], 1.0
