"""One audit in full, read from the evidence that its entry names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Label, Static

from console.tui.audits.result import PARTS, sections
from console.tui.page import Page
from console.tui.picture import Picture
from ledger.registers.audits import AuditRow


class AuditPage(Page):
    """Verdict and reasons, then every group."""

    ROOM = "audits"
    HELP = (
        "One audit. The bars show the share selected in each group; the shaded part is the 95 % "
        "interval. Ratio and p-value stand side by side: a ratio says how much, a p-value how "
        "surely. Esc goes back."
    )
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back")]

    def __init__(self, audit: str) -> None:
        super().__init__()
        self.audit = audit
        self._document: dict[str, Any] | None = None

    def body(self) -> Iterable[Widget]:
        """One scrolling text."""
        with VerticalScroll(classes="panel", id="audit-result"):
            yield Label(self.audit, classes="title", id="audit-title", markup=False)
            for number in range(PARTS):
                yield Static("Reading the evidence …" if not number else "", id=f"part-{number}")

    def draw(self, picture: Picture) -> None:
        """Fetch the result once; it never changes."""
        row = picture.rows.get(AuditRow, self.audit)
        if row is None:
            return
        when = self.app.local.minute(row.time)
        title = f"{row.audit}: {row.model}, {when} by {row.actor}"
        self.query_one("#audit-title", Label).update(title)
        if self._document is None:
            self._fetch(row)

    def on_resize(self) -> None:
        """Bars take what width there is."""
        self._show()

    @work(exclusive=True, group="evidence")
    async def _fetch(self, row: AuditRow) -> None:
        from policies.auditing import read_result

        book = self.app.book
        self._document = await self.app.run_job(
            f"Reading {row.audit}", lambda _tell: read_result(book, row)
        )
        self._show()

    def _show(self) -> None:
        if self._document is not None:
            width = self.query_one("#audit-result").size.width - 3
            for number, part in enumerate(sections(self._document, width)):
                self.query_one(f"#part-{number}", Static).update(part)
