"""What `doctor` says of the ledger itself: whether two people are two, and what is adopted."""

from __future__ import annotations

from console.doctor import Finding
from ledger.book import Book
from ledger.errors import QuaestorError
from ledger.registers.actors import admins
from ledger.registers.policies import PolicyRow
from ledger.registers.rows import Rows

_UNTIL_ADOPTED = {
    "redaction": "every class is removed, and of conversations a summary is kept",
    "retention": "no log is ever due to be dropped",
}


def examine_ledger(book: Book) -> list[Finding]:
    """Look at admins and policies; nothing where there is no ledger."""
    try:
        if not book.home.exists():
            return []
        with book.read() as snapshot:
            return [_admins(snapshot.rows), *_policies(snapshot.rows)]
    except QuaestorError as error:
        return [Finding("ledger", "unsafe", error.message, error.hint)]


def _admins(rows: Rows) -> Finding:
    """Two people must be two: one admin alone could enrol themselves twice."""
    found = admins(rows)
    if len(found) > 1:
        return Finding("admins", "ok", ", ".join(found))
    hint = "Enrol a second person as admin: quaestor actor add FILE --role admin"
    detail = f"only {found[0]}, who alone decides who is who"
    return Finding("admins", "warn", detail, hint, needed=False)


def _policies(rows: Rows) -> list[Finding]:
    """What a bank decides before its first import: what is removed from logs, and for how long."""
    adopted = {row.policy: row for row in rows.where(PolicyRow)}
    return [
        Finding(
            f"{policy} policy", "ok", f"in force since {adopted[policy].adopted_at}", needed=False
        )
        if policy in adopted
        else Finding(
            f"{policy} policy",
            "warn",
            f"none is adopted yet; until then {so}",
            f"Adopt the proposal, or your own: quaestor policy adopt {policy} --reason TEXT",
            needed=False,
        )
        for policy, so in _UNTIL_ADOPTED.items()
    ]
