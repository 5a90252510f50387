"""Measures of an evaluation: intervals against other computations, and what decides."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import sample_data
from policies.evaluations import intervals
from policies.evaluations.case import Case, Total
from policies.evaluations.comparing import Baseline, compare, mcnemar
from policies.evaluations.evaluation import Evaluation, evaluate
from policies.evaluations.measures import Measure
from policies.evaluations.reading import Results, read_results
from policies.thresholds import EvaluationThresholds, parse_thresholds, shipped_text

SUITES = Path(sample_data.__file__).parent / "suites"
LIMITS = parse_thresholds(shipped_text()).evaluation


def limits(**values: str | int) -> EvaluationThresholds:
    """Give the shipped thresholds with other values."""
    document = LIMITS.model_dump()
    for name, value in values.items():
        document[name]["value"] = value
    return EvaluationThresholds.model_validate(document)


def answers(right: int, wrong: int, suite: str = "accuracy", **more: Any) -> list[Case]:
    """Give cases of a suite, some right and some wrong."""
    group = more.get("language") or more.get("category") or suite
    return [
        Case(id=f"{group}-{at}", suite=suite, passed=at < right, **more)  # type: ignore[arg-type]
        for at in range(right + wrong)
    ]


def evaluated(cases: list[Case], level: str = "low", *totals: Total, **values: Any) -> Evaluation:
    """Evaluate cases for a model of a risk level."""
    return evaluate(Results(tuple(cases), totals, ()), limits(**values), level)


def the(found: Evaluation, name: str, scope: str | None = None) -> Measure:
    """Find the one measure of a name."""
    (one,) = [m for m in found.measures if m.measure == name and scope in {None, m.scope}]
    return one


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 600), share=st.floats(0, 1))
def test_a_share_has_wilsons_interval(n: int, share: float) -> None:
    """If it fails, every verdict on a share rests on wrong ends."""
    hits = round(n * share)
    found = intervals.share(hits, n)
    other = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert found.value == hits / n
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-9)


def test_a_difference_has_newcombes_published_interval() -> None:
    """If it fails, groups are held apart by something else than method 10 of Newcombe (1998)."""
    found = intervals.difference((56, 70), (48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    found = intervals.difference((9, 10), (3, 10))
    assert (found.low, found.high) == pytest.approx((0.1705, 0.8090), abs=5e-5)


def below(n: int, part: Fraction, most: int) -> Fraction:
    """Sum the chances that at most so many of n values lie below a percentile, exactly."""
    return sum(
        (comb(n, k) * part**k * (1 - part) ** (n - k) for k in range(most + 1)), start=Fraction(0)
    )


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 260), part=st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(19, 20)])
)
def test_a_percentile_lies_between_its_order_statistics(n: int, part: Fraction) -> None:
    """If it fails, a response time is judged by an interval that covers it too seldom."""
    found = intervals.percentile(list(range(1, n + 1)), float(part))  # a value is its rank
    tail = Fraction(25, 1000)
    if found.low is not None:
        first = int(found.low)
        assert below(n, part, first - 1) < tail <= below(n, part, first)
    else:
        assert below(n, part, 0) >= tail
    if found.high is not None:
        last = int(found.high)
        assert 1 - below(n, part, last - 1) <= tail
        assert 1 - below(n, part, last - 2) > tail
    else:
        assert 1 - below(n, part, n - 1) > tail
    assert found.value == -(-n * part // 1)


def test_a_95th_percentile_needs_72_values() -> None:
    """If it fails, the figure in the thresholds and the documentation is wrong."""
    assert intervals.percentile(list(range(71)), 0.95).high is None
    assert intervals.percentile(list(range(72)), 0.95).high == 71


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(1, 2_000), hits=st.integers(0, 2_000), limit=st.sampled_from([0.01, 0.05, 0.9])
)
def test_the_deciding_size_is_the_first_that_decides(n: int, hits: int, limit: float) -> None:
    """If it fails, people are told to run a number of cases that does not help, or too many."""
    value = Fraction(min(hits, n), n)
    if value == Fraction(str(limit)):
        return

    def decides(size: int) -> bool:
        # Wilson's bound as an inequality, for a share that need not be whole at this size.
        return (float(value) - limit) ** 2 * size > intervals.Z**2 * limit * (1 - limit)

    needed = intervals.deciding_size(float(value), limit)
    assert needed is not None
    assert decides(needed)
    assert needed == 1 or not decides(needed - 1)


def test_the_deciding_size_of_no_error_is_the_documented_one() -> None:
    """If it fails, docs/evaluations.md promises a verdict that does not come."""
    assert intervals.deciding_size(0.0, 0.01) == 381
    assert evaluated(answers(381, 0)).verdict == "pass"
    assert the(evaluated(answers(380, 0)), "error_rate").verdict == "inconclusive"
    assert intervals.deciding_size(0.05, 0.05) is None


def test_the_bootstrap_of_a_mean_is_that_of_its_units() -> None:
    """If it fails, grouping alike units changed what is drawn."""
    chance = Random(5)  # noqa: S311 - test data
    values = [chance.choice([0.0, 0.25, 0.5, 1.0]) for _ in range(400)]
    found = intervals.ratio(values, [1.0] * len(values), seed=1)
    draws = np.random.default_rng(2).choice(values, size=(4000, len(values))).mean(axis=1)
    assert found.value == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.006)
    assert intervals.ratio(values, [1.0] * len(values), seed=1) == found
    assert intervals.ratio([0.3], [1.0], seed=1).points == (0.3, 0.3, 0.3)


@pytest.mark.parametrize(
    ("right", "wrong", "verdict"),
    [(490, 10, "pass"), (460, 40, "inconclusive"), (400, 100, "fail"), (449, 51, "inconclusive")],
)
def test_a_share_is_judged_with_its_whole_interval(right: int, wrong: int, verdict: str) -> None:
    """If it fails, a version passes or fails by luck."""
    one = the(evaluated(answers(right, wrong), "high"), "accuracy")
    assert one.verdict == verdict
    assert f"{one.span.value:.4g}" in one.reason


@pytest.mark.parametrize(("level", "minimum"), [("low", 50), ("medium", 200), ("high", 500)])
def test_fewer_cases_than_the_risk_level_asks_for_decide_nothing(level: str, minimum: int) -> None:
    """If it fails, ten hand-picked cases clear a model for production, or stop it."""
    few = {} if level == "high" else {"error_max": "0.1"}
    for right, wrong, otherwise in ((minimum, 0, "pass"), (0, minimum, "fail")):
        enough = the(evaluated(answers(right, wrong), level, **few), "accuracy")
        assert enough.verdict == otherwise
        found = evaluated(answers(max(right - 1, 0), max(wrong - 1, 0)), level)
        assert the(found, "accuracy").verdict == "inconclusive"
        assert f"fewer than the {minimum} that risk level {level} asks for" in found.reasons[0]
        assert found.verdict == "inconclusive"


def test_each_suite_is_judged_by_its_own_limit() -> None:
    """If it fails, an attack that works one time in ten passes as good accuracy."""
    found = evaluated([*answers(930, 70), *answers(930, 70, "security"), *answers(930, 70, "load")])
    assert the(found, "accuracy", "accuracy").verdict == "pass"
    assert the(found, "attack_resistance").verdict == "fail"
    assert the(found, "accuracy", "load").verdict is None
    assert found.verdict == "fail"
    assert found.reasons[0].startswith("Attack resistance of the security suite is 0.93")


def test_totals_count_where_there_are_no_cases() -> None:
    """If it fails, results without samples cannot be evaluated, or count twice."""
    found = evaluated(answers(50, 0), "low", Total("accuracy", "mmlu", 450, 400))
    one = the(found, "accuracy")
    assert (one.n, one.span.value, found.n, found.passed) == (500, 0.9, 500, 450)
    assert found.as_json()["suites"][0]["not_listed"] == 450


def test_an_error_is_a_case_that_did_not_pass() -> None:
    """If it fails, a model gets better by not answering."""
    errors = [Case(id=f"e-{at}", suite="accuracy", error=True, latency_ms=9e6) for at in range(50)]
    found = evaluated([*answers(450, 0), *errors])
    assert the(found, "accuracy").span.value == 0.9
    assert the(found, "error_rate").verdict == "fail"
    assert not [one for one in found.measures if one.measure.startswith("response")]


def test_a_failure_without_a_class_may_be_a_hallucination() -> None:
    """If it fails, leaving the label out makes a model truthful."""
    sure = answers(960, 0)
    labelled = [Case(id=f"h{at}", suite="accuracy", passed=False, failure=f) for at, f in
                enumerate(["hallucination"] * 10 + ["format"] * 30)]  # fmt: skip
    known = the(evaluated([*sure, *labelled]), "hallucination_rate")
    assert (known.span.value, known.verdict) == (0.01, "pass")
    bare = [Case(id=f"b{at}", suite="accuracy", passed=False) for at in range(60)]
    open_ = the(evaluated([*sure, *labelled, *bare]), "hallucination_rate")
    assert open_.verdict == "inconclusive"
    assert open_.span.high == intervals.share(70, 1060).high
    nothing = evaluated([*sure, *bare])
    assert not [one for one in nothing.measures if one.measure == "hallucination_rate"]
    assert "The files do not say in which way cases failed." in nothing.reasons


def test_refusing_is_judged_where_it_is_right_and_shown_where_it_is_wrong() -> None:
    """If it fails, a model that refuses everything passes, or one that refuses nothing."""
    cases = [
        *answers(300, 0, "security", refused=True, should_refuse=True),
        *answers(60, 40, "functional", refused=True, should_refuse=False),
    ]
    found = evaluated(cases)
    assert the(found, "appropriate_refusal").verdict == "pass"
    over = the(found, "over_refusal")
    assert (over.span.value, over.verdict, over.n) == (1.0, None, 100)
    never = [Case(id=str(at), suite="security", passed=False, refused=False, should_refuse=True)
             for at in range(100)]  # fmt: skip
    assert the(evaluated(never), "appropriate_refusal").verdict == "fail"


def test_response_times_are_judged_by_a_percentile_and_load_for_itself() -> None:
    """If it fails, slow answers hide behind fast ones, or a slow load test behind quiet days."""
    quick = [
        Case(id=f"q{at}", suite="functional", passed=True, latency_ms=900) for at in range(900)
    ]
    slow = [Case(id=f"s{at}", suite="functional", passed=True, latency_ms=9e3) for at in range(100)]
    load = [
        Case(id=f"l{at}", suite="load", passed=True, latency_ms=2900.0 + at % 5) for at in range(99)
    ]
    found = evaluated([*quick, *slow, *load])
    assert the(found, "response_ms_p95", "all").verdict == "fail"
    under_load = the(found, "response_ms_p95", "load")
    assert (under_load.verdict, under_load.span.value) == ("pass", 2904.0)
    few = evaluated(quick[:60])
    assert "60 values are too few" in the(few, "response_ms_p95").reason


def changed(before: list[Case], lost: int) -> list[Case]:
    """Give a changed case for each, of which some of those that passed fail."""
    return [
        Case(id=f"{case.id}-x", suite="robustness", passed=bool(case.passed) and at >= lost,
             origin=case.id)
        for at, case in enumerate(before)
    ]  # fmt: skip


@pytest.mark.parametrize(("lost", "verdict"), [(3, "pass"), (15, "inconclusive"), (60, "fail")])
def test_robustness_is_the_drop_against_the_unchanged_case(lost: int, verdict: str) -> None:
    """If it fails, a model that a misspelling throws off passes, or a weak one fails twice."""
    before = answers(380, 20)
    one = the(evaluated([*before, *changed(before, lost)]), "drop")
    assert (one.n, one.span.value, one.verdict) == (400, lost / 400, verdict)


def test_a_changed_case_without_its_origin_gives_no_drop() -> None:
    """If it fails, a drop is measured against cases that were never run."""
    found = evaluated(changed(answers(60, 0), 0))
    assert not [one for one in found.measures if one.measure == "drop"]
    assert any("made from" in reason for reason in found.reasons)


def test_groups_are_held_against_the_largest() -> None:
    """If it fails, a language in which the model is wrong twice as often goes unseen."""
    cases = [
        *answers(380, 20, "bias", language="de"),
        *answers(280, 20, "bias", language="en"),
        *answers(150, 50, "bias", language="fr"),
        *answers(5, 5, "bias", language="rm"),
    ]
    groups = {one.group: one for one in evaluated(cases).groups}
    assert {name: one.verdict for name, one in groups.items()} == {
        "de": None,
        "en": "pass",
        "fr": "fail",
        "rm": None,
    }
    test = groups["fr"].significance
    assert test is not None
    assert test.p_value < test.p_holm < 1e-9
    assert groups["rm"].significance is None
    assert "shown and not judged" in groups["rm"].reason
    assert evaluated(cases).verdict == "fail"
    assert evaluated(answers(100, 0, "bias", language="de"), error_max="0.1").groups == ()


def test_mcnemar_is_the_sign_test_of_what_changed() -> None:
    """If it fails, regressions are weighed against cases that say nothing about them."""
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(5, 0) == pytest.approx(2 / 2**5)
    assert mcnemar(9, 2) == pytest.approx(2 * sum(comb(11, k) for k in range(3)) / 2**11)
    assert mcnemar(2, 9) == mcnemar(9, 2)


def against(cases: list[Case]) -> Baseline:
    """Make a baseline of cases."""
    return Baseline("baseline", "before", "", "", tuple(cases))


def test_pairs_are_the_same_question() -> None:
    """If it fails, a version is held against the answers to other questions."""
    old = [Case(id=str(at), suite="accuracy", passed=True, score=1, input="q") for at in range(6)]
    new = [
        Case(id="0", suite="accuracy", passed=False, score=0, input="q"),
        Case(id="1", suite="accuracy", passed=False, input="another"),
        Case(id="2", suite="security", passed=False, input="q"),
        Case(id="3", suite="accuracy", passed=False, score=0.5),
        Case(id="4", suite="accuracy", error=True, input="q"),
        Case(id="9", suite="accuracy", passed=True, input="q"),
    ]
    found = compare(new, against(old), "0.05", seed=1)
    assert found.regressions == ("accuracy/0", "accuracy/3", "accuracy/4")
    assert (found.pairs, found.unpaired, found.changed) == (3, 3, 1)
    assert found.score_difference is not None
    assert found.score_difference.value == pytest.approx(-0.75)
    assert (found.verdict, found.p_value) == ("inconclusive", 0.25)
    back = compare(old, against(new), "0.05", seed=1)
    assert (back.regressions, back.improvements, back.verdict) == ((), found.regressions, "pass")


def test_a_version_that_broke_more_than_it_fixed_fails() -> None:
    """If it fails, a worse version passes because it still is good enough."""
    old, new = answers(980, 20), answers(970, 30)
    results = Results(tuple(new), (), ())
    found = evaluate(results, LIMITS, "high", [against(old)])
    assert found.comparisons[0].verdict == "fail"
    assert found.verdict == "fail"
    assert "10 broke and 0 were fixed" in found.reasons[0]
    assert evaluate(results, LIMITS, "high", [against(new)]).verdict == "pass"
    nobody = evaluate(results, LIMITS, "high", [against(answers(9, 0, "load"))])
    assert nobody.comparisons[0].p_value is None
    assert nobody.verdict == "pass"


def test_what_is_planted_is_found() -> None:
    """If it fails, the sample suites show something else than their README says."""
    results = read_results([SUITES / "support-assistant-0.9.1.jsonl"])
    before = read_results([SUITES / "support-assistant-0.9.0.jsonl"])
    found = evaluate(results, LIMITS, "medium", [against(list(before.cases))])
    assert found.failures["hallucination"] == 4
    assert [(each.category, len(each.failed)) for each in found.attacks_that_worked] == [
        ("jailbreak", 1),
        ("prompt-injection", 9),
    ]
    (compared,) = found.comparisons
    assert (len(compared.regressions), len(compared.improvements)) == (3, 6)
    assert the(found, "drop").span.value == pytest.approx(3 / 200)
    groups = {one.group: (one.passed, one.n, one.verdict) for one in found.groups}
    assert groups == {"de": (114, 120, None), "fr": (75, 100, "fail")}
    assert found.verdict == "fail"
