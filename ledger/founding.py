"""Founding a ledger: entry 0, then the policies that it starts with."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from ledger.book import Appended, Book
from ledger.entry import FORMAT, Draft
from ledger.errors import InvalidInput
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.house import RoleMatrix
from ledger.registers.policies import PolicyKind, draft_adoption


@dataclass(frozen=True)
class Foundation:
    """What entry 0 fixes; certificates and keys are PEM text."""

    ledger_id: str
    origin: str
    organisation: str
    demo: bool
    founder_name: str
    report_key: str
    certificate: str
    matrix: RoleMatrix
    ca_fingerprint: str
    ca_certificate: str


def found(
    book: Book,
    signer: Signer,
    foundation: Foundation,
    policies: Mapping[PolicyKind, bytes],
) -> Appended:
    """Make a home and found its ledger; `policies` are canonical JSON, kept in evidence.

    Raises Refused where a ledger exists, InvalidInput for an origin that keys cannot be named by.
    """
    require_origin(foundation.origin)
    book.home.create()
    body = {
        "format": FORMAT,
        "ledger_id": foundation.ledger_id,
        "origin": foundation.origin,
        "organisation": foundation.organisation,
        "demo": foundation.demo,
        "founder": {
            "actor": signer.actor,
            "name": foundation.founder_name or None,
            "public_key": base64.b64encode(signer.public_key).decode(),
            "report_key": foundation.report_key,
            "certificate": foundation.certificate,
        },
        "matrix": foundation.matrix.model_dump(),
        "ca_fingerprint": foundation.ca_fingerprint,
        "ca_certificate": foundation.ca_certificate,
    }
    subject = f"ledger/{foundation.ledger_id}"
    founded = book.found(signer, Draft(Kind.LEDGER_FOUNDED, subject, body), foundation.ledger_id)
    drafts = [
        draft_adoption(policy, book.home.evidence.keep(content, "json"), "Shipped with Quaestor.")
        for policy, content in policies.items()
    ]
    return book.append(signer, drafts) if drafts else founded


def require_origin(origin: str) -> None:
    """InvalidInput for an origin that keys cannot be named by (c2sp.org/signed-note)."""
    if not origin or any(c.isspace() or c == "+" for c in origin):
        raise InvalidInput(
            f"{origin!r} cannot be an origin.",
            "Use a name like bank.example/quaestor, without spaces and plus signs.",
        )
