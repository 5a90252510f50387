"""Founding a ledger with everything that its proofs need: keys, report CA, policies."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import random_serial_number

from ledger.book import Book
from ledger.clock import Clock, system_clock
from ledger.errors import Refused
from ledger.founding import Foundation, found, require_origin
from ledger.home import Home
from ledger.keys import KDF_ROUNDS, Signer, make_request
from ledger.registers.house import RoleMatrix
from ledger.seat import Seat, require_actor
from policies import shipped
from policies.adopting import shipped_policies
from reports.authority import dump_certificate, fingerprint, issue_certificate, make_authority


def found_ledger(
    home: Home,
    seat: Seat,
    *,
    actor: str,
    name: str,
    organisation: str,
    origin: str,
    passphrase: bytes,
    demo: bool = False,
    clock: Clock = system_clock,
    rounds: int = KDF_ROUNDS,
    new_id: Callable[[], str] = lambda: secrets.token_hex(32),
) -> tuple[Book, Signer]:
    """Make a home, the founder's keys and the report CA, and write entry 0.

    The founder's seat gets the signing key, the report key and the CA's key, all under the
    passphrase, and the founder's request. Raises Refused where a ledger or a key of that name
    exists, InvalidInput for an origin or an actor that cannot be one.
    """
    require_origin(origin)
    require_actor(actor)
    if home.exists():
        raise Refused(f"{home.folder} holds a ledger already.", "Choose another folder.")
    now = clock()
    signer = Signer(actor, Ed25519PrivateKey.generate())
    report_key = ec.generate_private_key(ec.SECP256R1())
    ca_key, ca_certificate = make_authority(organisation, now)
    certificate = issue_certificate(
        ca_key,
        ca_certificate,
        report_key.public_key(),
        actor,
        organisation,
        now,
        random_serial_number(),
    )
    book = Book(home, seat, clock=clock)
    home.create()
    book.store.create()  # whoever may not found a ledger here learns it before keys are made
    seat.keep_key(actor, signer.key, passphrase, rounds=rounds)
    seat.keep_key(f"{actor}.report", report_key, passphrase, rounds=rounds)
    request = make_request(signer, report_key, kind="person", name=name)
    seat.keep_request(actor, request.encode())
    seat.keep_key("authority.ca", ca_key, passphrase, rounds=rounds)
    ledger_id = new_id()
    public = report_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    foundation = Foundation(
        ledger_id=ledger_id,
        origin=origin,
        organisation=organisation,
        demo=demo,
        founder_name=name,
        report_key=public.decode(),
        certificate=dump_certificate(certificate).decode(),
        matrix=RoleMatrix.model_validate(shipped.role_matrix()),
        ca_fingerprint=fingerprint(ca_certificate),
        ca_certificate=dump_certificate(ca_certificate).decode(),
    )
    found(book, signer, foundation, shipped_policies())
    return book, signer
