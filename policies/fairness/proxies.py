"""Which other columns tell a person's group: candidates for proxies, the strongest first.

Each column is held against the attribute by itself, on counts made in the engine:

- Cramer's V, corrected for chance (Bergsma, 2013), by which columns are ranked;
- mutual information over the mean of both entropies (as scikit-learn normalises it);
- for numbers, the AUC with which the column tells one group from the rest, of the group that it
  tells best: 0.5 says nothing, 0 and 1 say everything.

A column of numbers with more than 20 values is cut into ten bins of about equal size for the first
two; the AUC uses every value. A missing value is a category of its own, since who leaves a field
empty may say something too. Rows of unknown group are left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.errors import InvalidInput
from policies.fairness.row_filter import condition
from policies.fairness.sources import RELATION, Source, opened
from policies.fairness.values import UNKNOWN, category, finite, text

BINS = 10
FEW = 20
MOST = 1000

CAVEAT = (
    "An association of one column with the attribute in these rows. It does not say that a model "
    "uses the column, nor that using it is wrong; columns that are weak alone may tell a group "
    "together."
)

_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*")
_NESTED = ("JSON", "STRUCT", "MAP", "BLOB", "[]", "UNION")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Proxy:
    """How much one column tells of the attribute; `n` rows, `missing` of them without a value.

    `values` counts its categories or bins, a missing one included. Where a measure is undefined
    (a constant column) it is None. `auc_group` is the group that the column tells best.
    """

    column: str
    kind: str
    n: int
    missing: int
    values: int
    cramers_v: float | None
    mutual_information: float | None
    auc: float | None
    auc_group: str | None

    def as_json(self) -> dict[str, Any]:
        """The proxy as one flat object."""
        return dict(vars(self))


@dataclass(frozen=True)
class Proxies:
    """Columns ranked by Cramer's V; `set_aside` says of the others why they are not ranked."""

    by: str
    n: int
    unknown: int
    groups: tuple[str, ...]
    ranked: tuple[Proxy, ...]
    set_aside: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return the document of `audit proxies --json`."""
        return {
            "by": self.by,
            "n": self.n,
            "unknown": self.unknown,
            "groups": list(self.groups),
            "proxies": [each.as_json() for each in self.ranked],
            "set_aside": self.set_aside,
            "caveat": CAVEAT,
        }


def find_proxies(files: Sequence[Path], by: str, where: str | None = None) -> Proxies:
    """Rank the other columns of files by how much they tell of the column `by`.

    Raises InvalidInput if the column is missing, if it has fewer than two known groups or more
    than 1,000, or if the filter is not a plain condition.
    """
    with opened(files) as source:
        group = category(text(source, by))
        held = f"SELECT *, {group} AS grp_ FROM {RELATION} WHERE {condition(source, where)}"  # noqa: S608 - quoted identifiers, and a filter that `condition` has parsed
        source.connection.execute(f"CREATE TEMP VIEW grouped AS {held}")
        sizes = dict(
            source.connection.execute(
                f"SELECT grp_, count(*) FROM grouped GROUP BY grp_ ORDER BY grp_ LIMIT {MOST + 2}"  # noqa: S608 - a constant
            ).fetchall()
        )
        unknown = sizes.pop(UNKNOWN, 0)
        if not 1 < len(sizes) <= MOST:
            raise InvalidInput(
                f"Column {by!r} has {'more than ' if len(sizes) > MOST else ''}"
                f"{min(len(sizes), MOST)} known groups; two to {MOST} can be told apart.",
                "Choose a column of few categories.",
            )
        ranked: list[Proxy] = []
        set_aside: dict[str, str] = {}
        for column in source.columns:
            if column == by:
                continue
            found = _proxy(source, column, sizes)
            if isinstance(found, str):
                set_aside[column] = found
            else:
                ranked.append(found)
    ranked.sort(key=_strongest_first)
    return Proxies(by, sum(sizes.values()), unknown, tuple(sizes), tuple(ranked), set_aside)


def _strongest_first(proxy: Proxy) -> tuple[float, str]:
    undefined = proxy.cramers_v is None
    return (1.0 if undefined else -(proxy.cramers_v or 0.0)), proxy.column


def association(table: Floats) -> tuple[float | None, float | None]:
    """Corrected Cramer's V and normalised mutual information of counts (groups, values).

    None where either side has one value only, or in fewer than two rows.
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (rows, columns) = table.sum(), table.shape
    if min(rows, columns) < 2 or n < 2:  # noqa: PLR2004 - nothing to associate
        return None, None
    own, other = table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(own, other) / n
    excess = (((table - expected) ** 2 / expected).sum() / n) - (rows - 1) * (columns - 1) / (n - 1)
    fewest = min(
        rows - (rows - 1) ** 2 / (n - 1),
        columns - (columns - 1) ** 2 / (n - 1),
    )
    v = float(np.sqrt(max(excess, 0.0) / (fewest - 1))) if fewest > 1 else None
    filled = table > 0
    information = (table[filled] / n * np.log(table[filled] / expected[filled])).sum()
    information = max(float(information), 0.0)
    return (
        None if v is None else min(v, 1.0),
        min(information / ((_entropy(own / n) + _entropy(other / n)) / 2), 1.0),
    )


def _entropy(shares: Floats) -> float:
    return float(-(shares * np.log(shares)).sum())


def _proxy(source: Source, column: str, sizes: dict[str, int]) -> Proxy | str:
    """Measure one column, or say why it is not ranked."""
    kind = source.columns[column]
    if any(nested in kind for nested in _NESTED):
        return f"its values are nested ({kind.lower()})"
    distinct = source.connection.execute(
        f"SELECT count(DISTINCT {source.require(column)}) FROM grouped"  # noqa: S608 - quoted
    ).fetchall()[0][0]
    numeric = _NUMBERS.fullmatch(kind) is not None
    if numeric and distinct > FEW:
        value = _binned(source, column)
    elif distinct > MOST:
        return f"it has more than {MOST:,} different values"
    else:
        value = f"SELECT grp_, {category(text(source, column))} AS value FROM grouped"  # noqa: S608 - quoted
    rows = source.connection.execute(
        f"SELECT grp_, value, count(*) FROM ({value}) WHERE grp_ <> '{UNKNOWN}' "  # noqa: S608 - quoted
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    values = sorted({name for _, name, _ in rows})
    places = {group: i for i, group in enumerate(sizes)}
    table = np.zeros((len(sizes), len(values)))
    for group, name, n in rows:
        table[places[group], values.index(name)] = n
    v, information = association(table)
    told = max(_told(source, column), key=lambda one: abs(one[1] - 0.5), default=(None, None))
    return Proxy(
        column=column,
        kind="number" if numeric else "category",
        n=sum(sizes.values()),
        missing=sum(n for _, name, n in rows if name == UNKNOWN),
        values=len(values),
        cramers_v=v,
        mutual_information=information,
        auc=told[1] if numeric else None,
        auc_group=told[0] if numeric else None,
    )


def _binned(source: Source, column: str) -> str:
    """Return SQL that puts numbers into ten bins of about equal size, equal numbers together."""
    return f"""
        SELECT grp_, coalesce(bin::VARCHAR, '{UNKNOWN}') AS value
        FROM (SELECT grp_, {finite(source, column)} AS number_ FROM grouped)
        LEFT JOIN (
            SELECT number_, (sum(n) OVER (ORDER BY number_) - n) * {BINS} // sum(n) OVER () AS bin
            FROM (
                SELECT {finite(source, column)} AS number_, count(*) AS n
                FROM grouped WHERE grp_ <> '{UNKNOWN}' GROUP BY ALL
            )
            WHERE number_ IS NOT NULL
        ) USING (number_)
    """  # noqa: S608 - quoted identifiers


def _told(source: Source, column: str) -> Iterator[tuple[str, float]]:
    """The AUC with which a number tells each group from the rest, in order of name."""
    rows = source.connection.execute(
        f"""
        WITH counted AS (
            SELECT grp_, {finite(source, column)} AS number_, count(*) AS n
            FROM grouped WHERE grp_ <> '{UNKNOWN}' GROUP BY ALL
        ),
        every AS (
            SELECT number_, sum(n)::HUGEINT AS n, sum(sum(n)) OVER (ORDER BY number_) - sum(n)
                AS below
            FROM counted WHERE number_ IS NOT NULL GROUP BY number_
        ),
        total AS (SELECT sum(n) AS n FROM every)
        SELECT grp_,
            -- Twice the rank sum over all rows, less what the group's own pairs give: n^2.
            sum(counted.n * (2 * below + every.n))::HUGEINT - sum(counted.n)::HUGEINT ** 2,
            sum(counted.n)::HUGEINT, any_value(total.n)::HUGEINT
        FROM counted JOIN every USING (number_), total
        GROUP BY grp_ ORDER BY grp_
        """  # noqa: S608 - quoted identifiers
    ).fetchall()
    for group, twice_u, n, total in rows:
        if 0 < n < total:
            yield group, int(twice_u) / (2 * n * (total - n))
