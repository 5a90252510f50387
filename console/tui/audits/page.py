"""Every audit and every evaluation that was ever run, whatever its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import orjson
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, TabbedContent, TabPane

from console.tui import marks
from console.tui.audits.asking import ask_audit
from console.tui.audits.by_profile import ask_by_profile
from console.tui.audits.comparing import ask_drift
from console.tui.audits.evaluating import ask_evaluation
from console.tui.audits.proxies import show_proxies
from console.tui.audits.standing import asks, groups_of, standing_text
from console.tui.audits.stating import sign_statement
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from ledger.registers.audits import elsewhere, superseded
from ledger.registers.evaluations import EvaluationRow


class AuditsPage(Page):
    """Audits and evaluations, newest first; Enter reads one."""

    ROOM = "audits"
    HELP = (
        "Audits of decisions, held against the thresholds in force, and evaluations of versions "
        "before they serve. Enter reads one. n audits for bias: selections, classes, scores or "
        "ratings by group; p as a rule or a practice asks; d compares decisions with what they "
        "were. x ranks what stands in for a sensitive column. e enters what test suites showed. "
        "t signs what an auditor says of the decisions. "
        "An audit whose question was asked again is marked with the later one; all stay listed."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "run", "Audit for bias"),
        Binding("p", "by_profile", "By a profile"),
        Binding("d", "drift", "Drift"),
        Binding("x", "proxies", "Proxies"),
        Binding("e", "evaluate", "Evaluation"),
        Binding("t", "statement", "Sign a statement", show=False),
    ]

    def body(self) -> Iterable[Widget]:
        """Two tabs."""
        with TabbedContent():
            with TabPane("Audits", id="audits-tab"):
                yield Listing(
                    "Audit", "Verdict", "Standing", "Model", "Asks", "By", "Rows",
                    "Other filters", "Decided", "When", "Who",
                    empty="No audit yet. Import a model's decisions (2, Enter, i), then press n.",
                    id="audits",
                )  # fmt: skip
            with TabPane("Evaluations", id="evaluations-tab"):
                yield Listing(
                    "Evaluation", "Verdict", "Model", "Version", "Cases", "Passed", "Suites",
                    "When", "Who",
                    empty="No version was evaluated yet: e enters results of test suites.",
                    id="evaluations",
                )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every audit with how it stands to the others, and every evaluation."""
        local, audits = self.app.local, picture.audits()
        later = superseded(audits)
        self.query_one("#audits", Listing).show(
            [
                (row.audit, (row.audit, marks.verdict_mark(row.verdict).text,
                             standing_text(later.get(row.audit)), row.model, asks(row),
                             groups_of(row), f"{row.n:,}",
                             str(elsewhere(audits, row) or ""), row.prediction or "",
                             local.minute(row.time), row.actor))
                for row in audits
            ]
        )  # fmt: skip
        self.query_one("#evaluations", Listing).show(
            [
                (row.evaluation, (row.evaluation, marks.verdict_mark(row.verdict).text, row.model,
                                  row.version, f"{row.n:,}", f"{row.passed:,}",
                                  ", ".join(orjson.loads(row.suites)), local.minute(row.time),
                                  row.actor))
                for row in newest(picture.rows.where(EvaluationRow))
            ]
        )  # fmt: skip

    @on(DataTable.RowSelected, "#audits DataTable")
    def _open(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("audits", event.row_key.value or "")

    @on(DataTable.RowSelected, "#evaluations DataTable")
    def _open_evaluation(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("evaluations", event.row_key.value or "")

    @work
    async def action_run(self) -> None:
        """Audit for bias, then read the result."""
        self._read(await ask_audit(self.app))

    @work
    async def action_by_profile(self) -> None:
        """Audit by a profile, then read the result."""
        self._read(await ask_by_profile(self.app))

    @work
    async def action_drift(self) -> None:
        """Audit for drift, then read the result."""
        self._read(await ask_drift(self.app))

    @work
    async def action_evaluate(self) -> None:
        """Enter what test suites showed, then read the result."""
        evaluated = await ask_evaluation(self.app)
        if evaluated:
            self.query_one(TabbedContent).active = "evaluations-tab"
            self.app.open_detail("evaluations", evaluated)

    @work
    async def action_statement(self) -> None:
        """Sign an auditor's statement."""
        await sign_statement(self.app)

    @work
    async def action_proxies(self) -> None:
        """Rank what stands in for a sensitive column."""
        await show_proxies(self.app)

    def _read(self, audit: str | None) -> None:
        if audit:
            self.app.open_detail("audits", audit)


def newest(rows: list[EvaluationRow]) -> list[EvaluationRow]:
    """Evaluations, newest first."""
    return sorted(rows, key=lambda row: row.seq, reverse=True)
