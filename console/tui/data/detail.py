"""One data set: where it comes from, its versions, and the models made with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import orjson
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from console.messages import legible
from console.tui import marks
from console.tui.data import acts
from console.tui.data.page import rows_text
from console.tui.data.profile import read_contents
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from ledger.registers.datasets import ContentsRow, DatasetRow, LineageRow

_DIGEST = 12


class DatasetPage(Page):
    """A data set in full."""

    ROOM = "data"
    HELP = (
        "One data set. Enter on a version shows its files and the profile that was kept with it; "
        "[ and ] turn to the models made with it. v enters new contents, m that a model version "
        "was trained, validated or tested on them; x retires the data set for good."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "act('renew')", "New version"),
        Binding("m", "act('record_use')", "Made a model"),
        Binding("x", "act('retire')", "Retire"),
    ]

    def __init__(self, dataset: str) -> None:
        super().__init__()
        self.dataset = dataset

    def body(self) -> Iterable[Widget]:
        """Facts above, versions and lineage in tabs."""
        yield Static(id="dataset-facts", classes="panel facts")
        with TabbedContent():
            with TabPane("Versions", id="versions"):
                yield Listing(
                    "Version", "Rows", "Profile", "SHA-256", "Files", "When", "Who",
                    empty="None.", id="contents",
                )  # fmt: skip
            with TabPane("Models", id="models"):
                yield Listing(
                    "Model", "Version", "Use", "Data version", "SHA-256", "When", "Who",
                    empty="No model is recorded as made with it: m records one.", id="lineage",
                )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show the data set as it stands."""
        row = picture.rows.get(DatasetRow, self.dataset)
        if row is None:
            return
        local = self.app.local
        self.query_one("#dataset-facts", Static).update(self._facts(row))
        contents = picture.rows.where(ContentsRow, dataset=self.dataset)
        versions = {each.digest: each.version for each in contents}
        self.query_one("#contents", Listing).show(
            [
                (each.version, (each.version, rows_text(each.rows),
                                "kept" if each.profile else "none", each.digest[:_DIGEST],
                                ", ".join(file["name"] for file in orjson.loads(each.files)),
                                local.minute(each.time), each.actor))
                for each in sorted(contents, key=lambda each: each.seq, reverse=True)
            ]
        )  # fmt: skip
        lineage = picture.rows.where(LineageRow, dataset=self.dataset)
        self.query_one("#lineage", Listing).show(
            [
                (str(each.seq), (each.model, each.model_version, each.use, versions[each.digest],
                                 each.digest[:_DIGEST], local.minute(each.time), each.actor))
                for each in sorted(lineage, key=lambda each: each.seq, reverse=True)
            ]
        )  # fmt: skip

    def _facts(self, row: DatasetRow) -> Text:
        text = marks.coloured(legible(row.name), "bold")
        text.append(f"  {row.dataset}  ", style=marks.QUIET)
        text.append(marks.state_mark(row.status).text)
        text.append(
            f"\nVersion {legible(row.version)} · owner {row.owner} · licence "
            f"{legible(row.licence)} · personal data: {row.personal_data}"
            f"\nFrom {legible(row.source)}"
        )
        text.append(f"\nFor {legible(row.purpose)}" if row.purpose else "")
        return text

    @on(DataTable.RowSelected, "#contents DataTable")
    @work
    async def _open_contents(self, event: DataTable.RowSelected) -> None:
        await read_contents(self.app, self.dataset, event.row_key.value or "")

    @on(DataTable.RowSelected, "#lineage DataTable")
    def _open_model(self, event: DataTable.RowSelected) -> None:
        picture = self.app.picture
        for each in picture.rows.where(LineageRow, dataset=self.dataset) if picture else ():
            if str(each.seq) == event.row_key.value:
                self.app.open_detail("models", each.model)

    @work
    async def action_act(self, name: str) -> None:
        """Enter new contents, a use of it, or its end."""
        doing = {"renew": acts.renew, "record_use": acts.record_use, "retire": acts.retire}
        await doing[name](self.app, self.dataset)
