"""A comparison's result as text: verdict, columns with their distances, where the mass moved."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from console.messages import legible
from console.tui import marks

_NAME, _NARROW_NAME, _CELL = 24, 17, 28
_NARROW = 84
_MOVED = 3
_DASH = "\N{EN DASH}"
_MEASURES = {
    "psi": "PSI",
    "ks": "KS",
    "jensen_shannon": "JS",
    "cramers_v": "V",
    "wasserstein_normalised": "W/SD",
}


def drift_text(document: dict[str, Any], width: int) -> Text:
    """The whole comparison, columns that moved most first, in `width` cells."""
    name = _NARROW_NAME if width < _NARROW else _NAME
    text = marks.verdict_mark(document["verdict"]).text
    for reason in document["reasons"]:
        text.append(f"\n· {legible(reason)}")
    for side in ("reference", "current"):
        text.append(f"\n{side}: {_side(document[side])}, {document[f'{side}_rows']:,} rows")
    text.append(f"\nOnly where: {legible(document['filter'] or 'all decisions')}\n\n")
    heads = "".join(f"{head:>8}" for head in _MEASURES.values())
    text.append(f"{'column':<{name}}{heads}\n", style=marks.QUIET)
    for each in sorted(document["features"], key=lambda each: -each["psi"]):
        figures = "".join(f"{_figure(each[measure]):>8}" for measure in _MEASURES)
        text.append(f"{_cut(each['column'], name)}{figures}  ")
        text.append(marks.verdict_mark(each["verdict"]).text)
        text.append("\n")
        if each["verdict"] != "pass":
            for cell in each["moved"][:_MOVED]:
                moved = f"  {_cut(cell['cell'], _CELL)}{100 * cell['change']:+7.1f} %\n"
                text.append(moved, style=marks.QUIET)
    for name in document["schema"]["added"]:
        text.append(f"\n{legible(name)} is new, and has nothing to be held against")
    for passed in document["schema"]["not_compared"]:
        text.append(f"\n{legible(passed['column'])} not compared: {legible(passed['reason'])}")
    return text


def _side(side: dict[str, Any]) -> str:
    name = side["dataset"] or ", ".join(side["files"]) or "decisions"
    return legible(f"{name} {side['period'] or ''}".strip())


def _figure(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"


def _cut(text: str, width: int) -> str:
    return f"{legible(text)[: width - 1]:<{width}}"
