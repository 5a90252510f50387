"""The first screen: what waits for me, and how sound the record is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.widget import Widget
from textual.widgets import DataTable, Label, Static

from console.messages import legible
from console.tui import marks
from console.tui.listing import Listing
from console.tui.masthead import integrity_mark
from console.tui.overview.waiting import Waiting, waiting
from console.tui.page import Page
from console.tui.picture import Picture
from console.tui.record.verified import vouched
from console.tui.times import span
from ledger.registers.incidents import IncidentRow
from ledger.registers.models import ModelRow
from ledger.registers.switches import SwitchRow


class OverviewPage(Page):
    """What waits for me; Enter goes to where it is done."""

    ROOM = "overview"
    HELP = (
        "What waits for you stands here, the most pressing first; Enter goes to where it is done. "
        "The light says what the last verification of this sitting found, held against the "
        "checkpoints in your own seat."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "Go there", priority=True),
        Binding("v", "app.verify_record", "Verify"),
    ]

    def body(self) -> Iterable[Widget]:
        """The list of what waits; beside it soundness, ledger and person."""
        with Horizontal(id="overview"):
            with VerticalGroup(id="waits", classes="panel"):
                yield Label("What waits for me", classes="title")
                yield Listing(
                    "State",
                    "What, and what to do",
                    empty="Nothing waits for you. ✓",
                    id="waiting",
                    lines=2,
                )
            with VerticalGroup(id="beside"):
                for name in ("Integrity", "Ledger", "Me"):
                    with VerticalGroup(classes="panel"):
                        yield Label(name, classes="title")
                        yield Static("Reading the ledger …", id=name.lower(), markup=False)

    def on_mount(self) -> None:
        """Due times run on without any change of the ledger."""
        self.set_interval(10, self._redraw)

    def _redraw(self, _: None = None) -> None:
        super()._redraw()
        if self.app.picture is None and self.app.trouble is not None:
            for name in ("integrity", "ledger", "me"):
                self.query_one(f"#{name}", Static).update(marks.quiet("not read"))

    def draw(self, picture: Picture) -> None:
        """Show what waits now."""
        now = self.app.clock()
        self._waiting = {
            f"{one.room}/{one.key}": one
            for one in waiting(picture, self.app.session.actor, now, self.app.local)
        }
        listing = self.query_one(Listing)
        listing.show([(key, (w.mark.text, _told(w))) for key, w in self._waiting.items()])
        self.query_one("#integrity", Static).update(self._integrity(picture))
        self.query_one("#ledger", Static).update(self._ledger(picture))
        self.query_one("#me", Static).update(self._me(picture))

    def _integrity(self, picture: Picture) -> Text:
        known = self.app.integrity
        text = integrity_mark(self.app).text
        if known.found is not None and known.at is not None:
            text.append(f"\n{vouched(known.found, self.app.local)}")
            text.append(f"\nChecked {self.app.local.minute(known.at)}.")
            return text
        text.append("\nPress v to verify it.")
        if picture.anchor is not None:
            text.append(
                f"\nYour seat holds a checkpoint of {picture.anchor.checkpoint.size:,} entries,"
                f" {self.app.local.minute(picture.anchor.time)}.",
            )
        return text

    def _ledger(self, picture: Picture) -> str:
        ledger, rows = picture.ledger, picture.rows
        models = rows.where(ModelRow)
        stopped = sum(row.mode != "on" for row in rows.where(SwitchRow))
        live = sum(row.status == "open" for row in rows.where(IncidentRow))
        return (
            f"{legible(ledger.organisation)}\n{legible(ledger.origin)}\n"
            f"{picture.head.size:,} entries since {self.app.local.minute(ledger.founded_at)}\n"
            f"models: {len(models)}, stopped: {stopped}\nopen incidents: {live}"
        )

    def _me(self, picture: Picture) -> str:
        session = self.app.session
        if session.actor is None:
            return "No key in your seat: you can look, not act.\n8, then y makes one."
        roles = ", ".join(picture.roles(session.actor)) or "not enrolled in this ledger"
        name = picture.person(session.actor)
        lock = (
            f"Unlocked; locks after {span(session.idle)} idle." if session.unlocked else "Locked."
        )
        return f"{session.actor}{f' ({legible(name)})' if name else ''}\n{roles}\n{lock}"

    @on(DataTable.RowSelected)
    def action_go(self) -> None:
        """Go to where the chosen thing is done; before no ledger, to one."""
        key = self.query_one(Listing).key
        if self.app.picture is None:
            self.app.begin()
        elif key is not None:
            chosen: Waiting = self._waiting[key]
            self.app.open_at(chosen.room, chosen.key)


def _told(one: Waiting) -> Text:
    """What waits, and under it what to do."""
    return Text.assemble(legible(one.what), ("\n→ ", marks.QUIET), legible(one.todo))
