"""What a database consists of, held against what the program makes.

Whoever may write to it can put a view, a computed column, a macro or a rule in a table's place. It
then shows one thing to who verifies and another to who asks, though no row says anything wrong.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.schema import Table

IN_DUCKDB = """
SELECT table_name, sql FROM system.main.duckdb_tables() WHERE NOT internal
UNION ALL
SELECT view_name, sql FROM system.main.duckdb_views() WHERE NOT internal
UNION ALL
SELECT index_name, sql FROM system.main.duckdb_indexes()
UNION ALL
SELECT function_name, macro_definition FROM system.main.duckdb_functions() WHERE NOT internal
"""
"""Names, and the SQL that makes them; qualified, for a macro could bear the same names."""

_IN_POSTGRES = """
SELECT
    c.relname,
    c.relkind = 'r'
    AND NOT c.relrowsecurity
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_class = c.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = c.oid)
    AND (
        SELECT bool_and(a.attnotnull AND a.attgenerated = '')
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    )
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass(:name)
"""


def odd_in_postgres(connection: Connection, tables: list[Table]) -> list[str]:
    """Which of these tables are views, let nothing be something, or do more than hold rows."""
    found = [connection.execute(text(_IN_POSTGRES), {"name": f'"{t.name}"'}).all() for t in tables]
    return sorted(name for rows in found for name, plain in rows if not plain)
