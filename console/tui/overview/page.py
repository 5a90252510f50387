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

from console.tui.listing import Listing
from console.tui.masthead import integrity_mark
from console.tui.overview.waiting import Waiting, waiting
from console.tui.page import Page
from console.tui.picture import Picture
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
        Binding("enter", "go", "Go there"),
        Binding("v", "app.verify_record", "Verify"),
    ]

    def body(self) -> Iterable[Widget]:
        """The list of what waits; beside it soundness, ledger and person."""
        with Horizontal(id="overview"):
            with VerticalGroup(id="waits", classes="panel"):
                yield Label("What waits for me", classes="title")
                yield Listing(
                    "State", "What", "Next", empty="Nothing waits for you. ✓", id="waiting"
                )
            with VerticalGroup(id="beside"):
                for name in ("Integrity", "Ledger", "Me"):
                    with VerticalGroup(classes="panel"):
                        yield Label(name, classes="title")
                        yield Static("Reading the ledger …", id=name.lower(), markup=False)

    def on_mount(self) -> None:
        """Due times run on without any change of the ledger."""
        super().on_mount()
        self.set_interval(10, self._redraw)

    def draw(self, picture: Picture) -> None:
        """Show what waits now."""
        now = self.app.clock()
        self._waiting = {
            f"{one.room}/{one.key}": one
            for one in waiting(picture, self.app.session.actor, now, self.app.local)
        }
        listing = self.query_one(Listing)
        listing.show(
            [(key, (w.mark.text, w.what, w.todo)) for key, w in self._waiting.items()]
        )
        if self.focused is None:
            listing.focus()
        self.query_one("#integrity", Static).update(self._integrity(picture))
        self.query_one("#ledger", Static).update(self._ledger(picture))
        self.query_one("#me", Static).update(self._me(picture))

    def _integrity(self, picture: Picture) -> Text:
        known = self.app.integrity
        text = integrity_mark(self.app).text
        if known.found is not None and known.at is not None:
            text.append(f"\n{known.found.sentence}", style="not bold default")
            text.append(f"\nVerified here {self.app.local.minute(known.at)}.")
            return text
        anchor = picture.book.seat.anchor(picture.ledger.ledger_id) if picture.book.seat else None
        text.append("\nNot verified since this console opened: press v.", style="default")
        if anchor is not None:
            text.append(
                f"\nYour seat holds a checkpoint of {anchor.checkpoint.size:,} entries,"
                f" {self.app.local.minute(anchor.time)}.",
                style="default",
            )
        return text

    def _ledger(self, picture: Picture) -> str:
        ledger, rows = picture.ledger, picture.rows
        models = rows.where(ModelRow)
        stopped = sum(row.mode != "on" for row in rows.where(SwitchRow))
        live = sum(row.status == "open" for row in rows.where(IncidentRow))
        return (
            f"{ledger.organisation}\n{ledger.origin}\n"
            f"{picture.head.size:,} entries since {self.app.local.minute(ledger.founded_at)}\n"
            f"{len(models)} models, {stopped} stopped · {live} open incidents"
        )

    def _me(self, picture: Picture) -> str:
        session = self.app.session
        if session.actor is None:
            return "No key in your seat: you can look, not act.\nMake one: quaestor key new NAME"
        roles = ", ".join(picture.roles(session.actor)) or "not enrolled in this ledger"
        name = picture.person(session.actor)
        lock = f"Unlocked; locks after {span(session.idle)} idle." if session.unlocked else "Locked."
        return f"{session.actor}{f' ({name})' if name else ''}\n{roles}\n{lock}"

    @on(DataTable.RowSelected)
    def action_go(self) -> None:
        """Go to where the chosen thing is done."""
        key = self.query_one(Listing).key
        if key is not None:
            chosen: Waiting = self._waiting[key]
            self.app.open_at(chosen.room, chosen.key)
