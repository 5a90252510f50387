"""What may enter each register: flows that are accepted, and next steps that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.entry import Draft, canonical
from ledger.errors import InvalidInput, QuaestorError, Refused
from ledger.merkle import EMPTY_ROOT
from ledger.registers.actors import ActorRow, KeyRow
from ledger.registers.erasures import ErasureRow
from ledger.registers.house import the_ledger
from ledger.registers.incidents import IncidentRow, NoteRow, StepRow
from ledger.registers.logs import LogRow, imported_as
from ledger.registers.models import LegalClass, ModelRow, VersionRow
from ledger.registers.policies import PolicyRow, in_force
from ledger.registers.reports import ReportRow
from ledger.registers.rows import DictRows
from ledger.registers.switches import SwitchEventRow, SwitchRow, after_kill
from policies import shipped
from tests.vectors.record import Record, public_key, signer
from tests.vectors.story import (
    ADA,
    BEN,
    CY,
    DAN,
    ORDER,
    approving,
    enrolment,
    founding,
    kill,
    opening,
    registration,
    requesting,
)

SEALED = {"vault": "ab" * 16, "data": "AAAA"}
TIME = "2026-01-01T00:00:00.000000Z"
LATER = "2026-01-02T00:00:00.000000Z"


def model(kind: str, **body: Any) -> Draft:
    """Draft an entry about the model."""
    return Draft(f"model.{kind}", "model/credit-scorer", body)


def incident(kind: str, **body: Any) -> Draft:
    """Draft an entry about the incident."""
    return Draft(f"incident.{kind}", "incident/inc-1", body)


def actor(kind: str, name: str, **body: Any) -> Draft:
    """Draft an entry about an actor."""
    return Draft(f"actor.{kind}", f"actor/{name}", body)


def log(log_id: str = "log-1", **changed: Any) -> Draft:
    """Draft the entry of a sealed log."""
    body = {
        "model": "credit-scorer",
        "file": "01" * 32,
        "rows": 3,
        "root": "02" * 32,
        "column_map": "03" * 32,
        "sources": [{"name": "log.csv", "size": 10, "sha256": "04" * 32}],
        "import_key": "05" * 32,
        "redactions": [{"name": "email", "count": 2}],
        "quarantined": 0,
        "quarantine": None,
        "quarantine_key": None,
        "first_time": None,
        "last_time": None,
    }
    return Draft("log.sealed", f"log/{log_id}", {**body, **changed})


def audit(**changed: Any) -> Draft:
    """Draft the entry of an audit."""
    body = {
        "model": "credit-scorer",
        "measure": "fairness",
        "label": "",
        "prediction": "approved",
        "positive": "yes",
        "by": ["sex"],
        "filter": "",
        "n": 100,
        "excluded": 0,
        "seed": 1,
        "draws": 1000,
        "data": "08" * 32,
        "logs": [],
        "thresholds": "09" * 32,
        "disparities": [{"by": "sex", "measure": "impact_ratio", "value": "0.7"}],
        "verdict": "fail",
        "result": "0a" * 32,
    }
    return Draft("audit.completed", "audit/aud-1", {**body, **changed})


def report(size: int, report_id: str = "rep-1") -> Draft:
    """Draft the entry of a report that vouches for `size` entries."""
    body = {
        "report_kind": "model-report",
        "about": "model/credit-scorer",
        "sha256": "06" * 32,
        "pages": 4,
        "size": size,
        "root": EMPTY_ROOT.hex(),  # right for a size of 0 alone
        "period_from": TIME,
        "period_to": LATER,
        "signed_with": "SHA256:AA",
    }
    return Draft("report.issued", f"report/{report_id}", body)


def approved(record: Record, approval: str, effect: Draft, by: Any = BEN) -> None:
    """Let two admins enter an effect."""
    record.append(ADA, requesting(approval, effect))
    record.append(by, approving(approval), effect)


@pytest.fixture
def record() -> Record:
    """Give a ledger with two admins, a commander, a model and an incident."""
    record = Record()
    record.append(ADA, founding(shipped.role_matrix()))
    record.append(ADA, enrolment(BEN, "admin"))
    approved(record, "ap-1", enrolment(CY, "incident-commander"))
    record.append(ADA, registration())
    record.append(CY, opening())
    return record


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        ([], registration()),
        ([], registration("Credit")),
        ([], registration("other", owner="nobody")),
        ([], model("owned", owner="nobody")),
        ([], model("versioned", version="1.0", notes="")),
        ([], model("status_changed", status="production")),
        ([], Draft("model.owned", "model/other", {"owner": "ada"})),
        (
            [model("status_changed", status="retired")],
            model("status_changed", status="production"),
        ),
        ([model("status_changed", status="retired")], model("versioned", version="2", notes="")),
        ([], opening()),
        ([], incident("closed")),
        ([], incident("step_done", step="dance", note=None)),
        ([], incident("assigned", assignee="nobody")),
        (
            [],
            incident("escalated", severity="critical", answer_due=TIME, steps=[], reason=None),
        ),
        ([incident("acknowledged")], incident("acknowledged")),
        (
            [incident("step_done", step="assess", note=None)],
            incident("step_done", step="assess", note=None),
        ),
        ([incident("resolved", resolution=SEALED)], incident("resolved", resolution=SEALED)),
        ([incident("resolved", resolution=SEALED)], incident("acknowledged")),
        (
            [incident("resolved", resolution=SEALED), incident("closed")],
            incident("step_done", step="assess", note=None),
        ),
        ([], Draft("switch.reasoned", "model/credit-scorer", {"kill_seq": 5, "reason": SEALED})),
        ([], log(model="other")),
        ([log()], log("log-2")),
        ([log()], log(import_key="06" * 32)),
        ([], audit(model="other")),
        ([audit(verdict="fail")], audit(verdict="pass")),
        ([], report(9)),
        ([report(0)], report(0)),
        ([], Draft("policy.adopted", "policy/mood", {"content": "00" * 32, "reason": "x"})),
        ([], actor("role_revoked", "cy", role="admin")),
        ([], actor("retired", "nobody", reason="x")),
        ([], actor("certified", "nobody", certificate="")),
        ([], actor("key_revoked", "cy", public_key=public_key(BEN), since_seq=0, reason="x")),
        ([], founding()),
    ],
    ids=lambda value: value.kind if isinstance(value, Draft) else None,
)
def test_what_does_not_follow_is_refused(
    record: Record, first: list[Draft], refused: Draft
) -> None:
    """If it failed, a register would take what contradicts what it holds."""
    for draft in first:
        record.append(ADA, draft)
    before = len(record.lines)
    with pytest.raises(QuaestorError) as error:
        record.append(ADA, refused)
    assert isinstance(error.value, Refused | InvalidInput)
    assert error.value.hint
    assert len(record.lines) == before
    assert record.replayed().problems == []


def test_a_models_life(record: Record) -> None:
    """If it failed, the inventory would not say what was entered."""
    record.append(ADA, model("versioned", version="1.1", notes="Retrained"))
    record.append(ADA, model("owned", owner="ben"))
    legal = LegalClass(category="limited", reason="Art. 50").model_dump()
    record.append(ADA, model("tiered", legal_class=legal, materiality="low", testing_level="high"))
    record.append(ADA, model("status_changed", status="retired"))
    row = record.rows.get(ModelRow, "credit-scorer")
    assert row is not None
    assert (row.owner, row.version, row.status, row.materiality) == (
        "ben",
        "1.1",
        "retired",
        "low",
    )
    assert row.legal_class.category == "limited"
    assert "“yes”" in row.model_card.purpose
    assert row.seq == len(record.lines) - 1
    versions = record.rows.where(VersionRow, model="credit-scorer")
    assert [(each.version, each.notes) for each in versions][-1] == ("1.1", "Retrained")


def test_an_incidents_life(record: Record) -> None:
    """If it failed, who answered when could not be told from the record."""
    record.append(CY, incident("acknowledged"))
    record.append(CY, incident("assigned", assignee="ben"))
    step = {"step": "assess", "phase": "x", "title": "x", "due": LATER}
    escalating = incident(
        "escalated", severity="high", answer_due=LATER, steps=[step], reason=SEALED
    )
    record.append(CY, escalating)
    (open_step,) = record.rows.where(StepRow, incident="inc-1")
    assert (open_step.due, open_step.title) == (LATER, "Assess the severity")
    record.append(BEN, incident("step_done", step="assess", note=SEALED))
    record.append(CY, incident("noted", note=SEALED))
    record.append(CY, incident("resolved", resolution=SEALED))
    record.append(CY, incident("closed"))
    record.append(CY, incident("noted", note=SEALED))
    row = record.rows.get(IncidentRow, "inc-1")
    assert row is not None
    assert (row.status, row.severity, row.assignee) == ("closed", "high", "ben")
    assert row.acknowledged_by == "cy"
    assert row.resolution == canonical(SEALED).decode()
    assert open_step.incident == row.incident
    (done,) = record.rows.where(StepRow, incident="inc-1")
    assert (done.done_by, done.due) == ("ben", LATER)
    assert len(record.rows.where(NoteRow, incident="inc-1")) == 2


def test_a_step_done_keeps_its_due_time_when_the_incident_escalates(record: Record) -> None:
    """If it failed, escalating would make a step late that was done in time."""
    record.append(CY, incident("step_done", step="assess", note=None))
    (before,) = record.rows.where(StepRow)
    step = {"step": "assess", "phase": "x", "title": "x", "due": LATER}
    record.append(
        CY, incident("escalated", severity="low", answer_due=LATER, steps=[step], reason=None)
    )
    (after,) = record.rows.where(StepRow)
    assert after.due == before.due != LATER


def test_an_incident_is_not_known_before_it_is_detected(record: Record) -> None:
    """If it failed, the clock could be made to start before the incident did."""
    draft = opening()
    body = {**draft.body, "aware_at": TIME}
    with pytest.raises(Refused, match="before it is detected"):
        record.append(CY, Draft(draft.kind, "incident/inc-2", body))


def test_a_switchs_life(record: Record) -> None:
    """If it failed, applications would be told another state than was ordered."""
    fallback = ORDER.model_copy(update={"mode": "fallback", "order_id": "ord-a"})
    record.append(CY, kill(fallback))
    record.append(CY, kill(ORDER))
    (row,) = record.rows.where(SwitchRow)
    assert (row.mode, row.since) == ("off", ORDER.ordered_at)
    seq = len(record.lines) - 1
    stale = Draft("switch.resumed", "model/credit-scorer", {"after_seq": seq - 1, "reason": None})
    record.append(CY, requesting("ap-2", stale))
    with pytest.raises(Refused, match="has changed since"):
        record.append(BEN, approving("ap-2"), stale)
    record.append(
        CY, Draft("switch.reasoned", "model/credit-scorer", {"kill_seq": seq, "reason": SEALED})
    )
    again = Draft("switch.reasoned", "model/credit-scorer", {"kill_seq": seq, "reason": SEALED})
    with pytest.raises(Refused, match="already"):
        record.append(CY, again)
    fresh = Draft("switch.resumed", "model/credit-scorer", {"after_seq": seq, "reason": None})
    record.append(CY, requesting("ap-3", fresh))
    record.append(BEN, approving("ap-3"), fresh)
    events = record.rows.where(SwitchEventRow, model="credit-scorer")
    assert [(e.mode, e.actor, e.requested_by) for e in events] == [
        ("on", "ada", ""),
        ("fallback", "cy", ""),
        ("off", "cy", ""),
        ("on", "ben", "cy"),
    ]
    body = {"after_seq": record.rows.where(SwitchRow)[0].seq, "reason": None}
    with pytest.raises(Refused, match="on already"):
        approved(record, "ap-4", Draft("switch.resumed", "model/credit-scorer", body))


def test_what_is_off_stays_off() -> None:
    """If it failed, a late order for a fallback would switch a stopped model on again, in part."""
    assert after_kill("off", "fallback") == "off"
    assert after_kill("fallback", "off") == "off"
    assert after_kill("on", "rollback") == "rollback"


def test_a_revocation_is_never_weakened(record: Record) -> None:
    """If it failed, entries flagged as a thief's could be cleared by revoking the key again."""

    def revoke(since_seq: int) -> None:
        key = public_key(CY)
        record.append(
            ADA, actor("key_revoked", "cy", public_key=key, since_seq=since_seq, reason="x")
        )

    revoke(6)
    for later in (6, 7, 10**9):
        with pytest.raises(Refused, match="already"):
            revoke(later)
    revoke(4)
    key = record.rows.get(KeyRow, public_key(CY))
    assert key is not None
    assert key.untrusted_since == 4
    assert {p.check for p in record.replayed().problems} == {"revoked"}


def test_a_rekeyed_actor_is_the_same_person(record: Record) -> None:
    """If it failed, a new key would lose roles, or old entries their signatures."""
    new = signer("cy", seed="cy's second")
    keys = {"public_key": public_key(new), "report_key": "", "certificate": ""}
    approved(record, "ap-2", Draft("actor.rekeyed", "actor/cy", keys))
    record.append(new, incident("acknowledged"))
    row = record.rows.get(ActorRow, "cy")
    assert row is not None
    assert (row.role_list, row.public_key) == (["incident-commander"], public_key(new))
    assert row.enrollers == ["ada", "ben"]
    assert row.key_fingerprint.startswith("SHA256:")
    assert record.replayed().problems == []


def test_a_new_matrix_holds_from_the_next_entry_on(record: Record) -> None:
    """If it failed, what a role may do would change for entries made before."""
    matrix = shipped.role_matrix()
    strict = {**matrix, "roles": [r for r in matrix["roles"] if r["role"] != "incident-commander"]}
    subject = f"ledger/{the_ledger(record.rows).ledger_id}"
    record.append(CY, incident("noted", note=SEALED))
    change = Draft("ledger.matrix_adopted", subject, {"matrix": strict, "reason": "x"})
    approved(record, "ap-2", change)
    with pytest.raises(Refused, match="may not enter"):
        record.append(CY, incident("noted", note=SEALED))
    assert record.replayed().problems == []
    headless = {**matrix, "roles": matrix["roles"][1:]}
    change = Draft("ledger.matrix_adopted", subject, {"matrix": headless, "reason": "x"})
    with pytest.raises(Refused, match="needs the role admin"):
        approved(record, "ap-3", change)


def test_logs_reports_policies_and_erasures_are_listed(record: Record) -> None:
    """If it failed, evidence would be entered that no register names."""
    record.append(ADA, log())
    record.append(ADA, report(8))
    record.append(
        ADA, Draft("policy.adopted", "policy/playbook", {"content": "08" * 32, "reason": "x"})
    )
    erased = {"keys": ["ab" * 16], "ground": "Asked for"}
    approved(record, "ap-2", Draft("vault.erased", "incident/inc-1", erased))
    known = imported_as(record.rows, "05" * 32)
    assert known is not None
    assert known.log == record.rows.where(LogRow)[0].log == "log-1"
    assert record.rows.where(ReportRow)[0].size == 8
    assert in_force(record.rows, "playbook").content == "08" * 32
    assert len(record.rows.where(PolicyRow)) == 1
    assert record.rows.where(ErasureRow)[0].ground == "Asked for"
    with pytest.raises(Refused, match="erased before"):
        approved(record, "ap-3", Draft("vault.erased", "incident/inc-1", erased))
    bad = Draft("vault.erased", "incident/inc-1", {"keys": ["../../x"], "ground": "x"})
    with pytest.raises(InvalidInput):
        record.append(ADA, requesting("ap-4", bad))


def test_entry_0_founds_the_ledger_that_it_is_about() -> None:
    """If it failed, a ledger could pass under another ledger's id."""
    draft = founding()
    for by, changed in (
        (ADA, Draft(draft.kind, "ledger/" + "00" * 32, draft.body)),
        (ADA, Draft(draft.kind, draft.subject, {**draft.body, "format": 2})),
        (BEN, draft),
        (DAN, registration()),
    ):
        record = Record()
        with pytest.raises(Refused):
            record.append(by, changed)
        assert not list(record.rows.all())


def test_rows_in_memory_are_found_by_what_they_hold() -> None:
    """If it failed, verification would replay onto other rows than a store holds."""
    rows = DictRows()
    for number in (2, 1):
        rows.put(SwitchRow(seq=number, model=f"m{number}", mode="on", since=TIME, actor="ada"))
    assert [row.model for row in rows.where(SwitchRow)] == ["m1", "m2"]
    assert [row.model for row in rows.where(SwitchRow, seq=2)] == ["m2"]
    assert rows.get(SwitchRow, "m3") is None
