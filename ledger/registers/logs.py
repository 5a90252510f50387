"""Sealed logs: imported decision records, each file entered by one entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field as Given
from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Entry, canonical
from ledger.errors import Refused
from ledger.registers import models
from ledger.registers.body import BodyModel, Count, Digest, Line, Time, VaultKey, subject_name
from ledger.registers.erasures import ErasureRow
from ledger.registers.policies import PolicyRow
from ledger.registers.rows import Row, Rows


class Source(BodyModel):
    """A file that was imported: its name, size in bytes and SHA-256 as it came."""

    name: Line
    size: Count
    sha256: Digest


class ClassCount(BodyModel):
    """How many there are of what is called so."""

    name: Line
    count: Count


LogKind = Literal["decision", "feedback", "outcome", "resource"]


class SealedLog(BodyModel):
    """What the record holds of a sealed log: `root` is its row tree's, `import_key` names it.

    `missing` counts by wanted column the rows without it, `guardrails` by outcome the rows with
    it. `policy` is the redaction policy that was in force, `pseudonym_key` the vault key of the
    pseudonyms, `subject_key` that of the persons' names, `subjects` the list (in evidence) of the
    persons with their keys; `bundle` and `sealed_by` are of a log that a program sealed.
    """

    model: Line
    file: Digest
    rows: Count
    root: Digest
    column_map: Digest
    sources: list[Source]
    import_key: Digest
    redactions: list[ClassCount]
    quarantined: Count
    quarantine: Digest | None
    quarantine_key: VaultKey | None
    first_time: Time | None
    last_time: Time | None
    kind: LogKind = "decision"
    format: Line = "table"
    missing: list[ClassCount] = Given(default_factory=list)
    guardrails: list[ClassCount] = Given(default_factory=list)
    policy: Digest | None = None
    pseudonym_key: VaultKey | None = None
    subject_key: VaultKey | None = None
    subjects: Digest | None = None
    bundle: Digest | None = None
    sealed_by: Line | None = None


class LogRow(Row, table=True):
    """A sealed log."""

    __tablename__ = "log"
    log: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    model: str
    file: str
    rows: int = Field(sa_type=BigInteger)
    root: str
    column_map: str
    import_key: str
    sources: str = Field(sa_type=Text)
    redactions: str = Field(sa_type=Text)
    quarantined: int = Field(sa_type=BigInteger)
    quarantine: str
    quarantine_key: str
    first_time: str
    last_time: str
    kind: str
    format: str
    missing: str = Field(sa_type=Text)
    guardrails: str = Field(sa_type=Text)
    policy: str
    pseudonym_key: str
    subject_key: str
    subjects: str
    bundle: str
    sealed_by: str
    time: str
    actor: str


def sealed(rows: Rows, entry: Entry, body: SealedLog) -> None:
    """Project `log.sealed`; the same import is never entered twice."""
    models.known(rows, body.model)
    known = imported_as(rows, body.import_key)
    if known is not None:
        raise Refused(f"These files are imported already, as {known.log}.", "See `logs show`.")
    rules = rows.get(PolicyRow, "redaction")
    if body.bundle is None and (rules.content if rules else None) != body.policy:
        raise Refused(
            "Another redaction policy is in force than the log was made under.",
            "Import the files again, under the policy in force.",
        )
    log = subject_name(entry.subject)
    if rows.get(LogRow, log) is not None:
        raise Refused(f"{log} exists already.", "Import the files again; they get a new id.")
    rows.put(
        LogRow(
            seq=entry.seq,
            log=log,
            model=body.model,
            file=body.file,
            rows=body.rows,
            root=body.root,
            column_map=body.column_map,
            import_key=body.import_key,
            sources=canonical([source.model_dump() for source in body.sources]).decode(),
            redactions=canonical([count.model_dump() for count in body.redactions]).decode(),
            quarantined=body.quarantined,
            quarantine=body.quarantine or "",
            quarantine_key=body.quarantine_key or "",
            first_time=body.first_time or "",
            last_time=body.last_time or "",
            kind=body.kind,
            format=body.format,
            missing=canonical([count.model_dump() for count in body.missing]).decode(),
            guardrails=canonical([count.model_dump() for count in body.guardrails]).decode(),
            policy=body.policy or "",
            pseudonym_key=body.pseudonym_key or "",
            subject_key=body.subject_key or "",
            subjects=body.subjects or "",
            bundle=body.bundle or "",
            sealed_by=body.sealed_by or "",
            time=entry.time,
            actor=entry.actor,
        )
    )


def imported_as(rows: Rows, import_key: str) -> LogRow | None:
    """The log that holds this import already, or None."""
    found = rows.where(LogRow, import_key=import_key)
    return found[0] if found else None


def pseudonym_key_of(rows: Rows, model: str) -> str | None:
    """The vault key of a model's pseudonyms, if there is one that is not erased."""
    return _key_in_use(rows, [log.pseudonym_key for log in rows.where(LogRow, model=model)])


def subject_key_of(rows: Rows) -> str | None:
    """The vault key under which persons are named, if there is one that is not erased."""
    return _key_in_use(rows, [log.subject_key for log in rows.where(LogRow)])


def _key_in_use(rows: Rows, keys: Iterable[str]) -> str | None:
    """The one of these keys that is not erased; there is at most one."""
    return next((key for key in keys if key and rows.get(ErasureRow, key) is None), None)


def next_log(rows: Rows) -> str:
    """The id of the next log."""
    return f"log-{rows.count(LogRow) + 1}"
