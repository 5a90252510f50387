"""One finding: what must be remedied, by whom and by when, and what was said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, get_args

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from console.messages import legible
from console.tui import marks
from console.tui.form import Field, Form, choices
from console.tui.incidents.findings import due_text, finding_mark, owner_fields
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.work import Work
from ledger.book import Appended
from ledger.entry import Draft
from ledger.kinds import Kind
from ledger.registers.findings import FindingNoteRow, FindingRow, Outcome
from policies.remedying import assign_finding


class FindingPage(Page):
    """A finding in full."""

    ROOM = "incidents"
    HELP = (
        "One finding. g gives it to somebody, or another day; n notes; x closes it with what was "
        "done. Enter goes to the audit or evaluation that it comes from."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "assign", "Assign"),
        Binding("n", "note", "Note"),
        Binding("x", "close", "Close"),
        Binding("enter", "source", "Where from"),
    ]

    def __init__(self, finding: str) -> None:
        super().__init__()
        self.finding = finding

    def body(self) -> Iterable[Widget]:
        """Facts above, what was said below."""
        yield Static(id="finding-facts", classes="panel facts")
        with VerticalScroll(classes="panel"):
            yield Static(id="notes-text")

    def on_mount(self) -> None:
        """Its time runs on."""
        self.set_interval(10, self._redraw)

    def draw(self, picture: Picture) -> None:
        """Show the finding at this moment."""
        row = picture.rows.get(FindingRow, self.finding)
        if row is not None:
            self.query_one("#finding-facts", Static).update(self._facts(row))
            self.query_one("#notes-text", Static).update(self._said(picture, row))

    def _facts(self, row: FindingRow) -> Text:
        now, local = self.app.clock(), self.app.local
        text = marks.severity_mark(row.severity).text
        text.append(f"  {row.finding}  ", style="bold").append(f"{legible(row.title)}\n")
        text.append(finding_mark(row, now).text).append("  ")
        text.append(due_text(row, now, local))
        if row.status == "open":
            text.append(f" ({local.minute(row.due)}) · owner {row.owner}")
        else:
            text.append(f" by {row.closed_by}")
        text.append(f"\nModel {row.model or 'none'} · from {legible(row.source)} · opened ")
        return text.append(f"{local.minute(row.opened_at)} by {row.opened_by}")

    def _said(self, picture: Picture, row: FindingRow) -> Text:
        local, subject = self.app.local, f"finding/{row.finding}"
        told = [(row.opened_at, row.opened_by, "opened", row.detail, "detail")]
        for note in picture.rows.where(FindingNoteRow, finding=row.finding):
            given = f"given to {note.owner}, due {local.minute(note.due)}" if note.owner else "note"
            field = "reason" if note.owner else "note"
            told.append((note.time, note.actor, given, note.text, field))
        if row.closed_at:
            told.append((row.closed_at, row.closed_by, row.outcome, row.resolution, "resolution"))
        text = Text()
        for time, actor, what, sealed, field in sorted(told):
            text.append(f"{local.minute(time)}  {actor}  {what}\n", style=marks.QUIET)
            said = picture.reveal(subject, field, sealed) if sealed else ""
            text.append(f"{legible(said)}\n\n" if said else "\n")
        return text

    def action_source(self) -> None:
        """Go to what it comes from, where that is a thing of this record."""
        row = self.app.picture.rows.get(FindingRow, self.finding) if self.app.picture else None
        about, _, key = row.source.partition("/") if row else ("", "", "")
        room = {"audit": "audits", "evaluation": "evaluations"}.get(about)
        if room and key:
            self.app.open_detail(room, key)
        elif row is not None:
            self.app.tell(f"It comes from: {row.source}", title=row.finding)

    @work
    async def action_assign(self) -> None:
        """Give it to somebody, by a day."""
        row = self.app.picture.rows.get(FindingRow, self.finding) if self.app.picture else None
        if row is None:
            return
        local, due = self.app.local, self.app.local.minute(row.due)
        why = Field("reason", "Why", "long", required=False,
                    hint="Encrypted, so that it can be erased.")  # fmt: skip

        def assigning(work: Work) -> Appended:
            values = work.values
            return assign_finding(
                work.book,
                work.signer,
                self.finding,
                owner=values["owner"],
                due=local.read(values["due"]) if values["due"] != due else None,
                reason=values["reason"],
            )

        fields = [*owner_fields(self.app, row.owner, due, given=True), why]
        await self._enter(Kind.FINDING_ASSIGNED, "Assign", fields, assigning)

    @work
    async def action_note(self) -> None:
        """Add a note."""
        note = Field("note", "Note", "long", hint="Encrypted, so that it can be erased.")
        await self._enter(Kind.FINDING_NOTED, "Note on", [note], self._saying(Kind.FINDING_NOTED))

    @work
    async def action_close(self) -> None:
        """Close it with what was done."""
        fields = [
            Field("outcome", "How it ended", "choice", choices=choices(get_args(Outcome))),
            Field("resolution", "What was done", "long",
                  hint="Encrypted, so that it can be erased; a closed finding stays closed."),
        ]  # fmt: skip
        await self._enter(Kind.FINDING_CLOSED, "Close", fields, self._saying(Kind.FINDING_CLOSED))

    def _saying(self, kind: Kind) -> Callable[[Work], Appended]:
        """What enters a form's values as they are."""

        def entering(work: Work) -> Appended:
            draft = Draft(kind, f"finding/{self.finding}", dict(work.values))
            return work.book.append(work.signer, [draft])

        return entering

    async def _enter(
        self, kind: Kind, verb: str, fields: list[Field], entering: Callable[[Work], Appended]
    ) -> None:
        entered = await self.app.enter(
            kind,
            entering,
            form=lambda values: Form(f"{verb} {self.finding}", fields, values),
            doing=f"Entering into {self.finding}",
        )
        if entered is not None:
            self.app.tell(f"Entered as entry {entered.entries[-1].seq}.", title=self.finding)
