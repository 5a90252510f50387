"""What takes two people takes two, and nobody can be both."""

from __future__ import annotations

from dataclasses import replace

from ledger import approving
from ledger.entry import Draft
from ledger.errors import Refused
from ledger.keys import make_request
from ledger.registers.actors import ActorRow, active, admins
from ledger.registers.approvals import ApprovalRow
from ledger.verification import verify
from reports.enrolling import enrol
from tests.people import FOUNDER, MODEL, World, raising, size_of


def grant(actor: str, role: str) -> Draft:
    """A role to be given."""
    return Draft("actor.granted", f"actor/{actor}", {"role": role})


def test_alone_the_only_admin_enters_directly(world: World) -> None:
    """If it fails, a new ledger cannot be staffed."""
    ada = world.person(FOUNDER)
    outcome = approving.enter_or_request(
        ada.book, ada.signer, lambda _rows: grant("rosa", "admin"), "second admin"
    )
    assert outcome.approval is None
    with ada.book.read() as snapshot:
        assert admins(snapshot.rows) == [FOUNDER, "rosa"]


def test_once_there_are_two_admins_enrolling_takes_both(world: World) -> None:
    """If it fails, one admin can invent a second person and approve whatever they like."""
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    ada.append(grant("rosa", "admin"))
    raising(Refused, lambda: ada.append(grant("emil", "admin")))
    request = world.newcomer("zoe")
    outcome = enrol(ada.book, ada.signer, request, ["auditor"])
    assert outcome.approval
    with ada.book.read() as snapshot:
        assert snapshot.rows.get(ActorRow, "zoe") is None
    raising(Refused, lambda: ada.approve(outcome.approval or ""))
    raising(Refused, lambda: world.person("cora").approve(outcome.approval or ""))
    entered = rosa.approve(outcome.approval)
    assert [entry.kind for entry in entered.entries] == ["approval.approved", "actor.enrolled"]
    with ada.book.read() as snapshot:
        zoe = active(snapshot.rows, "zoe")
    assert zoe.enrollers == [FOUNDER, "rosa"]
    assert ada.book.reveal("actor/zoe", "name", zoe.name) == "Zoe"
    assert verify(world.person("ann").book).problems == ()


def test_what_is_approved_is_what_was_requested(world: World) -> None:
    """If it fails, an approver can enter something other than what was asked for."""
    cora, rosa = world.person("cora"), world.person("rosa")
    world.person(FOUNDER).append(grant("cora", "admin"))
    asked = approving.request(cora.book, cora.signer, lambda _rows: grant("emil", "auditor"))
    assert asked.approval
    approved = Draft("approval.approved", f"approval/{asked.approval}", {"given": 1, "needed": 1})
    ada = world.person(FOUNDER)
    before = size_of(ada.book)
    raising(Refused, lambda: ada.append(approved))
    said = raising(Refused, lambda: ada.append(approved, grant("ann", "admin")))
    assert "not what was requested" in said
    version = Draft("model.versioned", f"model/{MODEL}", {"version": "2.0", "notes": ""})
    raising(Refused, lambda: ada.append(approved, version))
    assert size_of(rosa.book) == before


def test_a_rejection_ends_a_request(world: World) -> None:
    """If it fails, what was rejected can be approved later, or nobody can withdraw a request."""
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    ada.append(grant("rosa", "admin"))
    for decider, state in ((rosa, "rejected"), (ada, "rejected")):
        outcome = enrol(ada.book, ada.signer, world.newcomer(f"zoe-{decider.actor}"), ["auditor"])
        assert outcome.approval
        approving.reject(decider.book, decider.signer, outcome.approval, "Not now.")
        with ada.book.read() as snapshot:
            row = snapshot.rows.get(ApprovalRow, outcome.approval)
        assert row is not None
        assert (row.state, row.decided_by) == (state, decider.actor)
        raising(Refused, lambda approval=row.approval: rosa.approve(approval))


def test_who_has_left_cannot_be_half_of_two(world: World) -> None:
    """If it fails, the request of somebody who has been removed still takes effect."""
    ada, rosa, cora = (world.person(actor) for actor in (FOUNDER, "rosa", "cora"))
    ada.append(grant("rosa", "admin"))
    third = approving.request(ada.book, ada.signer, lambda _rows: grant("cora", "admin"))
    rosa.approve(third.approval or "")
    outcome = enrol(rosa.book, rosa.signer, world.newcomer("zoe"), ["auditor"])
    retired = Draft("actor.retired", "actor/rosa", {"reason": "left"})
    leaving = approving.request(ada.book, ada.signer, lambda _rows: retired)
    cora.approve(leaving.approval or "")
    said = raising(Refused, lambda: ada.approve(outcome.approval or ""))
    assert "rosa is retired" in said


def test_a_program_decides_nothing(world: World) -> None:
    """If it fails, a second key of the same person, called a program, is the second person."""
    ada = world.person(FOUNDER)
    raising(
        Refused, lambda: enrol(ada.book, ada.signer, world.newcomer("bot", "program"), ["admin"])
    )
    enrol(ada.book, ada.signer, world.newcomer("cron", "program"), ["engineer"])
    world.person("cron").note("2.0")


def test_one_key_is_not_two_people(world: World) -> None:
    """If it fails, one person can be enrolled twice and be their own second person."""
    ada = world.person(FOUNDER)
    emil = world.person("emil")
    twin = replace(emil.signer, actor="emile")
    request = make_request(twin, emil.seat.report_key("emil", b"open"), kind="person", name="Emile")
    assert "emil's" in raising(
        Refused, lambda: enrol(ada.book, ada.signer, request, ["risk-officer"])
    )


def test_what_needs_no_second_person_cannot_be_requested(world: World) -> None:
    """If it fails, requests pile up for what anybody may enter."""
    emil = world.person("emil")
    version = Draft("model.versioned", f"model/{MODEL}", {"version": "2.0", "notes": ""})
    raising(Refused, lambda: approving.request(emil.book, emil.signer, lambda _rows: version))
