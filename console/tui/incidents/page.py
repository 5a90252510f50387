"""All incidents, and all findings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, TabbedContent, TabPane

from console.messages import legible
from console.tui import marks
from console.tui.incidents.acts import open_incident
from console.tui.incidents.findings import (
    due_text,
    finding_mark,
    open_finding,
    pressing,
)
from console.tui.listing import Listing, cut
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.times import until
from ledger.registers.findings import FindingRow
from ledger.registers.incidents import IncidentRow, StepRow
from policies.remedying import state_of
from policies.responding import clock


class IncidentsPage(Page):
    """Incidents, open ones first, and findings, overdue ones first; Enter opens one."""

    ROOM = "incidents"
    HELP = (
        "Incidents. n opens one: choose the severity by its definition, and the playbook in force "
        "sets when it must be answered and when each step is due. Enter shows clock and playbook. "
        "] turns to findings: what somebody must remedy by a day; f opens one by hand."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "open", "Open an incident"),
        Binding("f", "finding", "Open a finding"),
    ]

    def body(self) -> Iterable[Widget]:
        """Two tabs."""
        with TabbedContent():
            with TabPane("Incidents", id="incidents-tab"):
                yield Listing(
                    "Incident", "Severity", "Status", "Next due", "Steps", "Model", "Title",
                    "Leads",
                    empty="No incident was ever opened: n opens one.", id="incidents",
                )  # fmt: skip
            with TabPane("Findings", id="findings-tab"):
                yield Listing(
                    "Finding", "State", "Due", "Severity", "Owner", "Title", "Model", "From",
                    empty="Nothing is to be remedied. f opens a finding.", id="findings",
                )  # fmt: skip

    def on_mount(self) -> None:
        """Clocks run."""
        self.set_interval(5, self._redraw)

    def draw(self, picture: Picture) -> None:
        """Show every incident with what is due next."""
        shown = []
        now = self.app.clock()
        order = {"open": 0, "resolved": 1, "closed": 2}
        for row in sorted(
            picture.rows.where(IncidentRow), key=lambda r: (order.get(r.status, 3), r.opened_at)
        ):
            times = clock(row, picture.rows.where(StepRow, incident=row.incident), now)
            done = sum(step.done is not None for step in times.steps)
            following = times.next_due
            due = Text("")
            if following is not None and row.status != "closed":
                style = marks.BAD if following.due < now else ""
                due = marks.coloured(
                    legible(f"{following.title}, {until(following.due, now)}"), style
                )
            cells = (
                row.incident, marks.severity_mark(row.severity).text,
                marks.state_mark(row.status).text, due, f"{done}/{len(times.steps)}",
                row.model or "none", cut(row.title),
                row.assignee or row.acknowledged_by or "nobody yet",
            )  # fmt: skip
            shown.append((row.incident, cells))
        self.query_one("#incidents", Listing).show(shown)
        self._draw_findings(picture, now)

    def _draw_findings(self, picture: Picture, now: datetime) -> None:
        rows = pressing(picture.rows.where(FindingRow), now)
        late = sum(state_of(row, now) == "overdue" for row in rows)
        title = f"Findings ({late} overdue)" if late else "Findings"
        self.query_one(TabbedContent).get_tab("findings-tab").label = title
        self.query_one("#findings", Listing).show(
            [
                (row.finding, (row.finding, finding_mark(row, now).text,
                               due_text(row, now, self.app.local),
                               marks.severity_mark(row.severity).text, row.owner, cut(row.title),
                               row.model or "none", row.source))
                for row in rows
            ]
        )  # fmt: skip

    def show_findings(self) -> None:
        """Turn to the findings."""
        self.query_one(TabbedContent).active = "findings-tab"

    @on(DataTable.RowSelected, "#findings DataTable")
    def _open_finding(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("findings", event.row_key.value or "")

    @work
    async def action_finding(self) -> None:
        """Open a finding, then show it."""
        opened = await open_finding(self.app)
        if opened:
            self.show_findings()
            self.app.open_detail("findings", opened)

    @on(DataTable.RowSelected, "#incidents DataTable")
    def _open(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("incidents", event.row_key.value or "")

    @work
    async def action_open(self) -> None:
        """Open an incident, then show it."""
        opened = await open_incident(self.app)
        if opened:
            self.app.open_detail("incidents", opened)
