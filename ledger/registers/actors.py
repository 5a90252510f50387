"""Actors: people and programs, their keys, roles and certificates."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Literal

import orjson
from pydantic import Field as Bound
from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from ledger.entry import Body, Draft, Entry
from ledger.errors import InvalidInput, Refused
from ledger.keys import EnrolmentRequest, fingerprint, sound_key
from ledger.registers.body import BodyModel, Line, Sealed, subject_name
from ledger.registers.rows import Row, Rows

Role = Literal["admin", "risk-officer", "model-owner", "engineer", "incident-commander", "auditor"]
ROLES: tuple[Role, ...] = (
    "admin",
    "risk-officer",
    "model-owner",
    "engineer",
    "incident-commander",
    "auditor",
)
NEVER = -1


class Enrolled(BodyModel):
    """A person's or program's keys, as their own request stated them, and first roles."""

    kind: Literal["person", "program"]
    name: Sealed | None
    public_key: Line
    report_key: str
    certificate: str
    roles: list[Role]


class Granted(BodyModel):
    """A role given."""

    role: Role


class RoleRevoked(BodyModel):
    """A role taken."""

    role: Role


class Rekeyed(BodyModel):
    """A new pair of keys in place of the old."""

    public_key: Line
    report_key: str
    certificate: str


class KeyRevoked(BodyModel):
    """A key that is not trusted for entries from `since_seq` on."""

    public_key: Line
    since_seq: Annotated[int, Bound(ge=0)]
    reason: Line


class Certified(BodyModel):
    """A certificate by the report CA for the actor's report key (PEM)."""

    certificate: str


class Retired(BodyModel):
    """The end of an actor's part in this ledger."""

    reason: Line


class ActorRow(Row, table=True):
    """A person or program as it stands now; `name` is ciphertext JSON or empty."""

    __tablename__ = "actor"
    actor: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    kind: str
    name: str = Field(sa_type=Text)
    roles: str
    public_key: str
    report_key: str = Field(sa_type=Text)
    certificate: str = Field(sa_type=Text)
    enrolled_by: str
    enrolled_at: str
    status: str

    @property
    def role_list(self) -> list[str]:
        """The roles held now."""
        return list(orjson.loads(self.roles))

    @property
    def enrollers(self) -> list[str]:
        """Who enrolled this actor: one admin, or two once there were two."""
        return list(orjson.loads(self.enrolled_by))

    @property
    def key_fingerprint(self) -> str:
        """The signing key's fingerprint, `SHA256:...`."""
        return fingerprint(base64.b64decode(self.public_key))


class KeyRow(Row, table=True):
    """A signing key: whose, for which entries, and since when it is not trusted (-1: never)."""

    __tablename__ = "key"
    public_key: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    actor: str
    from_seq: int = Field(sa_type=BigInteger)
    until_seq: int = Field(sa_type=BigInteger)
    untrusted_since: int = Field(sa_type=BigInteger)


def enrol(rows: Rows, entry: Entry, actor: str, body: Enrolled, enrolled_by: list[str]) -> None:
    """Add an actor; nobody's id or key may be used twice, so one key cannot be two people."""
    if rows.get(ActorRow, actor) is not None:
        raise Refused(f"The actor {actor} exists already.", "Choose another id.")
    _check_program(body.kind, body.roles)
    _new_key(rows, entry, actor, body.public_key, entry.seq)
    rows.put(
        ActorRow(
            seq=entry.seq,
            actor=actor,
            kind=body.kind,
            name=orjson.dumps(body.name.model_dump()).decode() if body.name else "",
            roles=orjson.dumps(sorted(set(body.roles))).decode(),
            public_key=body.public_key,
            report_key=body.report_key,
            certificate=body.certificate,
            enrolled_by=orjson.dumps(enrolled_by).decode(),
            enrolled_at=entry.time,
            status="active",
        )
    )


def enrolled(rows: Rows, entry: Entry, body: Enrolled, people: list[str]) -> None:
    """Project `actor.enrolled`; `people` are those who entered and approved it."""
    enrol(rows, entry, subject_name(entry.subject), body, people)


def granted(rows: Rows, entry: Entry, body: Granted) -> None:
    """Project `actor.granted`."""
    row = active(rows, subject_name(entry.subject))
    _check_program(row.kind, [body.role])
    if body.role in row.role_list:
        raise Refused(f"{row.actor} already is {body.role}.", "Nothing needs to be done.")
    _set_roles(rows, entry, row, [*row.role_list, body.role])


def role_revoked(rows: Rows, entry: Entry, body: RoleRevoked) -> None:
    """Project `actor.role_revoked`; the last admin cannot be taken."""
    row = active(rows, subject_name(entry.subject))
    if body.role not in row.role_list:
        raise Refused(f"{row.actor} is not {body.role}.", "See `quaestor actor show`.")
    if body.role == "admin" and admins(rows) == [row.actor]:
        raise Refused(f"{row.actor} is the only admin.", "Grant admin to another person first.")
    _set_roles(rows, entry, row, [role for role in row.role_list if role != body.role])


def rekeyed(rows: Rows, entry: Entry, body: Rekeyed) -> None:
    """Project `actor.rekeyed`: the old key ends here, the new one begins at the next entry."""
    row = active(rows, subject_name(entry.subject))
    _new_key(rows, entry, row.actor, body.public_key, entry.seq + 1)
    old = rows.get(KeyRow, row.public_key)
    if old is not None:
        old.until_seq = entry.seq
        old.seq = entry.seq
        rows.put(old)
    row.public_key = body.public_key
    row.report_key = body.report_key
    row.certificate = body.certificate
    row.seq = entry.seq
    rows.put(row)


def key_revoked(rows: Rows, entry: Entry, body: KeyRevoked) -> None:
    """Project `actor.key_revoked`: entries by this key from `since_seq` on are flagged.

    A key revoked before can be revoked from an earlier entry on, never from a later one.
    """
    key = rows.get(KeyRow, body.public_key)
    if key is None or key.actor != subject_name(entry.subject):
        raise Refused("That actor has no such key.", "See `quaestor actor show ACTOR`.")
    if key.untrusted_since != NEVER and key.untrusted_since <= body.since_seq:
        raise Refused(
            f"This key is not trusted since entry {key.untrusted_since} already.",
            "A revocation can be moved to an earlier entry only.",
        )
    key.untrusted_since = body.since_seq
    key.seq = entry.seq
    rows.put(key)


def certified(rows: Rows, entry: Entry, body: Certified) -> None:
    """Project `actor.certified`."""
    row = active(rows, subject_name(entry.subject))
    row.certificate = body.certificate
    row.seq = entry.seq
    rows.put(row)


def retired(rows: Rows, entry: Entry, _body: Retired) -> None:
    """Project `actor.retired`; the last admin cannot retire."""
    row = active(rows, subject_name(entry.subject))
    if admins(rows) == [row.actor]:
        raise Refused(f"{row.actor} is the only admin.", "Grant admin to another person first.")
    row.status = "retired"
    row.seq = entry.seq
    rows.put(row)


def active(rows: Rows, actor: str) -> ActorRow:
    """The row of an actor who may act. Refused if unknown or retired."""
    row = rows.get(ActorRow, actor)
    if row is None:
        raise Refused(f"There is no actor {actor} in this ledger.", "See `quaestor actor list`.")
    if row.status != "active":
        raise Refused(f"{actor} is retired.", "Ask an admin to enrol a new actor.")
    return row


def key_trusted(rows: Rows, row: ActorRow) -> bool:
    """Whether the actor's present key has not been revoked."""
    return never_revoked(rows, row.public_key)


def never_revoked(rows: Rows, public_key: str) -> bool:
    """Whether this is somebody's key, past or present, and was not revoked."""
    key = rows.get(KeyRow, public_key)
    return key is not None and key.untrusted_since == NEVER


def admins(rows: Rows) -> list[str]:
    """The active people who are admins."""
    return [
        row.actor
        for row in rows.where(ActorRow, status="active")
        if row.kind == "person" and "admin" in row.role_list
    ]


def draft_enrolment(request: EnrolmentRequest, roles: list[str], certificate: str) -> Draft:
    """What `actor add FILE` enters; the name will be sealed."""
    body: Body = {
        "kind": request.kind,
        "name": request.name or None,
        "public_key": base64.b64encode(request.public_key).decode(),
        "report_key": request.report_key,
        "certificate": certificate,
        "roles": sorted(set(roles)),
    }
    return Draft("actor.enrolled", f"actor/{request.actor}", body)


def draft_rekeying(request: EnrolmentRequest, certificate: str) -> Draft:
    """What `actor rotate FILE` enters."""
    body: Body = {
        "public_key": base64.b64encode(request.public_key).decode(),
        "report_key": request.report_key,
        "certificate": certificate,
    }
    return Draft("actor.rekeyed", f"actor/{request.actor}", body)


def _set_roles(rows: Rows, entry: Entry, row: ActorRow, roles: list[str]) -> None:
    row.roles = orjson.dumps(sorted(set(roles))).decode()
    row.seq = entry.seq
    rows.put(row)


def _check_program(kind: str, roles: Sequence[str]) -> None:
    if kind == "program" and set(roles) - {"engineer"}:
        raise Refused("A program can only be an engineer.", "Roles that decide belong to people.")


def _new_key(rows: Rows, entry: Entry, actor: str, public_key: str, from_seq: int) -> None:
    try:
        raw = base64.b64decode(public_key, validate=True)
    except ValueError:
        raw = b""
    # One spelling for each key: base64 has four for 32 bytes, and a key must not be two people's.
    if not sound_key(raw) or base64.b64encode(raw).decode() != public_key:
        raise InvalidInput("This is not an Ed25519 public key.", "Ask for a new request.")
    known = rows.get(KeyRow, public_key)
    if known is not None:
        raise Refused(
            f"This key is already {known.actor}'s.",
            "Two people must have two keys: make a new one.",
        )
    rows.put(
        KeyRow(
            seq=entry.seq,
            public_key=public_key,
            actor=actor,
            from_seq=from_seq,
            until_seq=NEVER,
            untrusted_since=NEVER,
        )
    )
