"""How the columns of two tables differ, and which of those that both have can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from policies.data.drift import Retyped, SchemaChange
from policies.data.measured import Summary
from policies.data.table import Column, called_identifier

MOST_CATEGORIES = 10_000
_NEARLY_ALL = 0.9
_SOME = 100


def change_of(
    columns: tuple[Sequence[Column], Sequence[Column]],
    retyped: Sequence[Retyped],
    passed_over: Mapping[str, str],
    asked: Sequence[str],
) -> SchemaChange:
    """State how the columns differ; with `asked`, of these columns only."""
    ours, theirs = (
        [column.name for column in side if not asked or column.name in asked] for side in columns
    )
    return SchemaChange(
        added=tuple(name for name in theirs if name not in ours),
        removed=tuple(name for name in ours if name not in theirs),
        retyped=tuple(retyped),
        not_compared=tuple(passed_over.items()),
    )


def comparable(
    shared: Mapping[str, tuple[Column, Column]],
    summaries: tuple[Mapping[str, Summary], Mapping[str, Summary]],
    named: Sequence[str],
    aside: Mapping[str, str],
) -> tuple[list[str], list[Retyped], dict[str, str]]:
    """Choose the columns to compare; give those retyped, and why each other is passed over.

    What looks like an identifier, and columns left `aside` (each with a reason), are compared if
    they were asked for by name.
    """
    chosen, retyped, passed_over = [], [], {}
    for name, (ours, theirs) in shared.items():
        found = summaries[0][name], summaries[1][name]
        if name in aside and name not in named:
            passed_over[name] = aside[name]
            continue
        # A column without any value holds whatever the other side's does.
        if ours.kind != theirs.kind and found[0].present and found[1].present:
            retyped.append(Retyped(name, _holding(ours), _holding(theirs)))
        elif reason := _reason((ours, theirs), found, asked=name in named):
            passed_over[name] = reason
        else:
            chosen.append(name)
    return chosen, retyped, passed_over


def _reason(pair: tuple[Column, Column], found: tuple[Summary, Summary], *, asked: bool) -> str:
    kinds = {column.kind for column in pair}
    if "time" in kinds:
        return "times always move on"
    if "other" in kinds:
        return f"values of type {pair[0].declared} are neither numbers nor categories"
    most = max(each.distinct for each in found)
    if kinds == {"category"} and most > MOST_CATEGORIES:
        return f"about {most:,} different texts: an identifier or free text"
    if not asked and _identifier(pair[0], found[0]):
        return "nearly every row has another value: an identifier"
    return ""


def _identifier(column: Column, found: Summary) -> bool:
    """Whether a column names its rows: texts that do not recur, or numbers that count them."""
    if found.present <= _SOME or found.distinct <= _NEARLY_ALL * found.present:
        return False
    if column.kind == "number":
        dense = found.low is not None and found.high is not None
        dense = dense and found.high - found.low < 2 * found.present  # type: ignore[operator] # neither is None
        return dense or called_identifier(column.name)
    return True


def _holding(column: Column) -> str:
    held = {"number": "numbers", "category": "categories", "time": "times"}
    return f"{held.get(column.kind, 'other values')} ({column.declared})"
