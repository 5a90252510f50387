"""Selections held against a reference: which test, which intervals, and what is exactly a limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import fisher_exact

from ledger.errors import InvalidInput
from policies.fairness.profiles.four_fifths import Reading, read_four_fifths
from policies.fairness.profiles.ll144 import read_ll144
from policies.fairness.profiles.selection import (
    SelectionRequest,
    Selections,
    SelectionTable,
    count_selections,
)
from policies.fairness.profiles.shipped import profile
from policies.fairness.significance import two_shares


def selections_of(counts: dict[str, tuple[int, int]]) -> Selections:
    """Selections of one table: by group its rows, and how many of them were selected."""
    n = sum(rows for rows, _ in counts.values())
    return Selections(n, 0, 0, None, (SelectionTable("race", counts, 0),))


def four_fifths(counts: dict[str, tuple[int, int]]) -> Reading:
    """Read a table by the four-fifths rule."""
    return read_four_fifths(selections_of(counts), profile("four-fifths"), "0.80")


def test_each_comparison_says_by_which_test_it_was_made() -> None:
    """If this failed, a p-value would stand in an audit and nobody could compute it again."""
    counts = {"A": (5000, 2500), "B": (4000, 1900), "C": (400, 190), "D": (5000, 3)}
    found = {each["group"]: each for each in four_fifths(counts).groups}
    methods = {"A": None, "B": "z", "C": "z", "D": "z"}
    assert {group: each["test"] for group, each in found.items()} == methods
    for group in "BCD":
        (n, hits), (m, others) = counts[group], counts["A"]
        assert found[group]["p_value"] == two_shares(hits, n, others, m)[0]
        assert found[group]["p_holm"] >= found[group]["p_value"]
    small = {each["group"]: each for each in four_fifths({"A": (500, 250), "B": (400, 190)}).groups}
    assert small["B"]["test"] == "fisher"
    assert small["B"]["p_value"] == fisher_exact([[190, 210], [250, 250]]).pvalue
    rare = {each["group"]: each for each in four_fifths({"A": (5000, 9), "B": (600, 0)}).groups}
    assert rare["B"]["test"] == "fisher"
    assert "(two-proportion z)" in " ".join(four_fifths(counts).reasons)


def test_ratio_and_difference_have_intervals_whatever_the_counts() -> None:
    """If this failed, a group with the very counts of the reference could not be judged."""
    reading = read_ll144(
        selections_of({"A": (3000, 1500), "B": (3000, 1500), "C": (100, 0), "D": (2000, 1000)}),
        profile("nyc-ll144"),
        "0.80",
        None,
    )
    found = {each["group"]: each for each in reading.groups}
    for each in found.values():
        low, high = each["impact_ratio_ci"]
        assert low <= each["impact_ratio"] <= high
        low, high = each["difference_ci"]
        assert low <= each["difference"] <= high
    assert found["B"]["impact_ratio_ci"][0] == pytest.approx(0.95, abs=0.02)
    assert found["C"]["impact_ratio_ci"][1] > 0
    assert reading.verdict == "fail"
    assert reading.reasons[0].startswith("Impact ratio of C against A (by race) is 0.000")


@pytest.mark.parametrize(
    ("own", "other"), [((3, 2), (6, 5)), ((12, 1), (48, 5)), ((300, 240), (300, 300))]
)
def test_exactly_four_fifths_is_not_below(own: tuple[int, int], other: tuple[int, int]) -> None:
    """If this failed, a rounding of doubles would call two thirds of five sixths too low."""
    reading = four_fifths({"A": other, "B": own})
    assert not any(" is 0.800" in reason and ": below" in reason for reason in reading.reasons)
    short = four_fifths({"A": other, "B": (own[0], own[1] - 1)})
    assert any(": below 0.80" in reason for reason in short.reasons)


def test_a_filter_may_leave_nobody_who_was_selected(tmp_path: Path) -> None:
    """If this failed, a column would be said never to hold a value that it holds elsewhere."""
    file = tmp_path / "d.csv"
    file.write_text("sex,hired,branch\nF,0,x\nM,0,x\nF,1,y\n")
    found = count_selections([file], SelectionRequest("hired", ("sex",), where="branch = 'x'"))
    assert found.tables[0].counts == {"F": (1, 0), "M": (1, 0)}
    with pytest.raises(InvalidInput, match="never holds"):
        count_selections([file], SelectionRequest("hired", ("sex",), "yes", "branch = 'x'"))
