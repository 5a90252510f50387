"""Signed reports: build one, list them, check a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label

from console.tui.dialogs import Notice
from console.tui.form import Field, Form, choices
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.reports.checked import check_text
from console.tui.work import Work, path_of
from ledger.kinds import Kind
from ledger.registers.models import ModelRow
from ledger.registers.reports import ReportRow

if TYPE_CHECKING:
    from reports.issuing import IssuedReport


class ReportsPage(Page):
    """Reports issued, newest first."""

    ROOM = "reports"
    HELP = (
        "Signed PDF reports. b builds one from the ledger alone and signs it with your own "
        "certificate, or with an organisation's; v checks any file against what your seat trusts. "
        "Enter checks the report under the cursor."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "build", "Build"),
        Binding("v", "check", "Verify a file"),
    ]

    def body(self) -> Iterable[Widget]:
        """One list."""
        with VerticalGroup(classes="panel"):
            yield Label("Reports", classes="title")
            yield Listing(
                "Report", "About", "Issued", "By", "Pages", "Vouches for", "File",
                empty="No report was issued yet: b builds one.", id="reports",
            )  # fmt: skip

    def draw(self, picture: Picture) -> None:
        """Show every report."""
        local = self.app.local
        rows = sorted(picture.rows.where(ReportRow), key=lambda row: row.seq, reverse=True)
        listing = self.query_one(Listing)
        listing.show(
            [
                (row.report, (row.report, row.about, local.minute(row.issued_at), row.issued_by,
                              str(row.pages), f"{row.size:,} entries", str(self._path(row.report))))
                for row in rows
            ]
        )  # fmt: skip

    def _path(self, report: str) -> Path:
        return self.app.book.home.reports / f"{report}.pdf"

    @work
    async def action_build(self) -> None:
        """Build, sign, keep and enter a model report."""
        picture, local = self.app.picture, self.app.local
        if picture is None:
            return
        models = [row.model for row in picture.rows.where(ModelRow)]
        fields = [
            Field("model", "Model", "choice", choices=choices(models)),
            Field("from", "Period from", required=False, hint="Local time; empty: the beginning."),
            Field("to", "Period to", required=False, hint="Local time; empty: now."),
            Field("pkcs12", "Signed with", "path", required=False,
                  hint="An organisation's own key and certificate (.p12); empty: your own."),
            Field("opens", "Its passphrase", "secret", required=False,
                  hint="Of the .p12, if you name one."),
        ]  # fmt: skip

        def issuing(work: Work) -> IssuedReport:
            from reports.issuing import issue_model_report
            from reports.signing import load_pkcs12

            values, seat = work.values, self.app.session.seat
            own = None
            if values["pkcs12"]:
                own = load_pkcs12(path_of(values["pkcs12"]), values["opens"].encode())
            return issue_model_report(
                work.book,
                work.signer,
                None if own else seat.report_key(work.signer.actor, work.passphrase),
                values["model"],
                period_from=local.read(values["from"]) if values["from"] else None,
                period_to=local.read(values["to"]) if values["to"] else None,
                pkcs12=own,
            )

        issued = await self.app.enter(
            Kind.REPORT_ISSUED,
            issuing,
            form=lambda values: Form("Build a model report", fields, values, verb="Build"),
            doing="Building the report",
        )
        if issued is not None:
            self.app.tell(
                f"{issued.pages} pages, signed: {issued.path}", title=issued.report_id, timeout=12
            )

    @work
    async def action_check(self) -> None:
        """Check a file."""
        fields = [
            Field("path", "PDF", "path"),
            Field("trust", "Trusted CA", required=False,
                  hint="A fingerprint you know from elsewhere; empty: what your seat pinned."),
        ]  # fmt: skip
        values = await self.app.push_screen_wait(Form("Verify a report", fields, verb="Verify"))
        if values is not None:
            await self._check(path_of(values["path"]), values["trust"] or None)

    @on(DataTable.RowSelected)
    @work
    async def _check_listed(self, event: DataTable.RowSelected) -> None:
        await self._check(self._path(event.row_key.value or ""), None)

    async def _check(self, path: Path, trust: str | None) -> None:
        from reports.checking import check_report

        book, seat = self.app.book, self.app.session.seat
        checked = await self.app.run_job(
            f"Checking {path.name}",
            lambda _tell: check_report(path.read_bytes(), book=book, seat=seat, trust=trust),
        )
        if checked is not None:
            text = check_text(checked, self.app.local)
            await self.app.push_screen_wait(Notice(text, title=path.name))
