"""Lending: approvals held against a named control group, and scores or prices in deviations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.errors import InvalidInput
from policies.fairness.bootstrap import Estimate
from policies.fairness.grouped import ValueRequest, left_out, measured, tabled, tables_of
from policies.fairness.limits import Judgement, at_least, conclude, near_zero
from policies.fairness.moments import standardized_difference
from policies.fairness.profiles.four_fifths import Reading
from policies.fairness.profiles.selection import Compared, Selections, compare
from policies.fairness.regression import RatingFigures, rating_figures
from policies.thresholds import CreditThresholds

Values = Mapping[str, Mapping[str, RatingFigures]]
"""Means of a numeric column by table and group."""


def value_figures(
    files: Sequence[Path], column: str, by: tuple[str, ...], where: str | None
) -> Values:
    """Take the means of a score, price or limit by group, in every table."""
    request = ValueRequest(column, by, where=where)
    found = {}
    with measured(files, request, "none") as source:
        left_out(source, request)
        for columns in tables_of(by):
            with tabled(source, request, columns) as table:
                found[table.by] = rating_figures(table, labelled=False)
    return found


def read_credit(
    selections: Selections,
    values: Values | None,
    controls: Mapping[str, str],
    thresholds: CreditThresholds,
    minimum_cell: int,
) -> Reading:
    """Hold every group against its table's control group; `controls` names it by column.

    The control group of a crossed table is that of the columns together. Raises InvalidInput if a
    control group is not named or does not occur.
    """
    groups: list[dict[str, Any]] = []
    tables: list[dict[str, Any]] = []
    judgements: list[Judgement] = []
    notes: list[str] = []
    for table in selections.tables:
        control = _control(table.by, controls, table.counts)
        compared = list(compare(table, control))
        for each in compared:
            figures = values[table.by] if values else {}
            smd = _standardized(figures, each.group, control)
            small = min(each.n, table.counts[control][0]) < minimum_cell
            found = {**each.as_json(), "small": each.n < minimum_cell}
            if values:
                mean = figures[each.group].prediction[1] if each.group in figures else None
                found |= {"mean": mean, **smd.as_json("standardized_difference")}
            groups.append(found)
            if each.group == control or small:
                continue
            judgements += _judged(each, control, smd if values else None, thresholds)
        small_ones = [f"{e.group} ({e.n})" for e in compared if e.n < minimum_cell]
        if small_ones:
            notes.append(
                f"By {table.by}, shown but not judged for having fewer than {minimum_cell} rows: "
                f"{', '.join(small_ones)}."
            )
        tables.append({"by": table.by, "reference": control, "unknown": table.unknown})
    verdict, reasons = conclude(judgements, notes)
    return Reading(tuple(groups), tuple(tables), verdict, reasons)


def _judged(
    each: Compared, control: str, smd: Estimate | None, thresholds: CreditThresholds
) -> Iterator[Judgement]:
    versus = f"of {each.group} against {control} (by {each.by})"
    yield at_least(
        f"Adverse impact ratio {versus}", each.ratio, thresholds.adverse_impact_ratio_min.value
    )
    if smd is not None:
        limit = thresholds.standardized_difference_max.value
        yield near_zero(f"Standardized mean difference {versus}", smd, limit)


def _control(by: str, controls: Mapping[str, str], groups: Mapping[str, Any]) -> str:
    columns = by.split(",")
    missing = [column for column in columns if column not in controls]
    if missing:
        raise InvalidInput(
            f"Who is the control group by {', '.join(missing)}? It was not named.",
            f"Name one: --reference {missing[0]}=GROUP",
        )
    control = ",".join(controls[column] for column in columns)
    if control not in groups:
        raise InvalidInput(
            f"By {by} there is no group {control!r} to be the control group.",
            f"Its groups are: {', '.join(groups)}.",
        )
    return control


def _standardized(figures: Mapping[str, RatingFigures], group: str, control: str) -> Estimate:
    if group == control or not {group, control} <= figures.keys():
        return Estimate(None, None)
    return standardized_difference(figures[group].prediction, figures[control].prediction)
