"""How audits stand to each other: what each asks, and whether it was asked again."""

from __future__ import annotations

import orjson
from rich.text import Text

from console.tui import marks
from ledger.registers.audits import AuditRow


def asks(row: AuditRow) -> str:
    """What an audit asks, in a word or two."""
    if row.measure == "drift":
        return "drift"
    return row.profile or (row.outcome if row.outcome != "binary" else "bias")


def groups_of(row: AuditRow) -> str:
    """The columns that an audit compares by, or was narrowed to."""
    return ", ".join(orjson.loads(row.by))


def standing_text(later: str | None) -> Text:
    """Whether an audit's question was asked again since."""
    return marks.quiet(f"↷ superseded by {later}") if later else Text("latest")
