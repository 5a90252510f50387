"""From the registers to a model report: what is shown is what was entered, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.book import Book
from ledger.clock import read_time
from ledger.registers.actors import ActorRow
from ledger.registers.audits import AuditRow
from ledger.registers.evaluations import EvaluationRow
from ledger.registers.incidents import IncidentRow, NoteRow, StepRow
from ledger.registers.models import ModelRow, VersionRow, known
from ledger.registers.switches import SwitchEventRow, SwitchRow
from ledger.store.base import Snapshot, StoredEntry
from policies.auditing import read_result
from policies.fairness.reading import (
    conditions,
    intervals,
    p_values,
    rate_interval,
    stated,
    tested,
)
from policies.responding import StepClock, clock
from reports import content
from reports.gathering_held import Held, gather_held
from reports.gathering_measured import Audits, Evaluations, figures, interval
from reports.verdicts import VERDICTS, Interval

_BOUNDS = {
    "demographic_parity_difference": "demographic_parity_difference_max",
    "equalized_odds_difference": "equalized_odds_difference_max",
    "auc_difference": "auc_difference_max",
    "calibration_in_the_large_difference": "calibration_difference_max",
    "standardized_error_difference": "standardized_difference_max",
}
_ASKED_ELSEWHERE = ("turned out", "only where")
_CARD_TITLES = {
    "purpose": "Purpose",
    "intended_use": "Intended use",
    "out_of_scope_use": "Out-of-scope use",
    "end_users": "End users",
    "decisions_alone": "Decisions it may take alone",
    "decisions_with_person": "Decisions that need a person",
    "harm_if_wrong": "Harm if it is wrong",
    "tolerated_error": "Tolerated error",
    "outcome_target": "Outcome target",
    "outcome_owner": "Owner of the outcome",
    "training_data": "Training data",
    "architecture": "Architecture",
    "metrics": "Metrics",
    "limitations": "Limitations",
    "fairness_considerations": "Fairness considerations",
    "failure_noticed": "How failure is noticed",
    "fallback": "Fallback",
    "escalation_path": "Escalation path",
    "challenge_path": "How affected people can challenge a decision",
}


@dataclass(frozen=True)
class Gathered:
    """Rows about one model, copied out of the ledger, and the entries behind them."""

    model: ModelRow
    switch: SwitchRow | None
    versions: Sequence[VersionRow]
    audits: Audits
    evaluations: Evaluations
    held: Held
    incidents: Sequence[tuple[IncidentRow, Sequence[StepRow]]]
    switches: Sequence[SwitchEventRow]
    actors: Sequence[ActorRow]
    entries: Sequence[StoredEntry]

    @property
    def results(self) -> list[str]:
        """Digests of the results of audits and evaluations in evidence, each once."""
        audits = [row.result for row in self.audits.period]
        evaluations = [row.result for row in self.evaluations.period]
        return list(dict.fromkeys(audits + evaluations))


def gather(snapshot: Snapshot, model: str, start: datetime | None, end: datetime) -> Gathered:
    """Copy out what a report on a model shows of a period; all of its life without `start`."""
    rows = snapshot.rows
    row = known(rows, model)

    def within(time: str) -> bool:
        return (start is None or read_time(time) >= start) and read_time(time) <= end

    incidents = [
        (incident, rows.where(StepRow, incident=incident.incident))
        for incident in rows.where(IncidentRow, model=model)
        if within(incident.opened_at)
    ]
    audits = sorted(rows.where(AuditRow, model=model), key=lambda audit: audit.seq)
    audits_then = [audit for audit in audits if within(audit.time)]
    evaluations = sorted(rows.where(EvaluationRow, model=model), key=lambda each: each.seq)
    evaluations_then = [each for each in evaluations if within(each.time)]
    held = gather_held(snapshot, model, start, end)
    switches = [
        event for event in rows.where(SwitchEventRow, model=model) if within(event.recorded_at)
    ]
    versions = sorted(rows.where(VersionRow, model=model), key=lambda version: version.seq)
    seqs = {0, row.seq, *held.seqs}
    seqs |= {each.seq for each in (*versions, *audits_then, *evaluations_then)}
    seqs |= {event.event for event in switches}
    for incident, steps in incidents:
        seqs |= {incident.seq, *(step.seq for step in steps)}
        seqs |= {note.seq for note in rows.where(NoteRow, incident=incident.incident)}
    return Gathered(
        model=row,
        switch=rows.get(SwitchRow, model),
        versions=versions,
        audits=Audits(audits_then, audits),
        evaluations=Evaluations(evaluations_then, evaluations),
        held=held,
        incidents=incidents,
        switches=switches,
        actors=rows.where(ActorRow),
        entries=[entry for seq in sorted(seqs) for entry in snapshot.entries(seq, seq + 1)],
    )


def report_model(book: Book, gathered: Gathered) -> content.Model:
    """The model as it is registered now."""
    row = gathered.model
    legal = row.legal_class
    owner = next((actor for actor in gathered.actors if actor.actor == row.owner), None)
    point = f" ({legal.point})" if legal.point else ""
    return content.Model(
        id=row.model,
        name=row.name,
        owner=row.owner,
        owner_name=book.reveal(f"actor/{row.owner}", "name", owner.name) if owner else "",
        status=row.status,
        version=row.version,
        switch=gathered.switch.mode if gathered.switch else "",
        legal_class=f"{legal.category}{point}, as {legal.role}",
        legal_reason=legal.reason,
        materiality=row.materiality,
        testing_level=row.testing_level,
    )


def report_card(gathered: Gathered) -> tuple[content.CardSection, ...]:
    """The card's sections that say something, in its order."""
    card = gathered.model.model_card.model_dump()
    return tuple(
        content.CardSection(title, card[name]) for name, title in _CARD_TITLES.items() if card[name]
    )


def report_versions(gathered: Gathered) -> tuple[content.Version, ...]:
    """Every version, oldest first."""
    return tuple(
        content.Version(v.version, read_time(v.time), v.actor, v.notes) for v in gathered.versions
    )


def report_audits(book: Book, gathered: Gathered) -> tuple[content.Audit, ...]:
    """Every fairness audit of the period, oldest first, whatever its verdict."""
    audits = gathered.audits
    return tuple(_audit(row, read_result(book, row), audits) for row in audits.of("fairness"))


def report_incidents(gathered: Gathered, now: datetime) -> tuple[content.Incident, ...]:
    """Incidents of the period with their deadlines."""
    found = []
    for row, steps in gathered.incidents:
        times = clock(row, steps, now)
        found.append(
            content.Incident(
                id=row.incident,
                severity=row.severity,
                title=row.title,
                opened=read_time(row.opened_at),
                detected=_moment(row.detected_at),
                aware=_moment(row.aware_at),
                acknowledged=_moment(row.acknowledged_at),
                resolved=_moment(row.resolved_at),
                closed=_moment(row.closed_at),
                deadlines=tuple(_deadline(each) for each in (times.answer, *times.steps)),
            )
        )
    return tuple(found)


def report_switches(book: Book, gathered: Gathered) -> tuple[content.SwitchChange, ...]:
    """Every change of the model's switch in the period."""
    subject = f"model/{gathered.model.model}"
    return tuple(
        content.SwitchChange(
            time=read_time(event.ordered_at),
            actor=f"{event.actor} (requested by {event.requested_by})"
            if event.requested_by
            else event.actor,
            state=event.mode,
            reason=book.reveal(subject, "reason", event.reason),
        )
        for event in gathered.switches
    )


def report_people(gathered: Gathered) -> tuple[content.Person, ...]:
    """Every actor: roles, who enrolled it, and its key's fingerprint."""
    return tuple(
        content.Person(
            actor=row.actor,
            roles=tuple(row.role_list),
            enrolled_by=" and ".join(row.enrollers),
            fingerprint=row.key_fingerprint,
        )
        for row in gathered.actors
    )


def _audit(row: AuditRow, document: dict[str, Any], audits: Audits) -> content.Audit:
    thresholds = document["thresholds"]
    return content.Audit(
        audit_id=row.audit,
        time=read_time(row.time),
        actor=row.actor,
        filter=row.filter,
        label=row.label or None,
        prediction=row.prediction,
        by=tuple(document["by"]),
        n=row.n,
        seed=str(row.seed),
        data_digest=row.data,
        verdict=VERDICTS[row.verdict],
        reasons=tuple(document["reasons"]),
        disparities=tuple(
            _disparity(name, document["disparities"], thresholds)
            for name in document["disparities"]
            if not name.endswith("_ci")
        ),
        groups=tuple(_group(group) for group in document["groups"] if "impact_ratio" in group),
        values=tuple(_values(group) for group in document["groups"] if "impact_ratio" not in group),
        title=document.get("title") or "",
        standing=audits.standing(row),
        thresholds=figures(thresholds),
        intervals=intervals(document),
        significance=document.get("significance") or "",
        checked_with=document.get("checked_with") or "",
        elsewhere=audits.elsewhere(row),
        asked=tuple(
            (name, said)
            for name, said in (*conditions(document), *stated(document))
            if name not in _ASKED_ELSEWHERE
        ),
        caveats=tuple((document.get("profile") or {}).get("caveats", ())),
    )


def _disparity(
    name: str, disparities: dict[str, Any], thresholds: dict[str, Any]
) -> content.Disparity:
    value = disparities[name]
    limit = thresholds.get(_BOUNDS.get(name, ""))
    return content.Disparity(
        name=name.replace("_", " "),
        value=value,
        interval=interval(disparities.get(f"{name}_ci")),
        bound=f"at most {limit}" if limit else "",
        kept=None if value is None or limit is None else abs(value) <= float(limit),
    )


def _group(group: dict[str, Any]) -> content.Group:
    # An audit by a profile has its only difference beside the rate.
    selection = group.get("measures", {}).get("selection_rate") or group
    return content.Group(
        by=group["title"],
        group=group["group"],
        n=group["n"],
        selection_rate=group["selection_rate"],
        selection_rate_ci=_rate_interval(group, "selection_rate"),
        impact_ratio=group["impact_ratio"],
        impact_ratio_ci=interval(group["impact_ratio_ci"]),
        tpr=group["tpr"],
        tpr_ci=_rate_interval(group, "tpr"),
        fpr=group["fpr"],
        fpr_ci=_rate_interval(group, "fpr"),
        precision=group["precision"],
        precision_ci=_rate_interval(group, "precision"),
        accuracy=group["accuracy"],
        accuracy_ci=_rate_interval(group, "accuracy"),
        p_value=group["p_value"],
        p_holm=group["p_holm"],
        test=tested(group),
        small=group["small"],
        difference=selection.get("difference"),
        difference_ci=interval(selection.get("difference_ci")),
        is_reference=group["is_reference"],
        mean=group.get("mean"),
        standardized=group.get("standardized_difference"),
        standardized_ci=interval(group.get("standardized_difference_ci")),
    )


def _rate_interval(group: dict[str, Any], name: str) -> Interval | None:
    return interval(rate_interval(group, name))


def _values(group: dict[str, Any]) -> content.ValueGroup:
    """A group of scores or ratings; every figure that has an interval beside it is a measure."""
    percentiles = group.get("percentiles", {})
    return content.ValueGroup(
        by=group["title"],
        group=group["group"],
        n=group["n"],
        measures={
            name: content.Measured(group[name], interval(group[f"{name}_ci"]))
            for name in group
            if f"{name}_ci" in group
        }
        | {name: content.Measured(p, None) for name, p in p_values(group).items()},
        # The kept document has its keys in order of text: p25 comes before p5.
        percentiles=tuple(
            percentiles[name] for name in sorted(percentiles, key=lambda name: int(name[1:]))
        ),
        curve=tuple(
            (each["expected"], each["observed"])
            for each in group.get("bins", ())
            if each["observed"] is not None and group["brier"] is not None
        ),
        small=group["small"],
    )


def _deadline(step: StepClock) -> content.Deadline:
    met = {"met": True, "late": False, "overdue": False}.get(step.state)
    return content.Deadline(step.title, step.due, step.done, met)


def _moment(time: str) -> datetime | None:
    return read_time(time) if time else None
