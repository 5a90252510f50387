"""From entries to registers: the one piece of code that both appending and verification run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledger.authority import check_effect, people_behind
from ledger.entry import Draft, Entry
from ledger.kinds import read_body, spec_of
from ledger.registers.actors import ActorRow
from ledger.registers.approvals import ApprovalRow, Requested
from ledger.registers.incidents import IncidentRow
from ledger.registers.models import ModelRow, VersionRow
from ledger.registers.rows import Key, Row, Rows, key_names

_NAMED: dict[str, tuple[type[Row], ...]] = {
    "actor": (ActorRow,),
    "approval": (ApprovalRow,),
    "incident": (IncidentRow,),
    "model": (ModelRow, VersionRow),
}


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


def foresee_named(rows: Rows, part: Sequence[Draft | Entry]) -> None:
    """Let the rows that drafts or entries name be read at once."""
    named: dict[type[Row], list[Key]] = {}
    for entry in part:
        for table, key in _named(entry):
            named.setdefault(table, []).append(key)
    for table, keys in named.items():
        rows.foresee(table, keys)


def project_part(rows: Rows, part: Sequence[Entry]) -> None:
    """Project the entries of one part in order, having read at once the rows that they name."""
    foresee_named(rows, part)
    before = None
    for entry in part:
        project(rows, entry, before)
        before = entry


def _named(entry: Draft | Entry) -> Iterator[tuple[type[Row], Key]]:
    """The rows that an entry names: by its subject, then by body fields called as key columns.

    Nobody has checked it yet: what is no plain text is left to be refused.
    """
    prefix, _, name = entry.subject.partition("/")
    for table in _NAMED.get(prefix, ()):
        _, *others = key_names(table)
        key = (name, *(entry.body.get(column) for column in others))
        if all(isinstance(value, str) and value.isprintable() for value in key):
            yield table, key
