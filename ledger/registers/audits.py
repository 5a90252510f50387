"""Audits: every one that was ever run stays listed, whatever its verdict."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Entry, canonical
from ledger.errors import Refused
from ledger.registers import models
from ledger.registers.body import BodyModel, Count, Decimal, Digest, Line, subject_name
from ledger.registers.body import Text as Prose
from ledger.registers.rows import Row, Rows


class Disparity(BodyModel):
    """One disparity measure of one attribute; null where it is undefined."""

    by: Line
    measure: Line
    value: Decimal | None


class CompletedAudit(BodyModel):
    """A fairness audit: what was asked, of which data, and what came out.

    `result` is the SHA-256 of the full result (JSON) in the evidence folder.
    """

    model: Line
    measure: Literal["fairness"]
    label: Prose
    prediction: Line
    positive: Line
    by: list[Line]
    filter: Prose
    n: Count
    excluded: Count
    seed: Count
    draws: Count
    data: Digest
    logs: list[Line]
    thresholds: Digest
    disparities: list[Disparity]
    verdict: Literal["pass", "fail", "inconclusive"]
    result: Digest


class AuditRow(Row, table=True):
    """An audit; lists are JSON."""

    __tablename__ = "audit"
    audit: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    model: str
    measure: str
    label: str
    prediction: str
    positive: str
    by: str
    filter: str = Field(sa_type=Text)
    n: int = Field(sa_type=BigInteger)
    excluded: int = Field(sa_type=BigInteger)
    seed: int = Field(sa_type=BigInteger)
    draws: int = Field(sa_type=BigInteger)
    data: str
    logs: str
    thresholds: str
    disparities: str = Field(sa_type=Text)
    verdict: str
    result: str
    time: str
    actor: str


def completed(rows: Rows, entry: Entry, body: CompletedAudit) -> None:
    """Project `audit.completed`."""
    models.known(rows, body.model)
    audit = subject_name(entry.subject)
    if rows.get(AuditRow, audit) is not None:
        raise Refused(f"{audit} exists already.", "Run the audit again; it will get a new id.")
    rows.put(
        AuditRow(
            seq=entry.seq,
            audit=audit,
            model=body.model,
            measure=body.measure,
            label=body.label,
            prediction=body.prediction,
            positive=body.positive,
            by=canonical(body.by).decode(),
            filter=body.filter,
            n=body.n,
            excluded=body.excluded,
            seed=body.seed,
            draws=body.draws,
            data=body.data,
            logs=canonical(body.logs).decode(),
            thresholds=body.thresholds,
            disparities=canonical([d.model_dump() for d in body.disparities]).decode(),
            verdict=body.verdict,
            result=body.result,
            time=entry.time,
            actor=entry.actor,
        )
    )


def next_audit(rows: Rows) -> str:
    """The id of the next audit."""
    return f"aud-{rows.count(AuditRow) + 1}"
