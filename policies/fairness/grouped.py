"""Rows with a numeric value, such as a score or a rating, by group, inside the engine.

Where `tabled` yields, `valued` is a relation of (grp, value, label): the rows of one table's
groups that have a value, and a label where one is asked for. Python sees sums over it, never rows.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import frexp
from typing import Literal, TypeAlias

import duckdb

from ledger.errors import InvalidInput
from policies.fairness.labelling import Files
from policies.fairness.result import Place
from policies.fairness.row_filter import condition
from policies.fairness.sources import RELATION, Source, opened
from policies.fairness.values import category, finite, is_known, positive, text

MAX_GROUPS = 500
MAX_STRATA = 50
FARTHEST = 1e75

# Of the fixed point in which sums are taken: 2^37 rows still fit into 128 bits with a sign.
_BITS = 90
_LOWEST = 900

LabelKind: TypeAlias = Literal["none", "event", "number"]


@dataclass(frozen=True)
class ValueRequest:
    """What to measure: a numeric column, the columns to group by, and what turned out.

    `label` is read as an event that happened or did not (`positive` says how it is spelt) where
    scores are audited, as a number where ratings are. `references` names a group by column
    (`sex` to `male`); the largest group of a table stands in where a column has none, or where a
    stratum lacks the group. Within each stratum of the `control` columns groups are compared once
    more.
    """

    value: str
    by: tuple[str, ...]
    label: str | None = None
    positive: str = "1"
    where: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    control: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """Rows that passed the filter but lack a value or a label; some lack both."""

    rows: int
    value_missing: int
    label_missing: int


@dataclass(frozen=True)
class Valued:
    """One table's groups, in order of name, with their rows; `by` joins the columns by commas.

    `stratum` says within which values of the control columns (empty: all of them).
    """

    connection: duckdb.DuckDBPyConnection
    by: str
    groups: Mapping[str, int]
    stratum: str = ""

    @property
    def place(self) -> Place:
        """Which comparison the table is."""
        return Place(self.by, stratum=self.stratum)

    def reference(self, request: ValueRequest) -> str:
        """Return the group that others are held against. InvalidInput if there is none such."""
        parts = [request.references.get(column) for column in self.by.split(",")]
        named = ",".join(part for part in parts if part is not None)
        if None in parts or (self.stratum and named not in self.groups):
            known = {name: n for name, n in self.groups.items() if is_known(name)}
            return max(known or self.groups, key=lambda name: self.groups[name])
        if named not in self.groups:
            raise InvalidInput(
                f"By {self.by} there is no group {named!r} to be the reference.",
                f"Its groups are: {', '.join(self.groups)}.",
            )
        return named


@contextmanager
def measured(files: Files, request: ValueRequest, kind: LabelKind) -> Iterator[Source]:
    """Open files with a view `measured` of their rows: categories, value and label.

    Raises InvalidInput if a column is missing or if the filter is not a plain condition.
    """
    columns = (*request.by, *request.control)
    if not request.by or len(set(columns)) != len(columns):
        raise InvalidInput(
            "An audit needs one or more different columns to group by.",
            "Name them with --by, and others with --control.",
        )
    with opened(files) as source:
        categories = ", ".join(
            f"{category(text(source, column))} AS category_{i}" for i, column in enumerate(columns)
        )
        source.connection.execute(
            f"""
            CREATE TEMP VIEW measured AS
            SELECT {categories}, {finite(source, request.value)} AS value,
                {_label(source, request, kind)} AS label
            FROM (SELECT * FROM {RELATION} WHERE {condition(source, request.where)})
            """  # noqa: S608 - quoted identifiers, and a filter that `condition` has parsed
        )
        yield source


def left_out(source: Source, request: ValueRequest) -> Left:
    """Count the rows that cannot be measured. InvalidInput if no row can be, or beyond 1e75."""
    rows, without, unlabelled, lacking, *farthest = source.connection.execute(
        """
        SELECT count(*), count(*) FILTER (value IS NULL), count(*) FILTER (label IS NULL),
            count(*) FILTER (value IS NULL OR label IS NULL), max(abs(value)),
            max(abs(label::DOUBLE))
        FROM measured
        """
    ).fetchall()[0]
    if lacking == rows:
        raise InvalidInput(
            f"There is no row to measure; of {rows}, {without} have no number in "
            f"{request.value!r} and {unlabelled} no usable label.",
            "Check the filter and the names of the columns.",
        )
    if max(farthest) > FARTHEST:
        raise InvalidInput(
            f"There are numbers beyond {FARTHEST:g}, up to {max(farthest):g}: their fourth powers, "
            "which intervals are made of, cannot be taken.",
            "Leave them out with a filter, or state the column in another unit.",
        )
    return Left(rows=lacking, value_missing=without, label_missing=unlabelled)


def every_table(source: Source, request: ValueRequest) -> Generator[Valued]:
    """One table a column and one for their intersection, then the same within each stratum.

    Close it before the source is closed. Raises InvalidInput beyond 500 groups or 50 strata.
    """
    for stratum in [(), *_strata(source, request)]:
        for columns in tables_of(request.by):
            with tabled(source, request, columns, stratum) as valued:
                yield valued


def _strata(source: Source, request: ValueRequest) -> list[tuple[str, ...]]:
    if not request.control:
        return []
    names = ", ".join(
        f"category_{i}" for i in range(len(request.by), len(request.by) + len(request.control))
    )
    found = source.connection.execute(
        f"SELECT DISTINCT {names} FROM measured WHERE value IS NOT NULL AND label IS NOT NULL "  # noqa: S608 - columns by their number
        f"ORDER BY ALL LIMIT {MAX_STRATA + 1}"
    ).fetchall()
    if len(found) > MAX_STRATA:
        raise InvalidInput(
            f"Within {', '.join(request.control)} there are more than {MAX_STRATA} strata.",
            "Control for columns of few categories; turn numbers such as an age into bands.",
        )
    return found


@contextmanager
def tabled(
    source: Source, request: ValueRequest, columns: Sequence[int], stratum: tuple[str, ...] = ()
) -> Iterator[Valued]:
    """Narrow `measured` to one table: `valued` holds (grp, value, label), nothing missing.

    `stratum` are the values of the control columns, none for all. Raises InvalidInput beyond 500
    groups.
    """
    connection = source.connection
    by = ",".join(request.by[i] for i in columns)
    name = " || ',' || ".join(f"category_{i}" for i in columns)
    # A view cannot have parameters.
    inside = "".join(
        f" AND category_{len(request.by) + i} = {_literal(value)}"
        for i, value in enumerate(stratum)
    )
    connection.execute(
        f"""
        CREATE TEMP VIEW valued AS
        SELECT {name} AS grp, value, label
        FROM measured
        WHERE value IS NOT NULL AND label IS NOT NULL{inside}
        """  # noqa: S608 - columns by their number, quoted text
    )
    try:
        groups = connection.execute(
            f"SELECT grp, count(*) FROM valued GROUP BY grp ORDER BY grp LIMIT {MAX_GROUPS + 1}"  # noqa: S608 - a constant
        ).fetchall()
        if len(groups) > MAX_GROUPS:
            raise InvalidInput(
                f"Grouping by {by} makes more than {MAX_GROUPS} groups.",
                "Group by columns of few categories; turn numbers such as an age into bands.",
            )
        named = zip(request.control, stratum, strict=False)
        within = ", ".join(f"{column}={value}" for column, value in named)
        yield Valued(connection, by, dict(groups), within)
    finally:
        connection.execute("DROP VIEW valued")


def deciding(place: Place, request: ValueRequest) -> bool:
    """Whether a table decides the verdict: with control columns those within their strata do."""
    return bool(place.stratum) == bool(request.control)


def about_strata(request: ValueRequest) -> Iterator[str]:
    """Say that strata decided, if there are any."""
    if request.control:
        yield (
            f"Judged within each stratum of {', '.join(request.control)}; what is shown over all "
            "strata did not decide."
        )


def tables_of(by: Sequence[str]) -> list[list[int]]:
    """Positions of the columns of each table: every column, then all of them if several."""
    singles = [[i] for i in range(len(by))]
    return singles if len(singles) == 1 else [*singles, list(range(len(by)))]


def event(source: Source, column: str, wanted: str) -> str:
    """Return SQL for whether a column holds `wanted`; null where it says nothing."""
    # A view cannot have parameters.
    return positive(text(source, column)).replace("$positive", _literal(wanted))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def total(term: str, bound: float, weight: str = "1") -> str:
    """Return SQL for a sum of doubles of at most `bound`, which is no infinity, in magnitude.

    Summed in fixed point, 90 bits below `bound`: the rounding of a term is far below that of a
    double, and the sum is the same in whatever order threads bring the rows.
    """
    scale = f"{2.0 ** (_BITS - max(frexp(bound)[1], -_LOWEST))!r}::DOUBLE"
    return f"(sum({weight} * CAST(({term}) * {scale} AS HUGEINT))::DOUBLE / {scale})"


def spread(value: str, mean: str, bound: float, weight: str = "1") -> str:
    """Return SQL for a sample standard deviation about a mean that is known.

    `bound` is that of the values. Exactly 0 where all are the same, null below two rows.
    """
    squares = total(f"({value} - {mean}) ** 2", (2 * bound) ** 2, weight)
    return f"""
        CASE WHEN sum({weight}) > 1 THEN
            CASE WHEN min({value}) = max({value}) THEN 0.0
            ELSE sqrt({squares} / (sum({weight}) - 1)) END
        END
    """


def _label(source: Source, request: ValueRequest, kind: LabelKind) -> str:
    if kind == "none" or request.label is None:
        return "FALSE"
    if kind == "number":
        return finite(source, request.label)
    return event(source, request.label, request.positive)
