"""One column looked at closely: what is missing and how, its formats, its spread, its extremes."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from policies.data.spellings import Texts, counts, formats
from policies.data.table import (
    Column,
    Table,
    is_code,
    is_infinite,
    is_missing,
    is_number,
    quoted,
    text_of,
)
from policies.thresholds import QualityThresholds

# What programs write where they have no number: it lies far outside, and more than once.
SENTINELS = (-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999, 1e9, -1e9)


@dataclass(frozen=True)
class Missing:
    """Rows without a value: null, empty text, a word for it (`spelled`), or an infinite number."""

    null: int = 0
    empty: int = 0
    spelled: int = 0
    infinite: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.null + self.empty + self.spelled + self.infinite


@dataclass(frozen=True)
class Spread:
    """How numbers lie: quartiles, and how many are far out.

    `beyond_whiskers` lie further outside the quartiles than the whiskers reach (Tukey);
    `beyond_robust_z` have |0.6745 (x - median) / MAD| beyond the limit (Iglewicz and Hoaglin),
    None where the MAD is 0. `sentinels` are values such as -999 outside the whiskers, with their
    rows.
    """

    low: float
    first_quartile: float
    median: float
    third_quartile: float
    high: float
    mean: float
    beyond_whiskers: int
    beyond_robust_z: int | None
    sentinels: tuple[tuple[float, int], ...]


@dataclass(frozen=True)
class ColumnProfile:
    """A column: `distinct` different present values, and how they are spread or written."""

    column: str
    kind: str
    declared: str
    rows: int
    missing: Missing
    distinct: int
    spread: Spread | None = None
    texts: Texts | None = None

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing.rows

    @property
    def constant(self) -> bool:
        """Whether there is one value, in at least two rows."""
        return self.distinct == 1 and self.present > 1

    def as_json(self) -> dict[str, Any]:
        """Give the column as one object."""
        spread, texts = self.spread, self.texts
        return {
            "column": self.column,
            "kind": self.kind,
            "type": self.declared,
            "missing": {**vars(self.missing), "rows": self.missing.rows},
            "distinct": self.distinct,
            "spread": spread
            and {
                **vars(spread),
                "sentinels": [{"value": value, "rows": rows} for value, rows in spread.sentinels],
            },
            "texts": texts
            and {
                **vars(texts),
                "dates": [{"format": form, "rows": rows} for form, rows in texts.dates],
                "flags": [{"format": form, "rows": rows} for form, rows in texts.flags],
                "amounts": [{"format": form, "rows": rows} for form, rows in texts.amounts],
            },
        }


def profile_column(table: Table, column: Column, limits: QualityThresholds) -> ColumnProfile:
    """Look at a column; every figure is exact."""
    typed = column.kind in {"number", "time"} and column.declared != "VARCHAR"
    missing, distinct, texts = (_typed if typed else _written)(table, column)
    spread = None
    if column.kind == "number" and table.rows > missing.rows:
        spread = _spread(table, column, limits)
    return ColumnProfile(
        column.name, column.kind, column.declared, table.rows, missing, distinct, spread, texts
    )


def _typed(table: Table, column: Column) -> tuple[Missing, int, Texts | None]:
    # Integers beyond 2^53 that differ may be one double.
    cell = quoted(column.name) if column.whole else column.value
    ((present, distinct, infinite),) = table.ask(
        f"""
        SELECT count(v), count(DISTINCT c), count(*) FILTER (isinf(TRY_CAST(p AS DOUBLE)))
        FROM (SELECT {column.value} AS v, {column.plain} AS p, {cell} AS c FROM {table.relation})
        """  # noqa: S608 - a quoted name
    )
    return Missing(table.rows - present - infinite, infinite=infinite), distinct, None


def _written(table: Table, column: Column) -> tuple[Missing, int, Texts | None]:
    """Cells are read after grouping: once a text, not once a row."""
    cell = text_of(column.name, column.declared).removeprefix("trim(").removesuffix(")")
    present = f"NOT {is_missing('t')}"
    (row,) = table.ask(
        f"""
        SELECT sum(n) FILTER (c IS NULL), sum(n) FILTER (t = ''),
            sum(n) FILTER (t <> '' AND {is_missing("t")}), sum(n) FILTER ({is_infinite("t")}),
            count(DISTINCT t) FILTER ({present}), count(DISTINCT lower(t)) FILTER ({present}),
            sum(n) FILTER ({present} AND {is_number("t")}),
            sum(n) FILTER ({present} AND {is_code("t")}), sum(n) FILTER (c <> t),
            {counts(present)}
        FROM (
            SELECT c, trim(c) AS t, count(*) AS n
            FROM (SELECT {cell} AS c FROM {table.relation})
            GROUP BY c
        )
        """  # noqa: S608 - a quoted name
    )
    null, empty, words, infinite, *found = (int(n or 0) for n in row)
    distinct, folded, numbers, codes, padded, *counted = found
    missing = Missing(null, empty, words - infinite, infinite)
    told = formats(counted, table.rows - missing.rows)
    return missing, distinct, Texts(numbers, codes, padded, distinct - folded, *told)


def _spread(table: Table, column: Column, limits: QualityThresholds) -> Spread | None:
    values = f"(SELECT {column.value} AS v FROM {table.relation})"  # noqa: S608 - a quoted name
    ((low, high, quartiles, mean, mad),) = table.ask(
        f"""
        SELECT min(v), max(v), quantile_cont(v, [0.25, 0.5, 0.75]), avg(v), mad(v)
        FROM {values}
        """  # noqa: S608 - a quoted name
    )
    if low is None:
        return None
    first, median, third = quartiles
    reach = limits.whisker_reach.number * (third - first)
    bounds = {"below": first - reach, "above": third + reach}
    robust = "count(*) FILTER (abs(0.6745 * (v - $median)) > $far)"
    bound = (
        {**bounds, "median": median, "far": limits.outlier_z_max.number * mad}
        if isfinite(reach)
        else None
    )
    if bound is None:
        return Spread(low, first, median, third, high, mean, 0, None, ())
    ((outside, far),) = table.ask(
        f"SELECT count(*) FILTER (v < $below OR v > $above), {robust} FROM {values}",  # noqa: S608 - a quoted name
        bound,
    )
    listed = ", ".join(str(value) for value in SENTINELS)
    odd = table.ask(
        f"""
        SELECT v, count(*) AS n FROM {values}
        WHERE v IN ({listed}) AND (v < $below OR v > $above)
        GROUP BY v HAVING n > 1 ORDER BY v
        """,  # noqa: S608 - a quoted name, and our own numbers
        bounds,
    )
    beyond = int(far) if mad else None
    return Spread(low, first, median, third, high, mean, outside, beyond, tuple(odd))
