"""An evaluation held against another one, case by case.

A pair is the same id in the same suite with the same input, or with an input that one side does not
state. Pass and fail: McNemar's exact test (1947). Scores: the mean difference with a bootstrap
interval over pairs. A comparison fails if more cases broke than were fixed and chance would do that
less often than the significance says; it passes if none broke; else it is inconclusive and decides
nothing, for most comparisons of two good versions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ledger.registers.evaluations import Against, Verdict
from policies.evaluations import intervals
from policies.evaluations.case import Case
from policies.evaluations.intervals import Span


@dataclass(frozen=True)
class Baseline:
    """Cases to be held against; `evaluation` and `version` are empty for those of a file."""

    against: Against
    name: str
    evaluation: str
    version: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Compared:
    """What a comparison came to; `regressions` and `improvements` are `suite/id`."""

    baseline: Baseline
    pairs: int
    unpaired: int
    changed: int
    regressions: tuple[str, ...]
    improvements: tuple[str, ...]
    p_value: float | None
    score_difference: Span | None
    verdict: Verdict
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The comparison as the result holds it."""
        gap = self.score_difference
        return {
            "against": self.baseline.against,
            "name": self.baseline.name,
            "evaluation": self.baseline.evaluation or None,
            "version": self.baseline.version or None,
            "pairs": self.pairs,
            "unpaired": self.unpaired,
            "changed": self.changed,
            "broken": len(self.regressions),
            "fixed": len(self.improvements),
            "p_value": self.p_value,
            "score_difference": gap.value if gap else None,
            "score_difference_ci": [gap.low, gap.high] if gap else None,
            "verdict": self.verdict,
            "reason": self.reason,
            "regressions": list(self.regressions),
            "improvements": list(self.improvements),
        }


def compare(cases: Sequence[Case], baseline: Baseline, significance: str, seed: int) -> Compared:
    """Hold cases against a baseline; `changed` are those of one id and two inputs."""
    before = {(case.suite, case.id): case for case in baseline.cases}
    both = [
        (before[case.suite, case.id], case) for case in cases if (case.suite, case.id) in before
    ]
    pairs = [(old, new) for old, new in both if _same_input(old, new)]
    known = [
        (f"{new.suite}/{new.id}", old.succeeded, new.succeeded)
        for old, new in pairs
        if old.succeeded is not None and new.succeeded is not None
    ]
    broken = tuple(name for name, old, new in known if old and not new)
    fixed = tuple(name for name, old, new in known if new and not old)
    p_value = mcnemar(len(broken), len(fixed)) if known else None
    verdict, reason = _verdict(baseline, len(known), len(broken), len(fixed), p_value, significance)
    return Compared(
        baseline,
        len(known),
        len(cases) - len(known),
        len(both) - len(pairs),
        broken,
        fixed,
        p_value,
        _scores(pairs, seed),
        verdict,
        reason,
    )


def mcnemar(broken: int, fixed: int) -> float:
    """Two-sided exact p that as many cases would change for the worse, and for the better."""
    if broken + fixed == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(broken, broken + fixed, 0.5).pvalue)


def _same_input(old: Case, new: Case) -> bool:
    digests = {old.digest("input"), new.digest("input")}
    return len(digests - {None}) <= 1


def _scores(pairs: Sequence[tuple[Case, Case]], seed: int) -> Span | None:
    gaps = [
        new.score - old.score
        for old, new in pairs
        if old.score is not None and new.score is not None
    ]
    return intervals.ratio(gaps, [1.0] * len(gaps), seed) if gaps else None


def _verdict(
    baseline: Baseline, pairs: int, broken: int, fixed: int, p_value: float | None, limit: str
) -> tuple[Verdict, str]:
    if p_value is None:
        return "inconclusive", f"No case is the same as one of {baseline.name}."
    said = (
        f"Of {pairs:,} cases that {baseline.name} ({baseline.against}) was asked as well, {broken} "
        f"broke and {fixed} were fixed (McNemar's exact p {p_value:.3g})"
    )
    if broken > fixed and p_value < float(limit):
        return "fail", f"{said}: it is worse."
    if not broken:
        return "pass", f"{said}."
    return "inconclusive", f"{said}: look at those that broke."
