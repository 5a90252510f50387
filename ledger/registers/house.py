"""The ledger's own register: what entry 0 fixed, and the role matrix in force."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field as Bounds
from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import FORMAT, Entry, canonical
from ledger.errors import Refused
from ledger.registers import actors
from ledger.registers.body import ActorId, BodyModel, Digest, Line, Sealed, subject_name
from ledger.registers.rows import Row, Rows


class RoleRule(BodyModel):
    """The kinds of entry that a role may make; `incident.*` stands for every one of a subject."""

    role: Line
    kinds: list[Line]


class TwoPersonRule(BodyModel):
    """Kinds that one person requests and others, in one of these roles, approve.

    `approvals` is how many others; a rule that does not say it asks for one.
    """

    kinds: list[Line]
    approvers: list[Line]
    when: Literal["always", "two_admins"]
    approvals: Annotated[int, Bounds(ge=1)] = 1


class RoleMatrix(BodyModel):
    """Who may enter what: part of the record, not of the program."""

    roles: list[RoleRule]
    two_person: list[TwoPersonRule]


class Founder(BodyModel):
    """The first admin, whose key signs entry 0."""

    actor: ActorId
    name: Sealed | None
    public_key: Line
    report_key: str
    certificate: str


class Founded(BodyModel):
    """Body of entry 0."""

    format: int
    ledger_id: Digest
    origin: Line
    organisation: Line
    demo: bool
    founder: Founder
    matrix: RoleMatrix
    ca_fingerprint: Line
    ca_certificate: str


class MatrixAdopted(BodyModel):
    """A new role matrix, in force from the next entry on."""

    matrix: RoleMatrix
    reason: Line


class LedgerRow(Row, table=True):
    """The one row that says which ledger this is."""

    __tablename__ = "ledger"
    ledger_id: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    origin: str
    organisation: str
    demo: bool
    founder: str
    founded_at: str
    matrix: str = Field(sa_type=Text)
    ca_fingerprint: str
    ca_certificate: str = Field(sa_type=Text)


class MovedRow(Row, table=True):
    """Where a ledger went that was kept in this database: the only row that a move leaves.

    No entry writes it; a ledger that is in use has none.
    """

    __tablename__ = "moved"
    to: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)


def moved_row(to: str, size: int) -> MovedRow:
    """What a database keeps whose ledger of `size` entries has gone `to` another place."""
    return MovedRow(to=to, seq=size - 1)


def founded(rows: Rows, entry: Entry, body: Founded) -> None:
    """Entry 0, and only entry 0, founds the ledger and enrols its founder as admin."""
    if entry.seq != 0 or entry.part != (0, 1) or entry.actor != body.founder.actor:
        raise Refused("A ledger is founded by its entry 0, by its founder.", "Run `quaestor init`.")
    if subject_name(entry.subject) != body.ledger_id:
        raise Refused("Entry 0 is about another ledger than it founds.", "Run `quaestor init`.")
    if body.format != FORMAT:
        raise Refused(f"Ledger format {body.format} is not {FORMAT}.", "Install a newer version.")
    rows.put(
        LedgerRow(
            seq=entry.seq,
            ledger_id=body.ledger_id,
            origin=body.origin,
            organisation=body.organisation,
            demo=body.demo,
            founder=entry.actor,
            founded_at=entry.time,
            matrix=canonical(body.matrix.model_dump()).decode(),
            ca_fingerprint=body.ca_fingerprint,
            ca_certificate=body.ca_certificate,
        )
    )
    founder = body.founder
    actors.enrol(
        rows,
        entry,
        founder.actor,
        actors.Enrolled(
            kind="person",
            name=founder.name,
            public_key=founder.public_key,
            report_key=founder.report_key,
            certificate=founder.certificate,
            roles=["admin"],
        ),
        enrolled_by=[founder.actor],
    )


def matrix_adopted(rows: Rows, entry: Entry, body: MatrixAdopted) -> None:
    """Replace the role matrix in force."""
    if not any(rule.role == "admin" for rule in body.matrix.roles):
        raise Refused("A role matrix needs the role admin.", "Add it, or nobody could go on.")
    row = the_ledger(rows)
    row.matrix = canonical(body.matrix.model_dump()).decode()
    row.seq = entry.seq
    rows.put(row)


def the_ledger(rows: Rows) -> LedgerRow:
    """The ledger's own row. Refused before entry 0, and where the ledger is no longer kept."""
    found = rows.where(LedgerRow)
    for moved in [] if found else rows.where(MovedRow):
        raise Refused(
            f"The ledger that was kept here has been moved to {moved.to}.",
            "Unset QUAESTOR_STORE: the home knows where its ledger is. Or name the new place.",
        )
    if not found:
        raise Refused("This ledger has not been founded.", "Run `quaestor init`.")
    return found[0]


def matrix_in_force(rows: Rows) -> RoleMatrix:
    """The role matrix that the record has adopted last."""
    return _parsed(the_ledger(rows).matrix)


@lru_cache(maxsize=8)
def _parsed(matrix: str) -> RoleMatrix:
    return RoleMatrix.model_validate_json(matrix)
