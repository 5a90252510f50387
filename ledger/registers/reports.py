"""Reports issued: each PDF's digest and the checkpoint that it carries as a witness."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger
from sqlmodel import Field

from ledger.entry import Entry
from ledger.errors import Refused
from ledger.registers.body import BodyModel, Count, Digest, Line, Time, subject_name
from ledger.registers.rows import Row, Rows


class Issued(BodyModel):
    """A signed PDF: what it is about, its SHA-256, and the size and root it vouches for."""

    report_kind: Literal["model-report"]
    about: Line
    sha256: Digest
    pages: Count
    size: Count
    root: Digest
    period_from: Time
    period_to: Time
    signed_with: Line


class ReportRow(Row, table=True):
    """A report that was issued."""

    __tablename__ = "report"
    report: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    report_kind: str
    about: str
    sha256: str
    pages: int
    size: int = Field(sa_type=BigInteger)
    root: str
    period_from: str
    period_to: str
    signed_with: str
    issued_at: str
    issued_by: str


def issued(rows: Rows, entry: Entry, body: Issued) -> None:
    """Project `report.issued`."""
    report = subject_name(entry.subject)
    if rows.get(ReportRow, report) is not None:
        raise Refused(f"{report} was issued already.", "Build it again; it will get a new id.")
    if body.size > entry.seq:
        raise Refused("A report cannot vouch for entries after itself.", "Build it again.")
    rows.put(
        ReportRow(
            seq=entry.seq,
            report=report,
            report_kind=body.report_kind,
            about=body.about,
            sha256=body.sha256,
            pages=body.pages,
            size=body.size,
            root=body.root,
            period_from=body.period_from,
            period_to=body.period_to,
            signed_with=body.signed_with,
            issued_at=entry.time,
            issued_by=entry.actor,
        )
    )
