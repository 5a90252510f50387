"""One evaluation of a version: what it was tested with, what was measured, how cases failed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Label, Static

from console.messages import legible
from console.tui.audits.evaluated import evaluation_text
from console.tui.page import Page
from console.tui.picture import Picture
from ledger.registers.evaluations import EvaluationRow
from ledger.registers.findings import FindingRow


class EvaluationPage(Page):
    """Verdict, measures with their limits, failures, and what it was held against."""

    ROOM = "audits"
    HELP = (
        "One evaluation. Each measure stands with its 95 % interval and the limit in force. Below: "
        "groups, how cases failed, and what broke or was fixed since another evaluation. f goes "
        "to the first finding that is still open. Esc goes back."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f", "finding", "Its finding"),
    ]

    def __init__(self, evaluation: str) -> None:
        super().__init__()
        self.evaluation = evaluation
        self._document: dict[str, Any] | None = None

    def body(self) -> Iterable[Widget]:
        """One scrolling text."""
        with VerticalScroll(classes="panel", id="audit-result"):
            yield Label(self.evaluation, classes="title", id="title", markup=False)
            yield Static(id="standing", markup=False)
            yield Static("Reading the evidence …", id="evaluation-text", markup=False)

    def draw(self, picture: Picture) -> None:
        """Fetch the result once; its findings live on."""
        row = picture.rows.get(EvaluationRow, self.evaluation)
        if row is None:
            return
        when = self.app.local.minute(row.time)
        title = f"{row.evaluation}: {row.model} {row.version}, {when} by {row.actor}"
        self.query_one("#title", Label).update(legible(title))
        found = ", ".join(f"{each.finding} ({each.status})" for each in self._findings(picture))
        self.query_one("#standing", Static).update(f"Findings: {found or 'none'}")
        if self._document is None:
            self._fetch(row)

    def _findings(self, picture: Picture) -> list[FindingRow]:
        return picture.rows.where(FindingRow, source=f"evaluation/{self.evaluation}")

    def on_resize(self) -> None:
        """Columns take what width there is."""
        self._show()

    @work(exclusive=True, group="evidence")
    async def _fetch(self, row: EvaluationRow) -> None:
        from policies.evaluating import read_evaluation

        book = self.app.book
        self._document = await self.app.run_job(
            f"Reading {row.evaluation}", lambda _tell: read_evaluation(book, row)
        )
        self._show()

    def _show(self) -> None:
        if self._document is not None:
            width = self.query_one("#audit-result").size.width - 3
            text = evaluation_text(self._document, width)
            self.query_one("#evaluation-text", Static).update(text)

    def action_finding(self) -> None:
        """Go to what is still to be remedied of it."""
        found = self._findings(self.app.picture) if self.app.picture else []
        still = [each for each in found if each.status == "open"] or found
        if still:
            self.app.open_detail("findings", still[0].finding)
        else:
            self.app.tell("Nothing was found that must be remedied.", title=self.evaluation)
