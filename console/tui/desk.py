"""The desk under all screens: who signs, and work in threads.

A flow (an async worker of a screen) asks a person, then awaits `enter`, which unlocks, runs a job
in a thread and explains every QuaestorError instead of crashing. Threads never touch a widget.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual import events, on, work
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen
from textual.signal import Signal

from console.messages import legible
from console.tui.dialogs import Notice, Passphrase
from console.tui.session import IDLE, GivePassphrase, Session, Unlocked, no_key
from console.tui.times import LocalTime
from console.tui.watching import Watch
from console.tui.work import (
    Abandoned,
    JobMoved,
    JobState,
    Tell,
    Values,
    Work,
    telling,
)
from ledger.book import Book
from ledger.clock import Clock
from ledger.errors import QuaestorError, Refused, StoreUnavailable
from ledger.home import Home
from ledger.seat import Seat
from reports.timestamped import timestamp_anchors

if TYPE_CHECKING:
    from ledger.anchors import Anchor
    from ledger.verification import Verification

T = TypeVar("T")
MakeForm = Callable[[Values], ModalScreen[Values | None]]
Confirm = Callable[[Values], ModalScreen[bool] | None]

LOCK_CHECK_EVERY = 15.0


@dataclass(frozen=True)
class Integrity:
    """What is known of the record's soundness in this sitting."""

    found: Verification | None = None
    at: datetime | None = None
    running: bool = False


class Desk(Watch):
    """A watched ledger, a session, and jobs; `QuaestorApp` adds the screens."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - Textual declares it

    def __init__(
        self,
        home: Path,
        seat: Path,
        actor: str | None,
        passphrase: GivePassphrase,
        clock: Clock,
        *,
        zone: tzinfo | None = None,
        idle: timedelta = IDLE,
        store: str = "",
    ) -> None:
        super().__init__(Book(Home(home, store), Seat(seat), clock=clock))
        self.session = Session(Seat(seat), actor, passphrase, clock, idle)
        self.clock = clock
        self.local = LocalTime(zone)
        self.integrity = Integrity()
        self.jobs: dict[int, JobState] = {}
        self.jobs_moved: Signal[None] = Signal(self, "jobs moved")
        self._numbers = count(1)

    def on_mount(self) -> None:
        """Lock a key that lies open for too long."""
        self.set_interval(LOCK_CHECK_EVERY, self._lock_if_idle)

    async def on_event(self, event: events.Event) -> None:
        """Notice that somebody is here, then go on as usual."""
        if isinstance(event, events.InputEvent):
            self.session.touch()
        await super().on_event(event)

    # Where to

    def open_at(self, room: str, key: str) -> None:
        """Go to a room, and to one thing in it."""
        raise NotImplementedError

    def open_detail(self, room: str, key: str) -> None:
        """Open one thing of a room over the present screen; Esc comes back."""
        raise NotImplementedError

    def begin(self) -> None:
        """Lead somebody who stands before no ledger to one."""
        raise NotImplementedError

    # Who signs

    def _lock_if_idle(self) -> None:
        if self.session.lock_if_idle():
            self.tell("Your key was locked after some idle time.", title="Locked")
            self.changed.publish(None)

    async def allowed(self, kind: str) -> bool:
        """Whether this person could enter a kind; says why not. For flows."""
        if self.picture is None:
            return False
        refusal = self.picture.why_not(self.session.actor, kind)
        if refusal is not None:
            await self.explain(refusal)
        return refusal is None

    async def unlock(self) -> Unlocked | None:
        """The open key, asking for the passphrase if it is locked; None if the person gave up."""
        if self.session.unlocked is not None or self.session.actor is None:
            return self.session.unlocked
        complaint = ""
        try:
            given = self.session.given_passphrase()
            while True:
                phrase = given or await self.push_screen_wait(
                    Passphrase(self.session.actor, complaint)
                )
                if phrase is None:
                    return None
                try:
                    unlocked = await asyncio.to_thread(self.session.open, phrase)
                except Refused as error:
                    given, complaint = None, error.message
                else:
                    self.changed.publish(None)
                    return unlocked
        except QuaestorError as error:
            await self.explain(error)
            return None

    # Jobs

    async def enter(
        self,
        kind: str,
        job: Callable[[Work], T],
        *,
        doing: str,
        form: MakeForm | None = None,
        values: Values | None = None,
        confirm: Confirm | None = None,
    ) -> T | None:
        """Run a job that enters a kind, if this person may; see `sign`."""
        if not await self.allowed(kind):
            return None
        return await self.sign(job, doing=doing, form=form, values=values, confirm=confirm)

    async def sign(
        self,
        job: Callable[[Work], T],
        *,
        doing: str,
        form: MakeForm | None = None,
        values: Values | None = None,
        confirm: Confirm | None = None,
    ) -> T | None:
        """Ask, unlock, and run a job that signs; a refused form opens again as it was filled.

        `confirm` gives the dialog that must be agreed to first, where the values demand one.
        """
        filled: Values = values or {}
        if self.session.actor is None:
            await self.explain(no_key())
            return None
        while True:
            if form is not None:
                answer = await self.push_screen_wait(form(filled))
                if answer is None:
                    return None
                filled = answer
            dialog = confirm(filled) if confirm else None
            if dialog is not None and not await self.push_screen_wait(dialog):
                return None
            unlocked = await self.unlock()
            if unlocked is None:
                return None
            result = await self.run_job(doing, partial(_with_key, job, self.book, unlocked, filled))
            if result is not None or form is None:
                return result

    async def find_out(
        self,
        job: Callable[[Values, Tell], T],
        *,
        doing: str,
        form: MakeForm,
        values: Values | None = None,
        confirm: Confirm | None = None,
    ) -> T | None:
        """Ask, and run a job that signs nothing; a refused form opens again as it was filled."""
        filled: Values | None = values or {}
        while True:
            filled = await self.push_screen_wait(form(filled or {}))
            if filled is None:
                return None
            dialog = confirm(filled) if confirm else None
            if dialog is not None and not await self.push_screen_wait(dialog):
                return None
            result = await self.run_job(doing, partial(job, filled))
            if result is not None:
                return result

    async def run_job(self, doing: str, job: Callable[[Tell], T]) -> T | None:
        """Run a job in a thread, shown meanwhile; None after an error was explained."""
        number = next(self._numbers)
        self._job_moved(JobMoved(number, JobState(doing)))
        tell = telling(number, doing, self.post_message, lambda: not self.is_running)
        try:
            return await asyncio.to_thread(job, tell)
        except QuaestorError as error:
            refused = error
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            refused = StoreUnavailable(
                f"{name}{error.strerror or error}.", "Check the path, its rights and the disk."
            )
        except Abandoned:
            return None
        finally:
            self.jobs.pop(number, None)
            self.jobs_moved.publish(None)
            self.look()
        await self.explain(refused)
        return None

    @on(JobMoved)
    def _job_moved(self, message: JobMoved) -> None:
        if message.state.total == 0 or message.job in self.jobs:
            self.jobs[message.job] = message.state
            self.jobs_moved.publish(None)

    def tell(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
    ) -> None:
        """Say in passing that something was done."""
        self.notify(
            legible(message),
            title=legible(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    async def explain(self, error: QuaestorError) -> None:
        """Say what, why and what to do next, until the person has read it."""
        await self.push_screen_wait(Notice(error.message, error.hint, trouble=True))

    # Verification

    def action_verify_record(self) -> None:
        """Verify the whole home in the background, against the anchors that the seat knows."""
        self.verify_record()

    @work
    async def verify_record(
        self, against: Sequence[Anchor] = (), *, strict: bool = False, since_last: bool = False
    ) -> None:
        """Verify the home in the background, against what others handed over as well."""
        from ledger.verification import verify

        if self.integrity.running:
            return
        self.integrity = replace(self.integrity, running=True)
        self.changed.publish(None)
        found = await self.run_job(
            "Verifying the record",
            lambda tell: verify(
                self.book,
                against=[*against, *timestamp_anchors(self.book)],
                strict=strict,
                since_last=since_last,
                progress=tell,
            ),
        )
        if found is None:
            self.integrity = replace(self.integrity, running=False)
        else:
            self.integrity = Integrity(found, self.clock())
        self.changed.publish(None)


def _with_key(
    job: Callable[[Work], T], book: Book, unlocked: Unlocked, values: Values, tell: Tell
) -> T:
    return job(Work(book, unlocked.signer, unlocked.passphrase, values, tell))
