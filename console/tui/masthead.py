"""The lines that frame every screen: which ledger, who, how sound; the rooms; work under way."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.getters import app
from textual.widgets import Static

from console.messages import legible
from console.tui import marks
from console.tui.bars import bar
from console.tui.desk import Desk
from console.tui.marks import Mark

ROOMS = (
    ("overview", "Overview"),
    ("models", "Models"),
    ("audits", "Audits"),
    ("incidents", "Incidents"),
    ("switches", "Switches"),
    ("reports", "Reports"),
    ("record", "Record"),
    ("people", "People"),
    ("data", "Data"),
)

# Cells from which on the rooms stand apart, and from which on number and name do.
_SPACIOUS, _ROOMY = 106, 88


def integrity_mark(desk: Desk) -> Mark:
    """The light: the last verdict of this sitting, and whether it still covers everything."""
    known = desk.integrity
    if known.running:
        return Mark("◌", "verifying", marks.WARN)
    if known.found is None:
        return Mark("○", "not verified", marks.QUIET)
    mark = marks.verdict_mark(known.found.verdict)
    size = desk.picture.head.size if desk.picture else known.found.size
    newer = size - known.found.size
    if newer > 0 and known.found.verdict != "altered":
        return Mark(mark.glyph, f"{mark.word} to {known.found.size:,}, {newer:,} newer", mark.style)
    return mark


class Masthead(VerticalGroup):
    """Two lines: ledger, DEMO, person and light; then the rooms, this one marked."""

    app = app(Desk)

    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room

    def compose(self) -> ComposeResult:
        """Facts and rooms."""
        yield Static(id="facts")
        yield Static(id="rooms")

    def on_mount(self) -> None:
        """Draw, and again whenever something changes."""
        self.app.changed.subscribe(self, self._redraw)
        self._redraw()

    def on_resize(self) -> None:
        """The rooms spread where there is space."""
        self._redraw()

    def _redraw(self, _: None = None) -> None:
        picture, session = self.app.picture, self.app.session
        left = marks.coloured("Quaestor", "bold")
        if picture is not None:
            left.append(f"  {legible(picture.ledger.organisation)}")
            if picture.ledger.demo:
                left.append("  ").append(marks.DEMO.text)
        right = Text(no_wrap=True)
        if session.actor is None:
            right.append("looking only", style=marks.WARN)
        else:
            right.append(session.actor)
            right.append(" unlocked" if session.unlocked else " locked", style=marks.QUIET)
        right.append("   ").append(integrity_mark(self.app).text)
        grid = Table.grid(expand=True, padding=0)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(left, right)
        self.query_one("#facts", Static).update(grid)
        pad = " " if self.size.width > _SPACIOUS else ""
        apart = " " if self.size.width > _ROOMY else ""
        rooms = [
            f"[b reverse]{pad}{number}{apart}{title}{pad}[/]"
            if name == self.room
            else f"[@click=app.room('{name}')]{pad}{number}{apart}{title}{pad}[/]"
            for number, (name, title) in enumerate(ROOMS, 1)
        ]
        self.query_one("#rooms", Static).update(" ".join(rooms))


class JobLine(Static):
    """What is being done beside the screen, and how far it has come; hidden when nothing is."""

    app = app(Desk)

    def on_mount(self) -> None:
        """Draw, and again whenever a job moves."""
        self.display = False
        self.app.jobs_moved.subscribe(self, self._redraw)
        self._redraw()

    def _redraw(self, _: None = None) -> None:
        jobs = list(self.app.jobs.values())
        self.display = bool(jobs)
        if not jobs:
            return
        job = jobs[-1]
        line = marks.coloured(f"◌ {job.doing} …  ", marks.WARN)
        if job.total:
            share = job.done / job.total
            line.append(bar(share, 24)).append(f"  {share:.0%}")
        if len(jobs) > 1:
            line.append(f"  and {len(jobs) - 1} more")
        self.update(line)
