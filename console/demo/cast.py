"""The people of the story: who they are, and each of them at work from a seat of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from console.demo.place import Place
from console.messages import Voice
from console.session import Session
from ledger.approving import approve
from ledger.home import Home
from ledger.keys import EnrolmentRequest
from ledger.registers.actors import Role
from reports.enrolling import enrol, new_key
from reports.founding import found_ledger

ORGANISATION = "Northgate Bank"
ORIGIN = "northgate.example/ai"


@dataclass(frozen=True)
class Person:
    """One of the cast: id in the ledger, name, role."""

    actor: str
    name: str
    role: Role


FOUNDER = Person("ada", "Ada Lindqvist", "admin")
SECOND_ADMIN = Person("noor", "Noor Haddad", "admin")
OTHERS = (
    Person("rosa", "Rosa Keller", "risk-officer"),
    Person("mira", "Mira Okafor", "model-owner"),
    Person("emil", "Emil Novák", "engineer"),
    Person("ines", "Inês Duarte", "incident-commander"),
    Person("theo", "Theo Laurent", "auditor"),
)


@dataclass(frozen=True)
class Cast:
    """Everybody at work: each with their own seat, keys and view of the ledger."""

    ada: Session
    noor: Session
    rosa: Session
    mira: Session
    emil: Session
    ines: Session
    theo: Session


def gather(place: Place) -> Cast:
    """Found the ledger and enrol everybody.

    All make their keys at the same time: half a second of key derivation each, which is what
    makes a passphrase hard to guess. From the second admin on, one admin requests each enrolment
    and the other approves it.
    """
    sessions = {
        person.actor: _sit_down(place, person) for person in (FOUNDER, SECOND_ADMIN, *OTHERS)
    }
    ada, noor = sessions[FOUNDER.actor], sessions[SECOND_ADMIN.actor]
    with ThreadPoolExecutor() as people:
        requests = {
            person: people.submit(_make_keys, sessions[person.actor], person)
            for person in (SECOND_ADMIN, *OTHERS)
        }
        found_ledger(
            Home(place.home),
            ada.seat,
            actor=FOUNDER.actor,
            name=FOUNDER.name,
            organisation=ORGANISATION,
            origin=ORIGIN,
            passphrase=ada.passphrase,
            demo=True,
        )
        for person, made in requests.items():
            outcome = enrol(ada.book, ada.signer, made.result(), [person.role], ada.authority_key)
            if outcome.approval:
                approve(noor.book, noor.signer, outcome.approval)
    return Cast(**sessions)


def _sit_down(place: Place, person: Person) -> Session:
    place.keep_passphrase(person.actor)
    return Session(place.settings(person.actor), Voice())


def _make_keys(session: Session, person: Person) -> EnrolmentRequest:
    """Make a person's keys in their seat, and unlock the one that they will sign with."""
    request = new_key(
        session.seat,
        person.actor,
        kind="person",
        name=person.name,
        passphrase=session.passphrase,
    )
    if person.role != "auditor":
        _ = session.signer
    return request
