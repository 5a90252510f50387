"""The verdict on measured groups, with its reasons.

1. Groups below the minimum size and those of an unknown category are set aside; the others of a
   table are compared among themselves. Fewer than two of them leave the table inconclusive, and so
   does a reference that was asked for and is itself set aside.
2. With control columns the tables within their strata decide, those over all strata are shown;
   of several classes each decides, their mean is shown.
3. A measure fails if its value and its whole 95 % interval lie beyond the limit, passes if both
   lie within it, and is inconclusive otherwise, or if it is undefined. Impact ratios must lie
   between the limit and its reciprocal.
4. The audit fails if any measure fails; else it is inconclusive if any is; else it passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.fairness.bootstrap import Estimate
from policies.fairness.counts import FairnessRequest
from policies.fairness.limits import set_aside
from policies.fairness.result import Comparison, TableResult, Verdict
from policies.fairness.values import is_known
from policies.thresholds import FairnessThresholds


@dataclass(frozen=True)
class _Judgement:
    verdict: Verdict
    reason: str


def judge(
    tables: Sequence[TableResult], thresholds: FairnessThresholds, request: FairnessRequest
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict and its reasons in plain sentences, what failed first.

    Without a label equalized odds cannot be measured and are not judged.
    """
    labelled = request.label is not None
    deciding = [
        table
        for table in tables
        if not table.place.macro and bool(table.place.stratum) == bool(request.control)
    ]
    judgements = [one for table in deciding for one in _table(table, thresholds, labelled=labelled)]
    failed = [one.reason for one in judgements if one.verdict == "fail"]
    open_ones = [one.reason for one in judgements if one.verdict == "inconclusive"]
    notes = [
        note
        for table in deciding
        for note in set_aside(
            table.place.title,
            {group.group: group.n for group in table.groups},
            thresholds.minimum_cell.value,
        )
    ]
    notes += _notes(request)
    if failed:
        return "fail", (*failed, *open_ones, *notes)
    if open_ones:
        return "inconclusive", (*open_ones, *notes)
    held = f"Each of {len(judgements)} measures lies within its limit, with its whole interval."
    return "pass", (held, *notes)


def _notes(request: FairnessRequest) -> Iterator[str]:
    if request.label is None:
        yield "No label was given, so only selection rates were judged."
    if request.control:
        yield (
            f"Judged within each stratum of {', '.join(request.control)}; what is shown over all "
            "strata did not decide."
        )
    if request.weight is not None:
        yield (
            f"Weighted by {request.weight}: rates, ratios, differences and their intervals are of "
            "weights; no test of significance is defined."
        )


def _table(
    table: TableResult, thresholds: FairnessThresholds, *, labelled: bool
) -> Iterator[_Judgement]:
    judged, title = table.judged, table.place.title
    if judged is None:
        yield _Judgement("inconclusive", _not_judged(table, thresholds.minimum_cell.value))
        return
    yield from _ratios(judged, thresholds.impact_ratio_min.value)
    yield _at_most(
        f"Demographic parity difference by {title}",
        judged.disparities["demographic_parity_difference"],
        thresholds.demographic_parity_difference_max.value,
    )
    if labelled:
        yield _at_most(
            f"Equalized odds difference by {title}",
            judged.disparities["equalized_odds_difference"],
            thresholds.equalized_odds_difference_max.value,
        )


def _not_judged(table: TableResult, size: int) -> str:
    """Why none of a table's groups could be judged."""
    title, reference = table.place.title, table.compared.reference
    if sum(is_known(each.group) and not each.small for each in table.groups) <= 1:
        return f"By {title} fewer than two groups have {size} rows or more: nothing to compare."
    if not is_known(reference):
        return f"By {title} the reference {reference} is of unknown category."
    return f"By {title} the reference {reference} has fewer than {size} rows."


def _ratios(judged: Comparison, minimum: str) -> Iterator[_Judgement]:
    for group, ratio in zip(judged.groups, judged.impact_ratios, strict=True):
        if group != judged.reference:
            name = f"Impact ratio of {group} against {judged.reference} (by {judged.place.title})"
            yield _between(name, ratio, minimum)


def _between(name: str, measured: Estimate, minimum: str) -> _Judgement:
    """Held against the minimum, and where the group fares better against its reciprocal."""
    low = float(minimum)
    high = 1 / low if low else float("inf")
    points = _points(measured)
    within = [low <= point <= high for point in points]
    if max(points, default=0) <= high:
        return _judgement(name, measured, within, f"the minimum of {minimum}", "below")
    if min(points) >= low:
        limit = f"the maximum of {high:.2f} (1/{minimum})"
        return _judgement(name, measured, within, limit, "above")
    # Beyond both limits, even if no point lies between them.
    return _judgement(name, measured, (True, False), f"{minimum} to {high:.2f}", "beyond")


def _at_most(name: str, measured: Estimate, maximum: str) -> _Judgement:
    limit = float(maximum)
    within = [point <= limit for point in _points(measured)]
    return _judgement(name, measured, within, f"the maximum of {maximum}", "above")


def _points(measured: Estimate) -> tuple[float, ...]:
    """Return the value and both ends of its interval; nothing if either is undefined."""
    if measured.value is None or measured.interval is None:
        return ()
    return (measured.value, *measured.interval)


def _judgement(
    name: str, measured: Estimate, within: Sequence[bool], limit: str, beyond: str
) -> _Judgement:
    if not within or measured.interval is None:
        return _Judgement("inconclusive", f"{name} is undefined here, so it cannot be judged.")
    low, high = measured.interval
    figures = f"{name} is {measured.value:.3f} (95 % interval {low:.3f} to {high:.3f})"
    if all(within):
        return _Judgement("pass", f"{figures}, within {limit}.")
    if not any(within):
        return _Judgement("fail", f"{figures}, {beyond} {limit}.")
    return _Judgement("inconclusive", f"{figures}, which spans {limit}.")
