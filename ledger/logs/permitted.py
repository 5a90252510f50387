"""What a person's query may say: one SELECT over the view `decisions`, and nothing else.

Rules kept here:
- exactly one statement, and it is a SELECT;
- it reads `decisions`, its own common table expressions, and the values that it states; no file,
  no catalogue, no table function but `unnest`, `range` and `generate_series`;
- it calls no function that reads settings, the session, the environment or the catalogue.

The engine that runs it is locked as well (`ledger.logs.querying`): either would be enough.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from ledger.errors import InvalidInput

VIEW = "decisions"

_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
# What a FROM may hold besides joins, subqueries, pivots and stated values.
_TABLES = frozenset(
    {
        "BASE_TABLE",
        "BOUND_TABLE_REF",
        "COLUMN_DATA",
        "CTE",
        "DELIM_GET",
        "SHOW_REF",
        "TABLE_FUNCTION",
    }
)
_EXPRESSIONS = frozenset(
    {
        "BETWEEN",
        "CASE",
        "CAST",
        "COLLATE",
        "COLUMN_REF",
        "COMPARISON",
        "CONJUNCTION",
        "CONSTANT",
        "DEFAULT",
        "FUNCTION",
        "LAMBDA",
        "LAMBDA_REF",
        "OPERATOR",
        "POSITIONAL_REFERENCE",
        "STAR",
        "SUBQUERY",
        "WINDOW",
    }
)
# What reads the session, settings or catalogue, writes a log, or only waits.
_KEPT_AWAY = re.compile(
    r"current_(?!date$|localtime$|localtimestamp$|timestamp$|time$).*|session_user|user|version"
    r"|pg_(?!typeof$).*|has_.*_privilege|inet_(?:client|server)_.*|map_to_pg_oid|format_pg_type"
    r"|getenv|getvariable|in_search_path|nextval|currval|txid_current|write_log|sleep_ms|setseed"
    r"|stats|json_serialize_.*|json_deserialize_.*|json_execute_.*|parse_duckdb_log_message"
)
_FUNCTIONS = """
SELECT DISTINCT lower(function_name) FROM duckdb_functions()
WHERE function_type IN ('scalar', 'aggregate', 'macro') AND internal
"""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_BUILT_IN = "SELECT lower(view_name) FROM duckdb_views() WHERE internal"
_HINT = (
    "Write one SELECT over the view decisions, such as: "
    "SELECT model, count(*) FROM decisions GROUP BY model"
)


def known_functions(engine: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The functions of this engine that a query may call."""
    found = {name for (name,) in engine.execute(_FUNCTIONS).fetchall()}
    return frozenset({name for name in found if not _KEPT_AWAY.fullmatch(name)} | {"unnest"})


def built_in_views(engine: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The views of the catalogue, whose names nothing in a query may take."""
    return frozenset(name for (name,) in engine.execute(_BUILT_IN).fetchall())


def require_permitted(engine: duckdb.DuckDBPyConnection, query: str) -> None:
    """InvalidInput, saying why, unless a query keeps to the rules."""
    syntax = _syntax(engine, query)
    functions, taken = known_functions(engine), built_in_views(engine)
    own = set()
    for name in _own_names(syntax):
        if not _PLAIN.fullmatch(name) or name.lower() in taken:
            raise refused(f"a common table expression cannot be called {name!r}")
        own.add(name.lower())
    for node in _nodes(syntax):
        if "class" in node:
            _require_expression(node, functions)
        else:
            _require_table(node, own)


def refused(why: str) -> InvalidInput:
    """A query that cannot be run, and what one looks like that can."""
    return InvalidInput(f"This query cannot be run: {why}.", _HINT)


def first_line(error: Exception) -> str:
    """What DuckDB says, without the picture of the query under it."""
    text = str(error).split("\n\n", 1)[0].replace("\n", " ").strip()
    return text[:300].rstrip(".")


def _syntax(engine: duckdb.DuckDBPyConnection, query: str) -> Any:
    """The one statement of a query as DuckDB parsed it."""
    if "\0" in query:
        raise refused("it holds a NUL byte")
    try:
        kinds = [statement.type for statement in duckdb.extract_statements(query)]
    except (duckdb.Error, RecursionError) as error:
        raise refused(first_line(error)) from error
    if not kinds:
        raise refused("it is empty")
    if duckdb.StatementType.CREATE in kinds[:-1] and _pivots(query):
        raise refused("PIVOT without its values needs a table of its own; use filtered aggregates")
    if len(kinds) > 1:
        raise refused(f"it holds {len(kinds)} statements")
    if kinds[0] != duckdb.StatementType.SELECT:
        raise refused(f"it is no SELECT but {kinds[0].name}")
    try:
        row = engine.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
        document: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    except (duckdb.Error, RecursionError, ValueError) as error:
        raise refused("it cannot be taken apart") from error
    if document.get("error") or len(document["statements"]) != 1:
        raise refused(first_line(Exception(document.get("error_message") or "it is no SELECT")))
    return document["statements"][0]


def _pivots(query: str) -> bool:
    return re.search(r"\bpivot\b", query, re.IGNORECASE) is not None


def _nodes(syntax: Any) -> Iterator[dict[str, Any]]:
    """Every expression, and every table that is named, in a parsed statement."""
    rest = [syntax]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            kind = part.get("type")
            if "class" in part or (isinstance(kind, str) and kind in _TABLES):
                yield part
            rest.extend(part.values())
        elif isinstance(part, list):
            rest.extend(part)


def _own_names(syntax: Any) -> Iterator[str]:
    """Names of the common table expressions, wherever they stand."""
    rest = [syntax]
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            own = part.get("cte_map")
            if isinstance(own, dict):
                yield from (each["key"] for each in own.get("map", []))
            rest.extend(part.values())
        elif isinstance(part, list):
            rest.extend(part)


def _require_expression(node: dict[str, Any], functions: frozenset[str]) -> None:
    kind = node["class"]
    if kind == "PARAMETER":
        raise refused("it has a parameter, for which nothing is given")
    if kind not in _EXPRESSIONS:
        raise refused(f"it holds a {kind.lower().replace('_', ' ')}")
    if kind not in {"FUNCTION", "WINDOW"}:
        return
    name = node["function_name"].lower()
    if node.get("catalog") or (node.get("schema") or "main") not in {"main", "pg_catalog"}:
        raise refused(f"it calls {name} of another place")
    if kind == "FUNCTION" and name not in functions | _TABLE_FUNCTIONS:
        raise refused(f"it may not call {name}, or there is no such function")


def _require_table(node: dict[str, Any], own: set[str]) -> None:
    kind = node["type"]
    if kind == "TABLE_FUNCTION":
        function = node.get("function") or {}
        name = str(function.get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise refused(f"it may not read from {name or 'a function'}()")
        return
    if kind == "SHOW_REF" and not node.get("table_name") and node.get("query"):
        return  # DESCRIBE or SUMMARIZE of a SELECT
    if kind != "BASE_TABLE":
        raise refused(f"it may not use {kind.lower().replace('_', ' ')}")
    place = [node.get("catalog_name"), node.get("schema_name"), node.get("table_name")]
    name = ".".join(part for part in place if part)
    if any(place[:2]) or str(place[2]).lower() not in own | {VIEW}:
        raise refused(f"it may not read {name!r}; there is the view {VIEW} alone")
