"""A small organisation on disk: a founded ledger, people in seats of their own, one model.

Everything is real but cheap: keys under one round of bcrypt. A world is opened by its folder, so
that another process finds the same people in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copytree

from ledger import approving
from ledger.approving import Outcome
from ledger.book import Appended, Book
from ledger.clock import Clock, system_clock
from ledger.entry import Draft
from ledger.home import Home
from ledger.keys import EnrolmentRequest, Signer
from ledger.registers.models import LegalClass, ModelCard, Registered, draft_registration
from ledger.registers.switches import draft_resumption
from ledger.seat import Seat
from reports.enrolling import enrol, new_key
from reports.founding import found_ledger

FOUNDER = "ada"
ROLES = {
    "rosa": "risk-officer",
    "cora": "incident-commander",
    "emil": "engineer",
    "mona": "model-owner",
    "ann": "auditor",
}
MODEL = "credit-scorer"
OTHER_MODEL = "fraud-screen"
ORIGIN = "bank.example/quaestor"
PASSPHRASE = b"open"
ROUNDS = 1
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def ticking(start: datetime = START) -> Clock:
    """Give a clock that is a second later each time it is asked."""
    seconds = count()
    return lambda: start + timedelta(seconds=next(seconds))


@dataclass(frozen=True)
class Person:
    """Somebody in a seat of their own, with their key unlocked and the ledger open."""

    seat: Seat
    signer: Signer
    book: Book

    @property
    def actor(self) -> str:
        """Their id."""
        return self.signer.actor

    def append(self, *drafts: Draft) -> Appended:
        """Enter drafts as one part."""
        return self.book.append(self.signer, drafts)

    def note(self, text: str) -> Appended:
        """Enter something harmless that everyone who works here may: a version of the model."""
        return self.append(version_draft(text))

    def request_resumption(self, reason: str = "") -> Outcome:
        """Ask for the model to be switched on again."""
        return approving.request(
            self.book, self.signer, lambda rows: draft_resumption(rows, MODEL, reason)
        )

    def approve(self, approval: str) -> Appended:
        """Approve what somebody else asked for."""
        return approving.approve(self.book, self.signer, approval)


@dataclass(frozen=True)
class World:
    """The folder in which home and seats lie."""

    folder: Path
    clock: Clock = field(default=system_clock)

    @property
    def home(self) -> Home:
        """The ledger's home."""
        return Home(self.folder / "home")

    def seat(self, actor: str) -> Seat:
        """Somebody's seat."""
        return Seat(self.folder / "seats" / actor)

    def person(self, actor: str, *, patience: float = 20.0) -> Person:
        """Somebody at work."""
        seat = self.seat(actor)
        book = Book(self.home, seat, clock=self.clock, patience=patience)
        return Person(seat, seat.signer(actor, PASSPHRASE), book)

    def stranger(self) -> Book:
        """Open the ledger without a seat."""
        return Book(self.home, clock=self.clock)

    def newcomer(self, actor: str, kind: str = "person") -> EnrolmentRequest:
        """Make the keys of somebody who is not enrolled yet."""
        return new_key(
            self.seat(actor),
            actor,
            kind=kind,
            name=actor.title(),
            passphrase=PASSPHRASE,
            rounds=ROUNDS,
        )

    def enrol(self, actor: str, *roles: str) -> Outcome:
        """Let the founder enrol somebody, with a report certificate."""
        founder = self.person(FOUNDER)
        authority = founder.seat.authority_key(PASSPHRASE)
        return enrol(founder.book, founder.signer, self.newcomer(actor), list(roles), authority)


def build(folder: Path, store: str = "") -> World:
    """Found the ledger, in the store of this URL, enrol everybody and register two models."""
    world = World(folder, ticking())
    book, founder = found_ledger(
        Home(world.home.folder, store),
        world.seat(FOUNDER),
        actor=FOUNDER,
        name="Ada Lind",
        organisation="Bank",
        origin=ORIGIN,
        passphrase=PASSPHRASE,
        clock=world.clock,
        rounds=ROUNDS,
    )
    for actor, role in ROLES.items():
        world.enrol(actor, role)
    book.append(founder, [draft_registration(name, model()) for name in (MODEL, OTHER_MODEL)])
    return world


def copy(world: World, folder: Path) -> World:
    """Copy a world that nobody is using, so that each test may damage its own."""
    copytree(world.folder, folder, dirs_exist_ok=True)
    copied = replace(world, folder=folder, clock=ticking(world.clock() + timedelta(hours=1)))
    for seat in map(copied.seat, (FOUNDER, *ROLES)):
        for ledger in (seat.folder / "ledgers").iterdir():
            pin = seat.pin(ledger.name)
            if pin is not None:
                place = str(copied.home.folder.resolve())
                seat.keep_pin(ledger.name, replace(pin, home=place))
    return copied


def model(switch: str = "on") -> Registered:
    """Give a model's registration."""
    return Registered.model_validate(
        {
            "name": "Credit scorer",
            "owner": FOUNDER,
            "version": "1.0",
            "status": "production",
            "switch": switch,
            "legal_class": LegalClass().model_dump(),
            "materiality": "high",
            "testing_level": "high",
            "card": ModelCard(purpose="Scores applications.").model_dump(),
        }
    )


def version_draft(version: str) -> Draft:
    """A new version of the model: something harmless that most who work here may enter."""
    return Draft("model.versioned", f"model/{MODEL}", {"version": version, "notes": ""})


def size_of(book: Book) -> int:
    """Count the entries."""
    with book.read() as snapshot:
        return snapshot.head.size


def seqs_of(book: Book) -> list[int]:
    """List the seq of every entry."""
    with book.read() as snapshot:
        return [entry.seq for entry in snapshot.entries(0, snapshot.head.size + 10)]


def raising(what: type[BaseException], action: Callable[[], object]) -> str:
    """Do something that must raise, and return what it said."""
    try:
        action()
    except what as error:
        return str(error)
    raise AssertionError(f"{what.__name__} was not raised")
