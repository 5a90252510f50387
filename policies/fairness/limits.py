"""Measures with their intervals held against limits, as scores, ratings and profiles are judged.

A measure passes if its value and its whole interval lie within the limits, fails if they all lie
beyond the same one, and is inconclusive otherwise or where it is undefined. A whole fails if any
part does, else is inconclusive if any is, else passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from policies.fairness.bootstrap import Estimate
from policies.fairness.result import Verdict
from policies.fairness.values import is_known


@dataclass(frozen=True)
class Judgement:
    """A verdict on one measure, and why, as a plain sentence."""

    verdict: Verdict
    reason: str


def at_least(name: str, measured: Estimate, minimum: str) -> Judgement:
    """Judge a measure that should not be lower than `minimum`, a decimal."""
    return _judge(
        name, measured, float(minimum), float("inf"), f"the minimum of {minimum}", "below"
    )


def near_zero(name: str, measured: Estimate, most: str) -> Judgement:
    """Judge a difference that should be at most `most`, a decimal, in either direction."""
    return _judge(
        name, measured, -float(most), float(most), f"{most} in either direction", "beyond"
    )


def set_aside(title: str, sizes: Mapping[str, int], minimum: int) -> Iterator[str]:
    """Say which groups of a table, rows by name, are shown but decide nothing, and why."""
    unknown = [f"{group} ({n})" for group, n in sizes.items() if not is_known(group)]
    small = [f"{group} ({n})" for group, n in sizes.items() if is_known(group) and n < minimum]
    for found, why in (
        (unknown, "being of unknown category"),
        (small, f"having fewer than {minimum} rows"),
    ):
        if found:
            yield f"By {title}, shown but not judged for {why}: {', '.join(found)}."


def conclude(
    judgements: Sequence[Judgement], notes: Sequence[str]
) -> tuple[Verdict, tuple[str, ...]]:
    """Give the verdict on the whole and its reasons, what failed first. Nothing is inconclusive."""
    by_verdict = {
        verdict: [each.reason for each in judgements if each.verdict == verdict]
        for verdict in ("fail", "inconclusive", "pass")
    }
    failed, unclear, passed = by_verdict.values()
    if failed:
        return "fail", (*failed, *unclear, *notes)
    if unclear or not passed:
        nothing = [] if unclear else ["No two groups are large enough to be compared."]
        return "inconclusive", (*nothing, *unclear, *notes)
    held = f"Each of {len(passed)} measures lies within its limit, with its whole interval."
    return "pass", (held, *notes)


def _judge(
    name: str, measured: Estimate, low: float, high: float, limit: str, outside: str
) -> Judgement:
    if measured.value is None or measured.interval is None:
        return Judgement("inconclusive", f"{name} is undefined here, so it cannot be judged.")
    points = (measured.value, *measured.interval)
    start, end = measured.interval
    figures = f"{name} is {measured.value:.3f} (95 % interval {start:.3f} to {end:.3f})"
    if all(low <= point <= high for point in points):
        return Judgement("pass", f"{figures}, within {limit}.")
    if all(point < low for point in points) or all(point > high for point in points):
        return Judgement("fail", f"{figures}, {outside} {limit}.")
    return Judgement("inconclusive", f"{figures}, which spans {limit}.")
