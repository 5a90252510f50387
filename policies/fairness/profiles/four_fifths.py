"""The four-fifths rule: ratio and significance side by side, neither hiding the other.

1. Groups of less than 2 percent are shown, but neither judged nor the reference.
2. Below four fifths and significant: fail. Neither: pass. One without the other is inconclusive,
   since 29 CFR 1607.4(D) lets a person weigh small numbers, and smaller differences that are
   significant in statistical and practical terms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from policies.fairness.limits import Judgement, conclude
from policies.fairness.profiles.selection import (
    Compared,
    Selections,
    SelectionTable,
    compare,
    highest,
    smaller_than,
)
from policies.fairness.profiles.shipped import Profile
from policies.fairness.result import Verdict
from policies.fairness.significance import NAMES


@dataclass(frozen=True)
class Reading:
    """What a profile makes of a file: groups as JSON, what is said of each table, the verdict."""

    groups: tuple[dict[str, Any], ...]
    tables: tuple[dict[str, Any], ...]
    verdict: Verdict
    reasons: tuple[str, ...]


def read_four_fifths(selections: Selections, profile: Profile, minimum: str) -> Reading:
    """Judge selections; `minimum` is the ratio in force, a decimal."""
    level = profile.parameters["significance_level"]
    groups: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    judgements: list[Judgement] = []
    notes: list[str] = []
    for table in selections.tables:
        small = smaller_than(table.counts, profile.parameters["minimum_share"])
        reference = highest(table.counts, small) or highest(table.counts)
        if reference is None:
            notes.append(f"By {table.by}, no row is of a known category.")
            continue
        compared = list(compare(table, reference, best=True))
        for each in compared:
            short = shortfall(table, each, reference, minimum)
            groups.append({**each.as_json(), "small": each.group in small, "shortfall": short})
        tables.append({"by": table.by, "reference": reference, "unknown": table.unknown})
        low = {each["group"] for each in groups if each["by"] == table.by and each["shortfall"]}
        judgements += _judged(compared, (reference, *small), low, minimum, level)
        notes += _notes(table, small)
    verdict, reasons = conclude(judgements, notes)
    return Reading(tuple(groups), tuple(tables), verdict, reasons)


def shortfall(table: SelectionTable, own: Compared, reference: str, minimum: str) -> int:
    """How many more of a group would have had to be selected to reach the minimum ratio.

    A small number says that a few decisions carry the difference.
    """
    m, others = table.counts[reference]
    wanted = Fraction(minimum) * Fraction(others, m) * own.n
    return max(0, -int(-wanted // 1) - own.selected)


def _judged(
    compared: list[Compared], aside: tuple[str, ...], short: set[str], minimum: str, level: str
) -> Iterator[Judgement]:
    """Judge those not set aside, of which the reference is the first; `short` are below."""
    for each in compared:
        if each.group in aside:
            continue
        name = f"Impact ratio of {each.group} against {aside[0]} (by {each.by})"
        if each.ratio.value is None or each.test is None:
            yield Judgement("inconclusive", f"{name} is undefined: nobody was selected.")
            continue
        p_value = each.test.p_value
        low, rare = each.group in short, p_value < float(level)
        # As a statistic would be printed: three digits, no p of zero.
        p = f"p = {p_value:.3f}" if p_value >= 0.001 else "p < .001"  # noqa: PLR2004
        said = f"{name} is {each.ratio.value:.3f}, {p} ({NAMES[each.test.method]})"
        if low and rare:
            yield Judgement("fail", f"{said}: below {minimum}, and significant at {level}.")
        elif low:
            yield Judgement(
                "inconclusive",
                f"{said}: below {minimum}, but not significant at {level}; it may be chance.",
            )
        elif rare:
            yield Judgement(
                "inconclusive",
                f"{said}: not below {minimum}, but significant at {level}; whether it matters in "
                "practice is for a person to judge.",
            )
        else:
            yield Judgement("pass", f"{said}: not below {minimum}, nor significant at {level}.")


def _notes(table: SelectionTable, small: tuple[str, ...]) -> Iterator[str]:
    if small:
        yield f"By {table.by}, shown but not judged as less than 2 percent: {', '.join(small)}."
    if table.unknown:
        yield f"By {table.by}, {table.unknown} rows are of unknown category and in no group."
