"""The one path for what takes two or more: request, approve, reject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ledger.authority import NeedsApproval, standing
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
    """Approve a request; the approval that completes it enters the effect in the same part."""
    return book.append(signer, lambda rows: approval_drafts(rows, approval))


def approval_drafts(rows: Rows, approval: str) -> list[Draft]:
    """What one more approval enters now: alone, or with the effect if no other is needed."""
    row = pending(rows, approval)
    now = standing(rows, row)
    body = {"given": len(now.given) + 1, "needed": now.needed}
    draft = Draft(Kind.APPROVAL_APPROVED, f"approval/{approval}", body)
    return [draft, row.effect] if body["given"] >= now.needed else [draft]


def reject(book: Book, signer: Signer, approval: str, reason: str = "") -> Appended:
    """Reject a request, or withdraw one's own."""
    body = {"reason": reason or None}
    return book.append(signer, [Draft(Kind.APPROVAL_REJECTED, f"approval/{approval}", body)])
