"""Who may enter what, under the role matrix that `quaestor init` proposes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ledger.authority import NeedsApproval, allows, may
from ledger.entry import Draft
from ledger.errors import QuaestorError, Refused
from ledger.keys import Signer
from ledger.kinds import SPECS
from ledger.registers.approvals import ApprovalRow
from ledger.registers.house import RoleMatrix
from ledger.registers.switches import Order, SwitchRow
from tests.ledger.test_authority_walks import MATRIX, allowed
from tests.vectors.record import LEDGER_ID, Record, public_key
from tests.vectors.story import (
    ADA,
    BEN,
    CY,
    DAN,
    approving,
    enrolment,
    founding,
    kill,
    registration,
    requesting,
)


@pytest.fixture
def record() -> Record:
    """Give a ledger with two admins, a commander and a stopped model."""
    record = Record()
    record.append(ADA, founding(MATRIX))
    record.append(ADA, enrolment(BEN, "admin"))
    for who, role in ((CY, "incident-commander"), (DAN, "auditor")):
        enrol(record, who, role)
    record.append(ADA, registration())
    record.append(CY, kill(Order.model_validate({**_order(), "order_id": "ord-1"})))
    return record


def enrol(record: Record, who: Signer, *roles: str, kind: str = "person") -> None:
    """Enrol somebody as two admins do."""
    draft = enrolment(who, *roles, kind=kind)
    approval = f"ap-{len(record.rows.where(ApprovalRow)) + 1}"
    record.append(ADA, requesting(approval, draft))
    record.append(BEN, approving(approval), draft)


def _order() -> dict[str, Any]:
    return {
        "ledger_id": LEDGER_ID,
        "order_id": "ord-2",
        "model": "credit-scorer",
        "mode": "off",
        "actor": "cy",
        "ordered_at": "2026-01-01T00:00:00.000000Z",
    }


def resumption(record: Record) -> Draft:
    """Draft the way back of the stopped model."""
    (row,) = record.rows.where(SwitchRow)
    body = {"after_seq": row.seq, "reason": None}
    return Draft("switch.resumed", "model/credit-scorer", body)


def test_one_commander_stops_and_two_people_resume(record: Record) -> None:
    """If it failed, a stop would wait for somebody, or one person could take it back."""
    resumed = resumption(record)
    with pytest.raises(NeedsApproval):
        record.append(CY, resumed)
    record.append(CY, requesting("ap-9", resumed))
    with pytest.raises(Refused, match="cannot approve it too"):
        record.append(CY, approving("ap-9"), resumed)
    with pytest.raises(Refused, match="may not decide"):
        record.append(DAN, approving("ap-9"), resumed)
    entries = record.append(ADA, approving("ap-9"), resumed)
    assert [entry.part for entry in entries] == [(0, 2), (1, 2)]
    (row,) = record.rows.where(SwitchRow)
    assert (row.mode, row.actor) == ("on", "ada")


def test_a_request_of_somebody_who_left_is_not_approved(record: Record) -> None:
    """If it failed, one present person would be enough for what takes two."""
    resumed = resumption(record)
    record.append(CY, requesting("ap-9", resumed))
    leaving = Draft("actor.retired", "actor/cy", {"reason": "left"})
    record.append(ADA, requesting("ap-10", leaving))
    record.append(BEN, approving("ap-10"), leaving)
    with pytest.raises(Refused, match="retired"):
        record.append(ADA, approving("ap-9"), resumed)


def test_a_request_is_withdrawn_by_its_owner_or_rejected_by_an_approver(record: Record) -> None:
    """If it failed, a request could not be taken back, or anybody could bury it."""
    record.append(CY, requesting("ap-9", resumption(record)))
    record.append(CY, requesting("ap-10", resumption(record)))
    rejected = Draft("approval.rejected", "approval/ap-9", {"reason": None})
    with pytest.raises(Refused):
        record.append(DAN, rejected)
    record.append(CY, rejected)
    record.append(ADA, Draft("approval.rejected", "approval/ap-10", {"reason": None}))
    states = {row.approval: row.state for row in record.rows.where(ApprovalRow)}
    assert (states["ap-9"], states["ap-10"]) == ("rejected", "rejected")


def test_a_revoked_key_acts_no_more_and_orders_no_more(record: Record) -> None:
    """If it failed, a stolen key would go on acting after its theft was entered."""
    revoked = {"public_key": public_key(CY), "since_seq": len(record.lines), "reason": "stolen"}
    record.append(ADA, Draft("actor.key_revoked", "actor/cy", revoked))
    acting = Draft("incident.acknowledged", "incident/inc-1", {})
    ordering = kill(Order.model_validate(_order()))
    for by, draft in ((CY, acting), (CY, ordering), (ADA, ordering)):
        with pytest.raises(Refused, match="revoked"):
            record.append(by, draft)


def test_a_stop_is_the_commanders_whoever_records_it(record: Record) -> None:
    """If it failed, an ordered stop could not be recorded by whoever comes next."""
    record.append(ADA, registration("second"))
    order = Order.model_validate({**_order(), "model": "second"})
    (entry,) = record.append(DAN, kill(order))
    row = record.rows.get(SwitchRow, "second")
    assert row is not None
    assert (entry.actor, row.actor, row.mode) == ("dan", "cy", "off")


def spellings(key: str) -> Iterator[str]:
    """Write 32 bytes in the three other ways that base64 decoders accept."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    place = alphabet.index(key[-2])
    for other in range(place + 1, place + 4):
        yield key[:-2] + alphabet[other] + "="


def test_one_key_is_not_two_people_however_it_is_spelled() -> None:
    """If it failed, one person with two names could approve their own requests."""
    record = Record()
    record.append(ADA, founding(MATRIX))
    draft = enrolment(BEN, "admin")
    for key in (public_key(ADA), *spellings(public_key(ADA)), public_key(BEN)[:-4], "\u00c4"):
        with pytest.raises(QuaestorError):
            record.append(ADA, Draft(draft.kind, draft.subject, {**draft.body, "public_key": key}))
    record.append(ADA, draft)


def test_what_screens_grey_out_is_what_would_be_refused(record: Record) -> None:
    """If it failed, a screen would offer what is refused, or hide what is allowed."""
    matrix = RoleMatrix.model_validate(MATRIX)
    for kind in SPECS:
        assert (
            may(record.rows, "ada", kind)
            == allowed(["admin"], kind)
            == allows(matrix, ["admin"], kind)
        )
        assert not may(record.rows, "dan", kind)
        assert not may(record.rows, "nobody", kind)


def test_one_admin_cannot_get_rid_of_the_other(record: Record) -> None:
    """If it failed, an admin could switch off the rule that enrolling takes two."""
    for kind, body in (("role_revoked", {"role": "admin"}), ("retired", {"reason": "x"})):
        with pytest.raises(NeedsApproval):
            record.append(ADA, Draft(f"actor.{kind}", "actor/ben", body))
