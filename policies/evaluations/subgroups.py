"""Bias between groups of test cases, such as languages: the share of right answers by group.

Cases of the suite `bias`, by each label that they carry. Each group is held against the largest
one: difference with Newcombe's interval, which decides; Fisher's exact or the z test, corrected by
Holm, which is shown. Groups of fewer cases than the minimum are shown and not judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger.registers.evaluations import Verdict
from policies.evaluations import intervals
from policies.evaluations.case import Case
from policies.evaluations.intervals import Span
from policies.evaluations.measures import Judge
from policies.fairness.significance import Significance, compare

SUITE = "bias"
ATTRIBUTES = ("subgroup", "language")


@dataclass(frozen=True)
class GroupShare:
    """One group's share of right answers, and how it differs from the reference's (None: itself).

    A difference above 0 means that the group is answered rightly more often.
    """

    by: str
    group: str
    n: int
    passed: int
    share: Span
    reference: str
    difference: Span | None
    significance: Significance | None
    verdict: Verdict | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The group as the result holds it."""
        gap, test = self.difference, self.significance
        return {
            "by": self.by,
            "group": self.group,
            "n": self.n,
            "passed": self.passed,
            "accuracy": self.share.value,
            "accuracy_ci": [self.share.low, self.share.high],
            "reference": self.reference,
            "difference": gap.value if gap else None,
            "difference_ci": [gap.low, gap.high] if gap else None,
            "p_value": test.p_value if test else None,
            "p_holm": test.p_holm if test else None,
            "test": test.method if test else None,
            "verdict": self.verdict,
            "reason": self.reason or None,
        }


def by_subgroup(cases: Sequence[Case], judge: Judge) -> tuple[GroupShare, ...]:
    """Every group of every label, the largest of each label first."""
    own = [case for case in cases if case.suite == SUITE and case.succeeded is not None]
    return tuple(one for by in ATTRIBUTES for one in _of_label(by, own, judge))


def _of_label(by: str, cases: Sequence[Case], judge: Judge) -> Iterator[GroupShare]:
    outcomes: dict[str, list[bool]] = defaultdict(list)
    for case in cases:
        group: str | None = getattr(case, by)
        if group:
            outcomes[group].append(bool(case.succeeded))
    if len(outcomes) < 2:  # noqa: PLR2004 - nothing to compare
        return
    counted = {group: (sum(found), len(found)) for group, found in outcomes.items()}
    groups = sorted(counted, key=lambda group: (-counted[group][1], group))
    large = [g for g in groups if counted[g][1] >= judge.thresholds.minimum_subgroup.value]
    hits, sizes = (np.array([counted[g][place] for g in large]) for place in (0, 1))
    tests = dict(zip(large, compare(hits, sizes, 0), strict=True)) if large else {}
    for group in groups:
        yield _held(by, group, counted, groups[0], tests, len(cases), judge)


def _held(
    by: str,
    group: str,
    counted: dict[str, tuple[int, int]],
    reference: str,
    tests: dict[str, Significance | None],
    n: int,
    judge: Judge,
) -> GroupShare:
    hits, size = counted[group]
    gap, verdict, reason = None, None, ""
    if group != reference:
        gap = intervals.difference(counted[group], counted[reference])
        verdict, reason = _verdict(by, group, reference, gap, group in tests, n, judge)
    share, test = intervals.share(hits, size), tests.get(group)
    return GroupShare(by, group, size, hits, share, reference, gap, test, verdict, reason)


def _verdict(
    by: str, group: str, reference: str, gap: Span, large: bool, n: int, judge: Judge
) -> tuple[Verdict | None, str]:
    value, low, high = gap.points
    most = float(judge.thresholds.subgroup_difference_max.value)
    said = (
        f"Accuracy of {by} {group} minus that of {reference} is {value:+.3f} (95 % interval "
        f"{low:+.3f} to {high:+.3f})"
    )
    if not large:
        least = judge.thresholds.minimum_subgroup.value
        return None, f"{said}; it has fewer than {least} cases, so it is shown and not judged."
    if n < judge.minimum:
        return "inconclusive", (
            f"{said}, but {n} cases are fewer than the {judge.minimum} that risk level "
            f"{judge.risk_level} asks for."
        )
    if -most <= low and high <= most:
        return "pass", f"{said}, within {most:g} either way."
    if high < -most or low > most:
        return "fail", f"{said}, beyond {most:g}."
    return "inconclusive", f"{said}, which spans {most:g}."
