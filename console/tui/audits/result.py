"""An audit's result as text: verdict, reasons, disparities, and groups as bars with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.text import Text

from console.figures import p_value, signed
from console.messages import legible
from console.tui import marks
from console.tui.audits.drift import drift_text
from console.tui.audits.values import asked_text, computed_text, profile_text, value_sections
from console.tui.bars import interval_bar
from policies.fairness.reading import rate_interval, tested

_NAME, _NARROW_NAME = 24, 16
_FIGURES, _DIFFERENCE = 54, 8
_NARROW = 90
_DASH = "\N{EN DASH}"
_REASONS_FIRST = 4
PARTS = 5
_DISPARITIES = {
    "demographic_parity_difference": "Demographic parity difference",
    "demographic_parity_ratio": "Demographic parity ratio",
    "equalized_odds_difference": "Equalized odds difference",
    "equalized_odds_ratio": "Equalized odds ratio",
}


def verdict_text(document: dict[str, Any]) -> Text:
    """Verdict with its reasons, and what was measured."""
    text = marks.verdict_mark(document["verdict"]).text
    if document.get("title"):
        text.append(f"\n{legible(document['title'])}")
    reasons = document["reasons"]
    for reason in reasons[:_REASONS_FIRST]:
        text.append(f"\n· {legible(reason)}")
    if len(reasons) > _REASONS_FIRST:
        text.append(f"\n… {len(reasons) - _REASONS_FIRST} more at the end", style=marks.QUIET)
    text.append("\n\n")
    return text.append(asked_text(document))


def groups_text(document: dict[str, Any], width: int) -> Text:
    """Each table of groups: selection rate as a bar with its 95 % interval, ratio and p-value."""
    text = Text()
    name = _NARROW_NAME if width < _NARROW else _NAME
    narrow = width < _NARROW
    scale = max(width - name - _FIGURES - (0 if narrow else _DIFFERENCE), 8)
    for by, groups in groupby(document["groups"], key=lambda group: group["title"]):
        rows = list(groups)
        top = max((rate_interval(g, "selection_rate") or [0, 0])[1] for g in rows) or 1.0
        text.append(f"By {legible(by.replace(',', ' and '))}\n", style="bold")
        shown = f"selected, 0 to {top:.0%}" if scale > _NARROW_NAME else "selected"
        text.append(
            f"{'group':<{name}}{'rows':>8}  {shown:<{scale}.{scale}}"
            f"{'rate':>7}  {'95 % interval':<13} {'ratio':>6}  "
            f"{'' if narrow else ' diff.  '}{'p':>5}  test\n",
            style=marks.QUIET,
        )
        for group in rows:
            text.append(_line(group, name, scale, top, narrow=narrow))
        text.append("\n")
    text.append(
        "█ up to the interval  ▒ 95 % interval  ┃ measured. "
        "Ratio, difference and p: to the reference group, which by default is the highest. "
        "* fewer rows than the minimum: shown, not judged. m: one measure in full.\n",
        style=marks.QUIET,
    )
    return text


def rates_text(document: dict[str, Any]) -> Text:
    """The error rates of every group, where a label was given."""
    text = Text()
    if document["label"] is None:
        return text
    for by, groups in groupby(document["groups"], key=lambda group: group["title"]):
        text.append(f"Errors by {legible(by.replace(',', ' and '))}\n", style="bold")
        text.append(
            f"{'group':<{_NAME}}{'TPR':>8}{'FPR':>8}{'precision':>11}{'accuracy':>10}\n",
            style=marks.QUIET,
        )
        for group in groups:
            text.append(f"{_named(group['group'], _NAME)}{share(group['tpr']):>8}")
            text.append(f"{share(group['fpr']):>8}{share(group['precision']):>11}")
            text.append(f"{share(group['accuracy']):>10}\n")
        text.append("\n")
    return text


def disparities_text(document: dict[str, Any]) -> Text:
    """The disparities of every table, with their intervals."""
    text = Text()
    for table in document["disparities_by"]:
        title = legible(table["title"].replace(",", " and "))
        text.append(f"Between groups by {title}", style="bold")
        text.append(f"  reference: {legible(table['reference'])}\n", style=marks.QUIET)
        for name, title in _DISPARITIES.items():
            if table[name] is not None:
                text.append(f"  {title:<32}{table[name]:>7.3f}  {_interval(table[name + '_ci'])}\n")
    return text


def reasons_text(document: dict[str, Any]) -> Text:
    """Every reason for the verdict, how figures were computed, and what a profile says."""
    text = marks.coloured("All reasons\n", "bold")
    for reason in document["reasons"]:
        text.append(f"· {legible(reason)}\n")
    return text.append(computed_text(document)).append(profile_text(document))


def share(value: float | None) -> str:
    """A proportion as a percentage; a dash where it is undefined."""
    return _DASH if value is None else f"{value:.1%}"


def _line(group: dict[str, Any], name: int, scale: int, top: float, *, narrow: bool) -> Text:
    interval = rate_interval(group, "selection_rate")
    low, high = interval or (None, None)
    ratio = group["impact_ratio"]
    rows = f"{'*' if group['small'] else ''}{group['n']:,}"
    line = Text(f"{_named(group['group'], name)}{rows:>8}  ")
    line.append(interval_bar(group["selection_rate"], low, high, scale, top), style="cyan")
    line.append(f"{share(group['selection_rate']):>7}  {_interval(interval):<13} ")
    line.append(f"{_DASH if ratio is None else f'{ratio:.3f}':>6}  ")
    if not narrow:
        line.append(f"{signed(group['measures']['selection_rate']['difference']) or _DASH:>6}  ")
    if group["is_reference"]:
        return line.append("  ref\n")
    return line.append(f"{p_value(group['p_value']):>5}  {tested(group)}".rstrip() + "\n")


def _named(group: str, width: int) -> str:
    name = legible(group.replace(",", ", "))
    return (name if len(name) < width else f"{name[: width - 2]}…").ljust(width)


def _interval(interval: list[float] | None) -> str:
    return f"{interval[0]:.3f}{_DASH}{interval[1]:.3f}" if interval else "undefined"


def sections(document: dict[str, Any], width: int) -> Iterator[Text]:
    """The whole result, part by part."""
    if document.get("measure") == "drift":
        yield drift_text(document, width)
        return
    if not all("measures" in group for group in document["groups"]):
        yield from value_sections(document, width)
        return
    yield verdict_text(document)
    yield groups_text(document, width)
    yield disparities_text(document)
    yield rates_text(document)
    yield reasons_text(document)
