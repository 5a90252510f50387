"""Data sets: whose they are, what is in them, which model versions were made with which bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Draft, Entry, canonical
from ledger.errors import InvalidInput, Refused
from ledger.registers import actors, models
from ledger.registers.body import (
    ActorId,
    BodyModel,
    Count,
    Digest,
    Line,
    Name,
    Sealed,
    subject_name,
)
from ledger.registers.body import Text as Prose
from ledger.registers.rows import Row, Rows

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

PersonalData = Literal["none", "personal", "special-category", "not-stated"]
Use = Literal["training", "validation", "testing"]


class DataFile(BodyModel):
    """A file of a data set: its name without folders, size in bytes, SHA-256."""

    name: Line
    size: Count
    sha256: Digest


class Contents(BodyModel):
    """The bytes of a data set at one moment.

    `digest` is the SHA-256 of one file, or that of several files' sorted digests, a line each.
    `profile` is the SHA-256 of its profile (JSON) in evidence; `rows` are known with it. `note` is
    free text, which may be about people.
    """

    version: Line
    files: list[DataFile]
    digest: Digest
    rows: Count | None
    profile: Digest | None
    note: Sealed | None


class Registered(BodyModel):
    """A data set enters the register, with its first contents."""

    name: Line
    owner: ActorId
    source: Prose
    licence: Line
    purpose: Prose
    personal_data: PersonalData
    contents: Contents


class Versioned(BodyModel):
    """New contents of a data set."""

    contents: Contents


class Retired(BodyModel):
    """A data set is not to be used any more."""

    reason: Line


class Trained(BodyModel):
    """A version of a model was trained, validated or tested on contents of a data set."""

    version: Line
    dataset: Name
    digest: Digest
    use: Use


class DatasetRow(Row, table=True):
    """A data set as it stands now; `version` and `digest` are those of its latest contents."""

    __tablename__ = "dataset"
    dataset: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    name: str
    owner: str
    source: str = Field(sa_type=Text)
    licence: str
    purpose: str = Field(sa_type=Text)
    personal_data: str
    version: str
    digest: str
    status: str
    registered_at: str
    registered_by: str


class ContentsRow(Row, table=True):
    """Contents that a data set has had; `files` is JSON, `rows` -1 where they were not counted."""

    __tablename__ = "dataset_version"
    dataset: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    digest: str
    files: str = Field(sa_type=Text)
    rows: int = Field(sa_type=BigInteger)
    profile: str
    note: str = Field(sa_type=Text)
    time: str
    actor: str


class LineageRow(Row, table=True):
    """A model version made with contents of a data set."""

    __tablename__ = "lineage"
    model: str = Field(primary_key=True)
    model_version: str = Field(primary_key=True)
    dataset: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    use: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    time: str
    actor: str


def registered(rows: Rows, entry: Entry, body: Registered) -> None:
    """Project `dataset.registered`."""
    dataset = subject_name(entry.subject)
    if not _NAME.fullmatch(dataset):
        raise InvalidInput(
            f"{dataset!r} cannot be a data set's id.", "Use a-z, 0-9 and dashes, 63 at most."
        )
    if rows.get(DatasetRow, dataset) is not None:
        raise Refused(
            f"The data set {dataset} is registered already.",
            "Choose another id, or enter a new version of it.",
        )
    actors.active(rows, body.owner)
    _put_contents(rows, entry, dataset, body.contents)
    rows.put(
        DatasetRow(
            seq=entry.seq,
            dataset=dataset,
            name=body.name,
            owner=body.owner,
            source=body.source,
            licence=body.licence,
            purpose=body.purpose,
            personal_data=body.personal_data,
            version=body.contents.version,
            digest=body.contents.digest,
            status="in use",
            registered_at=entry.time,
            registered_by=entry.actor,
        )
    )


def versioned(rows: Rows, entry: Entry, body: Versioned) -> None:
    """Project `dataset.versioned`."""
    row = _standing(rows, subject_name(entry.subject))
    contents = body.contents
    if rows.get(ContentsRow, row.dataset, contents.version) is not None:
        raise Refused(f"{row.dataset} already had version {contents.version}.", "Use a new number.")
    if contents.digest == row.digest:
        raise Refused(
            f"These bytes are {row.dataset} {row.version} already.", "Nothing needs to be done."
        )
    _put_contents(rows, entry, row.dataset, contents)
    row.version, row.digest, row.seq = contents.version, contents.digest, entry.seq
    rows.put(row)


def retired(rows: Rows, entry: Entry, body: Retired) -> None:  # noqa: ARG001 - the reason stays in the entry
    """Project `dataset.retired`; what was made with it stays on record."""
    row = _standing(rows, subject_name(entry.subject))
    row.status, row.seq = "retired", entry.seq
    rows.put(row)


def trained(rows: Rows, entry: Entry, body: Trained) -> None:
    """Project `model.trained`."""
    model = models.standing(rows, subject_name(entry.subject)).model
    if rows.get(models.VersionRow, model, body.version) is None:
        raise Refused(f"{model} has no version {body.version}.", f"See: model show {model}")
    known(rows, body.dataset)
    if not rows.where(ContentsRow, dataset=body.dataset, digest=body.digest):
        raise Refused(
            f"{body.dataset} never held the bytes {body.digest[:12]}.",
            "Enter them as a version of it first.",
        )
    key = (model, body.version, body.dataset, body.digest, body.use)
    if rows.get(LineageRow, *key) is not None:
        raise Refused(
            f"The {body.use} of {model} {body.version} on these bytes is recorded already.",
            "Nothing needs to be done.",
        )
    rows.put(
        LineageRow(
            seq=entry.seq,
            model=model,
            model_version=body.version,
            dataset=body.dataset,
            digest=body.digest,
            use=body.use,
            time=entry.time,
            actor=entry.actor,
        )
    )


def known(rows: Rows, dataset: str) -> DatasetRow:
    """A registered data set, retired or not. Refused when unknown."""
    row = rows.get(DatasetRow, dataset)
    if row is None:
        names = ", ".join(found.dataset for found in rows.where(DatasetRow)) or "none"
        raise Refused(f"There is no data set {dataset}.", f"Registered are: {names}.")
    return row


def contents_of(rows: Rows, dataset: str, version: str | None = None) -> ContentsRow:
    """Contents of a data set: of a version, or the latest. Refused when unknown."""
    wanted = version or known(rows, dataset).version
    row = rows.get(ContentsRow, dataset, wanted)
    if row is None:
        raise Refused(f"{dataset} has no version {wanted}.", f"See: data show {dataset}")
    return row


def digest_of(digests: Sequence[str]) -> str:
    """One file's digest, or the SHA-256 of several files' sorted digests, one a line."""
    if len(digests) == 1:
        return digests[0]
    return sha256("".join(f"{digest}\n" for digest in sorted(digests)).encode()).hexdigest()


def draft_training(model: str, body: Trained) -> Draft:
    """What `data trained` enters."""
    return Draft("model.trained", f"model/{model}", body.model_dump())


def _standing(rows: Rows, dataset: str) -> DatasetRow:
    row = known(rows, dataset)
    if row.status == "retired":
        raise Refused(f"The data set {dataset} is retired.", "Register its successor.")
    return row


def _put_contents(rows: Rows, entry: Entry, dataset: str, contents: Contents) -> None:
    if not contents.files:
        raise InvalidInput(f"{dataset} {contents.version} has no file.", "Name one or more.")
    if digest_of([file.sha256 for file in contents.files]) != contents.digest:
        raise InvalidInput(
            f"The digest of {dataset} is not that of its files.", "Compute it from the files."
        )
    rows.put(
        ContentsRow(
            seq=entry.seq,
            dataset=dataset,
            version=contents.version,
            digest=contents.digest,
            files=canonical([file.model_dump() for file in contents.files]).decode(),
            rows=-1 if contents.rows is None else contents.rows,
            profile=contents.profile or "",
            note=canonical(contents.note.model_dump()).decode() if contents.note else "",
            time=entry.time,
            actor=entry.actor,
        )
    )
