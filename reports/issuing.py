"""Issuing a model report: gather, draw, sign, keep, enter.

The PDF is written before it is entered: dying in between leaves a file that no entry names, never
an entry without its report.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from ledger.authority import may
from ledger.book import Book
from ledger.clock import read_time, write_time
from ledger.entry import Draft
from ledger.errors import Refused
from ledger.files import write_durably
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.registers.actors import active
from ledger.witnessing import signed_checkpoint, vouching
from reports import content, gathering
from reports.authority import dump_certificate, fingerprint, load_certificate
from reports.evidence import make_evidence
from reports.gathering_held import report_findings, report_logs, report_training
from reports.gathering_measured import report_drifts, report_evaluations
from reports.pdf import build_pdf
from reports.signing import ReportSigner, sign_pdf


@dataclass(frozen=True)
class IssuedReport:
    """A signed PDF in the home's `reports/`, and the entry that names it."""

    report_id: str
    model: str
    path: Path
    sha256: str
    pages: int
    seq: int

    def as_json(self) -> dict[str, Any]:
        """The document of `report build --json`."""
        return {**asdict(self), "path": str(self.path)}


def issue_model_report(
    book: Book,
    signer: Signer,
    report_key: ec.EllipticCurvePrivateKey | None,
    model: str,
    *,
    period_from: datetime | None = None,
    period_to: datetime | None = None,
    pkcs12: ReportSigner | None = None,
    new_id: Callable[[], str] = lambda: secrets.token_hex(3),
) -> IssuedReport:
    """Issue a model report, signed with the issuer's report key or an organisation's own PKCS#12.

    Raises Refused without a certificate, role or Pango, and what reading the evidence raises.
    """
    now = book.clock()
    report_signer = pkcs12 or enrolled_signer(book, signer.actor, report_key)
    report_id = f"rep-{now:%Y%m%d}-{new_id()}"
    facts = book.facts
    with vouching(book, signer) as snapshot:
        if not may(snapshot.rows, signer.actor, Kind.REPORT_ISSUED):
            raise Refused(
                f"{signer.actor} may not issue reports.", "See who may: quaestor actor list"
            )
        gathered = gathering.gather(snapshot, model, period_from, period_to or now)
        results = {digest: book.home.evidence.read(digest, "json") for digest in gathered.results}
        note = signed_checkpoint(snapshot, signer)
        head = snapshot.head
        evidence = make_evidence(
            snapshot,
            report_id=report_id,
            about=f"model/{model}",
            note=note,
            origin=facts.origin,
            entries=gathered.entries,
            results=results,
        )
    period = (period_from or read_time(gathered.model.registered_at), period_to or now)
    issuer_row = next(row for row in gathered.actors if row.actor == signer.actor)
    report = content.ModelReport(
        report_id=report_id,
        issued_at=now,
        period=period,
        issuer=content.Issuer(
            actor=signer.actor,
            name=book.reveal(f"actor/{signer.actor}", "name", issuer_row.name) or signer.actor,
            organisation=facts.organisation,
            authority=dump_certificate(report_signer.authority),
        ),
        model=gathering.report_model(book, gathered),
        record=content.Record(
            facts.ledger_id, facts.origin, head.size, head.root.hex(), note, facts.ca_fingerprint
        ),
        card=gathering.report_card(gathered),
        versions=gathering.report_versions(gathered),
        audits=gathering.report_audits(book, gathered),
        drifts=report_drifts(book, gathered.audits),
        evaluations=report_evaluations(book, gathered.evaluations),
        findings=report_findings(book, gathered.held, now),
        training=report_training(gathered.held),
        logs=report_logs(gathered.held),
        incidents=gathering.report_incidents(gathered, now),
        switches=gathering.report_switches(book, gathered),
        people=gathering.report_people(gathered),
        evidence=evidence,
        demo=facts.demo,
    )
    pdf = sign_pdf(build_pdf(report), report_signer, now)
    path = book.home.reports / f"{report_id}.pdf"
    write_durably(path, pdf)
    pages, digest = count_pages(pdf), sha256(pdf).hexdigest()
    body = {
        "report_kind": "model-report",
        "about": f"model/{model}",
        "sha256": digest,
        "pages": pages,
        "size": head.size,
        "root": head.root.hex(),
        "period_from": write_time(period[0]),
        "period_to": write_time(period[1]),
        "signed_with": fingerprint(report_signer.certificate),
    }
    appended = book.append(signer, [Draft(Kind.REPORT_ISSUED, f"report/{report_id}", body)])
    return IssuedReport(report_id, model, path, digest, pages, appended.entries[-1].seq)


def enrolled_signer(
    book: Book, actor: str, report_key: ec.EllipticCurvePrivateKey | None
) -> ReportSigner:
    """An actor's report key with the certificate that the record holds for it."""
    with book.read() as snapshot:
        row = active(snapshot.rows, actor)
    if report_key is None or not row.certificate:
        raise Refused(
            f"{actor} has no report certificate.",
            f"The founder issues one: quaestor actor certify {actor}",
        )
    authority = load_certificate(book.facts.ca_certificate.encode())
    return ReportSigner(report_key, load_certificate(row.certificate.encode()), (authority,))


def count_pages(pdf: bytes) -> int:
    """Number of pages of a PDF."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    return int(PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Count"])
