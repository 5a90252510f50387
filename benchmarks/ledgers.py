"""Ledgers to measure on: founded and filled as every ledger is, through `Book.append`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.book import Book
from ledger.entry import Draft
from ledger.founding import Foundation, found
from ledger.home import Home
from ledger.keys import Signer
from ledger.registers.house import RoleMatrix
from ledger.registers.models import LegalClass, ModelCard, Registered, draft_registration
from ledger.seat import Seat
from policies.shipped import role_matrix

MODELS = 50
_OWNER = "bench-admin"


@contextmanager
def fresh_ledger(store: str = "") -> Iterator[tuple[Book, Signer]]:
    """A founded ledger with some models in it, in a folder that is gone afterwards.

    `store` is the URL of an empty PostgreSQL database that is to hold its entries.
    """
    with TemporaryDirectory(prefix="quaestor-bench-") as folder:
        signer = owner()
        seat = Seat(Path(folder) / "seat")
        seat.create()
        book = Book(Home(Path(folder) / "home", store), seat)
        found(book, signer, _foundation(), {})
        book.append(signer, [_registration(number) for number in range(MODELS)])
        yield book, signer


def owner() -> Signer:
    """Who appends: the same key in every process."""
    return Signer(_OWNER, Ed25519PrivateKey.from_private_bytes(sha256(b"bench").digest()))


def versions(start: int, count: int) -> list[Draft]:
    """So many new versions, spread over the models, numbered from `start` on: one row each."""
    return [
        Draft(
            "model.versioned",
            f"model/model-{number % MODELS}",
            {"version": f"v{number}", "notes": "Retrained on the last quarter's applications."},
        )
        for number in range(start, start + count)
    ]


def fill(book: Book, signer: Signer, entries: int, part: int) -> None:
    """Append `entries` new versions in parts of `part`."""
    with book.read() as snapshot:
        size = snapshot.head.size
    for start in range(size, size + entries, part):
        book.append(signer, versions(start, min(part, size + entries - start)))


def _registration(number: int) -> Draft:
    body = Registered(
        name=f"Model {number}",
        owner=_OWNER,
        version="1",
        status="production",
        switch="on",
        legal_class=LegalClass(),
        materiality="low",
        testing_level="low",
        card=ModelCard(purpose="To be measured."),
    )
    return draft_registration(f"model-{number}", body)


def _foundation() -> Foundation:
    return Foundation(
        ledger_id=sha256(b"benchmark ledger").hexdigest(),
        origin="bench.example/ledger",
        organisation="Bench",
        demo=True,
        founder_name="",
        report_key="",
        certificate="",
        matrix=RoleMatrix.model_validate(role_matrix()),
        ca_fingerprint="none",
        ca_certificate="",
    )
