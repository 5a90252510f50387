"""An evaluation's result as text: verdict, suites, measures, groups, failures, comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from console.messages import legible
from console.tui import marks

_SUITE, _MEASURE, _NARROW_MEASURE = 12, 26, 18
_NARROW = 84
_CATEGORIES, _REGRESSIONS = 30, 10
_WHOLE = 100
_DASH = "\N{EN DASH}"

Document = dict[str, Any]


def evaluation_text(document: Document, width: int) -> Text:
    """The whole evaluation, in `width` cells."""
    text = marks.verdict_mark(document["verdict"]).text
    for reason in document["reasons"]:
        text.append(f"\n· {legible(reason)}")
    golden = " · the golden baseline" if document["golden"] else ""
    text.append(f"\n\n{document['passed']:,} of {document['n']:,} cases passed{golden}\n")
    for title, lines in (
        ("Suites", _suites(document)),
        ("Measures", _measures(document, width)),
        ("Groups", _groups(document)),
        ("What failed, by category", _categories(document)),
        ("How cases failed", _failures(document)),
        ("Held against others, case by case", _comparisons(document)),
    ):
        found = list(lines)
        if found:
            text.append(f"\n{title}\n", style="bold")
            for line in found:
                text.append(line).append("\n")
    return text


def _suites(document: Document) -> Iterator[Text]:
    heads = "".join(f"{head:>9}" for head in ("cases", "passed", "failed", "errors"))
    yield marks.quiet(f"{'suite':<{_SUITE}}{heads}")
    for each in document["suites"]:
        counts = "".join(f"{each[name]:>9,}" for name in ("n", "passed", "failed", "errors"))
        yield Text(f"{each['suite']:<{_SUITE}}{counts}")


def _measures(document: Document, width: int) -> Iterator[Text]:
    name = _NARROW_MEASURE if width < _NARROW else _MEASURE
    if document["measures"]:
        heads = f"{'of':<{_SUITE}}{'measure':<{name}}{'value':>7}  {'95 % interval':<14}"
        yield marks.quiet(f"{heads}{'limit':<7}")
    for each in document["measures"]:
        measure = each["measure"].replace("_", " ")
        line = Text(
            f"{_cut(each['scope'], _SUITE)}{_cut(measure, name)}{_figure(each['value']):>7}"
        )
        line.append(f"  {_interval(each['interval']):<14}{_limit(each):<7}")
        if each["verdict"]:
            line.append(marks.verdict_mark(each["verdict"]).text)
        yield line


def _groups(document: Document) -> Iterator[Text]:
    if document["subgroups"]:
        heads = f"{'group':<{_NARROW_MEASURE}}{'cases':>6}{'right':>7}"
        yield marks.quiet(f"{heads}  difference, with its 95 % interval")
    for each in document["subgroups"]:
        name = _cut(f"{each['by']} {each['group']}", _NARROW_MEASURE)
        line = Text(f"{name}{each['n']:>6,}{_figure(each['accuracy']):>7}  ")
        if each["difference"] is not None:
            ends = " to ".join(_figure(end) for end in each["difference_ci"])
            line.append(f"{each['difference']:+.3f} ({ends})  ")
        if each["verdict"]:
            line.append(marks.verdict_mark(each["verdict"]).text)
        yield line


def _categories(document: Document) -> Iterator[Text]:
    failed = sorted(
        (each for each in document["categories"] if each["failed"]),
        key=lambda each: -each["failed"],
    )
    for each in failed[:_CATEGORIES]:
        name = f"{_cut(each['suite'], _SUITE)}{_cut(each['category'], _MEASURE)}"
        share = f"{_figure(each['failed_share'])} ({_interval(each['failed_share_ci'])})"
        yield Text(f"{name}{each['failed']:>6,} of {each['n']:,}  {share}")
    if len(failed) > _CATEGORIES:
        yield marks.quiet(f"and {len(failed) - _CATEGORIES} more categories")


def _failures(document: Document) -> Iterator[Text]:
    for each in document["failures"]:
        yield Text(f"{each['n']:>7,}  {each['share']:>6.1%}  {legible(each['failure'])}")


def _comparisons(document: Document) -> Iterator[Text]:
    for each in document["comparisons"]:
        line = marks.verdict_mark(each["verdict"]).text
        named = legible(" ".join(filter(None, (each["against"], each["name"], each["version"]))))
        line.append(f"  {named}: {each['pairs']:,} pairs, {each['broken']:,} broken, ")
        p = f", p {each['p_value']:.3g} (McNemar)" if each["p_value"] is not None else ""
        yield line.append(f"{each['fixed']:,} fixed{p}")
        broken = each["regressions"]
        if broken:
            more = f" and {len(broken) - _REGRESSIONS} more" if len(broken) > _REGRESSIONS else ""
            yield marks.quiet(legible(f"  broken: {', '.join(broken[:_REGRESSIONS])}{more}"))


def _limit(each: Document) -> str:
    if each["limit"] is None:
        return _DASH
    return f"{'≥' if each['bound'] == 'min' else '≤'} {each['limit']:g}"


def _interval(ends: list[float | None] | None) -> str:
    if ends is None:
        return _DASH
    return _DASH.join("open" if end is None else _figure(end) for end in ends)


def _figure(value: float | None) -> str:
    if value is None:
        return _DASH
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3f}"


def _cut(text: str, width: int) -> str:
    return f"{legible(text)[: width - 1]:<{width}}"
