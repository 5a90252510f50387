"""One audit in full, read from the evidence that its entry names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Label, Static

from console.figures import measure_tables, measures_of
from console.tui.audits.result import PARTS, sections
from console.tui.form import Field, Form
from console.tui.incidents.findings import open_finding
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.reading import Reading
from ledger.registers.audits import AuditRow, elsewhere, superseded


class AuditPage(Page):
    """Verdict and reasons, then every group."""

    ROOM = "audits"
    HELP = (
        "One audit. The bars show the share selected in each group; the shaded part is the 95 % "
        "interval. Ratio and p-value stand side by side: a ratio says how much, a p-value how "
        "surely. m shows one measure in full, such as the false discovery rate: what it counts, "
        "its intervals, ratio, difference, test and parity. f opens a finding: what somebody must "
        "remedy of it. Esc goes back."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("m", "measure", "A measure"),
        Binding("f", "finding", "Open a finding"),
    ]

    def __init__(self, audit: str) -> None:
        super().__init__()
        self.audit = audit
        self._document: dict[str, Any] | None = None

    def body(self) -> Iterable[Widget]:
        """One scrolling text."""
        with VerticalScroll(classes="panel", id="audit-result"):
            yield Label(self.audit, classes="title", id="audit-title", markup=False)
            yield Static(id="standing", markup=False)
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
        self.query_one("#standing", Static).update(_standing(picture, row))
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

    @work
    async def action_measure(self) -> None:
        """Show one measure of every group in full."""
        document = self._document or {}
        measures = measures_of(document)
        if not measures:
            self.app.tell("It has no measures but those shown.", title="No more measures")
            return
        names = [(name, name.replace("_", " ")) for name in measures]
        field = Field("measure", "Measure", "choice", measures[0], names)
        chosen = await self.app.push_screen_wait(Form("A measure in full", [field], verb="Show"))
        if chosen is not None:
            tables = list(measure_tables(document, chosen["measure"]))
            await self.app.push_screen_wait(
                Reading(
                    f"{self.audit}: {chosen['measure']}",
                    lambda width: Text("\n\n".join(table.laid_out(width) for table in tables)),
                )
            )

    @work
    async def action_finding(self) -> None:
        """Say what must be remedied of this, and by whom."""
        row = self.app.picture.rows.get(AuditRow, self.audit) if self.app.picture else None
        if row is not None:
            opened = await open_finding(self.app, row.model, f"audit/{row.audit}")
            if opened:
                self.app.open_detail("findings", opened)

    def _show(self) -> None:
        if self._document is not None:
            width = self.query_one("#audit-result").size.width - 3
            for number, part in enumerate(sections(self._document, width)):
                self.query_one(f"#part-{number}", Static).update(part)


def _standing(picture: Picture, row: AuditRow) -> str:
    """How many other audits there are, so that none looks like the only one."""
    audits = picture.audits(row.model)
    later = superseded(audits).get(row.audit)
    standing = f"; superseded by {later}" if later else ""
    if len(audits) == 1:
        return f"The only audit of {row.model}."
    return (
        f"One of {len(audits)} audits of {row.model}, {elsewhere(audits, row)} of them with "
        f"another filter{standing}."
    )
