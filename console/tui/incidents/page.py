"""All incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.messages import legible
from console.tui import marks
from console.tui.incidents.acts import open_incident
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.times import until
from ledger.registers.incidents import IncidentRow, StepRow
from policies.responding import clock


class IncidentsPage(Page):
    """Incidents, open ones first; Enter opens one with its clock and playbook."""

    ROOM = "incidents"
    HELP = (
        "Incidents. n opens one: choose the severity by its definition, and the playbook in force "
        "sets when it must be answered and when each step is due. Enter shows clock and playbook."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "open", "Open an incident")]

    def body(self) -> Iterable[Widget]:
        """One list."""
        with VerticalGroup(classes="panel"):
            yield Label("Incidents", classes="title")
            yield Listing(
                "Incident", "Severity", "Status", "Next due", "Steps", "Model", "Title", "Leads",
                empty="No incident was ever opened: n opens one.", id="incidents",
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
                row.model or "none", row.title, row.assignee or row.acknowledged_by or "nobody yet",
            )  # fmt: skip
            shown.append((row.incident, cells))
        listing = self.query_one(Listing)
        listing.show(shown)

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("incidents", event.row_key.value or "")

    @work
    async def action_open(self) -> None:
        """Open an incident, then show it."""
        opened = await open_incident(self.app)
        if opened:
            self.app.open_detail("incidents", opened)
