"""Findings: opened with an owner and a due date that follows from the severity, to their end."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.book import Appended, Book
from ledger.clock import read_time, write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.findings import FindingRow, known, next_finding
from ledger.registers.models import known as known_model
from ledger.registers.rows import Rows
from policies.adopting import thresholds_in_force
from policies.evaluations.evaluation import Evaluation
from policies.thresholds import EvaluationThresholds

_MOST_NAMED = 50
_BASE = {"security": "high", "adversarial": "medium"}
_GRAVER = {"medium": "high", "high": "critical"}


def open_finding(
    book: Book,
    signer: Signer,
    *,
    title: str,
    severity: str,
    model: str | None,
    source: str,
    owner: str | None = None,
    due: datetime | None = None,
    detail: str = "",
) -> Appended:
    """Open a finding. Without an owner it is the model's; without a due date the severity's.

    Raises InvalidInput (neither owner nor model) and what `Book.append` raises.
    """
    if owner is None and model is None:
        raise InvalidInput(
            "It is not said who must remedy this.", "Name an owner with --owner, or --model."
        )
    days = thresholds_in_force(book)[1].evaluation.finding_days(severity)
    when = due or book.clock() + timedelta(days=days)

    def opening(rows: Rows) -> list[Draft]:
        body = {
            "title": title,
            "model": model,
            "severity": severity,
            "source": source,
            "category": "",
            "owner": owner or (known_model(rows, model).owner if model else ""),
            "due": write_time(when),
            "detail": detail or None,
        }
        return [Draft(Kind.FINDING_OPENED, f"finding/{next_finding(rows)}", body)]

    return book.append(signer, opening)


def assign_finding(
    book: Book,
    signer: Signer,
    finding: str,
    *,
    owner: str | None,
    due: datetime | None,
    reason: str = "",
) -> Appended:
    """Give a finding another owner, another due date, or both; what is not given stays."""
    if owner is None and due is None:
        raise InvalidInput("Nothing was given to change.", "Name an owner, or a date with --due.")

    def assigning(rows: Rows) -> list[Draft]:
        row = known(rows, finding)
        body = {
            "owner": owner or row.owner,
            "due": write_time(due) if due else row.due,
            "reason": reason or None,
        }
        return [Draft(Kind.FINDING_ASSIGNED, f"finding/{finding}", body)]

    return book.append(signer, assigning)


def state_of(row: FindingRow, now: datetime) -> str:
    """`open`, `overdue` or `closed`, computed from the record and the time now."""
    return "overdue" if row.status == "open" and read_time(row.due) < now else row.status


def drafts_of(
    rows: Rows,
    model: str,
    evaluation: tuple[str, Evaluation],
    thresholds: EvaluationThresholds,
    *,
    owner: str | None,
    now: datetime,
) -> list[Draft]:
    """What the attacks that worked enter: a finding a category, or a note where one is open.

    `evaluation` is its id and its result. A finding of the security suite is high, one of the
    adversarial suite medium; one step graver where the whole interval of the share that worked lies
    beyond what the thresholds allow.
    """
    name, result = evaluation
    known_ones = {
        row.category: row.finding
        for row in rows.where(FindingRow, model=model, status="open")
        if row.category
    }
    drafts: list[Draft] = []
    opened = 0
    for found in result.attacks_that_worked:
        category = f"{found.suite}/{found.category}"
        answered = found.n - found.errors
        told = f"{len(found.failed)} of {answered} cases failed in {name}"
        if category in known_ones:
            note = {"note": f"{told}: {_named(found.failed)}"}
            drafts.append(Draft(Kind.FINDING_NOTED, f"finding/{known_ones[category]}", note))
            continue
        share = found.as_json()["failed_share_ci"]
        beyond = share[0] > 1 - float(thresholds.attack_resistance_min.value)
        severity = _GRAVER[_BASE[found.suite]] if beyond else _BASE[found.suite]
        body = {
            "title": f"{found.suite}: {found.category}: {told}",
            "model": model,
            "severity": severity,
            "source": f"evaluation/{name}",
            "category": category,
            "owner": owner or known_model(rows, model).owner,
            "due": write_time(now + timedelta(days=thresholds.finding_days(severity))),
            "detail": f"Failed: {_named(found.failed)}",
        }
        drafts.append(Draft(Kind.FINDING_OPENED, f"finding/{next_finding(rows, opened)}", body))
        opened += 1
    return drafts


def _named(cases: tuple[str, ...]) -> str:
    more = len(cases) - _MOST_NAMED
    return ", ".join(cases[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
