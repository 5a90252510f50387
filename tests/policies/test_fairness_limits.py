"""Measures held against limits: the whole interval decides, and nothing passes by being unknown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.fairness.bootstrap import Estimate
from policies.fairness.limits import Judgement, at_least, conclude, near_zero

points = st.floats(-2, 2).map(lambda value: round(value, 3))


@given(value=points, below=st.floats(0, 1), above=st.floats(0, 1), limit=st.sampled_from("123"))
def test_the_whole_interval_decides(value: float, below: float, above: float, limit: str) -> None:
    """If this failed, a measure whose interval spans its limit could pass or fail."""
    low, high, most = value - below, value + above, float(limit) / 10
    estimate = Estimate(value, (low, high))
    found = at_least("Ratio", estimate, f"0.{limit}").verdict
    assert (found == "pass") == (low >= most)
    assert (found == "fail") == (high < most)
    near = near_zero("Difference", estimate, f"0.{limit}").verdict
    assert (near == "pass") == (max(abs(low), abs(high)) <= most)
    assert (near == "fail") == (low > most or high < -most)


def test_what_is_undefined_is_inconclusive() -> None:
    """If this failed, a ratio of nothing could pass."""
    for estimate in (Estimate(None, None), Estimate(0.9, None)):
        assert at_least("Ratio", estimate, "0.80").verdict == "inconclusive"
        assert near_zero("Difference", estimate, "0.10").verdict == "inconclusive"


def test_one_failure_fails_the_whole_and_is_said_first() -> None:
    """If this failed, a failure could hide behind what passed."""
    parts = [
        Judgement("pass", "good"),
        Judgement("inconclusive", "unclear"),
        Judgement("fail", "bad"),
    ]
    assert conclude(parts, ["note"]) == ("fail", ("bad", "unclear", "note"))
    assert conclude(parts[:2], ["note"]) == ("inconclusive", ("unclear", "note"))
    assert conclude(parts[:1], ["note"])[0] == "pass"
    verdict, reasons = conclude([], ["note"])
    assert verdict == "inconclusive"
    assert "No two groups" in reasons[0]
