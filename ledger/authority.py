"""Who may enter what, at that moment of the record.

Rules kept here:
- an actor must be enrolled and active, with a key that is not revoked;
- some role that it holds must allow the kind, by the role matrix in force;
- a kind under a two-person rule enters only as the exact effect of a request, right after its
  approval and in the same part, by a person who is not the requester and has an approving role;
- a kill is the commander's who signed the order, whoever records it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

import orjson

from ledger.entry import Entry
from ledger.errors import Refused
from ledger.kinds import Kind, read_body
from ledger.registers import actors, approvals, switches
from ledger.registers.actors import ActorRow
from ledger.registers.body import BodyModel, subject_name
from ledger.registers.house import RoleMatrix, TwoPersonRule, matrix_in_force
from ledger.registers.rows import Rows


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
    if entry.kind in {Kind.APPROVAL_APPROVED, Kind.APPROVAL_REJECTED}:
        return _deciding(rows, matrix, actor, entry)
    if rule_for(rows, matrix, entry.kind) is not None:
        raise NeedsApproval(
            f"{entry.kind} needs a second person.", "Request it; another person approves it."
        )
    _require(allows(matrix, actor.role_list, entry.kind), actor, entry.kind, matrix)
    return [entry.actor]


def allows(matrix: RoleMatrix, roles: Sequence[str], kind: str) -> bool:
    """Whether one of these roles may enter this kind."""
    return any(
        rule.role in roles and any(_covers(pattern, kind) for pattern in rule.kinds)
        for rule in matrix.roles
    )


@lru_cache(maxsize=4096)
def _covers(pattern: str, kind: str) -> bool:
    return fnmatchcase(kind, pattern)


def rule_for(rows: Rows, matrix: RoleMatrix, kind: str) -> TwoPersonRule | None:
    """The two-person rule that holds for a kind now, or None."""
    for rule in matrix.two_person:
        if kind in rule.kinds and (rule.when == "always" or len(actors.admins(rows)) > 1):
            return rule
    return None


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


def _deciding(rows: Rows, matrix: RoleMatrix, actor: ActorRow, entry: Entry) -> list[str]:
    request = approvals.pending(rows, subject_name(entry.subject))
    if entry.kind == Kind.APPROVAL_REJECTED and actor.actor == request.requested_by:
        return [actor.actor]
    if entry.kind == Kind.APPROVAL_APPROVED and entry.last_of_part:
        raise Refused("An approval enters its effect with it.", "Use `quaestor approval approve`.")
    if actor.actor == request.requested_by:
        raise Refused(
            f"{actor.actor} requested {request.approval} and cannot approve it too.",
            "A second person must decide.",
        )
    if actor.kind != "person":
        raise Refused("A program cannot decide for a person.", "A second person must decide.")
    rule = rule_for(rows, matrix, request.kind)
    approvers = rule.approvers if rule else ["admin"]
    if not set(approvers) & set(actor.role_list):
        raise Refused(
            f"{actor.actor} may not decide on {request.kind}.",
            f"Ask someone who is {' or '.join(approvers)}.",
        )
    return [actor.actor]


def _as_approved(rows: Rows, entry: Entry, approval: Entry) -> list[str]:
    request = rows.get(approvals.ApprovalRow, subject_name(approval.subject))
    if request is None or request.decided_by != entry.actor:
        raise Refused("This effect follows no approval.", "Request it first.")
    asked = (request.kind, request.subject, orjson.loads(request.body))
    if (entry.kind, entry.subject, entry.body) != asked:
        raise Refused("This is not what was requested and approved.", "Request it again.")
    _acting(rows, request.requested_by)
    return [request.requested_by, entry.actor]


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
