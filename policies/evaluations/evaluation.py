"""An evaluation: everything measured, compared and judged, without a ledger in sight.

The verdict is `fail` if any measure, group or comparison fails; else `inconclusive` if any measure
or group is, or nothing could be judged; else `pass`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.registers.evaluations import Suite, Verdict
from policies.evaluations import intervals
from policies.evaluations.case import ATTACKS, SUITES, suite_digest
from policies.evaluations.comparing import Baseline, Compared, compare
from policies.evaluations.measures import Judge, Measure, measure
from policies.evaluations.reading import Results
from policies.evaluations.subgroups import GroupShare, by_subgroup
from policies.evaluations.taxonomy import count_failures, failure_of
from policies.thresholds import EvaluationThresholds


@dataclass(frozen=True)
class Category:
    """The cases of one category of a suite: how many there are and which ones failed."""

    suite: Suite
    category: str
    n: int
    errors: int
    failed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The category as the result holds it."""
        answered = self.n - self.errors
        share = intervals.share(len(self.failed), answered) if answered else None
        return {
            "suite": self.suite,
            "category": self.category,
            "n": self.n,
            "errors": self.errors,
            "failed": len(self.failed),
            "failed_share": share.value if share else None,
            "failed_share_ci": [share.low, share.high] if share else None,
        }


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation came to."""

    results: Results
    judge: Judge
    suite: str
    measures: tuple[Measure, ...]
    groups: tuple[GroupShare, ...]
    categories: tuple[Category, ...]
    failures: dict[str, int]
    comparisons: tuple[Compared, ...]
    verdict: Verdict
    reasons: tuple[str, ...]

    @property
    def n(self) -> int:
        """How many cases there are, listed or only counted."""
        return len(self.results.cases) + sum(total.n for total in self.results.totals)

    @property
    def passed(self) -> int:
        """How many of them passed."""
        listed = sum(case.succeeded is True for case in self.results.cases)
        return listed + sum(total.passed for total in self.results.totals)

    @property
    def errors(self) -> int:
        """How many ended in an error."""
        return sum(case.error for case in self.results.cases)

    @property
    def suites(self) -> list[Suite]:
        """Which suites there are cases of."""
        there = {case.suite for case in self.results.cases}
        there |= {total.suite for total in self.results.totals}
        return [suite for suite in SUITES if suite in there]

    @property
    def attacks_that_worked(self) -> tuple[Category, ...]:
        """Categories of the adversarial and security suites in which a case failed."""
        return tuple(c for c in self.categories if c.suite in ATTACKS and c.failed)

    def as_json(self) -> dict[str, Any]:
        """The result, without what only the ledger knows."""
        failed = sum(self.failures.values())
        return {
            "measure": "evaluation",
            "prompt_versions": self.results.prompt_versions,
            "risk_level": self.judge.risk_level,
            "minimum_cases": self.judge.minimum,
            "files": [vars(file) for file in self.results.files],
            "suite_digest": self.suite,
            "suites": [self._suite(suite) for suite in self.suites],
            "n": self.n,
            "passed": self.passed,
            "errors": self.errors,
            "measures": [one.as_json() for one in self.measures],
            "subgroups": [one.as_json() for one in self.groups],
            "categories": [one.as_json() for one in self.categories],
            "failures": [
                {"failure": name, "n": count, "share": count / failed}
                for name, count in self.failures.items()
            ],
            "comparisons": [one.as_json() for one in self.comparisons],
            "thresholds": self.judge.thresholds.figures(),
            "seed": self.judge.seed,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
        }

    def _suite(self, suite: Suite) -> dict[str, Any]:
        own = [case for case in self.results.cases if case.suite == suite]
        stated = [total for total in self.results.totals if total.suite == suite]
        return {
            "suite": suite,
            "n": len(own) + sum(total.n for total in stated),
            "passed": sum(c.succeeded is True for c in own) + sum(t.passed for t in stated),
            "failed": sum(c.failed for c in own) + sum(t.n - t.passed for t in stated),
            "errors": sum(c.error for c in own),
            "not_listed": sum(total.n for total in stated),
        }


def evaluate(
    results: Results,
    thresholds: EvaluationThresholds,
    risk_level: str,
    baselines: Sequence[Baseline] = (),
) -> Evaluation:
    """Measure, compare and judge. The seed of the bootstrap follows from the suite's digest."""
    suite = suite_digest(results.cases)
    judge = Judge(thresholds, risk_level, int(suite[:8], 16))
    measures = measure(results.cases, results.totals, judge)
    groups = by_subgroup(results.cases, judge)
    compared = tuple(
        compare(results.cases, baseline, thresholds.significance.value, judge.seed)
        for baseline in baselines
    )
    verdict, reasons = _verdict(measures, groups, compared)
    return Evaluation(
        results,
        judge,
        suite,
        measures,
        groups,
        tuple(_categories(results)),
        count_failures(results.cases),
        compared,
        verdict,
        (*reasons, *_notes(results, measures, groups)),
    )


def _verdict(
    measures: Sequence[Measure], groups: Sequence[GroupShare], compared: Sequence[Compared]
) -> tuple[Verdict, list[str]]:
    judged = [(one.verdict, one.reason) for one in measures if one.verdict]
    judged += [(one.verdict, one.reason) for one in groups if one.verdict]
    failed = [reason for verdict, reason in judged if verdict == "fail"]
    failed += [one.reason for one in compared if one.verdict == "fail"]
    spanning = [reason for verdict, reason in judged if verdict == "inconclusive"]
    others = [one.reason for one in compared if one.verdict != "fail"]
    if failed:
        return "fail", [*failed, *spanning, *others]
    if spanning:
        return "inconclusive", [*spanning, *others]
    if not judged:
        return "inconclusive", ["Nothing in the files could be judged.", *others]
    held = f"Each of {len(judged)} measures lies within its limit, with its whole interval."
    return "pass", [held, *others]


def _notes(
    results: Results, measures: Sequence[Measure], groups: Sequence[GroupShare]
) -> Iterator[str]:
    cases = results.cases
    if any(c.suite == "robustness" for c in cases) and not any(
        m.measure == "drop" for m in measures
    ):
        yield "No case of the robustness suite names a case here that it was made from: no drop."
    if any(c.suite == "bias" for c in cases) and not groups:
        yield "The cases of the bias suite are of one group only: nothing to compare."
    if any(c.failed for c in cases) and not any(map(failure_of, cases)):
        yield "The files do not say in which way cases failed."
    if unknown := sum(case.succeeded is None for case in cases):
        yield f"{unknown:,} cases have a score and neither passed nor failed."
    yield from (group.reason for group in groups if group.reason and group.verdict is None)


def _categories(results: Results) -> Iterator[Category]:
    found: dict[tuple[Suite, str], list[Any]] = defaultdict(list)
    for case in results.cases:
        if case.suite and (case.category or case.suite in ATTACKS):
            found[case.suite, case.category or "uncategorised"].append(case)
    for (suite, category), cases in sorted(found.items()):
        failed = tuple(case.id for case in cases if case.failed)
        yield Category(suite, category, len(cases), sum(c.error for c in cases), failed)
