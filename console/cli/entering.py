"""A command that makes one entry: append it, then show what was recorded."""

from __future__ import annotations

from typing import Any

import typer

from console.cli.display import show_recorded
from console.cli.options import session_of


def enter(
    context: typer.Context, kind: str, subject: str, body: dict[str, Any], *, as_json: bool
) -> None:
    """Enter one thing about a subject, such as `model/credit-scorer`."""
    from ledger.entry import Draft

    session = session_of(context)
    appended = session.book.append(session.signer, [Draft(kind, subject, body)])
    show_recorded(session, appended, as_json=as_json)
