"""Measures with their intervals held against limits, as scores, ratings and profiles are judged.

A measure passes if its value and its whole interval lie within the limits, fails if they all lie
beyond the same one, and is inconclusive otherwise or where it is undefined. A whole fails if any
part does, else is inconclusive if any is, else passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.fairness.bootstrap import Estimate
from policies.fairness.result import Verdict


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
