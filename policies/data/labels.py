"""The label of training data: its classes, contradictions, and columns that give it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from policies.data.columns import ColumnProfile
from policies.data.table import Column, Table, quoted

MOST_CLASSES = 50
_TWO = 2


@dataclass(frozen=True)
class LabelProfile:
    """A label: rows of each class, the most frequent first (None: too many to be classes).

    `contradictions` are sets of rows that are alike in every other column but identifiers and
    times, and have different labels; `contradicting_rows` are in such sets. `telling` columns
    alone say the label of every row.
    """

    column: str
    classes: tuple[tuple[str, int], ...] | None
    contradictions: int
    contradicting_rows: int
    telling: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the label as one object."""
        classes = self.classes and [{"class": name, "rows": rows} for name, rows in self.classes]
        return {**vars(self), "classes": classes, "telling": list(self.telling)}


def profile_label(
    table: Table, label: Column, others: Sequence[tuple[Column, ColumnProfile]]
) -> LabelProfile:
    """Look at a label beside the columns that may be features: `others`, without identifiers."""
    classes = _classes(table, label)
    sets, rows = _contradictions(table, label, [column for column, _ in others])
    telling: tuple[str, ...] = ()
    if classes and len(classes) >= _TWO:
        telling = tuple(
            column.name
            for column, profile in others
            if profile.distinct + bool(profile.missing.rows) >= _TWO
            and _tells(table, label, column, profile)
        )
    return LabelProfile(label.name, classes, sets, rows, telling)


def _classes(table: Table, label: Column) -> tuple[tuple[str, int], ...] | None:
    found = table.ask(
        f"""
        SELECT v, count(*) AS n
        FROM (SELECT {label.value} AS v FROM {table.relation})
        WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {MOST_CLASSES + 1}
        """  # noqa: S608 - a quoted name
    )
    if len(found) > MOST_CLASSES:
        return None
    return tuple((f"{v:g}" if isinstance(v, float) else v, rows) for v, rows in found)


def _contradictions(table: Table, label: Column, others: Sequence[Column]) -> tuple[int, int]:
    if not others:
        return 0, 0
    names = ", ".join(quoted(column.name) for column in others)
    ((sets, rows),) = table.ask(
        f"""
        SELECT count(*), coalesce(sum(n), 0)::BIGINT
        FROM (
            SELECT count(*) AS n
            FROM (SELECT {label.value} AS y, {names} FROM {table.relation})
            WHERE y IS NOT NULL GROUP BY {names} HAVING min(y) <> max(y)
        )
        """  # noqa: S608 - quoted names
    )
    return sets, rows


def _tells(table: Table, label: Column, column: Column, profile: ColumnProfile) -> bool:
    """Whether each value, or its lack, goes with one label; of numbers, or each with one range."""
    pairs = f"""
        (SELECT {label.value} AS y, {column.value} AS v FROM {table.relation})
        WHERE y IS NOT NULL
    """  # noqa: S608 - quoted names
    if column.kind == "number" and not profile.missing.rows:
        ranges = table.ask(f"SELECT min(v), max(v) FROM {pairs} GROUP BY y ORDER BY min(v)")  # noqa: S608 - as above
        apart = all(ours[1] < theirs[0] for ours, theirs in pairwise(ranges))
        if len(ranges) >= _TWO and apart:
            return True
    if profile.distinct * _TWO > profile.present:
        return False  # values that hardly recur say nothing by being alone
    ((mixed, seen),) = table.ask(
        f"""
        SELECT count(*) FILTER (low <> high), count(DISTINCT low)
        FROM (SELECT min(y) AS low, max(y) AS high FROM {pairs} GROUP BY v)
        """  # noqa: S608 - as above
    )
    return bool(mixed == 0 and seen >= _TWO)
