"""People bring keys of their own; the founder's seat certifies them for reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused
from ledger.keys import read_request
from ledger.registers.actors import KeyRow, active
from ledger.verification import verify
from reports.authority import fingerprint, load_certificate
from reports.enrolling import certify, enrol, new_key, rotate
from tests.people import FOUNDER, PASSPHRASE, ROUNDS, World, raising, size_of


def certificate_of(book: Book, actor: str) -> str:
    """Somebody's certificate (PEM), or nothing."""
    with book.read() as snapshot:
        return active(snapshot.rows, actor).certificate


def test_a_request_carries_public_keys_alone(world: World) -> None:
    """If it fails, a private key leaves its owner's machine, or a request cannot be handed on."""
    request = world.newcomer("zoe")
    seat = world.seat("zoe")
    assert read_request(seat.request("zoe")) == request
    assert b"PRIVATE" not in seat.request("zoe")
    assert seat.signer("zoe", PASSPHRASE).public_key == request.public_key
    for name in ("zoe", "zoe.report"):
        assert b"OPENSSH PRIVATE KEY" in (seat.folder / "keys" / name).read_bytes()
    raising(Refused, lambda: seat.signer("zoe", b"wrong"))
    raising(Refused, lambda: world.newcomer("zoe"))


def test_the_founders_seat_certifies_at_once(world: World) -> None:
    """If it fails, nobody but the founder can sign reports, or a certificate names another."""
    world.enrol("zoe", "auditor")
    book = world.stranger()
    certificate = load_certificate(certificate_of(book, "zoe").encode())
    authority = load_certificate(book.facts.ca_certificate.encode())
    certificate.verify_directly_issued_by(authority)
    assert fingerprint(authority) == book.facts.ca_fingerprint
    key = world.seat("zoe").report_key("zoe", PASSPHRASE)
    assert certificate.public_key() == key.public_key()
    assert "CN=zoe" in certificate.subject.rfc4514_string()


def test_without_the_authoritys_key_the_certificate_comes_later(world: World) -> None:
    """If it fails, only the founder can enrol people, or those enrolled otherwise never sign."""
    ada = world.person(FOUNDER)
    enrol(ada.book, ada.signer, world.newcomer("zoe"), ["risk-officer"])
    assert certificate_of(ada.book, "zoe") == ""
    certify(ada.book, ada.signer, "zoe", ada.seat.authority_key(PASSPHRASE))
    assert certificate_of(ada.book, "zoe").startswith("-----BEGIN CERTIFICATE-----")
    raising(InvalidInput, lambda: world.person("rosa").seat.authority_key(PASSPHRASE))
    assert not world.person("rosa").seat.has_authority
    assert verify(world.person("ann").book).problems == ()


def test_rotating_ends_the_old_key(world: World) -> None:
    """If it fails, a replaced key goes on signing, or what it signed before no longer verifies."""
    emil, ada = world.person("emil"), world.person(FOUNDER)
    emil.note("1.1")
    request = new_key(
        emil.seat,
        "emil",
        kind="person",
        name="Emil",
        passphrase=PASSPHRASE,
        rounds=ROUNDS,
        replace=True,
    )
    before = certificate_of(ada.book, "emil")
    outcome = rotate(ada.book, ada.signer, request, ada.seat.authority_key(PASSPHRASE))
    assert outcome.approval is None
    assert "not the one enrolled" in raising(Refused, lambda: emil.note("1.2"))
    renewed = world.person("emil")
    renewed.note("1.3")
    assert certificate_of(ada.book, "emil") not in {"", before}
    with ada.book.read() as snapshot:
        keys = sorted(snapshot.rows.where(KeyRow, actor="emil"), key=lambda row: row.from_seq)
    assert [(key.from_seq, key.until_seq) for key in keys] == [(5, 11), (12, -1)]
    assert verify(renewed.book).verdict == "verified"


def test_a_stolen_key_can_be_revoked_and_replaced(world: World) -> None:
    """If it fails, a thief's entries pass, or the victim can never work again."""
    emil, ada = world.person("emil"), world.person(FOUNDER)
    stolen = emil.note("1.1").entries[0]
    with ada.book.read() as snapshot:
        public_key = active(snapshot.rows, "emil").public_key
    body = {"public_key": public_key, "since_seq": stolen.seq, "reason": "The laptop was stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    raising(Refused, lambda: emil.note("1.2"))
    request = new_key(
        emil.seat, "emil", kind="person", name="", passphrase=PASSPHRASE, rounds=1, replace=True
    )
    rotate(ada.book, ada.signer, request)
    world.person("emil").note("1.3")
    found = verify(world.person("ann").book)
    assert [(problem.check, problem.seq) for problem in found.problems] == [("revoked", stolen.seq)]


@pytest.mark.parametrize("roles", [["boss"], ["admin", "boss"]])
def test_a_role_that_does_not_exist_is_named(world: World, roles: list[str]) -> None:
    """If it fails, somebody is enrolled who can do nothing and nobody knows why."""
    ada = world.person(FOUNDER)
    said = raising(InvalidInput, lambda: enrol(ada.book, ada.signer, world.newcomer("zoe"), roles))
    assert "boss" in said


def test_only_an_admin_enrols(world: World) -> None:
    """If it fails, an engineer brings in whoever approves his requests."""
    emil = world.person("emil")
    request = world.newcomer("zoe")
    raising(Refused, lambda: enrol(emil.book, emil.signer, request, ["risk-officer"]))
    raising(Refused, lambda: enrol(emil.book, emil.signer, request, []))
    assert size_of(emil.book) == 10


def test_an_expired_authority_certifies_nobody(world: World) -> None:
    """If it fails, certificates are issued that no reader accepts."""
    late = replace(world, clock=lambda: datetime(2037, 1, 1, tzinfo=UTC))
    ada = late.person(FOUNDER)
    authority = ada.seat.authority_key(PASSPHRASE)
    said = raising(Refused, lambda: certify(ada.book, ada.signer, "emil", authority))
    assert "expired" in said
