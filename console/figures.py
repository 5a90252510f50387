"""Tables of an audit's figures as text, the same ones for the terminal and for the console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from console.messages import legible

Document = dict[str, Any]

NOTHING = "\N{EN DASH}"
INTERVAL = "95 % INTERVAL"
_GAP = 2
_SCORES = {
    "mean": "MEAN",
    "auc": "AUC",
    "auc_p": "AUC P",
    "auc_p_holm": "AUC P HOLM",
    "brier": "BRIER",
    "calibration_error": "ECE",
    "calibration_in_the_large": "OBSERVED - EXPECTED",
    "ks": "KS",
    "ks_p": "KS P",
    "ks_p_holm": "KS P HOLM",
    "wasserstein": "WASSERSTEIN",
}
_RATINGS = {
    "mean_prediction": "MEAN",
    "mean_outcome": "OUTCOME",
    "mean_error": "MEAN ERROR",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
    "standardized_difference": "SMD",
    "p": "P",
    "p_holm": "P HOLM",
}
_P_VALUES = {"p", "p_holm", "auc_p", "auc_p_holm", "ks_p", "ks_p_holm"}
_WITH_INTERVAL = ("mean", "auc", "calibration_in_the_large", "mean_prediction", "mean_error")


class Figures(NamedTuple):
    """One table: what it is of, headings, rows of as many texts, and what is said below it."""

    title: str
    headings: list[str]
    rows: list[list[str]]
    note: str = ""

    def within(self, width: int | None) -> Iterator[tuple[list[str], list[list[str]]]]:
        """Headings and rows in blocks of whole columns that fit, each with the first column."""
        lines = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rest = list(range(1, len(widths)))
        while rest:
            kept, used = [0], widths[0]
            while rest and (
                width is None or len(kept) == 1 or used + _GAP + widths[rest[0]] <= width
            ):
                used += _GAP + widths[rest[0]]
                kept.append(rest.pop(0))
            headings, *rows = ([line[i] for i in kept] for line in lines)
            yield headings, rows

    def laid_out(self, width: int) -> str:
        """The table as aligned text, title first, in lines of at most this width."""
        lines = [self.title]
        for headings, rows in self.within(width):
            widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
            for row in (headings, *rows):
                padded = (text.ljust(each) for text, each in zip(row, widths, strict=True))
                lines.append((" " * _GAP).join(padded).rstrip())
        return "\n".join([*lines, *([self.note] if self.note else [])])


def measures_of(document: Document) -> list[str]:
    """The measures that an audit has in full; none but those of decisions have any."""
    return list(document["groups"][0].get("measures", {})) if document.get("groups") else []


def measure_tables(document: Document, measure: str) -> Iterator[Figures]:
    """One measure of every group in full: what it counts, and how it stands to the reference."""
    headings = ["GROUP", "OF", "VALUE", INTERVAL, "WILSON", "RATIO", INTERVAL]
    headings += ["DIFFERENCE", INTERVAL, "P", "P HOLM", "TEST", "PARITY"]
    for title, groups in groupby(document["groups"], key=lambda group: group["title"]):
        rows = [_in_full(group, group["measures"][measure]) for group in groups]
        said = f"{measure.replace('_', ' ')} by {title}"
        yield Figures(legible(said), headings, rows, _apart(document, title, measure))


def value_tables(document: Document) -> Iterator[Figures]:
    """Scores or ratings of every group; of ratings the p-values are those of errors, if known."""
    measures = _SCORES if document["outcome"] == "score" else _RATINGS
    known = [
        name
        for name in measures
        if any(_value(each, name) is not None for each in document["groups"])
    ]
    references = {table["title"]: table["reference"] for table in document["disparities_by"]}
    for by, groups in groupby(document["groups"], key=lambda group: group["title"]):
        yield Figures(
            legible(f"by {by}, held against {references[by]}"),
            ["GROUP", "ROWS", *(measures[name] for name in known)],
            [
                [named(group), f"{group['n']:,}", *(_figure(group, name) for name in known)]
                for group in groups
            ],
        )


def selection_tables(document: Document) -> Iterator[Figures]:
    """Rates, ratios and differences of every group of an audit by a profile."""
    tables = {table["by"]: table for table in document["disparities_by"]}
    headings = ["GROUP", "ROWS", "SELECTED", "RATE", INTERVAL, "RATIO", INTERVAL]
    headings += ["DIFFERENCE", INTERVAL, "P", "TEST", "P HOLM", "SMD", INTERVAL]
    for by, groups in groupby(document["groups"], key=lambda group: group["by"]):
        rows = [_selection(group) for group in groups]
        kept = [i for i in range(len(headings)) if any(row[i] for row in rows)]
        unknown = tables[by].get("unknown")
        yield Figures(
            legible(f"by {by}, held against {tables[by]['reference']}"),
            [headings[i] for i in kept],
            [[row[i] for i in kept] for row in rows],
            f"of unknown category, in no group: {unknown:,}" if unknown else "",
        )


def named(group: Document) -> str:
    """A group's name, and whether it has too few rows to be judged."""
    return f"  {legible(group['group'])}{' (small)' if group['small'] else ''}"


def number(value: float | None) -> str:
    """A figure with three digits."""
    return NOTHING if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference with its sign; nothing where it is undefined."""
    return "" if value is None else f"{value:+.3f}"


def span(interval: Sequence[float] | None) -> str:
    """An interval; nothing where it is undefined."""
    return f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""


def p_value(value: float | None) -> str:
    """Three digits, or below a thousandth that it is."""
    if value is None:
        return NOTHING
    return "<.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004


def _in_full(group: Document, found: Document) -> list[str]:
    from policies.fairness.reading import TESTS

    counted = found["denominator"] is not None
    return [
        named(group),
        f"{found['numerator']:,}/{found['denominator']:,}" if counted else "",
        number(found["value"]),
        span(found["value_ci"]),
        span(found["wilson"]),
        number(found["ratio"]),
        span(found["ratio_ci"]),
        number(found["difference"]),
        span(found["difference_ci"]),
        p_value(found["p_value"]),
        p_value(found["p_holm"]),
        TESTS.get(found["test"] or "", NOTHING),
        {True: "yes", False: "no"}.get(found["parity"], NOTHING),
    ]


def _apart(document: Document, title: str, measure: str) -> str:
    """How far the groups of a table lie apart in a measure; older documents do not say it."""
    table = next(each for each in document["disparities_by"] if each["title"] == title)
    found = table.get("measures", {}).get(measure)
    if found is None or found["difference"] is None:
        return ""
    said = (
        f"between groups: difference {number(found['difference'])} ({span(found['difference_ci'])})"
    )
    if found["ratio"] is not None:
        said += f", ratio {number(found['ratio'])} ({span(found['ratio_ci'])})"
    return legible(f"{said}; lowest {found['lowest']}, highest {found['highest']}")


def _selection(group: Document) -> list[str]:
    from policies.fairness.reading import tested

    p, holm = group["p_value"], group.get("p_holm")
    return [
        named(group),
        f"{group['n']:,}",
        f"{group['selected']:,}",
        number(group["selection_rate"]),
        span(group["selection_rate_ci"]),
        number(group["impact_ratio"]),
        span(group["impact_ratio_ci"]),
        signed(group.get("difference")),
        span(group.get("difference_ci")),
        "ref" if group["is_reference"] else p_value(p),
        tested(group),
        "" if holm is None else p_value(holm),
        signed(group.get("standardized_difference")),
        span(group.get("standardized_difference_ci")),
    ]


def _figure(group: Document, name: str) -> str:
    value = _value(group, name)
    if name in _P_VALUES:
        return "" if value is None else p_value(value)
    interval = group[f"{name}_ci"]
    if name not in _WITH_INTERVAL or not interval:
        return number(value)
    return f"{number(value)} ({span(interval)})"


def _value(group: Document, name: str) -> float | None:
    from policies.fairness.reading import p_values

    if name in _P_VALUES:
        return p_values(group).get(name)
    found: float | None = group.get(name)
    return found
