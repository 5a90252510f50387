"""Plain tables: one row per decision, under whatever names the application gave its fields."""

from __future__ import annotations

from ledger.logs.formats.base import Format

TABLE = Format(
    name="table",
    title="a plain table of decisions",
    # What no other format claims is a table.
    recognises=lambda _record: True,
)
