"""The `--where` of an audit: one expression over the columns of a row, and nothing else.

The filter is part of what is recorded, so it must select the same rows whenever it is run again.
It may hold columns, constants, comparisons, casts and functions of these alone: no subquery, no
aggregate or window, no parameter, nothing that depends on the clock, on chance or on the session.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb

from ledger.errors import InvalidInput
from policies.fairness.sources import Source

_ALLOWED = {
    "BETWEEN",
    "CASE",
    "CAST",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "FUNCTION",
    "OPERATOR",
}

# `age(t)` counts from today and `current_setting` reads the session, though DuckDB calls both
# consistent.
_PURE_FUNCTIONS = """
    SELECT function_name
    FROM duckdb_functions()
    WHERE function_type = 'scalar'
    GROUP BY function_name
    HAVING bool_and(stability = 'CONSISTENT')
       AND function_name NOT IN ('age', 'current_setting', 'getvariable')
"""

_HINT = "Write one condition on the columns of a row, such as: region = 'north' AND age >= 18."


def condition(source: Source, where: str | None) -> str:
    """Return `where` as a parenthesised SQL condition (`TRUE` for None).

    Raises InvalidInput if it is not one expression of the allowed kind over the source's columns.
    """
    if where is None:
        return "(TRUE)"
    # Line breaks, so that a trailing comment cannot swallow the closing parenthesis.
    text = f"(\n{where}\n)"
    columns = {name.lower() for name in source.columns}
    functions = {name for (name,) in source.connection.execute(_PURE_FUNCTIONS).fetchall()}
    for node in _nodes(_parsed(source.connection, text, where)):
        kind = node["class"]
        if kind not in _ALLOWED:
            raise _refused(where, f"it holds a {kind.lower().replace('_', ' ')}")
        if kind == "COLUMN_REF" and node["column_names"][0].lower() not in columns:
            raise _without(where, node["column_names"][0], source.columns)
        if kind == "FUNCTION" and node["function_name"].lower() not in functions:
            raise _refused(where, f"it calls {node['function_name']}")
    return text


def _parsed(connection: duckdb.DuckDBPyConnection, text: str, where: str) -> Any:
    """Parse `SELECT text` and return its one expression, sure that nothing stands beside it."""
    try:
        given, bare = (_syntax(connection, f"SELECT {part}") for part in (text, "(TRUE)"))
    except (duckdb.Error, RecursionError, ValueError) as error:
        raise _refused(where, "it cannot be parsed") from error
    if given.get("error"):
        raise _refused(where, given["error_message"])
    expressions, _ = (
        syntax["statements"][0]["node"].pop("select_list", []) for syntax in (given, bare)
    )
    # Equal but for the expression: no FROM, UNION, second statement or named parameter.
    if given != bare or len(expressions) != 1:
        raise _refused(where, "it is more than one expression")
    return expressions[0]


def _syntax(connection: duckdb.DuckDBPyConnection, statement: str) -> Any:
    row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchone()
    return json.loads(row[0]) if row else None


def _nodes(expression: Any) -> Iterator[dict[str, Any]]:
    """Every expression inside a parsed expression, itself included."""
    rest = [expression]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            if "class" in part:
                yield part
            rest.extend(part.values())
        elif isinstance(part, list):
            rest.extend(part)


def _without(where: str, missing: str, columns: Iterable[str]) -> InvalidInput:
    narrowing = {"time": "A span of time", "model_version": "A version"}.get(missing.lower())
    what = narrowing or f"The filter {where!r}"
    return InvalidInput(
        f"{what} cannot be used: the files have no column {missing!r}.",
        f"Their columns are: {', '.join(columns)}.",
    )


def _refused(where: str, reason: str) -> InvalidInput:
    return InvalidInput(f"The filter {where!r} cannot be used: {reason}.", _HINT)
