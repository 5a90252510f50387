"""What waits for a person: pure, from the picture and the time now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from console.tui import marks
from console.tui.audits.standing import asks, groups_of
from console.tui.incidents.findings import finding_mark, pressing
from console.tui.marks import Mark
from console.tui.picture import Picture
from console.tui.times import LocalTime, until
from ledger.clock import read_time
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.approvals import ApprovalRow
from ledger.registers.audits import superseded
from ledger.registers.findings import FindingRow
from ledger.registers.incidents import IncidentRow, StepRow
from ledger.registers.models import ModelRow
from ledger.registers.switches import SwitchEventRow, SwitchRow
from policies.playbook import SEVERITIES
from policies.remedying import state_of
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
        *_findings(picture, actor, now),
        *_stopped(picture, actor, local),
        *_failed(picture),
        *_begun(picture, actor),
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
        elif actor in {row.requested_by, *picture.standing(row).given}:
            mark, todo = Mark("·", "approval", marks.QUIET), "waits for another person"
        else:
            continue
        what = f"{row.approval}: {row.kind} of {subject}, asked by {row.requested_by}"
        if (now := picture.standing(row)).needed > 1:
            what += f", {now.sentence} approvals"
        yield Waiting(mark, what, todo, "approvals", row.approval)


def _incidents(picture: Picture, now: datetime) -> Iterator[Waiting]:
    """Overdue ones first, the worst of them before others, then by what is due next."""
    found = []
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
        what = f"{row.incident} ({row.severity}): {row.title}"
        order = (not late, SEVERITIES.index(row.severity), following.due if following else now)
        found.append((order, Waiting(mark, what, todo, "incidents", row.incident)))
    yield from (one for _, one in sorted(found, key=itemgetter(0)))


def _findings(picture: Picture, actor: str | None, now: datetime) -> Iterator[Waiting]:
    for row in pressing(picture.rows.where(FindingRow, status="open"), now):
        if row.owner != actor and state_of(row, now) != "overdue":
            continue
        what = f"{row.finding} ({row.severity}, {row.owner}): {row.title}"
        todo = f"remedy it and close it: {until(read_time(row.due), now)}"
        yield Waiting(finding_mark(row, now), what, todo, "findings", row.finding)


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
    audits = picture.audits()
    later = superseded(audits)
    for row in audits:
        if row.audit not in later and row.verdict != "pass":
            by = f" by {groups_of(row)}" if row.measure != "drift" else ""
            what = f"{row.audit}: {asks(row)} audit of {row.model}{by}"
            mark = marks.verdict_mark(row.verdict)
            yield Waiting(mark, what, "read it and decide", "audits", row.audit)


def _begun(picture: Picture, actor: str | None) -> Iterator[Waiting]:
    """What a young ledger still lacks."""
    people = picture.rows.where(ActorRow, status="active")
    if [row.actor for row in people if "admin" in row.role_list] == [actor]:
        what = "You are the only admin: you alone decide who is who"
        yield Waiting(Mark("○", "one admin", marks.WARN), what, "enrol a second one", "people", "")
    if not picture.rows.where(ModelRow) and not picture.why_not(actor, Kind.MODEL_REGISTERED):
        mark = Mark("○", "no model", marks.WARN)
        yield Waiting(mark, "The inventory is empty", "register the first model", "models", "")
