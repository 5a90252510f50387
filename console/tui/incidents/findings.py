"""Findings: which press most, and how one is opened by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from rich.text import Text

from console.tui import marks
from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.marks import Mark
from console.tui.times import LocalTime, until
from console.tui.work import Work
from ledger.book import Appended
from ledger.clock import read_time
from ledger.kinds import Kind
from ledger.registers.actors import ActorRow
from ledger.registers.findings import FindingRow
from ledger.registers.incidents import Severity
from ledger.registers.models import ModelRow
from policies.remedying import open_finding as enter_finding
from policies.remedying import state_of

SEVERITIES: tuple[str, ...] = get_args(Severity)


def pressing(rows: Sequence[FindingRow], now: datetime) -> list[FindingRow]:
    """Overdue ones first, then open ones by due time, then what is closed, newest first."""

    def order(row: FindingRow) -> tuple[int, str, int]:
        if row.status != "open":
            return 2, "", -row.seq
        return 0 if state_of(row, now) == "overdue" else 1, row.due, row.seq

    return sorted(rows, key=order)


def finding_mark(row: FindingRow, now: datetime) -> Mark:
    """How a finding stands."""
    return marks.state_mark(state_of(row, now))


def due_text(row: FindingRow, now: datetime, local: LocalTime) -> Text:
    """When it is due, or how it ended."""
    if row.status != "open":
        return marks.quiet(f"{row.outcome} {local.minute(row.closed_at)}")
    style = marks.BAD if state_of(row, now) == "overdue" else ""
    return marks.coloured(until(read_time(row.due), now), style)


def owner_fields(desk: Desk, owner: str = "", due: str = "", *, given: bool = False) -> list[Field]:
    """Who must remedy it, and by when in local time; `given` says that both must be."""
    rows = desk.picture.rows.where(ActorRow, status="active") if desk.picture else []
    return [
        Field("owner", "Owner", "choice", owner, choices([row.actor for row in rows]),
              hint="Who must remedy it; by default the model's owner.", required=given),
        Field("due", "Due", value=due, required=given,
              hint="By when, local time, such as 2026-05-01 17:00; by default what the thresholds "
              "in force say of its severity."),
    ]  # fmt: skip


async def open_finding(desk: Desk, model: str = "", source: str = "") -> str | None:
    """Say what must be remedied, by whom and by when; gives the finding's id."""
    if desk.picture is None:
        return None
    models = [row.model for row in desk.picture.rows.where(ModelRow)]
    fields = [
        Field("title", "Title", hint="One line that a stranger understands."),
        Field("model", "Model", "choice", model, choices(models), required=False),
        Field("severity", "Severity", "choice", choices=choices(SEVERITIES)),
        Field("source", "From", value=source or "a person",
              hint="Where it comes from: audit/aud-1, evaluation/ev-3, or in words."),
        *owner_fields(desk),
        Field("detail", "Detail", "long", required=False,
              hint="Encrypted, so that it can be erased."),
    ]  # fmt: skip

    def opening(work: Work) -> Appended:
        values = work.values
        return enter_finding(
            work.book,
            work.signer,
            title=values["title"],
            severity=values["severity"],
            model=values["model"] or None,
            source=values["source"],
            owner=values["owner"] or None,
            due=desk.local.read(values["due"]) if values["due"] else None,
            detail=values["detail"],
        )

    opened = await desk.enter(
        Kind.FINDING_OPENED,
        opening,
        form=lambda values: Form("Open a finding", fields, values, verb="Open it"),
        doing="Opening the finding",
    )
    if opened is None:
        return None
    desk.tell("It waits for its owner.", title=f"{opened.name} is open")
    return opened.name
