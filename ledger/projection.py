"""From entries to registers: the one piece of code that both appending and verification run."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.authority import check_effect, people_behind
from ledger.entry import Entry
from ledger.kinds import read_body, spec_of
from ledger.registers.approvals import Requested
from ledger.registers.rows import Rows


def project(rows: Rows, entry: Entry, before: Entry | None) -> None:
    """Check one entry's authority and preconditions, and write its rows.

    `before` is the entry before it in the same part, or None. Raises InvalidInput (form),
    Refused (authority, precondition) or NewerFormat (unknown kind); rows may then be half
    written, and the caller drops them.
    """
    body = read_body(entry)
    if isinstance(body, Requested):
        check_effect(body.effect, entry)
    people = people_behind(rows, entry, body, before)
    spec_of(entry.kind).project(rows, entry, body, people)


def project_part(rows: Rows, part: Sequence[Entry]) -> None:
    """Project the entries of one part in order."""
    before = None
    for entry in part:
        project(rows, entry, before)
        before = entry
