"""Dropped logs: sealed files that were deleted when their time was over, on record for ever.

What is left of them are entries: root, counts, and why. A log of a high-risk AI system is kept for
six months at least (Regulation (EU) 2024/1689, Articles 19(1) and 26(6)); so is one of a model that
nobody classified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import BigInteger
from sqlmodel import Field

from ledger.clock import read_time, write_time
from ledger.entry import Draft, Entry
from ledger.errors import Refused
from ledger.registers import models
from ledger.registers.body import BodyModel, Count, Digest, Line, Time, subject_name
from ledger.registers.logs import LogRow
from ledger.registers.policies import PolicyRow
from ledger.registers.rows import Row, Rows

LEAST_DAYS = 184
"""Six months: no six calendar months have more days."""
_END = "9999-12-31T23:59:59.999999Z"
HELD = frozenset({"high-risk", "not-classified"})
"""The risk classes whose logs are kept for six months at least."""


class Dropped(BodyModel):
    """A sealed log whose files are deleted: what it was, since when it was due, and why.

    `policy` is the retention policy (SHA-256 in evidence) under which it was due.
    """

    file: Digest
    rows: Count
    root: Digest
    due_since: Time
    policy: Digest
    reason: Line


class DroppedRow(Row, table=True):
    """A log that was dropped."""

    __tablename__ = "dropped"
    log: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    file: str
    due_since: str
    policy: str
    reason: str
    time: str
    actor: str


def dropped(rows: Rows, entry: Entry, body: Dropped) -> None:
    """Project `log.dropped`. Refused below the legal minimum, and if it is another log."""
    name = subject_name(entry.subject)
    log = rows.get(LogRow, name)
    if log is None:
        raise Refused(f"There is no log {name}.", "See: quaestor logs list")
    if rows.get(DroppedRow, name) is not None:
        raise Refused(f"{name} was dropped before.", "Nothing needs to be done.")
    if (body.file, body.rows, body.root) != (log.file, log.rows, log.root):
        raise Refused(f"{name} is not the log that was sealed.", "See: quaestor logs show")
    held_until = least_until(rows, log)
    if held_until > entry.time:
        raise Refused(
            f"{name} must be kept until {held_until}: a model that is high-risk, or that nobody "
            f"classified, has its logs kept for {LEAST_DAYS} days at least.",
            "See: quaestor logs retention",
        )
    policy = rows.get(PolicyRow, "retention")
    if policy is None or policy.content != body.policy:
        raise Refused(
            "Another retention policy is in force than the log was due under.",
            "See what is due now: quaestor logs retention",
        )
    if body.due_since > entry.time:
        raise Refused(f"{name} is due only at {body.due_since}.", "See: quaestor logs retention")
    rows.put(
        DroppedRow(
            seq=entry.seq,
            log=name,
            file=log.file,
            due_since=body.due_since,
            policy=body.policy,
            reason=body.reason,
            time=entry.time,
            actor=entry.actor,
        )
    )


def dropped_of(rows: Rows, logs: Iterable[str]) -> list[DroppedRow]:
    """Those of some logs that are dropped, in the order given."""
    found = (rows.get(DroppedRow, log) for log in logs)
    return [row for row in found if row is not None]


def kept_since(log: LogRow) -> str:
    """From when on a log's time counts: its last decision, or its import if it states no times."""
    return log.last_time or log.time


def least_until(rows: Rows, log: LogRow) -> str:
    """Until when the law has a log kept; empty if it does not."""
    if models.known(rows, log.model).legal_class.category not in HELD:
        return ""
    return days_after(kept_since(log), LEAST_DAYS)


def days_after(time: str, days: int) -> str:
    """A time so many days later; the last one there is, if that is beyond it."""
    try:
        return write_time(read_time(time) + timedelta(days=days))
    except OverflowError:
        return _END


def dropped_files(rows: Rows) -> Iterator[str]:
    """Names of the evidence files of dropped logs that no other log needs."""
    gone = {row.log for row in rows.where(DroppedRow)}
    if not gone:
        return
    logs = rows.where(LogRow)
    needed = {name for log in logs if log.log not in gone for name in files_of(log)}
    for log in logs:
        if log.log in gone:
            yield from (name for name in files_of(log) if name not in needed)


def files_of(log: LogRow) -> list[str]:
    """Names of the evidence files that hold a log's records, bad rows and persons."""
    return [
        f"{log.file}.parquet",
        *([f"{log.quarantine}.jsonl"] if log.quarantine else []),
        *([f"{log.subjects}.subjects"] if log.subjects else []),
    ]


def draft_drop(log: LogRow, due_since: str, policy: str, reason: str) -> Draft:
    """What dropping a log enters, with two people's approval."""
    body = {
        "file": log.file,
        "rows": log.rows,
        "root": log.root,
        "due_since": due_since,
        "policy": policy,
        "reason": reason,
    }
    return Draft("log.dropped", f"log/{log.log}", body)
