"""The verdict on measured groups, with its reasons.

1. Groups below the minimum size are set aside; the others of a table are compared among
   themselves. Fewer than two of them leave the table inconclusive.
2. A measure fails if its value and its whole 95 % interval lie beyond the limit, passes if both
   lie within it, and is inconclusive otherwise, or if it is undefined.
3. The audit fails if any measure fails; else it is inconclusive if any is; else it passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.fairness.bootstrap import Estimate
from policies.fairness.result import Comparison, TableResult, Verdict
from policies.thresholds import FairnessThresholds


@dataclass(frozen=True)
class _Judgement:
    verdict: Verdict
    reason: str


def judge(
    tables: Sequence[TableResult], thresholds: FairnessThresholds, *, labelled: bool
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict and its reasons in plain sentences, what failed first.

    Without a label (`labelled` false) equalized odds cannot be measured and are not judged.
    """
    judgements = [one for table in tables for one in _table(table, thresholds, labelled=labelled)]
    failed = [one.reason for one in judgements if one.verdict == "fail"]
    open_ones = [one.reason for one in judgements if one.verdict == "inconclusive"]
    notes = [note for table in tables for note in _set_aside(table, thresholds)]
    if not labelled:
        notes.append("No label was given, so only selection rates were judged.")
    if failed:
        return "fail", (*failed, *open_ones, *notes)
    if open_ones:
        return "inconclusive", (*open_ones, *notes)
    held = f"Each of {len(judgements)} measures lies within its limit, with its whole interval."
    return "pass", (held, *notes)


def _table(
    table: TableResult, thresholds: FairnessThresholds, *, labelled: bool
) -> Iterator[_Judgement]:
    judged = table.judged
    if judged is None:
        size = thresholds.minimum_cell.value
        yield _Judgement(
            "inconclusive",
            f"By {table.by} fewer than two groups have {size} rows or more: nothing to compare.",
        )
        return
    yield from _ratios(judged, thresholds.impact_ratio_min.value)
    yield _at_most(
        f"Demographic parity difference by {judged.by}",
        judged.demographic_parity_difference,
        thresholds.demographic_parity_difference_max.value,
    )
    if labelled:
        yield _at_most(
            f"Equalized odds difference by {judged.by}",
            judged.equalized_odds_difference,
            thresholds.equalized_odds_difference_max.value,
        )


def _ratios(judged: Comparison, minimum: str) -> Iterator[_Judgement]:
    for group, ratio in zip(judged.groups, judged.impact_ratios, strict=True):
        if group != judged.reference:
            name = f"Impact ratio of {group} against {judged.reference} (by {judged.by})"
            yield _at_least(name, ratio, minimum)


def _at_least(name: str, measured: Estimate, minimum: str) -> _Judgement:
    limit = float(minimum)
    within = [point >= limit for point in _points(measured)]
    return _judgement(name, measured, within, f"the minimum of {minimum}", "below")


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


def _set_aside(table: TableResult, thresholds: FairnessThresholds) -> Iterator[str]:
    small = [f"{group.group} ({group.n})" for group in table.groups if group.small]
    if small:
        yield (
            f"By {table.by}, shown but not judged for having fewer than "
            f"{thresholds.minimum_cell.value} rows: {', '.join(small)}."
        )
