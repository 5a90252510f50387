"""The label of training data: its classes, contradictions, and columns that give it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from policies.data.columns import ColumnProfile
from policies.data.table import Column, Table, quoted
from policies.thresholds import QualityThresholds

_TWO = 2


@dataclass(frozen=True)
class LabelProfile:
    """A label: rows of each class, the most frequent first (None: too many to be classes).

    `contradictions` are sets of rows that are alike in every other column but identifiers and
    times, and have different labels; `contradicting_rows` are in such sets. `telling` columns
    alone say the label of every row, `nearly_telling` ones of all but a few, which are counted.
    """

    column: str
    classes: tuple[tuple[str, int], ...] | None
    contradictions: int
    contradicting_rows: int
    telling: tuple[str, ...]
    nearly_telling: tuple[tuple[str, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give the label as one object."""
        classes = self.classes and [{"class": name, "rows": rows} for name, rows in self.classes]
        nearly = [{"column": name, "exceptions": rows} for name, rows in self.nearly_telling]
        return {
            **vars(self),
            "classes": classes,
            "telling": list(self.telling),
            "nearly_telling": nearly,
        }


def profile_label(
    table: Table,
    label: Column,
    others: Sequence[tuple[Column, ColumnProfile]],
    limits: QualityThresholds,
) -> LabelProfile:
    """Look at a label beside the columns that may be features: `others`, without identifiers."""
    classes = _classes(table, label, limits.most_classes.value)
    sets, rows = _contradictions(table, label, [column for column, _ in others])
    exceptions: dict[str, int] = {}
    few = 0
    if classes and len(classes) >= _TWO:
        total = sum(rows for _, rows in classes)
        few = int(
            min(
                limits.suspicious_labels_max.number * total,
                limits.suspicious_labels_minority_max.number * (total - classes[0][1]),
            )
        )
        for column, profile in others:
            if profile.distinct + bool(profile.missing.rows) >= _TWO:
                found = _exceptions(table, label, column, profile, len(classes))
                exceptions |= {} if found is None else {column.name: found}
    telling = tuple(name for name, rows in exceptions.items() if not rows)
    nearly = tuple((name, rows) for name, rows in exceptions.items() if 0 < rows <= few)
    return LabelProfile(label.name, classes, sets, rows, telling, nearly)


def _classes(table: Table, label: Column, most: int) -> tuple[tuple[str, int], ...] | None:
    found = table.ask(
        f"""
        SELECT v, count(*) AS n
        FROM (SELECT {label.value} AS v FROM {table.relation})
        WHERE v IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT {most + 1}
        """  # noqa: S608 - a quoted name
    )
    if len(found) > most:
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


def _exceptions(
    table: Table, label: Column, column: Column, profile: ColumnProfile, classes: int
) -> int | None:
    """Rows whose label is not what the column says; None if it says nothing.

    A value, or its lack, says the label that most of its rows have; numbers do so by ranges.
    """
    pairs = (
        f"(SELECT y, v FROM (SELECT {label.value} AS y, {column.value} AS v "  # noqa: S608 - quoted names
        f"FROM {table.relation}) WHERE y IS NOT NULL)"
    )
    found = []
    if column.kind == "number" and not profile.missing.rows:
        ranges = table.ask(f"SELECT min(v), max(v) FROM {pairs} GROUP BY y ORDER BY min(v)")  # noqa: S608 - as above
        apart = all(ours[1] < theirs[0] for ours, theirs in pairwise(ranges))
        if len(ranges) >= _TWO and apart:
            return 0
        if classes == _TWO:
            found.append(_beyond_best_cut(table, pairs))
    # Values that hardly recur say nothing by being alone.
    if profile.distinct * _TWO <= profile.present:
        ((wrong, said),) = table.ask(
            f"""
            SELECT sum(n - most)::BIGINT, count(DISTINCT said)
            FROM (
                SELECT sum(n) AS n, max(n) AS most, arg_max(y, n) AS said
                FROM (SELECT v, y, count(*) AS n FROM {pairs} GROUP BY v, y) GROUP BY v
            )
            """  # noqa: S608 - as above
        )
        found += [wrong] if said >= _TWO else []
    return min(found, default=None)


def _beyond_best_cut(table: Table, pairs: str) -> int:
    """Rows of two classes on the wrong side of the number that parts them best."""
    ((wrong,),) = table.ask(
        f"""
        SELECT min(least(one + all_others - other, other + all_ones - one))::BIGINT
        FROM (
            SELECT
                sum(one) OVER upto AS one, sum(other) OVER upto AS other,
                sum(one) OVER () AS all_ones, sum(other) OVER () AS all_others
            FROM (
                SELECT v, count(*) FILTER (y = low) AS one, count(*) FILTER (y <> low) AS other
                FROM {pairs}, (SELECT min(y) AS low FROM {pairs}) GROUP BY v
            )
            WINDOW upto AS (ORDER BY v)
        )
        """  # noqa: S608 - as above
    )
    return int(wrong)
