"""One run by one person: their ledger, their seat, who they are, and their unlocked key.

Nothing is opened before it is asked for. Keys are unlocked before any lock is taken.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from console.messages import Voice
from console.settings import Settings, read_passphrase
from ledger.errors import CheckFailed, InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from ledger.book import Book
    from ledger.keys import Signer
    from ledger.seat import Seat


@dataclass(frozen=True)
class Session:
    """What a command works with."""

    settings: Settings
    voice: Voice

    @cached_property
    def seat(self) -> Seat:
        """The person's own folder; it may not exist yet."""
        from ledger.seat import Seat

        return Seat(self.settings.seat)

    @cached_property
    def book(self) -> Book:
        """The ledger at home; it may not exist yet."""
        from ledger.book import Book
        from ledger.home import Home

        return Book(Home(self.settings.home, self.settings.store), self.seat)

    @cached_property
    def actor(self) -> str:
        """As whom to act: as told, or the seat's only key. InvalidInput if that leaves it open."""
        if self.settings.actor:
            return self.settings.actor
        keys = self.seat.actors()
        if len(keys) == 1:
            return keys[0]
        if keys:
            raise InvalidInput(
                f"Your seat has the keys of {', '.join(keys)}: as whom do you act?",
                f"Say it before the command: quaestor --as {keys[0]} ..., or set QUAESTOR_ACTOR.",
            )
        raise InvalidInput(
            f"Your seat ({self.seat.folder}) has no key.",
            "Make one: quaestor key new ACTOR. Another seat: --seat or QUAESTOR_SEAT.",
        )

    def reveal(self, subject: str, field: str, sealed: str) -> str:
        """A personal text of a register; one that does not open is warned of, not fatal."""
        try:
            return self.book.reveal(subject, field, sealed)
        except CheckFailed as error:
            self.voice.warn(f"{error.message} {error.hint}")
            return "[unreadable]"

    # Keys

    @cached_property
    def passphrase(self) -> bytes:
        """The passphrase of this seat's keys, read or asked for once."""
        return self.settings.passphrase() or self.ask_passphrase(
            f"Passphrase of {self.actor}: ", "QUAESTOR_PASSPHRASE_FILE"
        )

    @cached_property
    def signer(self) -> Signer:
        """The actor with its unlocked signing key."""
        self._hold(self.actor)
        signer = self.seat.signer(self.actor, self.passphrase)
        self._doubt_the_clock()
        return signer

    @cached_property
    def report_key(self) -> ec.EllipticCurvePrivateKey:
        """The actor's unlocked key for signing reports."""
        self._hold(self.actor)
        return self.seat.report_key(self.actor, self.passphrase)

    @cached_property
    def authority_key(self) -> ec.EllipticCurvePrivateKey | None:
        """The report CA's key, which only the founder's seat has."""
        return self.seat.authority_key(self.passphrase) if self.seat.has_authority else None

    def acting_as(self, actor: str) -> Session:
        """This session as somebody else."""
        return Session(replace(self.settings, actor=actor), self.voice)

    def new_passphrase(self, source: str | None = None) -> bytes:
        """A passphrase for new keys: out of `source` (file or `fd:N`), or asked for twice."""
        if source:
            return read_passphrase(source)
        first = self.ask_passphrase("New passphrase: ", "QUAESTOR_PASSPHRASE_FILE")
        if self.ask_passphrase("The same again: ", "QUAESTOR_PASSPHRASE_FILE") != first:
            raise InvalidInput("The two passphrases differ.", "Try again.")
        if not first:
            raise InvalidInput("A key needs a passphrase.", "Try again.")
        return first

    def ask_passphrase(self, question: str, instead: str) -> bytes:
        """Ask without showing what is typed; `instead` says how to give it without being asked."""
        self.require_person(question.rstrip(": "), instead)
        from getpass import getpass

        return getpass(question, stream=sys.stderr).encode()

    # People

    @property
    def person_present(self) -> bool:
        """Whether somebody can be asked."""
        return not self.settings.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    def require_person(self, what: str, instead: str) -> None:
        """InvalidInput where nobody can be asked for `what`; `instead` is how to say it."""
        if not self.person_present:
            raise InvalidInput(
                f"{what}: nobody can be asked here, and it was not given.", f"Give it: {instead}"
            )

    def _doubt_the_clock(self) -> None:
        """Warn whoever signs by a clock that cannot be right; nobody is kept from working by it."""
        from console.timekeeping import SET_IT, doubt
        from ledger.clock import system_clock

        now = system_clock()
        if odd := doubt(self.settings.home, now):
            says = f"This computer's clock says {now:%Y-%m-%d %H:%M:%S} UTC, but {odd}."
            self.voice.warn(f"{says} What you enter carries that time. {SET_IT}")

    def _hold(self, name: str) -> None:
        """Complain of a missing key before asking for its passphrase."""
        if name not in self.seat.actors():
            self.seat.signer(name, None)
