"""The verdict: which side of a limit, how surely, and by which groups."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import InvalidInput
from policies.fairness.audit import audit_fairness
from policies.fairness.counts import FairnessRequest
from policies.fairness.result import FairnessResult
from policies.thresholds import parse_thresholds, shipped_text

DIGEST = "0" * 64


def _audit(
    folder: Path, selected: dict[str, tuple[int, int]], *, label: bool = False
) -> FairnessResult:
    """Audit groups of which so many of so many were selected; the label equals the prediction."""
    file = folder / "d.csv"
    lines = [
        f"{group},{int(i < hits)},{int(i < hits)}"
        for group, (hits, n) in selected.items()
        for i in range(n)
    ]
    file.write_text("\n".join(["group,p,y", *lines]), encoding="utf-8")
    request = FairnessRequest("p", ("group",), label="y" if label else None)
    return audit_fairness([file], request, parse_thresholds(shipped_text()).fairness, DIGEST, None)


def test_a_gap_beyond_doubt_fails_and_says_what_by_how_much(tmp_path: Path) -> None:
    """If this failed, a planted bias would go unnoticed, or unexplained."""
    result = _audit(tmp_path, {"a": (600, 1000), "b": (300, 1000)})
    assert result.verdict == "fail"
    ratio, difference, note = result.reasons
    assert ratio.startswith("Impact ratio of b against a (by group) is 0.500 (95 % interval 0.4")
    assert ratio.endswith("below the minimum of 0.80.")
    assert difference.startswith("Demographic parity difference by group is 0.300 (95 % interval ")
    assert difference.endswith("above the maximum of 0.10.")
    assert note == "No label was given, so only selection rates were judged."


def test_equal_groups_of_many_rows_pass(tmp_path: Path) -> None:
    """If this failed, no model could ever pass."""
    result = _audit(tmp_path, {"a": (2500, 5000), "b": (2480, 5000)}, label=True)
    assert result.verdict == "pass"
    assert result.reasons == ("Each of 3 measures lies within its limit, with its whole interval.",)


@pytest.mark.parametrize("hits", [42, 38])
def test_an_interval_across_the_limit_is_inconclusive(tmp_path: Path, hits: int) -> None:
    """If this failed, chance would decide between pass and fail, on either side of the limit."""
    result = _audit(tmp_path, {"a": (50, 100), "b": (hits, 100)})
    assert result.verdict == "inconclusive"
    assert "spans the minimum of 0.80" in result.reasons[0]


def test_small_groups_are_shown_and_flagged_but_decide_nothing(tmp_path: Path) -> None:
    """If this failed, three lucky people could fail a model that is fair to thousands."""
    result = _audit(tmp_path, {"a": (2500, 5000), "b": (2480, 5000), "c": (3, 3)})
    (table,) = result.tables
    assert [group.small for group in table.groups] == [False, False, True]
    assert table.compared.reference == "c"
    assert table.groups[0].impact_ratio.value == 0.5
    assert table.judged is not None
    assert table.judged.reference == "a"
    assert table.judged.groups == ("a", "b")
    assert result.verdict == "pass"
    assert "shown but not judged for having fewer than 30 rows: c (3)." in result.reasons[1]


def test_a_group_of_unknown_category_is_shown_and_decides_nothing(tmp_path: Path) -> None:
    """If this failed, women would be held against whoever left the field empty."""
    groups = {"F": (2480, 5000), "M": (2500, 5000), "": (180, 200)}
    result = _audit(tmp_path, groups)
    (table,) = result.tables
    assert [(group.group, group.n) for group in table.groups] == [
        *(("F", 5000), ("M", 5000), ("unknown", 200))
    ]
    assert table.compared.reference == "M"
    assert table.compared.disparities["demographic_parity_difference"].value == 0.9 - 0.496
    assert table.judged is not None
    assert table.judged.groups == ("F", "M")
    assert result.verdict == "pass"
    assert any("of unknown category: unknown (200)." in reason for reason in result.reasons)
    (alone,) = _audit(tmp_path, {"F": (50, 100), "": (60, 100)}).tables
    assert alone.judged is None


def test_nobody_of_few_is_not_taken_for_certain(tmp_path: Path) -> None:
    """If this failed, nobody of thirty would fail a model that selects one of ten."""
    few = _audit(tmp_path, {"a": (0, 30), "b": (30, 300)})
    assert few.verdict == "inconclusive"
    (table,) = few.tables
    assert table.groups[0].measures["selection_rate"].estimate.interval == (0, 0)
    assert table.groups[0].impact_ratio.interval == (0, 1)
    many = _audit(tmp_path, {"a": (0, 300), "b": (300, 600)})
    assert many.verdict == "fail"


def test_one_group_large_enough_is_nothing_to_compare(tmp_path: Path) -> None:
    """If this failed, an audit of men alone would pass."""
    result = _audit(tmp_path, {"a": (50, 100), "b": (1, 29)})
    assert result.verdict == "inconclusive"
    assert result.reasons[0].startswith("By group fewer than two groups have 30 rows or more")


def test_an_undefined_measure_is_inconclusive(tmp_path: Path) -> None:
    """If this failed, nothing measured would read as nothing wrong."""
    file = tmp_path / "d.csv"
    lines = ["a,1,1"] * 50 + ["b,1,1"] * 50 + ["c,0,0"]
    file.write_text("\n".join(["group,p,y", *lines]), encoding="utf-8")
    request = FairnessRequest("p", ("group",), label="y")
    result = audit_fairness(
        [file], request, parse_thresholds(shipped_text()).fairness, DIGEST, None
    )
    assert result.verdict == "inconclusive"
    assert "Equalized odds difference by group is undefined" in result.reasons[0]


def test_adopted_thresholds_decide_not_the_shipped_ones(tmp_path: Path) -> None:
    """If this failed, what an organisation adopted would be ignored."""
    loose = shipped_text().replace('"0.80"', '"0.30"').replace('"0.10"', '"0.90"')
    file = tmp_path / "d.csv"
    lines = ["a,1"] * 600 + ["a,0"] * 400 + ["b,1"] * 300 + ["b,0"] * 700
    file.write_text("\n".join(["group,p", *lines]), encoding="utf-8")
    thresholds = parse_thresholds(loose).fairness
    result = audit_fairness([file], FairnessRequest("p", ("group",)), thresholds, DIGEST, None)
    assert result.verdict == "pass"
    assert result.as_json()["thresholds"]["impact_ratio_min"] == "0.30"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"0.80"', "0.80", "fairness.impact_ratio_min.value"),
        ('"0.80"', '"80 %"', "fairness.impact_ratio_min.value"),
        ('"0.80"', '"1.2"', "fairness.impact_ratio_min.value"),
        ("value: 30", "value: 0", "fairness.minimum_cell.value"),
        ("minimum_cell", "minimum_sell", "fairness.minimum_cell"),
    ],
)
def test_thresholds_that_say_something_else_are_refused(old: str, new: str, place: str) -> None:
    """If this failed, a slip in an adopted file would change verdicts unseen."""
    with pytest.raises(InvalidInput, match=place):
        parse_thresholds(shipped_text().replace(old, new))
