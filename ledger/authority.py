"""Who may enter what, at that moment of the record.

Rules kept here:
- an actor must be enrolled and active, with a key that is not revoked;
- some role that it holds must allow the kind, by the role matrix in force;
- a kind under a two-person rule enters only as the exact effect of a request, right after the
  approval that completes it and in the same part, by a person who is not the requester and has
  an approving role;
- a rule that asks for more approvals than there are others who could approve is content with
  theirs, never with fewer than one; who may not approve any more counts for nothing, and nor does
  an approval under a key that was revoked since;
- a kill is the commander's who signed the order, whoever records it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import orjson

from ledger.entry import Entry
from ledger.errors import Refused
from ledger.kinds import Kind, read_body
from ledger.registers import actors, approvals, switches
from ledger.registers.actors import ActorRow
from ledger.registers.approvals import ApprovalRow
from ledger.registers.body import BodyModel, subject_name
from ledger.registers.house import RoleMatrix, TwoPersonRule, matrix_in_force
from ledger.registers.rows import Rows

_DECISIONS = frozenset({Kind.APPROVAL_APPROVED, Kind.APPROVAL_REJECTED})


@dataclass(frozen=True)
class Standing:
    """How far a request has come: whose approvals count, out of how many that are needed."""

    given: tuple[str, ...]
    needed: int

    @property
    def sentence(self) -> str:
        """`1 of 2`."""
        return f"{len(self.given)} of {self.needed}"


class NeedsApproval(Refused):
    """A second person must approve this: request it instead."""

    code = "needs_approval"


def people_behind(rows: Rows, entry: Entry, body: BodyModel, before: Entry | None) -> list[str]:
    """Check an entry against the record so far; return who stands behind it, requester first.

    `before` is the entry before it in the same part. Raises Refused or NeedsApproval.
    """
    if entry.kind == Kind.LEDGER_FOUNDED:
        return [entry.actor]
    actor = _acting(rows, entry.actor)
    matrix = matrix_in_force(rows)
    if before is not None and before.kind == Kind.APPROVAL_APPROVED:
        return _as_approved(rows, entry, before)
    if isinstance(body, switches.Killed):
        commander = _acting(rows, body.order.actor)
        _require(allows(matrix, commander.role_list, entry.kind), commander, entry.kind, matrix)
        return [commander.actor]
    if isinstance(body, approvals.Requested):
        return _requesting(rows, matrix, actor, body.effect)
    if entry.kind in _DECISIONS:
        request = _deciding(rows, matrix, actor, entry)
        if isinstance(body, approvals.Approved):
            _counting(rows, request, entry, body)
        return [entry.actor]
    if rule_for(rows, matrix, entry.kind) is not None:
        raise NeedsApproval(
            f"{entry.kind} needs a second person.", "Request it; another person approves it."
        )
    _require(allows(matrix, actor.role_list, entry.kind), actor, entry.kind, matrix)
    return [entry.actor]


def allows(matrix: RoleMatrix, roles: Sequence[str], kind: str) -> bool:
    """Whether one of these roles may enter this kind."""
    for rule in matrix.roles:
        if rule.role in roles:
            for pattern in rule.kinds:
                if _covers(pattern, kind):
                    return True
    return False


@lru_cache(maxsize=4096)
def _covers(pattern: str, kind: str) -> bool:
    return fnmatchcase(kind, pattern)


def rule_for(rows: Rows, matrix: RoleMatrix, kind: str) -> TwoPersonRule | None:
    """The two-person rule that holds for a kind now, or None."""
    for rule in matrix.two_person:
        if kind in rule.kinds and (rule.when == "always" or len(actors.admins(rows)) > 1):
            return rule
    return None


def standing(rows: Rows, request: ApprovalRow) -> Standing:
    """How far a request has come now."""
    rule = rule_for(rows, matrix_in_force(rows), request.kind)
    able = {
        row.actor
        for row in rows.where(ActorRow, status="active")
        if row.kind == "person"
        and row.actor != request.requested_by
        and set(approvers_by(rule)) & set(row.role_list)
    }
    given = tuple(
        name
        for name, key in request.approvers.items()
        if name in able and actors.never_revoked(rows, key)
    )
    return Standing(given, max(1, min(rule.approvals if rule else 1, len(able))))


def approvers_by(rule: TwoPersonRule | None) -> list[str]:
    """The roles that approve under a rule; where none holds any more, admins do."""
    return rule.approvers if rule else ["admin"]


def may(rows: Rows, actor: str, kind: str) -> bool:
    """Whether an actor could enter or request this kind now."""
    row = rows.get(ActorRow, actor)
    return (
        row is not None
        and row.status == "active"
        and allows(matrix_in_force(rows), row.role_list, kind)
    )


def _acting(rows: Rows, name: str) -> ActorRow:
    actor = actors.active(rows, name)
    if not actors.key_trusted(rows, actor):
        raise Refused(
            f"The key of {name} is revoked.", "Make a new one: quaestor key new; actor rotate."
        )
    return actor


def _require(allowed: bool, actor: ActorRow, kind: str, matrix: RoleMatrix) -> None:
    if allowed:
        return
    able = [rule.role for rule in matrix.roles if allows(matrix, [rule.role], kind)]
    held = ", ".join(actor.role_list) or "no role"
    raise Refused(
        f"{actor.actor} ({held}) may not enter {kind}.",
        f"Ask someone who is {' or '.join(able) or 'given this right by the role matrix'}.",
    )


def _requesting(
    rows: Rows, matrix: RoleMatrix, actor: ActorRow, effect: approvals.Effect
) -> list[str]:
    if rule_for(rows, matrix, effect.kind) is None:
        raise Refused(f"{effect.kind} needs no approval.", "Enter it directly.")
    _require(allows(matrix, actor.role_list, effect.kind), actor, effect.kind, matrix)
    return [actor.actor]


def _deciding(rows: Rows, matrix: RoleMatrix, actor: ActorRow, entry: Entry) -> ApprovalRow:
    request = approvals.pending(rows, subject_name(entry.subject))
    if entry.kind == Kind.APPROVAL_REJECTED and actor.actor == request.requested_by:
        return request
    if actor.actor == request.requested_by:
        raise Refused(
            f"{actor.actor} requested {request.approval} and cannot approve it too.",
            "A second person must decide.",
        )
    if actor.kind != "person":
        raise Refused("A program cannot decide for a person.", "A second person must decide.")
    approvers = approvers_by(rule_for(rows, matrix, request.kind))
    if not set(approvers) & set(actor.role_list):
        raise Refused(
            f"{actor.actor} may not decide on {request.kind}.",
            f"Ask someone who is {' or '.join(approvers)}.",
        )
    return request


def _counting(rows: Rows, request: ApprovalRow, entry: Entry, body: approvals.Approved) -> None:
    """Refused unless an approval says rightly which it is, and enters its effect if it is last."""
    now = standing(rows, request)
    if entry.actor in now.given:
        raise Refused(
            f"{entry.actor} has approved {request.approval} already.", "Somebody else must as well."
        )
    if (body.given, body.needed) != (len(now.given) + 1, now.needed):
        raise Refused(
            f"{request.approval} has {now.sentence} approvals, which it does not say.",
            "Use `quaestor approval approve`.",
        )
    if (body.given >= body.needed) == entry.last_of_part:
        raise Refused(
            "The approval that completes a request enters its effect with it; no other does.",
            "Use `quaestor approval approve`.",
        )


def _as_approved(rows: Rows, entry: Entry, approval: Entry) -> list[str]:
    request = rows.get(ApprovalRow, subject_name(approval.subject))
    if request is None or request.decided_by != entry.actor:
        raise Refused("This effect follows no approval.", "Request it first.")
    asked = (request.kind, request.subject, orjson.loads(request.body))
    if (entry.kind, entry.subject, entry.body) != asked:
        raise Refused("This is not what was requested and approved.", "Request it again.")
    _acting(rows, request.requested_by)
    return [request.requested_by, *standing(rows, request).given]


def check_effect(effect: approvals.Effect, like: Entry) -> None:
    """InvalidInput unless a requested effect would be a sound entry of its kind."""
    read_body(
        Entry(
            like.seq,
            like.time,
            like.actor,
            effect.kind,
            effect.subject,
            effect.body,
            like.prev,
            like.part,
        )
    )
