"""Data sets, data that is in no register, and how long decision logs are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from console.tui import marks
from console.tui.audits.comparing import compare
from console.tui.data.acts import register_dataset
from console.tui.data.profile import profile_files
from console.tui.data.retention import drop_log, erase, retained_cells
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from ledger.errors import Refused
from ledger.registers.datasets import ContentsRow, DatasetRow, LineageRow
from policies.retaining import Retained, retained


class DataPage(Page):
    """Every registered data set; Enter opens one."""

    ROOM = "data"
    HELP = (
        "Data sets by the digest of their bytes, and which model versions were made with them. "
        "Enter opens one with its versions, profile and lineage; n registers one. p looks at "
        "files before anything relies on them, c compares two sets of data column by column: "
        "neither enters anything. "
        "] turns to the retention of decision logs: r drops the one under the cursor if it is "
        "due, e erases what logs hold of a person; both take a second person."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "register", "Register"),
        Binding("p", "profile", "Profile files"),
        Binding("c", "compare", "Compare"),
        Binding("r", "drop", "Drop a log"),
        Binding("e", "erase", "Erase a person"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._covered = -1

    def body(self) -> Iterable[Widget]:
        """Two tabs."""
        with TabbedContent():
            with TabPane("Data sets", id="datasets-tab"):
                yield Listing(
                    "State", "Data set", "Version", "Rows", "Personal data", "Owner", "Models",
                    "Licence", "Name",
                    empty="No data set is registered yet: n registers one.", id="datasets",
                )  # fmt: skip
            with TabPane("Retention of logs", id="retention-tab"):
                yield Static(id="where", markup=False)
                yield Listing(
                    "State", "Log", "Model", "Until, or since", "Period", "Rows", "Holds", "Risk",
                    "Why",
                    empty="No log is imported.", id="retention",
                )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every data set."""
        rows = picture.rows
        shown = []
        for row in rows.where(DatasetRow):
            latest = rows.get(ContentsRow, row.dataset, row.version)
            made = rows.where(LineageRow, dataset=row.dataset)
            models = dict.fromkeys(f"{each.model} {each.model_version}" for each in made)
            cells = (
                marks.state_mark(row.status).text, row.dataset, row.version,
                rows_text(latest.rows if latest else -1), row.personal_data, row.owner,
                ", ".join(models), row.licence, row.name,
            )  # fmt: skip
            shown.append((row.dataset, cells))
        self.query_one("#datasets", Listing).show(shown)
        if picture.head.size != self._covered:
            self._covered = picture.head.size
            self._judge()

    @work(exclusive=True, group="retention")
    async def _judge(self) -> None:
        """Hold every log against the policy in force; without one, say so where the list is."""
        book = self.app.book

        def judging(_tell: object) -> list[Retained] | Refused:
            try:
                return retained(book)
            except Refused as error:
                return error

        found = await self.app.run_job("Judging retention", judging)
        where, listing = self.query_one("#where", Static), self.query_one("#retention", Listing)
        listing.display = not isinstance(found, Refused)
        if isinstance(found, Refused):
            where.update(f"{found.message} {found.hint}")
        elif found is not None:
            due = sum(row.state == "due" for row in found)
            where.update(f"{len(found)} logs, {due} due to be dropped")
            local = self.app.local
            rows = [(row.log, retained_cells(row, local)) for row in found]
            listing.show(rows)

    @work
    async def action_drop(self) -> None:
        """Drop the log under the cursor."""
        log = self.query_one("#retention", Listing).key
        if self.query_one(TabbedContent).active != "retention-tab" or log is None:
            hint = "Turn to the retention of logs with ], and choose one that is due."
            await self.app.explain(Refused("No log is chosen.", hint))
            return
        await drop_log(self.app, log)

    @work
    async def action_erase(self) -> None:
        """Erase what logs hold of a person."""
        await erase(self.app)

    @on(DataTable.RowSelected, "#datasets DataTable")
    def _open(self, event: DataTable.RowSelected) -> None:
        self.app.open_detail("data", event.row_key.value or "")

    @work
    async def action_register(self) -> None:
        """Register a data set, then show it."""
        registered = await register_dataset(self.app)
        if registered:
            self.app.open_detail("data", registered)

    @work
    async def action_profile(self) -> None:
        """Look at files; nothing is entered."""
        await profile_files(self.app)

    @work
    async def action_compare(self) -> None:
        """Compare two sets of data; nothing is entered."""
        await compare(self.app)


def rows_text(rows: int) -> str:
    """How many rows contents have, where they were counted."""
    return "not counted" if rows < 0 else f"{rows:,}"
