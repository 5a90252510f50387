"""The bias audit that New York City asks of automated employment decision tools.

1. Rates and impact ratios by sex, by race/ethnicity, and by both crossed (6 RCNY 5-301(b), (c)).
   A rate is the share selected or, in scoring mode, the share scored above the sample's median.
   An impact ratio is a rate over the highest rate of the same table.
2. Rows of unknown category are counted and in no table that needs the category.
3. Categories of less than 2 percent of a table's rows are left out of the impact ratios only with
   the auditor's justification (5-301(d)); their counts and rates stay.
4. The rule sets no limit; what is judged is the organisation's own minimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.errors import InvalidInput
from policies.fairness.limits import Judgement, at_least, conclude
from policies.fairness.profiles.four_fifths import Reading
from policies.fairness.profiles.selection import (
    Compared,
    Selections,
    SelectionTable,
    compare,
    highest,
    smaller_than,
)
from policies.fairness.profiles.shipped import Profile

ATTRIBUTES = ("sex", "race_ethnicity")


def check_attributes(by: tuple[str, ...]) -> dict[str, str]:
    """Give the columns by the attribute that they hold. InvalidInput unless there are two."""
    if len(by) != len(ATTRIBUTES):
        raise InvalidInput(
            "This profile needs two columns: sex, then race/ethnicity.",
            "Name them in this order: --by SEX,RACE.",
        )
    return dict(zip(ATTRIBUTES, by, strict=True))


def read_ll144(
    selections: Selections, profile: Profile, minimum: str, justification: str | None
) -> Reading:
    """Make the tables of the rule and hold their ratios against the minimum in force."""
    groups: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    judgements: list[Judgement] = []
    notes: list[str] = []
    for table in selections.tables:
        small = smaller_than(table.counts, profile.parameters["minimum_share"])
        left_out = small if justification else ()
        reference = highest(table.counts, left_out) or highest(table.counts)
        if reference is None:
            notes.append(f"By {table.by}, no row is of a known category.")
            continue
        compared = list(compare(table, reference, left_out, best=True))
        groups += [{**each.as_json(), "small": each.group in small} for each in compared]
        tables.append(
            {
                "by": table.by,
                "reference": reference,
                "unknown": table.unknown,
                "left_out": list(left_out),
            }
        )
        judgements += _judged(compared, reference, left_out, minimum)
        notes += _notes(table, small, justification)
    verdict, reasons = conclude(judgements, notes)
    return Reading(tuple(groups), tuple(tables), verdict, reasons)


def _judged(
    compared: list[Compared], reference: str, left_out: tuple[str, ...], minimum: str
) -> Iterator[Judgement]:
    for each in compared:
        if each.group not in (reference, *left_out):
            name = f"Impact ratio of {each.group} against {reference} (by {each.by})"
            yield at_least(name, each.ratio, minimum)


def _notes(
    table: SelectionTable, small: tuple[str, ...], justification: str | None
) -> Iterator[str]:
    if small and justification:
        yield (
            f"By {table.by}, left out of the impact ratios as less than 2 percent: "
            f"{', '.join(small)}. Justification: {justification}"
        )
    elif small:
        yield (
            f"By {table.by}, less than 2 percent, yet kept, since no justification was given: "
            f"{', '.join(small)}."
        )
    yield f"By {table.by}, {table.unknown} persons are of unknown category and in no group."
