"""What a table's columns hold, counted in the engine: numbers as samples, categories as counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from policies.data.distances import Counts
from policies.data.ordered import Cut, Extent, Floats
from policies.data.table import Column, Table, quoted

# Squares of what is beyond this leave the range of a double.
_HUGE = 1e150
_BIN = "((v - $low) * $scale)::INTEGER"


@dataclass(frozen=True)
class Summary:
    """A column at a glance; `value` is SQL for a present value, as short as its cells allow.

    `distinct` is about how many values there are (HyperLogLog), exactly where most rows of a number
    seem to have one of their own; 0 for fractions, where it says nothing. `low` and `high` are None
    for what is not a number; `categories` counts the rows of each, and is None for what has too
    many to count.
    """

    value: str
    present: int
    missing: int
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    categories: Mapping[str, int] | None = None


def summarise(table: Table, columns: Sequence[Column], most: int) -> Mapping[str, Summary]:
    """Summarise columns: one pass over the rows, and one for each column of categories.

    Of a column with more than about `most` different texts no category is counted.
    """
    found = _pass(table, {column: column.plain for column in columns}, most)
    beyond = {
        column: column.value
        for column in columns
        if not all(map(isfinite, (found[column.name].low or 0.0, found[column.name].high or 0.0)))
    }
    return found | _pass(table, beyond, most)


def _pass(table: Table, columns: Mapping[Column, str], most: int) -> dict[str, Summary]:
    if not columns:
        return {}
    measures = [measure for column in columns for measure in _measures(column)]
    cells = [
        f"{value if column.kind == 'number' else quoted(column.name)} AS {quoted(column.name)}"
        for column, value in columns.items()
    ]
    # Integers beyond 2^53 that differ may be one double.
    cells += [f"{quoted(c.name)} AS {_raw(c)}" for c in columns if c.kind == "number" and c.whole]
    sql = f"SELECT {', '.join(measures)} FROM (SELECT {', '.join(cells)} FROM {table.relation})"  # noqa: S608 - quoted names
    (row,) = table.ask(sql)
    return {
        column.name: _summary(table, column, value, row[4 * i : 4 * i + 4], most)
        for i, (column, value) in enumerate(columns.items())
    }


def _measures(column: Column) -> list[str]:
    name = quoted(column.name)
    present = f"count({name})"
    distinct = f"approx_count_distinct({name})"
    if column.kind != "number":
        return [present, distinct if column.kind == "category" else "0", "NULL", "NULL"]
    distinct = f"approx_count_distinct({_raw(column)})" if column.whole else "0"
    return [present, distinct, f"min({name})", f"max({name})"]


def _raw(column: Column) -> str:
    return quoted(f"{column.name}=raw")


def _summary(table: Table, column: Column, value: str, row: Sequence[Any], most: int) -> Summary:
    present, distinct, low, high = row
    categories = None
    if column.kind == "category" and distinct <= most:
        categories = count_categories(table, column)
        present, distinct = sum(categories.values()), len(categories)
    missing = table.rows - present
    if column.kind == "number" and 2 * distinct > present:  # an estimate may be off by a sixth
        ((distinct,),) = table.ask(
            f"SELECT count(DISTINCT {quoted(column.name)}) FROM {table.relation}"  # noqa: S608 - a quoted name
        )
    return Summary(value, present, missing, min(distinct, present), low, high, categories)


@dataclass(frozen=True)
class Numbers:
    """Numbers of a table, `value` in SQL, as a sample that can be compared."""

    table: Table
    value: str
    extent: Extent

    def histogram(self, cut: Cut) -> tuple[Counts, Counts, Floats]:
        """Bins that are not empty: their number, count, and sum of value - cut.low."""
        found = self._fetch(
            f"SELECT {_BIN} AS b, count(*) AS n, sum(v - $low) AS s FROM {self._values} "  # noqa: S608 - a quoted name
            "GROUP BY b HAVING b IS NOT NULL",
            cut,
        )
        return _counts(found["b"]), _counts(found["n"]), np.asarray(found["s"], np.float64)

    def values(self, cut: Cut, bins: Counts) -> tuple[Counts, Floats, Counts]:
        """Values in some bins: the bin, the value, how often it occurs."""
        if cut.bins == 1:
            found = self._fetch(
                f"SELECT 0 AS b, v, count(*) AS n FROM {self._values} "  # noqa: S608 - a quoted name
                "GROUP BY v HAVING v IS NOT NULL",
                cut,
            )
        else:
            found = self._fetch(
                f"SELECT b, v, count(*) AS n FROM (SELECT {_BIN} AS b, v FROM {self._values}) "  # noqa: S608 - a quoted name
                "JOIN (SELECT unnest($bins::INTEGER[]) AS b) USING (b) GROUP BY b, v",
                cut,
                bins=bins.tolist(),
            )
        return _counts(found["b"]), np.asarray(found["v"], np.float64), _counts(found["n"])

    def deviation(self) -> float | None:
        """Standard deviation of the population; None where squares leave the range of a double."""
        if max(abs(self.extent.low), abs(self.extent.high)) >= _HUGE:
            return None
        # Squares of differences keep what those of large numbers lose.
        ((found,),) = self.table.ask(
            f"SELECT stddev_pop(v - $low) FROM {self._values}",  # noqa: S608 - a quoted name
            {"low": self.extent.low},
        )
        return float(found)

    @property
    def _values(self) -> str:
        return f"(SELECT {self.value} AS v FROM {self.table.relation})"  # noqa: S608 - a quoted name

    def _fetch(self, sql: str, cut: Cut, **more: Any) -> Any:
        bound = {"low": cut.low, "scale": cut.scale, **more}
        return self.table.connection.execute(
            sql, {name: value for name, value in bound.items() if f"${name}" in sql}
        ).fetchnumpy()


def count_categories(table: Table, column: Column) -> dict[str, int]:
    """Rows of each category; what is missing is not among them."""
    # Cells are read as text after grouping: once a category, not once a row.
    name = quoted(column.name)
    grouped = f"(SELECT {name}, count(*) AS n FROM {table.relation} GROUP BY {name})"  # noqa: S608 - a quoted name
    sql = f"SELECT v, sum(n)::BIGINT FROM (SELECT {column.value} AS v, n FROM {grouped}) "  # noqa: S608 - a quoted name
    return dict(table.ask(sql + "WHERE v IS NOT NULL GROUP BY v"))


def _counts(found: Any) -> Counts:
    return np.asarray(found, np.int64)
