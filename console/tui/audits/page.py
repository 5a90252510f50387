"""Every audit that was ever run, whatever its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import orjson
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.tui import marks
from console.tui.audits.asking import ask_audit
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture


class AuditsPage(Page):
    """Audits, newest first; Enter reads one, n runs one."""

    ROOM = "audits"
    HELP = (
        "Bias audits: selection rates and errors by group, with 95 % intervals, judged against "
        "the thresholds in force. Enter reads one; n runs one on imported decisions or a file."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("n", "run", "Run an audit")]

    def body(self) -> Iterable[Widget]:
        """One list."""
        with VerticalGroup(classes="panel"):
            yield Label("Audits", classes="title")
            yield Listing(
                "Audit", "Verdict", "Model", "By", "Decided", "Turned out", "Rows", "When", "Who",
                empty="No audit yet. Import a model's decisions (2, Enter, i), then press n.",
                id="audits",
            )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every audit."""
        listing = self.query_one(Listing)
        listing.show(
            [
                (row.audit, (row.audit, marks.verdict_mark(row.verdict).text, row.model,
                             ", ".join(orjson.loads(row.by)), row.prediction, row.label or "none",
                             f"{row.n:,}", self.app.local.minute(row.time), row.actor))
                for row in picture.audits()
            ]
        )  # fmt: skip

    @on(DataTable.RowSelected)
    def _open(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("audits", event.row_key.value or "")

    @work
    async def action_run(self) -> None:
        """Run an audit, then read it."""
        audited = await ask_audit(self.app)
        if audited:
            self.app.open_detail("audits", audited)
