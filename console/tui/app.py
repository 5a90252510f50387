"""`quaestor` without a command: the console that opens, its rooms and its commands by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from console.tui.audits.detail import AuditPage
from console.tui.audits.evaluation import EvaluationPage
from console.tui.audits.page import AuditsPage
from console.tui.data.detail import DatasetPage
from console.tui.data.page import DataPage
from console.tui.desk import Desk
from console.tui.incidents.acts import open_incident
from console.tui.incidents.detail import IncidentPage
from console.tui.incidents.finding import FindingPage
from console.tui.incidents.page import IncidentsPage
from console.tui.keys import KeysDialog
from console.tui.leaving import Elsewhere, Story
from console.tui.masthead import ROOMS
from console.tui.models.detail import ModelPage
from console.tui.models.page import ModelsPage
from console.tui.overview.beginning import lacks_ledger, lead, saw_ledger
from console.tui.overview.page import OverviewPage
from console.tui.page import Page
from console.tui.people.page import PeoplePage
from console.tui.record.deciding import decide
from console.tui.record.jobs import JOBS, Job
from console.tui.record.page import RecordPage
from console.tui.reports.page import ReportsPage
from console.tui.switches.acts import kill_model, request_resume
from console.tui.switches.page import SwitchesPage
from console.tui.theme import ANSI_DARK, QUAESTOR
from console.tui.watching import ReadingFailed
from ledger.clock import system_clock
from ledger.registers.switches import SwitchRow

if TYPE_CHECKING:
    from console.settings import Settings

_DETAILS: dict[str, Callable[[str], Page]] = {
    "models": ModelPage,
    "audits": AuditPage,
    "evaluations": EvaluationPage,
    "incidents": IncidentPage,
    "findings": FindingPage,
    "data": DatasetPage,
}
_ROOM_OF = {"findings": "incidents", "evaluations": "audits"}


class QuaestorApp(Desk):
    """The desk with its rooms; numbers go to them."""

    TITLE = "Quaestor"
    CSS_PATH = "quaestor.tcss"
    ENABLE_COMMAND_PALETTE = True
    DEFAULT_MODE = "overview"
    MODES: ClassVar[dict[str, Callable[[], Screen[Any]]]] = {  # type: ignore[assignment]
        "overview": OverviewPage,
        "models": ModelsPage,
        "audits": AuditsPage,
        "incidents": IncidentsPage,
        "switches": SwitchesPage,
        "reports": ReportsPage,
        "record": RecordPage,
        "people": PeoplePage,
        "data": DataPage,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"room('{name}')", title, show=False)
            for number, (name, title) in enumerate(ROOMS, 1)
        ),
        Binding("question_mark", "keys", "Help", key_display="?"),
        Binding("ctrl+l", "lock", "Lock", show=False),
        Binding("ctrl+q", "quit", "Quit", show=False, priority=True),
    ]

    _led = False

    def on_mount(self) -> None:
        """Dress; the desk begins to watch."""
        self.register_theme(QUAESTOR)
        self.theme = QUAESTOR.name
        self.ansi_theme_dark = ANSI_DARK

    @on(ReadingFailed)
    def _nothing_here(self) -> None:
        """Whoever stands before no ledger is led to one, once by itself; not where one is away."""
        if self.picture is None and not self._led and not saw_ledger(self):
            self._led = True
            self.begin()

    def begin(self) -> None:
        """Lead somebody who stands before no ledger to one."""
        if lacks_ledger(self.book.home):
            self._begin()

    @work(exclusive=True, group="beginning")
    async def _begin(self) -> None:
        if then := await lead(self):
            self.exit(then)

    # Going places

    def action_room(self, room: str) -> None:
        """Go to a room's first screen."""
        if self.current_mode != room:
            self.switch_mode(room)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def open_at(self, room: str, key: str) -> None:
        """Go to a room, and to one thing in it; what is to be decided is decided here."""
        if room == "approvals":
            self._decide(key)
            return
        self.action_room(_ROOM_OF.get(room, room))
        if room in _DETAILS and key:
            self.open_detail(room, key)

    def open_detail(self, room: str, key: str) -> None:
        """Open one thing of a room over the present screen; Esc comes back."""
        self.push_screen(_DETAILS[room](key))

    # Everywhere

    def action_keys(self) -> None:
        """Help on this screen."""
        if isinstance(self.screen, Page):
            self.push_screen(KeysDialog(self.screen))

    def action_lock(self) -> None:
        """Lock the key now."""
        self.session.lock()
        self.tell("Your key is locked.")
        self.changed.publish(None)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the palette offers: rooms, all that is done in them, switches, whom to act as."""
        for name, title in ROOMS:
            yield SystemCommand(title, f"Go to {title}", lambda name=name: self.action_room(name))
        for binding in _told(type(screen)):
            here = partial(self.run_action, binding.action, screen)
            key = self.get_key_display(binding)
            yield SystemCommand(binding.description, f"Here: {key}", here)
        for name, title in ROOMS:
            page = self.MODES[name]
            for binding in _told(page) if page is not type(screen) else ():
                there = partial(self._act_in, name, binding.action)
                key = self.get_key_display(binding)
                yield SystemCommand(f"{binding.description} ({title})", f"{title}: {key}", there)
        for job in JOBS:
            yield SystemCommand(job.name, job.says, partial(self._do, job))
        yield SystemCommand("Verify the record", "Against your seat", self.action_verify_record)
        yield SystemCommand("Open an incident", "Choose its severity", self._open_incident)
        yield SystemCommand("Lock", "Lock your key", self.action_lock)
        for row in self.picture.rows.where(SwitchRow) if self.picture else []:
            if row.mode == "on":
                yield SystemCommand(
                    f"Kill {row.model}", "Stop it now", lambda model=row.model: self._kill(model)
                )
            else:
                yield SystemCommand(
                    f"Resume {row.model}",
                    "Request its way back",
                    lambda model=row.model: self._resume(model),
                )
        for actor in self.session.seat.actors():
            if actor != self.session.actor:
                yield SystemCommand(
                    f"Act as {actor}",
                    "Their key lies in your seat",
                    lambda actor=actor: self._act_as(actor),
                )
        kept = {"Theme", "Quit"}
        yield from (each for each in super().get_system_commands(screen) if each.title in kept)

    async def _act_in(self, room: str, action: str) -> None:
        if self.current_mode != room:
            await self.switch_mode(room)
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        await self.run_action(action, self.screen)

    def _act_as(self, actor: str) -> None:
        self.session.act_as(actor)
        self.changed.publish(None)

    @work
    async def _do(self, job: Job) -> None:
        await job.flow(self)

    @work
    async def _decide(self, approval: str) -> None:
        await decide(self, approval)

    @work
    async def _kill(self, model: str) -> None:
        await kill_model(self, model)

    @work
    async def _resume(self, model: str) -> None:
        await request_resume(self, model)

    @work
    async def _open_incident(self) -> None:
        opened = await open_incident(self)
        if opened:
            self.open_detail("incidents", opened)


def _told(page: object) -> list[Binding]:
    """The keys of a screen that do something there."""
    return [
        binding
        for binding in getattr(page, "BINDINGS", ())
        if isinstance(binding, Binding)
        and binding.action not in {"back", "turn(-1)", "turn(1)", "go"}
    ]


def run_console(settings: Settings) -> None:
    """Open the console and stay until the person leaves it for good."""
    then = QuaestorApp(
        settings.home,
        settings.seat,
        settings.actor,
        settings.passphrase,
        system_clock,
        store=settings.store,
    ).run()
    if isinstance(then, Elsewhere):
        actor = then.actor or settings.actor
        run_console(replace(settings, home=then.home, store=then.store, actor=actor))
    elif isinstance(then, Story):
        from console.demo.story import run_demo

        run_demo(then.folder, tui=True)
