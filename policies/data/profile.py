"""A set of data looked at before anybody relies on it: its columns, its label, what is odd.

Every figure is counted over all rows, in DuckDB. No row leaves the engine, and no value but class
names, extremes and quartiles stands in the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ledger.errors import InvalidInput
from policies.data.columns import ColumnProfile, profile_column
from policies.data.findings import (
    SEVERITIES,
    Concern,
    concerns_of_column,
    concerns_of_label,
    concerns_of_rows,
    in_order,
)
from policies.data.labels import LabelProfile, profile_label
from policies.data.table import Column, Table, called_identifier, opened, quoted
from policies.thresholds import QualityThresholds


@dataclass(frozen=True)
class DataProfile:
    """A set of data: its columns, identifiers, label and concerns, the gravest first.

    `repeated_rows` repeat another row wholly, `alike_rows` (of the others) but for identifiers and
    times. `identifiers` are columns in which nearly every row
    has another value, and those said to be; each with the rows that repeat an earlier value.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]
    repeated_rows: int
    alike_rows: int
    identifiers: tuple[tuple[str, int], ...]
    label: LabelProfile | None
    concerns: tuple[Concern, ...]
    limits: QualityThresholds

    def count(self, severity: str) -> int:
        """How many concerns are of a severity."""
        return sum(concern.severity == severity for concern in self.concerns)

    def as_json(self) -> dict[str, Any]:
        """Return the document of `data profile --json`, but for where the rows are from."""
        return {
            "rows": self.rows,
            "repeated_rows": self.repeated_rows,
            "alike_rows": self.alike_rows,
            "identifiers": [
                {"column": name, "repeated": repeated} for name, repeated in self.identifiers
            ],
            "label": self.label.as_json() if self.label else None,
            "columns": [column.as_json() for column in self.columns],
            "concerns": [dict(vars(concern)) for concern in self.concerns],
            "thresholds": self.limits.figures(),
            "severities": {severity: self.count(severity) for severity in SEVERITIES},
        }


def profile_data(
    files: Sequence[Path],
    limits: QualityThresholds,
    label: str | None = None,
    identifiers: Sequence[str] = (),
    where: str | None = None,
) -> DataProfile:
    """Profile files of one format (CSV, JSON Lines, Parquet).

    `label` is what a model is to learn, `identifiers` columns that must be unique. Raises
    InvalidInput for what cannot be read, an unknown column, and files without rows.
    """
    with opened(files, where) as table:
        if not table.rows:
            raise InvalidInput("There are no rows.", "Check the files, and the filter if any.")
        for name in (*identifiers, *((label,) if label else ())):
            table.column(name)
        return _profile(table, limits, label, identifiers)


def _profile(
    table: Table, limits: QualityThresholds, label: str | None, named: Sequence[str]
) -> DataProfile:
    columns = [(column, profile_column(table, column, limits)) for column in table.columns]
    unique = {*named, *(p.column for c, p in columns if _identifier(c, p, limits))} - {label}
    identifiers = tuple(
        (profile.column, profile.present - profile.distinct)
        for _, profile in columns
        if profile.column in unique
    )
    telling = [
        (column, profile)
        for column, profile in columns
        if column.name not in unique and column.kind in {"number", "category"}
    ]
    repeated = _repeated(table, [column for column, _ in columns])
    alike = repeated
    if telling and identifiers:
        alike = _repeated(table, [column for column, _ in telling])
    labelled = None
    if label:
        others = [(column, profile) for column, profile in telling if column.name != label]
        labelled = profile_label(table, table.column(label), others, limits)
    profiles = tuple(profile for _, profile in columns)
    repeats = repeated, alike - repeated
    profile = DataProfile(table.rows, profiles, *repeats, identifiers, labelled, (), limits)
    return replace(profile, concerns=in_order([*_concerns(profile, named)]))


def _concerns(profile: DataProfile, said: Sequence[str]) -> Iterator[Concern]:
    limits, identifiers = profile.limits, profile.identifiers
    called = [each for each in identifiers if each[0] in said or called_identifier(each[0])]
    repeats = profile.repeated_rows, profile.alike_rows
    yield from concerns_of_rows(profile.rows, *repeats, called, limits)
    named = {name for name, _ in identifiers}
    for column in profile.columns:
        yield from concerns_of_column(column, limits)
        if column.column in named:
            message = "looks like an identifier: a model would learn rows by heart."
            yield Concern("low", "identifier", column.column, column.present, message)
    if profile.label:
        yield from concerns_of_label(profile.label, limits)


def _identifier(column: Column, profile: ColumnProfile, limits: QualityThresholds) -> bool:
    """Whether a column numbers or names its rows.

    Amounts seldom recur either: a number is an identifier if none does, or if it is called one;
    texts that are mostly numbers are amounts gone wrong.
    """
    if profile.present < limits.identifier_rows.value or column.kind not in {"category", "number"}:
        return False
    nearly_unique = profile.distinct > limits.identifier_min.number * profile.present
    if column.kind == "number" and not (column.whole and profile.distinct == profile.present):
        return column.whole and called_identifier(column.name) and nearly_unique
    texts = profile.texts
    mostly = limits.mostly_min.number * profile.present
    mostly_numbers = texts and mostly <= texts.numbers < profile.present
    return not mostly_numbers and nearly_unique


def _repeated(table: Table, columns: Sequence[Column]) -> int:
    """Rows that repeat another one in these columns."""
    names = ", ".join(quoted(column.name) for column in columns)
    ((repeated,),) = table.ask(
        f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM "  # noqa: S608 - quoted names
        f"(SELECT count(*) AS n FROM {table.relation} GROUP BY {names})"
    )
    return int(repeated)
