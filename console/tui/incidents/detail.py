"""One incident: the running clock, the playbook's steps, and everything noted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import orjson
from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static, TabbedContent, TabPane

from console.messages import legible
from console.tui import marks
from console.tui.incidents import acts
from console.tui.listing import Cell, Listing
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.switches.acts import kill_model
from console.tui.times import until
from ledger.registers.incidents import IncidentRow, NoteRow, StepRow
from policies.playbook import parse
from policies.responding import IncidentClock, clock


class IncidentPage(Page):
    """Answer an incident from here."""

    ROOM = "incidents"
    HELP = (
        "One incident. a says that you answer it; Space ticks the step under the cursor; n notes, "
        "g assigns, e changes the severity, r resolves, x closes. k stops the model concerned. "
        "Whether times were met is computed from the record, never typed in."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act('acknowledge')", "Answer"),
        Binding("space", "tick", "Tick"),
        Binding("n", "act('write_note')", "Note"),
        Binding("g", "act('assign')", "Assign"),
        Binding("e", "escalate", "Severity"),
        Binding("r", "act('resolve')", "Resolve"),
        Binding("x", "act('close')", "Close"),
        Binding("k", "kill", "Kill"),
    ]

    def __init__(self, incident: str) -> None:
        super().__init__()
        self.incident = incident
        self._actions: dict[str, str] | None = None
        self._placed = False

    def body(self) -> Iterable[Widget]:
        """Clock above; playbook and notes in tabs; the chosen step's action below."""
        yield Static(id="clock", classes="panel facts")
        with TabbedContent():
            with TabPane("Playbook", id="playbook"):
                yield Listing("", "Step", "Due", "Done", "Phase", empty="No steps.", id="steps")
                yield Static(id="step-action", markup=False)
            with TabPane("Notes", id="notes"), VerticalScroll():
                yield Static(id="notes-text")

    def on_mount(self) -> None:
        """The clock runs each second."""
        self.set_interval(1, self._redraw)

    def draw(self, picture: Picture) -> None:
        """Show the incident at this moment."""
        row = picture.rows.get(IncidentRow, self.incident)
        if row is None:
            return
        if self._actions is None:
            self._actions = {}
            self._fetch_actions(row.playbook)
        now = self.app.clock()
        steps = picture.rows.where(StepRow, incident=self.incident)
        times = clock(row, steps, now)
        self.query_one("#clock", Static).update(self._clock(row, times, now))
        listing = self.query_one("#steps", Listing)
        listing.show(self._steps(times, now))
        if not self._placed:
            undone = [step.done is None for step in times.steps]
            listing.table.move_cursor(row=undone.index(True) if True in undone else 0)
            self._placed = True
        self.query_one("#notes-text", Static).update(self._notes(picture, row, steps))

    def _clock(self, row: IncidentRow, times: IncidentClock, now: datetime) -> Text:
        local = self.app.local
        text = marks.severity_mark(row.severity).text
        text.append(f"  {row.incident}  ", style="bold")
        text.append(f"{legible(row.title)}  ")
        text.append(marks.state_mark(row.status).text)
        text.append(
            f"\nModel {row.model or 'none'} · detected {local.minute(row.detected_at)} · aware "
            f"{local.minute(row.aware_at)} · led by {row.assignee or 'nobody yet'}\n",
        )
        answer = times.answer
        text.append(marks.state_mark(answer.state).text)
        if answer.done is not None:
            told = f"  answered {local.minute(answer.done)} by {answer.done_by}"
        else:
            told = f"  not answered: {until(answer.due, now)} ({local.minute(answer.due)})"
        text.append(f"{told}\n")
        done = sum(step.done is not None for step in times.steps)
        late = sum(step.state in {"late", "overdue"} for step in times.steps)
        text.append(f"{done} of {len(times.steps)} steps done")
        text.append(f", {late} not in time" if late else ", all in time so far",
                    style=marks.BAD if late else "")  # fmt: skip
        following = times.next_due
        if following is not None and row.status != "closed":
            style = f"bold {marks.BAD if following.due < now else ''}"
            text.append(
                f" · next: {legible(following.title)}, {until(following.due, now)}", style=style
            )
        return text

    def _steps(self, times: IncidentClock, now: datetime) -> list[tuple[str, list[Cell]]]:
        shown: list[tuple[str, list[Cell]]] = []
        phase = ""
        for step in times.steps:
            state = marks.state_mark(step.state)
            due, done = until(step.due, now), ""
            if step.done is not None:
                due, done = state.word, f"{self.app.local.minute(step.done)} {step.done_by}"
            cells: list[Cell] = [
                marks.coloured(state.glyph, state.style),
                step.title,
                marks.coloured(due, "" if step.state == "open" else state.style),
                done,
                step.phase if step.phase != phase else "",
            ]
            phase = step.phase
            shown.append((step.step, cells))
        return shown

    def _notes(self, picture: Picture, row: IncidentRow, steps: list[StepRow]) -> Text:
        local, subject = self.app.local, f"incident/{row.incident}"
        told = [(row.opened_at, row.opened_by, "opened", row.description, "description")]
        told += [
            (s.done_at, s.done_by, f"step: {s.title}", s.note, "note") for s in steps if s.done_at
        ]
        told += [
            (n.time, n.actor, "note", n.text, "note")
            for n in picture.rows.where(NoteRow, incident=row.incident)
        ]
        if row.resolved_at:
            told.append((row.resolved_at, "", "resolved", row.resolution, "resolution"))
        text = Text()
        for time, actor, what, sealed, field in sorted(told):
            text.append(f"{local.minute(time)}  {actor}  {what}\n", style=marks.QUIET)
            said = picture.reveal(subject, field, sealed)
            text.append(f"{legible(said)}\n" if said else "")
            text.append("\n")
        return text

    @work(exclusive=True, group="evidence")
    async def _fetch_actions(self, digest: str) -> None:
        """Read the playbook that this incident was opened under, for what each step asks."""
        evidence = self.app.book.home.evidence
        playbook = await self.app.run_job(
            "Reading the playbook", lambda _tell: parse(orjson.loads(evidence.read(digest, "json")))
        )
        if playbook is not None:
            self._actions = {each.id: f"{each.action} ({each.role})" for each in playbook.steps}
            self._tell_action()

    @on(DataTable.RowHighlighted, "#steps DataTable")
    def _tell_action(self) -> None:
        action = (self._actions or {}).get(self.query_one("#steps", Listing).key or "", "")
        self.query_one("#step-action", Static).update(legible(action))

    @work
    async def action_tick(self) -> None:
        """Tick the step under the cursor."""
        step = self.query_one("#steps", Listing).key
        if step is None or self.app.picture is None:
            return
        rows = self.app.picture.rows.where(StepRow, incident=self.incident, step=step)
        await acts.tick(self.app, self.incident, step, rows[0].title)

    @work
    async def action_act(self, name: str) -> None:
        """Acknowledge, note, assign, resolve or close."""
        doing = {
            "acknowledge": acts.acknowledge,
            "write_note": acts.write_note,
            "assign": acts.assign,
            "resolve": acts.resolve,
            "close": acts.close,
        }
        await doing[name](self.app, self.incident)

    @work
    async def action_escalate(self) -> None:
        """Choose another severity."""
        picture = self.app.picture
        row = picture.rows.get(IncidentRow, self.incident) if picture else None
        if row is not None:
            await acts.escalate(self.app, row)

    @work
    async def action_kill(self) -> None:
        """Stop the model that this is about."""
        picture = self.app.picture
        row = picture.rows.get(IncidentRow, self.incident) if picture else None
        if row is not None and row.model:
            await kill_model(self.app, row.model)
