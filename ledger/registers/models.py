"""Models: the inventory, with owners, cards, versions and three ratings that stand apart."""

from __future__ import annotations

import re
from typing import Literal

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Draft, Entry, canonical
from ledger.errors import InvalidInput, Refused
from ledger.registers import actors, switches
from ledger.registers.body import ActorId, BodyModel, Line, Mode, subject_name
from ledger.registers.body import Text as Prose
from ledger.registers.rows import Row, Rows

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

Status = Literal["proposed", "development", "validation", "production", "retired"]
Level = Literal["low", "medium", "high"]
Category = Literal["prohibited", "high-risk", "limited", "minimal", "not-classified"]


class ModelCard(BodyModel):
    """What people need to know of a model before they rely on it (all prose; empty: not said)."""

    purpose: Prose = ""
    intended_use: Prose = ""
    out_of_scope_use: Prose = ""
    end_users: Prose = ""
    decisions_alone: Prose = ""
    decisions_with_person: Prose = ""
    harm_if_wrong: Prose = ""
    tolerated_error: Prose = ""
    outcome_target: Prose = ""
    outcome_owner: Prose = ""
    training_data: Prose = ""
    architecture: Prose = ""
    metrics: Prose = ""
    limitations: Prose = ""
    fairness_considerations: Prose = ""
    failure_noticed: Prose = ""
    fallback: Prose = ""
    escalation_path: Prose = ""
    challenge_path: Prose = ""


class LegalClass(BodyModel):
    """Class under the EU AI Act, the point relied on, the organisation's part, and why."""

    category: Category = "not-classified"
    point: Prose = ""
    role: Literal["provider", "deployer"] = "deployer"
    reason: Prose = ""


class Registered(BodyModel):
    """A model enters the inventory."""

    name: Line
    owner: ActorId
    version: Line
    status: Status
    switch: Mode
    legal_class: LegalClass
    materiality: Level
    testing_level: Level
    card: ModelCard


class Carded(BodyModel):
    """A new model card."""

    card: ModelCard


class Owned(BodyModel):
    """A new owner."""

    owner: ActorId


class Versioned(BodyModel):
    """A new version in use."""

    version: Line
    notes: Prose


class StatusChanged(BodyModel):
    """A new place in the life cycle."""

    status: Status


class Tiered(BodyModel):
    """The three ratings, decided anew and each for itself."""

    legal_class: LegalClass
    materiality: Level
    testing_level: Level


class ModelRow(Row, table=True):
    """A model as it stands now; `card` and `legal` are JSON."""

    __tablename__ = "model"
    model: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    name: str
    owner: str
    version: str
    status: str
    materiality: str
    testing_level: str
    legal: str = Field(sa_type=Text)
    card: str = Field(sa_type=Text)
    registered_at: str
    registered_by: str

    @property
    def legal_class(self) -> LegalClass:
        """The legal class as a model."""
        return LegalClass.model_validate_json(self.legal)

    @property
    def model_card(self) -> ModelCard:
        """The card as a model."""
        return ModelCard.model_validate_json(self.card)


class VersionRow(Row, table=True):
    """A version that a model has had, in the order entered."""

    __tablename__ = "version"
    model: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    notes: str = Field(sa_type=Text)
    time: str
    actor: str


def registered(rows: Rows, entry: Entry, body: Registered) -> None:
    """Project `model.registered`: model, first version and switch."""
    model = subject_name(entry.subject)
    if not _NAME.fullmatch(model):
        raise InvalidInput(
            f"{model!r} cannot be a model's id.", "Use a-z, 0-9 and dashes, 63 at most."
        )
    if rows.get(ModelRow, model) is not None:
        raise Refused(f"The model {model} is registered already.", "Choose another id.")
    actors.active(rows, body.owner)
    rows.put(
        ModelRow(
            seq=entry.seq,
            model=model,
            name=body.name,
            owner=body.owner,
            version=body.version,
            status=body.status,
            materiality=body.materiality,
            testing_level=body.testing_level,
            legal=_json(body.legal_class),
            card=_json(body.card),
            registered_at=entry.time,
            registered_by=entry.actor,
        )
    )
    _put_version(rows, entry, model, body.version, "First version registered.")
    switches.first(rows, entry, model, body.switch)


def carded(rows: Rows, entry: Entry, body: Carded) -> None:
    """Project `model.carded`."""
    row = standing(rows, subject_name(entry.subject))
    row.card = _json(body.card)
    _write(rows, entry, row)


def owned(rows: Rows, entry: Entry, body: Owned) -> None:
    """Project `model.owned`."""
    row = standing(rows, subject_name(entry.subject))
    actors.active(rows, body.owner)
    row.owner = body.owner
    _write(rows, entry, row)


def versioned(rows: Rows, entry: Entry, body: Versioned) -> None:
    """Project `model.versioned`."""
    row = standing(rows, subject_name(entry.subject))
    if rows.get(VersionRow, row.model, body.version) is not None:
        raise Refused(f"{row.model} already had version {body.version}.", "Use a new number.")
    _put_version(rows, entry, row.model, body.version, body.notes)
    row.version = body.version
    _write(rows, entry, row)


def status_changed(rows: Rows, entry: Entry, body: StatusChanged) -> None:
    """Project `model.status_changed`."""
    row = standing(rows, subject_name(entry.subject))
    if body.status == row.status:
        raise Refused(f"{row.model} already is in {body.status}.", "Nothing needs to be done.")
    row.status = body.status
    _write(rows, entry, row)


def tiered(rows: Rows, entry: Entry, body: Tiered) -> None:
    """Project `model.tiered`."""
    row = standing(rows, subject_name(entry.subject))
    row.legal = _json(body.legal_class)
    row.materiality = body.materiality
    row.testing_level = body.testing_level
    _write(rows, entry, row)


def known(rows: Rows, model: str) -> ModelRow:
    """A registered model, retired or not. Refused when unknown."""
    row = rows.get(ModelRow, model)
    if row is None:
        names = ", ".join(found.model for found in rows.where(ModelRow)) or "none"
        raise Refused(f"There is no model {model}.", f"Registered are: {names}.")
    return row


def standing(rows: Rows, model: str) -> ModelRow:
    """A registered model that is not retired. Refused otherwise."""
    row = known(rows, model)
    if row.status == "retired":
        raise Refused(f"The model {model} is retired.", "Register its successor.")
    return row


def draft_registration(model: str, body: Registered) -> Draft:
    """What `model register` enters."""
    return Draft("model.registered", f"model/{model}", body.model_dump())


def _json(value: BodyModel) -> str:
    return canonical(value.model_dump()).decode()


def _write(rows: Rows, entry: Entry, row: ModelRow) -> None:
    row.seq = entry.seq
    rows.put(row)


def _put_version(rows: Rows, entry: Entry, model: str, version: str, notes: str) -> None:
    rows.put(
        VersionRow(
            seq=entry.seq,
            model=model,
            version=version,
            notes=notes,
            time=entry.time,
            actor=entry.actor,
        )
    )
