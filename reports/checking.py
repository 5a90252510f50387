"""Checking a report: its signature, the evidence it carries, and the ledger at hand.

1. The PDF's signature covers the whole file and leads to a trusted CA (reports/verify.py).
   Trusted is what the caller names or the seat has pinned, never what the file or a home says.
2. The attached evidence proves its entries by itself (reports/evidence.py).
3. Where a ledger is at hand, its tree at the checkpoint's size must have the checkpoint's root.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from ledger.anchors import Anchor
from ledger.book import Book
from ledger.clock import write_time
from ledger.errors import CheckFailed, InvalidInput, QuaestorError
from ledger.registers.house import the_ledger
from ledger.registers.reports import ReportRow
from ledger.seat import Seat
from ledger.tiles import root_at
from reports.evidence import ReportEvidence, check_evidence
from reports.pages import EVIDENCE_FILE
from reports.verify import PdfSigner, ReportState, verify_pdf


@dataclass(frozen=True)
class ReportCheck:
    """What checking a report found. `ledger` is `agrees`, `disagrees` or `not compared`."""

    verdict: ReportState
    problems: tuple[str, ...]
    signer: PdfSigner | None
    signed_at: str | None
    evidence: ReportEvidence | None
    ledger: str = "not compared"
    issued: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The document of `report verify --json`."""
        evidence = self.evidence
        return {
            "verdict": str(self.verdict),
            "problems": list(self.problems),
            "signer": asdict(self.signer) if self.signer else None,
            "signed_at": self.signed_at,
            "report_id": evidence.report_id if evidence else None,
            "about": evidence.about if evidence else None,
            "checkpoint": {
                "origin": evidence.checkpoint.origin,
                "size": evidence.checkpoint.size,
                "root": evidence.checkpoint.root.hex(),
                "signed_by": evidence.signed_by,
            }
            if evidence
            else None,
            "entries_proven": evidence.entries if evidence else 0,
            "ledger": self.ledger,
            "issued": self.issued,
        }


def check_report(
    data: bytes, *, book: Book | None = None, seat: Seat | None = None, trust: str | None = None
) -> ReportCheck:
    """Check a report's bytes. Never raises for what the file holds."""
    trusted = trusted_fingerprints(seat, trust)
    pdf = verify_pdf(data, trusted)
    signed_at = write_time(pdf.signed_at) if pdf.signed_at else None
    check = ReportCheck(pdf.verdict, pdf.problems, pdf.signer, signed_at, None)
    if pdf.verdict == ReportState.ALTERED:
        return check
    try:
        check = replace(check, evidence=check_evidence(pdf.attachments.get(EVIDENCE_FILE, b"")))
    except CheckFailed as error:
        return _altered(check, error.message)
    return check if book is None else _against_ledger(check, data, book)


def anchor_of(data: bytes, where: str, *, seat: Seat | None, trust: str | None = None) -> Anchor:
    """The checkpoint in a report, as an anchor to verify a ledger against.

    It counts by the report's own signature: whoever altered the ledger may have removed the issuer.
    Raises InvalidInput unless the report is valid under what the caller trusts.
    """
    check = check_report(data, seat=seat, trust=trust)
    if check.verdict != ReportState.VALID or check.evidence is None:
        raise InvalidInput(
            f"{where} cannot vouch for a ledger. "
            f"{' '.join(check.problems) or f'It is {check.verdict}.'}",
            "Name the CA you trust with --trust FINGERPRINT, or use the report as it was issued.",
        )
    evidence = check.evidence
    by = evidence.signed_by.rpartition("/")[2]
    return Anchor(evidence.checkpoint, by, check.signed_at or "", where)


def trusted_fingerprints(seat: Seat | None, trust: str | None) -> Collection[str]:
    """What the caller trusts: the fingerprint named, or else the seat's pins."""
    if trust:
        return [trust]
    return seat.trusted_authorities() if seat else []


def _against_ledger(check: ReportCheck, data: bytes, book: Book) -> ReportCheck:
    evidence = check.evidence
    if evidence is None:
        return check
    checkpoint = evidence.checkpoint
    try:
        with book.read() as snapshot:
            if the_ledger(snapshot.rows).origin != checkpoint.origin:
                return replace(check, ledger="not compared")
            gone = checkpoint.size > snapshot.head.size
            same = not gone and root_at(snapshot.tile, checkpoint.size) == checkpoint.root
            row = snapshot.rows.get(ReportRow, evidence.report_id)
    except QuaestorError as error:
        return replace(check, problems=(*check.problems, f"No ledger to compare: {error.message}"))
    check = replace(check, issued=row is not None and row.sha256 == sha256(data).hexdigest())
    if same:
        return replace(check, ledger="agrees")
    what = "has lost entries that" if gone else "is not the one that"
    message = f"The ledger at hand {what} this report vouches for."
    return replace(_altered(check, message), ledger="disagrees")


def _altered(check: ReportCheck, problem: str) -> ReportCheck:
    return replace(check, verdict=ReportState.ALTERED, problems=(*check.problems, problem))
