"""Audits of scores and ratings as a page shows them: charts, then a table of the same figures."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.content import Measured, ValueGroup
from reports.legible import Legible
from reports.score_charts import (
    MOST_CURVES,
    calibration_chart,
    distribution_chart,
    interval_chart,
)

_HEADINGS = {
    "mean": "Mean",
    "auc": "AUC",
    "auc_p": "AUC p (Holm)",
    "calibration_in_the_large": "Observed less expected",
    "ks": "KS",
    "ks_p": "KS p (Holm)",
    "mean_prediction": "Mean",
    "mean_error": "Mean error",
    "mae": "MAE",
    "rmse": "RMSE",
    "p": "p (Holm)",
}
_P_VALUES = ("auc_p", "ks_p", "p")
_WITHOUT_INTERVAL = ("ks",)
"""A percentile interval of a distance lies above it, and says nothing without explanation."""
_DRAWN = {"mean": "Mean score", "auc": "AUC", "mean_error": "Mean error"}
_WHISKER = "The diamond is the figure, the whisker its 95 % interval."
_NAME, _ROWS = 22, 10


@dataclass(frozen=True)
class Picture:
    """One chart as a data URI, its title, and how to read it."""

    title: str
    says: str
    chart: str


@dataclass(frozen=True)
class ValueRow:
    """One group's line in the table."""

    name: str
    small: bool
    figures: tuple[str, ...]


@dataclass(frozen=True)
class ValuePage:
    """The groups formed by the same columns: charts, and a table (widths in percent)."""

    by: str
    pictures: tuple[Picture, ...]
    headings: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[ValueRow, ...]
    omitted: int


def value_pages(groups: Sequence[ValueGroup], legible: Legible, most: int) -> tuple[ValuePage, ...]:
    """Arrange the groups of an audit; where there are more than `most` of them, the largest."""
    return tuple(
        _page(by, [group for group in groups if group.by == by], legible, most)
        for by in dict.fromkeys(group.by for group in groups)
    )


def _page(by: str, groups: list[ValueGroup], legible: Legible, most: int) -> ValuePage:
    shown = groups
    if len(groups) > most:
        shown = sorted(groups, key=lambda group: -group.n)[:most]
    names = [name for name in _HEADINGS if _known(shown, name)]
    rest = (100 - _NAME - _ROWS) // max(len(names), 1)
    return ValuePage(
        by=by,
        pictures=tuple(_pictures(shown, legible)),
        headings=("Group", "Decisions", *(_HEADINGS[name] for name in names)),
        widths=(_NAME, _ROWS, *[rest] * len(names)),
        rows=tuple(
            ValueRow(
                group.group,
                group.small,
                (f"{group.n:,}", *(_figure(name, group.measures) for name in names)),
            )
            for group in shown
        ),
        omitted=len(groups) - len(shown),
    )


def _pictures(groups: Sequence[ValueGroup], legible: Legible) -> Iterator[Picture]:
    if any(group.percentiles for group in groups):
        says = "The diamond is the median, the box the middle half, the whisker nine tenths."
        yield Picture("Distribution of scores", says, _uri(distribution_chart(groups, legible)))
    for name, title in _DRAWN.items():
        if _known(groups, name):
            yield Picture(title, _WHISKER, _uri(interval_chart(groups, name, legible)))
    curves = [group for group in groups if group.curve]
    if curves:
        says = "On the dashed line, scores mean what they say; below it, they promise too much."
        if len(curves) > MOST_CURVES:
            says += f" The first {MOST_CURVES} of {len(curves)} groups."
        yield Picture("Calibration", says, _uri(calibration_chart(curves, legible)))


def _known(groups: Sequence[ValueGroup], name: str) -> bool:
    found = [group.measures[name].value for group in groups if name in group.measures]
    return any(value is not None for value in found)


def p_value(value: float | None) -> str:
    """Give three digits, as tables of tests do; below a thousandth only that it is."""
    if value is None:
        return "—"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")  # noqa: PLR2004


def _figure(name: str, measures: Mapping[str, Measured]) -> str:
    measured = measures[name]
    if measured.value is None:
        return "—"
    if name in _P_VALUES:
        return f"{p_value(measured.value)} ({p_value(measures[f'{name}_holm'].value)})"
    span = None if name in _WITHOUT_INTERVAL else measured.interval
    return f"{measured.value:.3f}" + (f" [{span[0]:.3f}, {span[1]:.3f}]" if span else "")


def _uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
