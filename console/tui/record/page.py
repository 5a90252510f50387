"""The record: entries, approvals, policies in force, and its verification."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from console.tui.dialogs import Notice
from console.tui.form import Field, Form
from console.tui.listing import Listing
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.record import proving
from console.tui.record.deciding import approval_state, decide, what_about
from console.tui.record.entries import PAGE, EntriesPage, Wanted, entry_text, read_entries, short
from console.tui.record.jobs import choose_job
from console.tui.record.policies import adopt_policy, policy_text
from console.tui.record.verified import verification_text
from console.tui.record.witnesses import use_witness
from ledger.registers.approvals import ApprovalRow
from ledger.registers.policies import PolicyRow


class RecordPage(Page):
    """Everything that anyone did, and whether it is still what was signed."""

    ROOM = "record"
    HELP = (
        "Every entry, newest first, a hundred at a time: < older, > newer, g goes to a number, "
        "/ filters by kind and subject. [ and ] turn to approvals, policies in force and "
        "verification; v verifies everything against the checkpoints in your seat, V also "
        "against what somebody else kept, strictly, or only what is new. o writes a proof for "
        "others; m has what is done now and then: witnesses, checks, backups, restores, moves."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "verify", "Verify"),
        Binding("V", "verify_with", "Verify with"),
        Binding("less_than_sign,comma", "page(-1)", "Older", key_display="<"),
        Binding("greater_than_sign,full_stop", "page(1)", "Newer", key_display=">"),
        Binding("g", "go", "Go to"),
        Binding("slash", "filter", "Filter"),
        Binding("o", "prove", "Prove"),
        Binding("m", "more", "More"),
        Binding("p", "adopt", "Adopt a policy", show=False),
        Binding("c", "checkpoint", "Sign a checkpoint", show=False),
        Binding("w", "witness", "Let a folder be witness", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._wanted = Wanted()
        self._page: EntriesPage | None = None
        self._covered = -1

    def body(self) -> Iterable[Widget]:
        """Four tabs."""
        with TabbedContent():
            with TabPane("Entries", id="entries"):
                yield Static(id="where", markup=False)
                yield Listing(
                    "Entry", "When", "Actor", "Kind", "Subject",
                    empty="No entry matches: / changes the filter.", id="entry-list",
                )  # fmt: skip
            with TabPane("Approvals", id="approvals"):
                yield Listing(
                    "State", "Request", "Kind", "Of", "Asked by", "When", "Decided by",
                    empty="Nothing was ever requested.", id="approval-list",
                )  # fmt: skip
            with TabPane("Policies", id="policies"):
                yield Listing(
                    "Policy", "Adopted", "By", "Entry", "Reason", "SHA-256",
                    empty="No policy is in force: p adopts one.", id="policy-list",
                )  # fmt: skip
            with TabPane("Verification", id="verification"), VerticalScroll():
                yield Static(id="verdict")

    def show_tab(self, tab: str) -> None:
        """Turn to a tab."""
        self.query_one(TabbedContent).active = tab
        self.set_focus(None)
        self.call_after_refresh(self.focus_first)

    def draw(self, picture: Picture) -> None:
        """Show approvals, policies and the verdict; read entries again if there are new ones."""
        local = self.app.local
        approvals = sorted(
            picture.rows.where(ApprovalRow), key=lambda r: (r.state != "pending", -r.seq)
        )
        self.query_one("#approval-list", Listing).show(
            [
                (row.approval, (approval_state(picture, row), row.approval, row.kind,
                                what_about(row), row.requested_by, local.minute(row.requested_at),
                                row.decided_by))
                for row in approvals
            ]
        )  # fmt: skip
        self.query_one("#policy-list", Listing).show(
            [
                (row.policy, (row.policy, local.minute(row.adopted_at), row.adopted_by,
                              str(row.seq), row.reason, row.content))
                for row in picture.rows.where(PolicyRow)
            ]
        )  # fmt: skip
        self.query_one("#verdict", Static).update(verification_text(self.app.integrity, local))
        if picture.head.size != self._covered and self._wanted.last is None:
            self._covered = picture.head.size
            self._turn(self._wanted)

    @work(exclusive=True, group="entries")
    async def _turn(self, wanted: Wanted) -> None:
        book = self.app.book
        page = await self.app.run_job("Reading entries", lambda _tell: read_entries(book, wanted))
        if page is None:
            return
        self._wanted, self._page = wanted, page
        shown = page.entries
        if wanted.filtered:
            place = f"the last {len(shown)} of {wanted.kind or 'any kind'} {wanted.subject}"
        elif shown:
            place = f"{shown[-1].seq:,} to {shown[0].seq:,}"
        else:
            place = "none"
        self.query_one("#where", Static).update(f"Entries: {place}, of {page.size:,}")
        self.query_one("#entry-list", Listing).show(
            [
                (str(e.seq), (f"{e.seq:,}", self.app.local.second(e.time), e.actor, e.kind,
                              short(e.subject)))
                for e in shown
            ]
        )  # fmt: skip
        self.focus_first()

    def action_page(self, by: int) -> None:
        """Older or newer entries."""
        if self._page is None or not self._page.entries or self._wanted.filtered:
            return
        newest, oldest = self._page.entries[0].seq, self._page.entries[-1].seq
        if by < 0 and oldest > 0:
            self._turn(Wanted(oldest - 1))
        elif by > 0 and newest + 1 < self._page.size:
            last = newest + PAGE
            self._turn(Wanted(last if last + 1 < self._page.size else None))

    @work
    async def action_go(self) -> None:
        """Go to an entry by its number."""
        field = Field("seq", "Entry", hint="Its number; the first is 0.")
        values = await self.app.push_screen_wait(Form("Go to an entry", [field], verb="Go"))
        if values is not None and values["seq"].isdigit():
            self._turn(Wanted(int(values["seq"])))

    @work
    async def action_filter(self) -> None:
        """Show the last entries of a kind and a subject."""
        fields = [
            Field("kind", "Kind", value=self._wanted.kind, required=False,
                  hint="Such as switch.killed, or incident.* for all about incidents."),
            Field("subject", "Subject", value=self._wanted.subject, required=False,
                  hint="Such as model/credit-scorer. Leave both empty to see everything."),
        ]  # fmt: skip
        values = await self.app.push_screen_wait(Form("Filter entries", fields, verb="Filter"))
        if values is not None:
            self._turn(Wanted(None, values["kind"], values["subject"]))

    def action_verify(self) -> None:
        """Verify everything, and look on."""
        self.show_tab("verification")
        self.app.action_verify_record()

    @work
    async def action_verify_with(self) -> None:
        """Verify strictly, or against what somebody else kept, and look on."""
        if await proving.verify_with(self.app):
            self.show_tab("verification")

    @work
    async def action_prove(self) -> None:
        """Prove an entry, a decision, or that nothing was rewritten."""
        await proving.prove(self.app, self.query_one("#entry-list", Listing).key or "")

    @work
    async def action_checkpoint(self) -> None:
        """Sign a checkpoint for somebody else to keep."""
        await proving.give_checkpoint(self.app)

    @work
    async def action_witness(self) -> None:
        """Bring a witness folder up to date."""
        await use_witness(self.app)

    @work
    async def action_more(self) -> None:
        """Choose among what is done now and then."""
        await choose_job(self.app)

    @on(DataTable.RowSelected, "#entry-list DataTable")
    @work
    async def _open_entry(self, event: DataTable.RowSelected) -> None:
        for stored in self._page.entries if self._page else ():
            if str(stored.seq) == event.row_key.value:
                text = entry_text(stored, self.app.local)
                await self.app.push_screen_wait(Notice(text, title=f"Entry {stored.seq:,}"))

    @on(DataTable.RowSelected, "#approval-list DataTable")
    @work
    async def _open_approval(self, event: DataTable.RowSelected) -> None:
        await decide(self.app, event.row_key.value or "")

    @on(DataTable.RowSelected, "#policy-list DataTable")
    @work
    async def _open_policy(self, event: DataTable.RowSelected) -> None:
        policy, book = event.row_key.value or "", self.app.book
        text = await self.app.run_job("Reading the policy", lambda _tell: policy_text(book, policy))
        if text is not None:
            await self.app.push_screen_wait(Notice(text, title=f"{policy} in force"))

    @work
    async def action_adopt(self) -> None:
        """Put a policy in force."""
        await adopt_policy(self.app)
