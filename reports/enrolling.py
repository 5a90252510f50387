"""Enrolling people: their own keys, and a report certificate where the CA's key is at hand."""

from __future__ import annotations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import random_serial_number

from ledger.approving import Outcome, enter_or_request
from ledger.book import Appended, Book
from ledger.entry import Draft
from ledger.errors import InvalidInput
from ledger.keys import KDF_ROUNDS, EnrolmentRequest, PrivateKey, Signer, make_request
from ledger.kinds import Kind
from ledger.registers.actors import ROLES, active, draft_enrolment, draft_rekeying
from ledger.seat import Seat
from reports.authority import dump_certificate, issue_certificate, load_certificate


def new_key(
    seat: Seat,
    actor: str,
    *,
    kind: str,
    name: str,
    passphrase: bytes,
    rounds: int = KDF_ROUNDS,
    replace: bool = False,
) -> EnrolmentRequest:
    """Make a signing and a report key in a seat; return the request to hand to an admin.

    The request is kept in the seat as well. Refused if the seat has a key of that name and
    `replace` is not set (rotation).
    """
    signer = Signer(actor, Ed25519PrivateKey.generate())
    report_key = ec.generate_private_key(ec.SECP256R1())
    keep = seat.replace_key if replace else seat.keep_key
    keep(actor, signer.key, passphrase, rounds=rounds)
    keep(f"{actor}.report", report_key, passphrase, rounds=rounds)
    request = make_request(signer, report_key, kind=kind, name=name)
    seat.keep_request(actor, request.encode())
    return request


def change_passphrase(seat: Seat, actor: str, old: bytes, new: bytes) -> list[str]:
    """Put all of an actor's keys under another passphrase, the report CA's included if it is here.

    Returns their names. Refused where the old passphrase does not open one; none is changed then.
    """
    keys: dict[str, PrivateKey] = {
        actor: seat.signer(actor, old).key,
        f"{actor}.report": seat.report_key(actor, old),
    }
    if seat.has_authority:
        keys["authority.ca"] = seat.authority_key(old)
    for name, key in keys.items():
        seat.replace_key(name, key, new)
    return sorted(keys)


def enrol(
    book: Book,
    signer: Signer,
    request: EnrolmentRequest,
    roles: list[str],
    authority_key: ec.EllipticCurvePrivateKey | None = None,
) -> Outcome:
    """Enrol who made a request, or ask for the second admin's approval once there are two."""
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise InvalidInput(f"There is no role {unknown[0]}.", f"Choose from: {', '.join(ROLES)}.")
    certificate = certify_key(book, request.actor, request.report_key, authority_key)
    return enter_or_request(
        book, signer, lambda _rows: draft_enrolment(request, roles, certificate)
    )


def rotate(
    book: Book,
    signer: Signer,
    request: EnrolmentRequest,
    authority_key: ec.EllipticCurvePrivateKey | None = None,
) -> Outcome:
    """Put new keys in place of an actor's old ones."""
    certificate = certify_key(book, request.actor, request.report_key, authority_key)
    return enter_or_request(book, signer, lambda _rows: draft_rekeying(request, certificate))


def certify(
    book: Book, signer: Signer, actor: str, authority_key: ec.EllipticCurvePrivateKey
) -> Appended:
    """Issue a report certificate to an actor who has none, or whose is about to expire."""
    with book.read() as snapshot:
        report_key = active(snapshot.rows, actor).report_key
    certificate = certify_key(book, actor, report_key, authority_key)
    draft = Draft(Kind.ACTOR_CERTIFIED, f"actor/{actor}", {"certificate": certificate})
    return book.append(signer, [draft])


def certify_key(
    book: Book,
    actor: str,
    report_key: str,
    authority_key: ec.EllipticCurvePrivateKey | None,
) -> str:
    """PEM certificate for a report key (PEM); empty without the CA's key."""
    if authority_key is None:
        return ""
    public_key = serialization.load_pem_public_key(report_key.encode())
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise InvalidInput("The report key is not P-256.", "Make new keys: quaestor key new")
    certificate = issue_certificate(
        authority_key,
        load_certificate(book.facts.ca_certificate.encode()),
        public_key,
        actor,
        book.facts.organisation,
        book.clock(),
        random_serial_number(),
    )
    return dump_certificate(certificate).decode()
