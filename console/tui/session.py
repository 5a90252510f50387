"""Who is at the console, and their unlocked key: opened once, locked again after some idleness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.clock import Clock
from ledger.errors import QuaestorError, Refused
from ledger.keys import Signer
from ledger.seat import Seat

IDLE = timedelta(minutes=15)

GivePassphrase = Callable[[], bytes | None]


def no_key() -> Refused:
    """Why somebody without a key cannot act."""
    return Refused(
        "There is no key in your seat, so you can look but not act.",
        "Make one (8, then y), and have an admin enrol you.",
    )


@dataclass(frozen=True)
class Unlocked:
    """An open signing key, and the passphrase that opens the other keys of the same person."""

    signer: Signer
    passphrase: bytes = field(repr=False)


class Session:
    """One person's sitting at the console. `actor` is None where a seat has no key to choose."""

    def __init__(
        self,
        seat: Seat,
        actor: str | None,
        passphrase: GivePassphrase,
        clock: Clock,
        idle: timedelta = IDLE,
    ) -> None:
        keys = seat.actors()
        self.seat = seat
        self.actor = actor or (keys[0] if len(keys) == 1 else None)
        self._passphrase = passphrase
        self._given = False
        self.unlocked: Unlocked | None = None
        self._clock = clock
        self.idle = idle
        self._touched: datetime = clock()

    def given_passphrase(self) -> bytes | None:
        """The passphrase that was laid ready (a file, a descriptor), or None: then it is asked for.

        A descriptor can be read once; afterwards the passphrase is asked for. Raises what reading
        it the first time raises.
        """
        try:
            passphrase = self._passphrase()
        except QuaestorError:
            if not self._given:
                raise
            return None
        self._given = True
        return passphrase

    def open(self, passphrase: bytes) -> Unlocked:
        """Unlock the actor's key (slow on purpose). Refused when it does not open."""
        unlocked = Unlocked(self.seat.signer(self.actor or "", passphrase), passphrase)
        self.unlocked = unlocked
        self.touch()
        return unlocked

    def act_as(self, actor: str) -> None:
        """Become another actor whose key lies in this seat; locked at first."""
        self.lock()
        self.actor = actor

    def touch(self) -> None:
        """Somebody is here."""
        self._touched = self._clock()

    def lock_if_idle(self) -> bool:
        """Lock after the idle time; return whether that happened now."""
        if self.unlocked is None or self._clock() - self._touched < self.idle:
            return False
        self.lock()
        return True

    def lock(self) -> None:
        """Forget key and passphrase."""
        self.unlocked = None
