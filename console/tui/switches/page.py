"""All switches: whether and how each model may serve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.tui import marks
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.record.deciding import decide
from console.tui.switches.acts import kill_model, request_resume, say_why, switch_text
from ledger.registers.approvals import ApprovalRow
from ledger.registers.switches import SwitchEventRow, SwitchRow


class SwitchesPage(Page):
    """Kill, request the way back, decide; below, what happened to the model under the cursor."""

    ROOM = "switches"
    HELP = (
        "k stops the model under the cursor: one person, one confirming key; the reason comes "
        "now or within 15 minutes. r asks for the way back, which a second person approves."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "kill", "Kill"),
        Binding("y", "why", "Give reason"),
        Binding("r", "resume", "Request resume"),
        Binding("a", "decide", "Approve/reject"),
    ]

    def body(self) -> Iterable[Widget]:
        """Switches above, the history of one below."""
        with VerticalGroup(classes="panel upper"):
            yield Label("Switches", classes="title")
            yield Listing(
                "Switch", "Model", "Since", "By", "Waits",
                empty="No model is registered yet: press 2, then n.", id="switches",
            )  # fmt: skip
        with VerticalGroup(classes="panel lower"):
            yield Label("History", classes="title", id="history-title", markup=False)
            yield Listing(
                "When", "To", "By", "Asked by", "Reason",
                empty="Nothing happened to it yet.", id="history", cursor=False,
            )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every switch; what is spooled counts as stopped."""
        rows, local = picture.rows, self.app.local
        spooled = {order.model: order for order in picture.spooled}
        pending = {
            row.subject.partition("/")[2]: row.approval
            for row in rows.where(ApprovalRow, state="pending", kind="switch.resumed")
        }
        shown = []
        for row in sorted(rows.where(SwitchRow), key=lambda row: (row.mode == "on", row.model)):
            order = spooled.get(row.model)
            mode = order.mode if order else row.mode
            since, by = (order.ordered_at, order.actor) if order else (row.since, row.actor)
            waits = f"{pending[row.model]} to resume" if row.model in pending else ""
            state = switch_text(mode, spooled=order is not None)
            shown.append((row.model, (state, row.model, local.minute(since), by, waits)))
        listing = self.query_one("#switches", Listing)
        listing.show(shown)
        self._history(picture)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        if self.app.picture is not None:
            self._history(self.app.picture)

    def _history(self, picture: Picture) -> None:
        model = self.query_one("#switches", Listing).key or ""
        self.query_one("#history-title", Label).update(
            f"History of {model}" if model else "History"
        )
        events = sorted(
            picture.rows.where(SwitchEventRow, model=model), key=lambda e: e.event, reverse=True
        )
        self.query_one("#history", Listing).show(
            [
                (
                    str(event.event),
                    (
                        self.app.local.second(event.ordered_at),
                        marks.switch_mark(event.mode).text,
                        event.actor,
                        event.requested_by,
                        picture.reveal(f"model/{model}", "reason", event.reason)
                        or ("not said yet" if event.order_id else ""),
                    ),
                )
                for event in events
            ]
        )

    @property
    def _model(self) -> str | None:
        return self.query_one("#switches", Listing).key

    @work
    async def action_kill(self) -> None:
        """Stop the model under the cursor."""
        if self._model:
            await kill_model(self.app, self._model)

    @work
    async def action_why(self) -> None:
        """Say why it was stopped."""
        if self._model:
            await say_why(self.app, self._model)

    @work
    async def action_resume(self) -> None:
        """Ask for the way back."""
        if self._model:
            await request_resume(self.app, self._model)

    @work
    async def action_decide(self) -> None:
        """Decide on the pending request of the model under the cursor."""
        if self.app.picture is None or not self._model:
            return
        subject = f"model/{self._model}"
        found = self.app.picture.rows.where(ApprovalRow, state="pending", subject=subject)
        if found:
            await decide(self.app, found[0].approval)
        else:
            self.app.tell(f"No request of {self._model} waits for a decision.")
