"""What waits for a person: pure, from the picture and the time now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from console.tui import marks
from console.tui.marks import Mark
from console.tui.picture import Picture
from console.tui.times import LocalTime, until
from ledger.registers.approvals import ApprovalRow
from ledger.registers.incidents import IncidentRow, StepRow
from ledger.registers.switches import SwitchEventRow, SwitchRow
from policies.responding import clock


@dataclass(frozen=True)
class Waiting:
    """One thing that waits: how it stands, what it is, what to do, and where that is done."""

    mark: Mark
    what: str
    todo: str
    room: str
    key: str


def waiting(picture: Picture, actor: str | None, now: datetime, local: LocalTime) -> list[Waiting]:
    """Everything that waits, the most pressing first."""
    return [
        *_not_recorded(picture),
        *_approvals(picture, actor),
        *_incidents(picture, now),
        *_stopped(picture, actor, local),
        *_failed(picture),
    ]


def _not_recorded(picture: Picture) -> Iterator[Waiting]:
    for order in picture.spooled:
        yield Waiting(
            Mark("!", "not recorded", marks.BAD),
            f"{order.model} is stopped by {order.actor}",
            "the next entry records it",
            "switches",
            order.model,
        )


def _approvals(picture: Picture, actor: str | None) -> Iterator[Waiting]:
    for row in picture.rows.where(ApprovalRow, state="pending"):
        subject = row.subject.partition("/")[2]
        if picture.can_decide(actor, row):
            mark, todo = Mark("○", "approval", marks.WARN), "approve or reject it"
        elif row.requested_by == actor:
            mark, todo = Mark("·", "approval", marks.QUIET), "waits for a second person"
        else:
            continue
        what = f"{row.approval}: {row.kind} of {subject}, asked by {row.requested_by}"
        yield Waiting(mark, what, todo, "approvals", row.approval)


def _incidents(picture: Picture, now: datetime) -> Iterator[Waiting]:
    for row in picture.rows.where(IncidentRow):
        if row.status == "closed":
            continue
        times = clock(row, picture.rows.where(StepRow, incident=row.incident), now)
        late = sum(each.state == "overdue" for each in (times.answer, *times.steps))
        following = times.next_due
        if late:
            mark = Mark("!", f"{late} overdue", marks.BAD)
        elif row.status == "resolved":
            mark = marks.state_mark("resolved")
        else:
            mark = Mark("○", "incident", marks.WARN)
        todo = f"{following.title}: {until(following.due, now)}" if following else "close it"
        what = f"{row.incident}: {row.title} ({row.severity})"
        yield Waiting(mark, what, todo, "incidents", row.incident)


def _stopped(picture: Picture, actor: str | None, local: LocalTime) -> Iterator[Waiting]:
    spooled = {order.model for order in picture.spooled}
    for row in picture.rows.where(SwitchRow):
        if row.mode == "on" or row.model in spooled:
            continue
        kills = [e for e in picture.rows.where(SwitchEventRow, model=row.model) if e.order_id]
        unsaid = bool(kills) and not kills[-1].reason and kills[-1].actor == actor
        what = f"{row.model} is {row.mode} since {local.minute(row.since)} by {row.actor}"
        todo = "give the reason" if unsaid else "request its resume when it is safe"
        yield Waiting(marks.switch_mark(row.mode), what, todo, "switches", row.model)


def _failed(picture: Picture) -> Iterator[Waiting]:
    seen: set[str] = set()
    for row in picture.audits():
        if row.model not in seen and row.verdict != "pass":
            mark = marks.verdict_mark(row.verdict)
            what = f"{row.audit}: the latest audit of {row.model}"
            yield Waiting(mark, what, "read it and decide", "audits", row.audit)
        seen.add(row.model)
