"""Audits: every one that was ever run stays listed, whatever its verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field as Given
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


class Option(BodyModel):
    """What else was asked, such as a cut-off or a reference group, by name."""

    name: Line
    value: Prose


class CompletedAudit(BodyModel):
    """An audit: what was asked, of which data, and what came out.

    `profile` names the rule that it was made for (empty: none), `outcome` what kind of answer the
    model gives. `disparities` holds a value for each measure of each attribute or feature. An
    audit that does not ask for one of the defaulted fields may leave it out. `result` is the
    SHA-256 of the full result (JSON) in the evidence folder.
    """

    model: Line
    measure: Literal["fairness", "drift"]
    profile: Prose = ""
    outcome: Prose = "binary"
    label: Prose = ""
    prediction: Prose = ""
    positive: Prose = ""
    by: list[Line] = Given(default_factory=list)
    filter: Prose = ""
    options: list[Option] = Given(default_factory=list)
    n: Count
    excluded: Count = 0
    seed: Count = 0
    draws: Count = 0
    data: Digest
    logs: list[Line] = Given(default_factory=list)
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
    profile: str
    outcome: str
    label: str
    prediction: str
    positive: str
    by: str
    filter: str = Field(sa_type=Text)
    options: str = Field(sa_type=Text)
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

    @property
    def question(self) -> tuple[str, ...]:
        """What was asked, of what: a later audit with the same question supersedes this one.

        Imported decisions are the same source however many there are by now; of files, which a
        person chooses, only the same bytes are.
        """
        source = self.data if self.logs == "[]" else ""
        asked = (self.label, self.prediction, self.positive, self.by, self.filter, self.options)
        return (self.model, self.measure, self.profile, self.outcome, *asked, source)


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
            profile=body.profile,
            outcome=body.outcome,
            label=body.label,
            prediction=body.prediction,
            positive=body.positive,
            by=canonical(body.by).decode(),
            filter=body.filter,
            options=canonical([option.model_dump() for option in body.options]).decode(),
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


def superseded(audits: Iterable[AuditRow]) -> dict[str, str]:
    """For each audit whose question was asked again the latest audit that did; it stays listed."""
    ordered = sorted(audits, key=lambda row: row.seq)
    latest = {row.question: row.audit for row in ordered}
    return {row.audit: latest[row.question] for row in ordered if latest[row.question] != row.audit}


def elsewhere(audits: Iterable[AuditRow], audit: AuditRow) -> int:
    """How many audits of the same model and measure chose its rows by another filter."""
    return sum(
        (row.model, row.measure) == (audit.model, audit.measure) and row.filter != audit.filter
        for row in audits
    )
