"""An audit's result as text: verdict, reasons, disparities, and groups as bars with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.text import Text

from console.messages import legible
from console.tui import marks
from console.tui.bars import interval_bar

_GROUP_WIDTH = 22
_FIGURES_WIDTH = 53
_DISPARITIES = {
    "demographic_parity_difference": "Demographic parity difference",
    "demographic_parity_ratio": "Demographic parity ratio",
    "equalized_odds_difference": "Equalized odds difference",
    "equalized_odds_ratio": "Equalized odds ratio",
}


def verdict_text(document: dict[str, Any]) -> Text:
    """Verdict with its reasons, and what was measured."""
    text = marks.verdict_mark(document["verdict"]).text
    for reason in document["reasons"]:
        text.append(f"\n  · {legible(reason)}", style="default")
    excluded = document["excluded"]["rows"]
    text.append(
        f"\n\n{document['n']:,} decisions measured, {excluded:,} left out for a missing value"
        f"\nDecided: {legible(document['prediction'])} = {legible(document['positive'])}"
        f" · turned out: {legible(document['label'] or 'not given')}"
        f"\nOnly where: {legible(document['filter'] or 'all decisions')}"
        f"\nSeed {document['seed']} · data SHA-256 {document['data_digest'][:16]}…",
        style="default",
    )
    return text


def groups_text(document: dict[str, Any], width: int) -> Text:
    """Each table of groups: selection rate as a bar with its 95 % interval, ratio and p-value."""
    text = Text()
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        rows = list(groups)
        top = max((g["selection_rate_ci"] or [0, 0])[1] or 0 for g in rows) or 1.0
        scale = max(width - _GROUP_WIDTH - _FIGURES_WIDTH, 8)
        text.append(f"By {legible(by.replace(',', ' and '))}\n", style="bold")
        text.append(
            f"{'group':<{_GROUP_WIDTH}}{'rows':>9}  {f'selected, 0 to {top:.0%}':<{scale}.{scale}}"
            f"{'rate':>7}  {'95 % interval':<15} {'ratio':>6}  {'p-value':>8}\n",
            style=marks.QUIET,
        )
        for group in rows:
            text.append(_line(group, scale, top))
        text.append("\n")
    text.append("█ up to the interval  ▒ 95 % interval  ┃ measured. ", style=marks.QUIET)
    text.append(
        "Ratio: to the highest group; p-value: Fisher's exact test against it.\n",
        style=marks.QUIET,
    )
    return text


def rates_text(document: dict[str, Any]) -> Text:
    """The error rates of every group, where a label was given."""
    text = Text()
    if document["label"] is None:
        return text
    text.append("Errors by group\n", style="bold")
    names = ("tpr", "fpr", "precision", "accuracy")
    text.append(
        f"{'group':<{_GROUP_WIDTH}}{'TPR':>7}{'FPR':>7}{'precision':>11}{'accuracy':>10}\n",
        style=marks.QUIET,
    )
    for group in document["groups"]:
        values = [share(group[name]) for name in names]
        text.append(f"{_named(group['group'])}{values[0]:>7}{values[1]:>7}")
        text.append(f"{values[2]:>11}{values[3]:>10}\n")
    return text


def disparities_text(document: dict[str, Any]) -> Text:
    """The disparities of every table, with their intervals."""
    text = Text()
    for table in document["disparities_by"]:
        text.append(f"Between groups by {legible(table['by'].replace(',', ' and '))}", style="bold")
        text.append(f"  highest: {legible(table['reference'])}\n", style=marks.QUIET)
        for name, title in _DISPARITIES.items():
            if table[name] is not None:
                text.append(f"  {title:<32}{table[name]:>7.3f}  {_interval(table[name + '_ci'])}\n")
    return text


def share(value: float | None) -> str:
    """A proportion as a percentage; a dash where it is undefined."""
    return "–" if value is None else f"{value:.1%}"


def _line(group: dict[str, Any], scale: int, top: float) -> Text:
    low, high = group["selection_rate_ci"] or (None, None)
    ratio, p = group["impact_ratio"], group["p_value"]
    shown = interval_bar(group["selection_rate"], low, high, scale, top)
    line = Text(f"{_named(group['group'])}{group['n']:>9,}  ")
    line.append(shown, style="cyan")
    line.append(f"{share(group['selection_rate']):>7}  {_interval(group['selection_rate_ci']):<15} ")
    line.append(f"{'–' if ratio is None else f'{ratio:.3f}':>6}  ")
    line.append(f"{_p_value(p):>8}")
    line.append("  small\n" if group["small"] else "\n", style=marks.WARN)
    return line


def _named(group: str) -> str:
    name = legible(group.replace(",", ", "))
    return (name if len(name) < _GROUP_WIDTH else f"{name[: _GROUP_WIDTH - 2]}…").ljust(_GROUP_WIDTH)


def _interval(interval: list[float] | None) -> str:
    return f"{interval[0]:.3f} – {interval[1]:.3f}" if interval else "undefined"


def _p_value(p: float | None) -> str:
    if p is None:
        return "highest"
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"  # noqa: PLR2004 - four places


def sections(document: dict[str, Any], width: int) -> Iterator[Text]:
    """The whole result, part by part."""
    yield verdict_text(document)
    yield groups_text(document, width)
    yield disparities_text(document)
    yield rates_text(document)
