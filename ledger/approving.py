"""The one path for what takes two: request, approve, reject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger.authority import NeedsApproval
from ledger.book import Appended, Book
from ledger.entry import Draft
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.approvals import next_approval, pending
from ledger.registers.rows import Rows

MakeDraft = Callable[[Rows], Draft]


@dataclass(frozen=True)
class Outcome:
    """What became of an action: entered, or waiting for a second person under `approval`."""

    appended: Appended
    approval: str | None


def enter_or_request(book: Book, signer: Signer, make: MakeDraft, reason: str = "") -> Outcome:
    """Enter a draft, or request a second person's approval where the record demands one."""
    try:
        return Outcome(book.append(signer, lambda rows: [make(rows)]), None)
    except NeedsApproval:
        return request(book, signer, make, reason)


def request(book: Book, signer: Signer, make: MakeDraft, reason: str = "") -> Outcome:
    """Ask for a second person's approval."""

    def requesting(rows: Rows) -> list[Draft]:
        effect = make(rows)
        fields = {"kind": effect.kind, "subject": effect.subject, "body": effect.body}
        body = {"effect": fields, "reason": reason or None}
        return [Draft(Kind.APPROVAL_REQUESTED, f"approval/{next_approval(rows)}", body)]

    appended = book.append(signer, requesting)
    return Outcome(appended, appended.name)


def approve(book: Book, signer: Signer, approval: str) -> Appended:
    """Approve a request: approval and effect are entered as one part."""

    def approving(rows: Rows) -> list[Draft]:
        row = pending(rows, approval)
        return [Draft(Kind.APPROVAL_APPROVED, f"approval/{approval}", {}), row.effect]

    return book.append(signer, approving)


def reject(book: Book, signer: Signer, approval: str, reason: str = "") -> Appended:
    """Reject a request, or withdraw one's own."""
    body = {"reason": reason or None}
    return book.append(signer, [Draft(Kind.APPROVAL_REJECTED, f"approval/{approval}", body)])
