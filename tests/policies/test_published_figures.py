"""Figures that a rule, a court record or the sample data publish, found again from rows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import sample_data
from policies.fairness.profiles.four_fifths import read_four_fifths
from policies.fairness.profiles.ll144 import read_ll144
from policies.fairness.profiles.selection import (
    Compared,
    SelectionRequest,
    compare,
    count_selections,
    highest,
)
from policies.fairness.profiles.shipped import profile

DATA = Path(__file__).parent / "data"
RICCI = DATA / "ricci.csv"
PUBLISHED = yaml.safe_load((DATA / "ll144_published_tables.yaml").read_text(encoding="utf-8"))
UNKNOWN = {"example_1_selection": 250, "example_2_scoring": 15}
CUT_OFF = 0.642
SAMPLES = Path(sample_data.__file__).parent

Row = dict[str, Any]


def rows_of(table: Sequence[Row]) -> list[tuple[str, str, int]]:
    """One line a person: race, sex (empty where the table has none), selected or not."""
    return [
        (*_names(row["category"]), int(i < row["selected"]))
        for row in table
        for i in range(row["applicants"])
    ]


def _names(category: str) -> tuple[str, str]:
    race, _, sex = category.rpartition(", ")
    return (race, sex) if race else (category, "")


def compared(file: Path, columns: tuple[str, ...], *, scoring: bool) -> dict[str, Compared]:
    """Rates and ratios of the last table of a file."""
    prediction = "score" if scoring else "selected"
    selections = count_selections([file], SelectionRequest(prediction, columns, scoring=scoring))
    table = selections.tables[-1]
    reference = highest(table.counts)
    assert reference is not None
    return {each.group: each for each in compare(table, reference)}


def write(file: Path, rows: Sequence[tuple[str, str, int]], *, unknown: int) -> Path:
    """Keep people as CSV; who was scored above the median has 80, the others 20.

    Persons of unknown category are in the file, half of them above the median.
    """
    lines = [f'"{race}",{sex},{selected},{20 + 60 * selected}' for race, sex, selected in rows]
    lines += [f",unknown,{i % 2},{20 + 60 * (i % 2)}" for i in range(unknown)]
    file.write_text("\n".join(["race,sex,selected,score", *lines]) + "\n")
    return file


def printed(value: float, figure: float, rounded_before: float | None = None) -> bool:
    """Whether a value is a printed figure to every digit printed.

    `rounded_before` is the ratio of the printed rates, from which the rule takes some ratios. One
    rate, 9 of 14, is cut off at 64.2 % where the others are rounded.
    """
    places = max(2, len(str(figure).partition(".")[2]))
    unit = Decimal(1).scaleb(-places)
    how = ROUND_DOWN if figure == CUT_OFF else ROUND_HALF_UP
    wanted = Decimal(str(figure)).quantize(unit)
    exact = [Decimal(value), *([] if rounded_before is None else [Decimal(rounded_before)])]
    return wanted in {found.quantize(unit, rounding=how) for found in exact}


TABLES = [
    pytest.param(example, name, id=f"{example}-{name}")
    for example in ("example_1_selection", "example_2_scoring")
    for name in PUBLISHED[example]
]


@pytest.mark.parametrize(("example", "name"), TABLES)
def test_the_tables_of_the_new_york_rule_come_out_to_every_digit(
    example: str, name: str, tmp_path: Path
) -> None:
    """If this failed, an audit under 6 RCNY 5-301 would print other figures than the rule does."""
    table = PUBLISHED[example][name]
    file = write(tmp_path / "people.csv", rows_of(table), unknown=UNKNOWN[example])
    columns = ("race", "sex") if name == "intersectional" else ("race",)
    found = compared(file, columns, scoring=example == "example_2_scoring")
    assert len(found) == len(table)
    best = max(row["rate"] for row in table)
    for row in table:
        each = found[row["category"].replace(", ", ",")]
        assert (each.n, each.selected) == (row["applicants"], row["selected"])
        assert printed(each.rate.value or 0, row["rate"]), row
        assert printed(each.ratio.value or 0, row["impact_ratio"], row["rate"] / best), row


def test_a_wrong_figure_would_be_seen() -> None:
    """If this failed, the test above could not fail."""
    assert printed(0.4699, 0.47)
    assert not printed(0.4599, 0.47)
    assert not printed(0.4849, 0.47, 0.491)
    assert not printed(0.6449, 0.642)


def test_persons_of_unknown_category_are_counted_and_move_only_the_median(tmp_path: Path) -> None:
    """If this failed, the number that 5-301(c)(5) wants would be missing, or a rate shifted."""
    table = PUBLISHED["example_2_scoring"]["race_ethnicity"]
    file = write(tmp_path / "people.csv", rows_of(table), unknown=15)
    found = count_selections([file], SelectionRequest("score", ("race",), scoring=True))
    assert (found.n, found.unknown, found.median) == (183, 15, 20.0)
    assert found.tables[0].unknown == 15
    assert sum(n for n, _ in found.tables[0].counts.values()) == 168


def test_small_categories_leave_the_ratios_only_with_a_justification(tmp_path: Path) -> None:
    """If this failed, a category could be dropped from an audit without anyone saying why."""
    people = rows_of(PUBLISHED["example_1_selection"]["intersectional"])
    file = write(tmp_path / "people.csv", people, unknown=0)
    selections = count_selections([file], SelectionRequest("selected", ("sex", "race")))
    rule = profile("nyc-ll144")
    kept = read_ll144(selections, rule, "0.80", None)
    dropped = read_ll144(selections, rule, "0.80", "Too few for a rate to mean anything.")
    small = {"Native American or Alaska Native"}
    for reading in (kept, dropped):
        by_race = [group for group in reading.groups if group["by"] == "race"]
        left = {group["group"] for group in by_race if group["impact_ratio"] is None}
        assert left == (set() if reading is kept else small)
        assert all(group["selection_rate"] is not None for group in by_race)
    assert any("no justification was given" in reason for reason in kept.reasons)
    assert any("Too few for a rate" in reason for reason in dropped.reasons)


@pytest.mark.parametrize(
    ("position", "ratio", "p", "verdict"),
    [("Lieutenant", 0.543, 0.097, "fail"), ("Captain", 0.586, None, "inconclusive")],
)
def test_ricci_v_destefano_shows_ratio_and_significance(
    position: str, ratio: float, p: float | None, verdict: str
) -> None:
    """If this failed, what a court was told would come out otherwise here."""
    request = SelectionRequest("Class", ("Race",), where=f"Position = '{position}'")
    reading = read_four_fifths(count_selections([RICCI], request), profile("four-fifths"), "0.80")
    black = next(group for group in reading.groups if group["group"] == "B")
    assert round(black["impact_ratio"], 3) == ratio
    if p is not None:
        assert round(black["p_value"], 3) == p
    # Below four fifths, yet chance cannot be ruled out: said as such, and not a failure by itself.
    (said,) = [reason for reason in reading.reasons if "Impact ratio of B against W" in reason]
    assert "not significant at 0.05; it may be chance" in said
    # The Hispanic lieutenants' 3 of 15 is below and significant.
    assert reading.verdict == verdict


def test_a_few_decisions_that_carry_a_difference_are_counted() -> None:
    """If this failed, nobody would see that three more promotions would reach four fifths."""
    request = SelectionRequest("Class", ("Race",), where="Position = 'Lieutenant'")
    reading = read_four_fifths(count_selections([RICCI], request), profile("four-fifths"), "0.80")
    black = next(group for group in reading.groups if group["group"] == "B")
    # 0.8 x 25/43 x 19 = 8.84, so 9 are needed and 6 were promoted.
    assert black["shortfall"] == 3


def test_what_is_planted_in_the_sample_comes_out_of_a_profile() -> None:
    """If this failed, the profile and the audit would disagree about the same decisions."""
    sample = SAMPLES / "credit_decisions_sample.csv"
    found = count_selections([sample], SelectionRequest("approved", ("sex", "age_band")))
    lines = sample.read_text().splitlines()
    head = lines[0].split(",")
    people = [dict(zip(head, line.split(","), strict=False)) for line in lines[1:]]
    for table, columns in zip(
        found.tables, (("sex",), ("age_band",), ("sex", "age_band")), strict=True
    ):
        for group, (n, selected) in table.counts.items():
            own = [row for row in people if ",".join(row[column] for column in columns) == group]
            assert (n, selected) == (len(own), sum(row["approved"] == "1" for row in own))
