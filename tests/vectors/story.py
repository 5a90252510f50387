"""The ledger of the golden vectors: three people, a model, an incident, a kill and an erasure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.entry import Body, Draft
from ledger.keys import Signer
from ledger.registers.models import LegalClass, ModelCard, Registered
from ledger.registers.switches import Order
from tests.vectors.record import LEDGER_ID, ORIGIN, Record, public_key, signer

ADA, BEN, CY, DAN = (signer(actor) for actor in ("ada", "ben", "cy", "dan"))
CONTENT = b'{"note":"a policy"}'

MATRIX: Body = {
    "roles": [
        {"role": "admin", "kinds": ["actor.*", "ledger.*", "policy.*", "model.*", "vault.erased"]},
        {"role": "incident-commander", "kinds": ["incident.*", "switch.*"]},
        {"role": "engineer", "kinds": ["log.sealed"]},
    ],
    "two_person": [
        {"kinds": ["switch.resumed"], "approvers": ["admin"], "when": "always"},
        {"kinds": ["vault.erased"], "approvers": ["admin"], "when": "always", "approvals": 2},
        {
            "kinds": ["actor.enrolled", "actor.rekeyed", "actor.granted"],
            "approvers": ["admin"],
            "when": "two_admins",
        },
    ],
}


@dataclass(frozen=True)
class Sealing:
    """A personal text of the story, with everything that opens it."""

    context: str
    text: str

    @property
    def key_id(self) -> str:
        """The vault key's id."""
        return sha256(self.key).hexdigest()[:32]

    @property
    def key(self) -> bytes:
        """The vault key."""
        return sha256(f"key: {self.context}".encode()).digest()

    @property
    def nonce(self) -> bytes:
        """The nonce; a real one is random."""
        return sha256(f"nonce: {self.context}".encode()).digest()[:12]

    @property
    def bound(self) -> str:
        """What the ciphertext is bound to."""
        return f"{LEDGER_ID}|{self.context}"

    @property
    def body(self) -> Body:
        """The ciphertext as bodies hold it."""
        blob = self.nonce + AESGCM(self.key).encrypt(
            self.nonce, self.text.encode(), self.bound.encode()
        )
        return {"vault": self.key_id, "data": base64.b64encode(blob).decode()}


FOUNDER_NAME = Sealing("actor/ada|name", "Ada Lovelace")
DESCRIPTION = Sealing("incident/inc-1|description", "Frau Weiß (Zürich) wurde abgelehnt.")
KILL_REASON = Sealing("model/credit-scorer|reason", "Declines without ground since Monday.")
SEALINGS = (FOUNDER_NAME, DESCRIPTION, KILL_REASON)

ORDER = Order(
    ledger_id=LEDGER_ID,
    order_id="ord-000000000001",
    model="credit-scorer",
    mode="off",
    actor="cy",
    ordered_at="2026-01-01T00:08:00.000000Z",
)


def report_key(of: Signer) -> str:
    """Give the P-256 report key, as PEM, that follows from an actor's name."""
    secret = int.from_bytes(sha256(f"report: {of.actor}".encode()).digest()[:31], "big")
    return (
        ec.derive_private_key(secret, ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def founding(matrix: Body = MATRIX, name: Body | None = None) -> Draft:
    """Entry 0, by Ada."""
    body = {
        "format": 1,
        "ledger_id": LEDGER_ID,
        "origin": ORIGIN,
        "organisation": "Nordbank",
        "demo": True,
        "founder": {
            "actor": "ada",
            "name": name,
            "public_key": public_key(ADA),
            "report_key": report_key(ADA),
            "certificate": "",
        },
        "matrix": matrix,
        "ca_fingerprint": "SHA256:00",
        "ca_certificate": "",
    }
    return Draft("ledger.founded", f"ledger/{LEDGER_ID}", body)


def enrolment(of: Signer, *roles: str, kind: str = "person") -> Draft:
    """Enrol somebody without a name."""
    body = {
        "kind": kind,
        "name": None,
        "public_key": public_key(of),
        "report_key": report_key(of),
        "certificate": "",
        "roles": sorted(roles),
    }
    return Draft("actor.enrolled", f"actor/{of.actor}", body)


def registration(model: str = "credit-scorer", owner: str = "ada") -> Draft:
    """Register a model in production."""
    body = Registered(
        name="Credit scorer",
        owner=owner,
        version="1.0",
        status="production",
        switch="on",
        legal_class=LegalClass(category="high-risk", point="Annex III 5(b)"),
        materiality="high",
        testing_level="medium",
        card=ModelCard(purpose="Scores credit applications: “yes”, “no”, or a person decides. €"),
    )
    return Draft("model.registered", f"model/{model}", body.model_dump())


def kill(order: Order = ORDER, by: Signer = CY, reason: Body | None = None) -> Draft:
    """Record an order to stop a model, signed by `by`."""
    body = {
        "order": order.model_dump(),
        "order_sig": base64.b64encode(by.sign(order.to_sign())).decode(),
        "published_at": None,
        "reason": reason,
    }
    return Draft("switch.killed", f"model/{order.model}", body)


def requesting(approval: str, effect: Draft) -> Draft:
    """Ask for a second person's approval of an effect."""
    fields: dict[str, Any] = {
        "kind": effect.kind,
        "subject": effect.subject,
        "body": effect.body,
    }
    return Draft("approval.requested", f"approval/{approval}", {"effect": fields, "reason": None})


def approving(approval: str, given: int = 1, needed: int = 1) -> Draft:
    """Approve; the effect must follow the approval that completes those needed."""
    return Draft("approval.approved", f"approval/{approval}", {"given": given, "needed": needed})


def tell() -> Record:
    """Tell the whole story; seventeen entries, in parts of one and two."""
    record = Record()
    record.append(ADA, founding(name=FOUNDER_NAME.body))
    adopted = {"content": sha256(CONTENT).hexdigest(), "reason": "Shipped."}
    record.append(ADA, Draft("policy.adopted", "policy/thresholds", adopted))
    record.append(ADA, enrolment(BEN, "admin"))
    enrolled = enrolment(CY, "incident-commander")
    record.append(ADA, requesting("ap-1", enrolled))
    record.append(BEN, approving("ap-1"), enrolled)
    record.append(ADA, registration())
    record.append(CY, opening())
    record.append(CY, kill(reason=KILL_REASON.body))
    resumed = Draft("switch.resumed", "model/credit-scorer", {"after_seq": 8, "reason": None})
    record.append(CY, requesting("ap-2", resumed))
    record.append(BEN, approving("ap-2"), resumed)
    erased = {"keys": [DESCRIPTION.key_id], "ground": "Asked for by the person concerned"}
    record.append(ADA, requesting("ap-3", Draft("vault.erased", "incident/inc-1", erased)))
    record.append(BEN, approving("ap-3"), Draft("vault.erased", "incident/inc-1", erased))
    record.append(
        ADA,
        Draft("model.versioned", "model/credit-scorer", {"version": "1.1", "notes": '\u2028\\"/'}),
        Draft("model.status_changed", "model/credit-scorer", {"status": "validation"}),
    )
    return record


def opening() -> Draft:
    """Open an incident with one step."""
    body = {
        "title": "Declines without ground",
        "severity": "critical",
        "model": "credit-scorer",
        "description": DESCRIPTION.body,
        "detected_at": "2026-01-01T00:05:00.000000Z",
        "aware_at": "2026-01-01T00:06:00.000000Z",
        "answer_due": "2026-01-01T00:21:00.000000Z",
        "playbook": sha256(CONTENT).hexdigest(),
        "steps": [
            {
                "step": "assess",
                "phase": "First 15 minutes",
                "title": "Assess the severity",
                "due": "2026-01-01T00:21:00.000000Z",
            }
        ],
    }
    return Draft("incident.opened", "incident/inc-1", body)
