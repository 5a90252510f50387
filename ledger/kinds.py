"""Every kind of entry: `subject.verb_past`, its body, its erasable fields and its register.

Who may enter a kind is not here: that is the role matrix in the record (`ledger/authority.py`).
A kind that is not listed means a newer format, not an alteration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from ledger.entry import Entry, NewerFormat
from ledger.errors import InvalidInput
from ledger.registers import (
    actors,
    approvals,
    audits,
    datasets,
    erasures,
    evaluations,
    findings,
    house,
    incidents,
    logs,
    models,
    policies,
    reports,
    restorations,
    retention,
    switches,
)
from ledger.registers.body import BodyModel, Nothing
from ledger.registers.rows import Row, Rows

Project = Callable[[Rows, Entry, Any, list[str]], None]


class Kind(StrEnum):
    """The grammar is `subject.verb_past`."""

    LEDGER_FOUNDED = "ledger.founded"
    MATRIX_ADOPTED = "ledger.matrix_adopted"
    LEDGER_RESTORED = "ledger.restored"
    ACTOR_ENROLLED = "actor.enrolled"
    ACTOR_GRANTED = "actor.granted"
    ACTOR_ROLE_REVOKED = "actor.role_revoked"
    ACTOR_REKEYED = "actor.rekeyed"
    ACTOR_KEY_REVOKED = "actor.key_revoked"
    ACTOR_CERTIFIED = "actor.certified"
    ACTOR_RETIRED = "actor.retired"
    APPROVAL_REQUESTED = "approval.requested"
    APPROVAL_APPROVED = "approval.approved"
    APPROVAL_REJECTED = "approval.rejected"
    POLICY_ADOPTED = "policy.adopted"
    MODEL_REGISTERED = "model.registered"
    MODEL_CARDED = "model.carded"
    MODEL_OWNED = "model.owned"
    MODEL_VERSIONED = "model.versioned"
    MODEL_STATUS_CHANGED = "model.status_changed"
    MODEL_TIERED = "model.tiered"
    MODEL_TRAINED = "model.trained"
    DATASET_REGISTERED = "dataset.registered"
    DATASET_VERSIONED = "dataset.versioned"
    DATASET_RETIRED = "dataset.retired"
    LOG_SEALED = "log.sealed"
    LOG_DROPPED = "log.dropped"
    AUDIT_COMPLETED = "audit.completed"
    EVALUATION_COMPLETED = "evaluation.completed"
    FINDING_OPENED = "finding.opened"
    FINDING_ASSIGNED = "finding.assigned"
    FINDING_NOTED = "finding.noted"
    FINDING_CLOSED = "finding.closed"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_NOTED = "incident.noted"
    INCIDENT_STEP_DONE = "incident.step_done"
    INCIDENT_ASSIGNED = "incident.assigned"
    INCIDENT_ESCALATED = "incident.escalated"
    INCIDENT_RESOLVED = "incident.resolved"
    INCIDENT_CLOSED = "incident.closed"
    SWITCH_KILLED = "switch.killed"
    SWITCH_REASONED = "switch.reasoned"
    SWITCH_RESUMED = "switch.resumed"
    REPORT_ISSUED = "report.issued"
    VAULT_ERASED = "vault.erased"


@dataclass(frozen=True)
class Spec:
    """What a kind is about (subject prefix; empty: any), holds, seals, and writes."""

    subject: str
    body: type[BodyModel]
    project: Project
    erasable: tuple[str, ...] = ()


def _alone(project: Callable[[Rows, Entry, Any], None]) -> Project:
    """A projection that does not ask who stands behind the entry."""
    return lambda rows, entry, body, _people: project(rows, entry, body)


def _resumed(rows: Rows, entry: Entry, body: switches.Resumed, people: list[str]) -> None:
    switches.resumed(rows, entry, body, requested_by=people[0])


SPECS: dict[str, Spec] = {
    Kind.LEDGER_FOUNDED: Spec("ledger", house.Founded, _alone(house.founded), ("founder.name",)),
    Kind.MATRIX_ADOPTED: Spec("ledger", house.MatrixAdopted, _alone(house.matrix_adopted)),
    Kind.LEDGER_RESTORED: Spec("ledger", restorations.Restored, restorations.restored),
    Kind.ACTOR_ENROLLED: Spec("actor", actors.Enrolled, actors.enrolled, ("name",)),
    Kind.ACTOR_GRANTED: Spec("actor", actors.Granted, _alone(actors.granted)),
    Kind.ACTOR_ROLE_REVOKED: Spec("actor", actors.RoleRevoked, _alone(actors.role_revoked)),
    Kind.ACTOR_REKEYED: Spec("actor", actors.Rekeyed, _alone(actors.rekeyed)),
    Kind.ACTOR_KEY_REVOKED: Spec("actor", actors.KeyRevoked, _alone(actors.key_revoked)),
    Kind.ACTOR_CERTIFIED: Spec("actor", actors.Certified, _alone(actors.certified)),
    Kind.ACTOR_RETIRED: Spec("actor", actors.Retired, _alone(actors.retired)),
    Kind.APPROVAL_REQUESTED: Spec(
        "approval", approvals.Requested, _alone(approvals.requested), ("reason",)
    ),
    Kind.APPROVAL_APPROVED: Spec("approval", approvals.Approved, _alone(approvals.approved)),
    Kind.APPROVAL_REJECTED: Spec(
        "approval", approvals.Rejected, _alone(approvals.rejected), ("reason",)
    ),
    Kind.POLICY_ADOPTED: Spec("policy", policies.Adopted, _alone(policies.adopted)),
    Kind.MODEL_REGISTERED: Spec("model", models.Registered, _alone(models.registered)),
    Kind.MODEL_CARDED: Spec("model", models.Carded, _alone(models.carded)),
    Kind.MODEL_OWNED: Spec("model", models.Owned, _alone(models.owned)),
    Kind.MODEL_VERSIONED: Spec("model", models.Versioned, _alone(models.versioned)),
    Kind.MODEL_STATUS_CHANGED: Spec("model", models.StatusChanged, _alone(models.status_changed)),
    Kind.MODEL_TIERED: Spec("model", models.Tiered, _alone(models.tiered)),
    Kind.MODEL_TRAINED: Spec("model", datasets.Trained, _alone(datasets.trained)),
    Kind.DATASET_REGISTERED: Spec(
        "dataset", datasets.Registered, _alone(datasets.registered), ("contents.note",)
    ),
    Kind.DATASET_VERSIONED: Spec(
        "dataset", datasets.Versioned, _alone(datasets.versioned), ("contents.note",)
    ),
    Kind.DATASET_RETIRED: Spec("dataset", datasets.Retired, _alone(datasets.retired)),
    Kind.LOG_SEALED: Spec("log", logs.SealedLog, _alone(logs.sealed)),
    Kind.LOG_DROPPED: Spec("log", retention.Dropped, _alone(retention.dropped)),
    Kind.AUDIT_COMPLETED: Spec("audit", audits.CompletedAudit, _alone(audits.completed)),
    Kind.EVALUATION_COMPLETED: Spec(
        "evaluation", evaluations.CompletedEvaluation, _alone(evaluations.completed)
    ),
    Kind.FINDING_OPENED: Spec("finding", findings.Opened, _alone(findings.opened), ("detail",)),
    Kind.FINDING_ASSIGNED: Spec(
        "finding", findings.Assigned, _alone(findings.assigned), ("reason",)
    ),
    Kind.FINDING_NOTED: Spec("finding", findings.Noted, _alone(findings.noted), ("note",)),
    Kind.FINDING_CLOSED: Spec("finding", findings.Closed, _alone(findings.closed), ("resolution",)),
    Kind.INCIDENT_OPENED: Spec(
        "incident", incidents.Opened, _alone(incidents.opened), ("description",)
    ),
    Kind.INCIDENT_ACKNOWLEDGED: Spec("incident", Nothing, _alone(incidents.acknowledged)),
    Kind.INCIDENT_NOTED: Spec("incident", incidents.Noted, _alone(incidents.noted), ("note",)),
    Kind.INCIDENT_STEP_DONE: Spec(
        "incident", incidents.StepDone, _alone(incidents.step_done), ("note",)
    ),
    Kind.INCIDENT_ASSIGNED: Spec("incident", incidents.Assigned, _alone(incidents.assigned)),
    Kind.INCIDENT_ESCALATED: Spec(
        "incident", incidents.Escalated, _alone(incidents.escalated), ("reason",)
    ),
    Kind.INCIDENT_RESOLVED: Spec(
        "incident", incidents.Resolved, _alone(incidents.resolved), ("resolution",)
    ),
    Kind.INCIDENT_CLOSED: Spec("incident", Nothing, _alone(incidents.closed)),
    Kind.SWITCH_KILLED: Spec("model", switches.Killed, _alone(switches.killed), ("reason",)),
    Kind.SWITCH_REASONED: Spec("model", switches.Reasoned, _alone(switches.reasoned), ("reason",)),
    Kind.SWITCH_RESUMED: Spec("model", switches.Resumed, _resumed, ("reason",)),
    Kind.REPORT_ISSUED: Spec("report", reports.Issued, _alone(reports.issued)),
    Kind.VAULT_ERASED: Spec("", erasures.Erased, _alone(erasures.erased)),
}

TABLES: tuple[type[Row], ...] = (
    house.LedgerRow,
    house.MovedRow,
    actors.ActorRow,
    actors.KeyRow,
    approvals.ApprovalRow,
    policies.PolicyRow,
    models.ModelRow,
    models.VersionRow,
    datasets.DatasetRow,
    datasets.ContentsRow,
    datasets.LineageRow,
    logs.LogRow,
    retention.DroppedRow,
    audits.AuditRow,
    evaluations.EvaluationRow,
    findings.FindingRow,
    findings.FindingNoteRow,
    incidents.IncidentRow,
    incidents.StepRow,
    incidents.NoteRow,
    switches.SwitchRow,
    switches.SwitchEventRow,
    reports.ReportRow,
    erasures.ErasureRow,
    restorations.RestorationRow,
)


def spec_of(kind: str) -> Spec:
    """The spec of a kind; NewerFormat for one that this version does not know."""
    try:
        return SPECS[kind]
    except KeyError:
        raise NewerFormat(
            f"Entries of kind {kind} are not known to this version.",
            "Install a newer version of Quaestor.",
        ) from None


def read_body(entry: Entry) -> BodyModel:
    """An entry's body as its kind's model; InvalidInput when it, or the subject, is not."""
    spec = spec_of(entry.kind)
    if spec.subject and not entry.subject.startswith(f"{spec.subject}/"):
        raise InvalidInput(
            f"{entry.kind} is about a {spec.subject}, not {entry.subject}.", "Check the subject."
        )
    try:
        return spec.body.model_validate(entry.body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidInput(
            f"{entry.kind}: {where}: {first['msg']} (got {str(first['input'])[:80]!r}).",
            "Correct it and try again.",
        ) from error
