"""Which sealed logs are due to be dropped, since when and why; and dropping them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from ledger.approving import Outcome, enter_or_request
from ledger.book import Book
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import Refused
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.approvals import ApprovalRow
from ledger.registers.logs import LogRow
from ledger.registers.models import known
from ledger.registers.policies import PolicyRow
from ledger.registers.retention import (
    DroppedRow,
    days_after,
    draft_drop,
    kept_since,
    least_until,
)
from ledger.registers.rows import Rows
from policies.adopting import retention_in_force
from policies.retention import Period, Retention

State = Literal["held", "kept", "due", "dropped"]


@dataclass(frozen=True)
class Retained:
    """A sealed log under the policy in force: how it stands, until or since when, and why.

    `held`: the law or the policy's minimum has it kept until `until`; `kept`: it may stay until
    `until` (no end if empty); `due`: it was to be dropped at `until`; `dropped`: it was, then.
    `approval` is the request to drop it that waits for a second person, empty if there is none.
    """

    log: str
    model: str
    kind: str
    risk: str
    rows: int
    since: str
    state: State
    until: str
    period: str
    why: str
    approval: str

    def as_json(self) -> dict[str, Any]:
        """One item of `logs retention --json`."""
        return asdict(self) | {"until": self.until or None, "approval": self.approval or None}


@dataclass(frozen=True)
class Dropping:
    """What became of a log that was due: dropped, or waiting for a second person."""

    log: str
    outcome: Outcome


def retained(book: Book) -> list[Retained]:
    """How every sealed log stands now. Refused while no retention policy is in force."""
    with book.read() as snapshot:
        if snapshot.rows.get(PolicyRow, "retention") is None:
            raise Refused(
                "No retention policy is adopted yet, so that no log is due to be dropped.",
                "Adopt the proposal, or your own with --file: "
                "quaestor policy adopt retention --reason TEXT",
            )
    _, policy = retention_in_force(book)
    now = book.clock()
    with book.read() as snapshot:
        logs = sorted(snapshot.rows.where(LogRow), key=lambda log: log.seq)
        return [_stands(snapshot.rows, log, policy, now) for log in logs]


def drop(book: Book, signer: Signer, log: str) -> Dropping:
    """Drop a log that is due, or ask for a second person's approval.

    Refused for one that is not due, was dropped, or waits for approval already.
    """
    digest, policy = retention_in_force(book)
    now = book.clock()

    def dropping(rows: Rows) -> Draft:
        row = rows.get(LogRow, log)
        if row is None:
            raise Refused(f"There is no log {log}.", "See: quaestor logs list")
        found = _stands(rows, row, policy, now)
        if found.state != "due":
            when = f" (until {found.until})" if found.until else ""
            raise Refused(
                f"{log} is not due to be dropped: it is {found.state}{when}. {found.why}",
                "See: quaestor logs retention",
            )
        if found.approval:
            raise Refused(
                f"Dropping {log} is requested already, as {found.approval}.",
                f"Another person approves it: quaestor approval approve {found.approval}",
            )
        reason = f"{found.period}: due since {found.until}"
        return draft_drop(row, found.until, digest, reason)

    return Dropping(log, enter_or_request(book, signer, dropping))


def _stands(rows: Rows, log: LogRow, policy: Retention, now: datetime) -> Retained:
    risk = known(rows, log.model).legal_class.category
    period = policy.period(log.model, log.kind, risk)
    state, until, why = _judged(rows, log, period, now)
    return Retained(
        log=log.log,
        model=log.model,
        kind=log.kind,
        risk=risk,
        rows=log.rows,
        since=kept_since(log),
        state=state,
        until=until,
        period=period.name if period else "",
        why=why,
        approval=_requested(rows, log.log),
    )


def _requested(rows: Rows, log: str) -> str:
    waiting = rows.where(ApprovalRow, subject=f"log/{log}", state="pending")
    found = (request.approval for request in waiting if request.kind == Kind.LOG_DROPPED)
    return next(found, "")


def _judged(
    rows: Rows, log: LogRow, period: Period | None, now: datetime
) -> tuple[State, str, str]:
    gone = rows.get(DroppedRow, log.log)
    if gone is not None:
        return "dropped", gone.time, gone.reason
    at = write_time(now)
    if period is None:
        least = least_until(rows, log)
        held = least > at
        return "held" if held else "kept", least if held else "", "No period of the policy fits it."
    since = kept_since(log)
    least = max(days_after(since, period.minimum_days), least_until(rows, log))
    if least > at:
        return "held", least, period.source
    most = max(days_after(since, period.maximum_days), least)
    return "due" if most <= at else "kept", most, period.why
