"""Histories at random: what the record accepts never gets around roles or the two-person rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from ledger.entry import Draft, Entry
from ledger.errors import Altered, QuaestorError
from ledger.keys import Signer
from ledger.registers.actors import ROLES, ActorRow, KeyRow
from ledger.registers.approvals import ApprovalRow
from ledger.registers.rows import DictRows
from ledger.registers.switches import Order, SwitchRow
from policies import shipped
from tests.vectors.record import LEDGER_ID, Record, public_key, signer
from tests.vectors.story import (
    ADA,
    approving,
    enrolment,
    founding,
    kill,
    registration,
    requesting,
)

MATRIX = shipped.role_matrix()
ALWAYS = {"switch.resumed", "vault.erased", "ledger.matrix_adopted"}
ONCE_TWO_ADMINS = {"actor.enrolled", "actor.rekeyed", "actor.granted"}
NAMES = ("ada", "ben", "cy", "dan", "eve", "bot")
KEYS = {name: [signer(name, seed=f"{name} {number}") for number in range(3)] for name in NAMES}
KEYS["ada"][0] = ADA
OTHERS_KEY = Signer("eve", KEYS["ben"][0].key)


def _revocation(record: Record, name: str, _role: str, key: Signer) -> Draft:
    body = {"public_key": public_key(key), "since_seq": len(record.lines), "reason": "lost"}
    return Draft("actor.key_revoked", f"actor/{name}", body)


def _rekeying(_record: Record, name: str, _role: str, key: Signer) -> Draft:
    body = {"public_key": public_key(key), "report_key": "", "certificate": ""}
    return Draft("actor.rekeyed", f"actor/{name}", body)


def _kill(record: Record, name: str, _role: str, key: Signer) -> Draft:
    order = Order(
        ledger_id=LEDGER_ID,
        order_id=f"ord-{len(record.lines)}",
        model="credit",
        mode="off",
        actor=name,
        ordered_at="2026-01-01T00:00:00.000000Z",
    )
    return kill(order, by=key)


def _resumption(record: Record, _name: str, _role: str, _key: Signer) -> Draft:
    switch = record.rows.get(SwitchRow, "credit")
    body = {"after_seq": switch.seq if switch else 0, "reason": None}
    return Draft("switch.resumed", "model/credit", body)


DRAFTS: dict[str, Callable[[Record, str, str, Signer], Draft]] = {
    "enrol": lambda _, name, role, key: enrolment(Signer(name, key.key), role),
    "program": lambda _, name, role, key: enrolment(Signer(name, key.key), role, kind="program"),
    "grant": lambda _, name, role, _key: Draft("actor.granted", f"actor/{name}", {"role": role}),
    "revoke": lambda _, name, role, _key: Draft(
        "actor.role_revoked", f"actor/{name}", {"role": role}
    ),
    "retire": lambda _, name, _role, _key: Draft(
        "actor.retired", f"actor/{name}", {"reason": "left"}
    ),
    "revoke key": _revocation,
    "rekey": _rekeying,
    "kill": _kill,
    "resume": _resumption,
    "register": lambda record, *_: registration(f"m-{len(record.lines)}"),
}
"""Things to enter: of a record, about whom, with which role and key."""
FINAL = {"retire", "revoke key"}  # rare, or nobody is left who can act


class Governance:
    """People who try anything; what the record accepts must never break the rules."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - a walk that can be repeated
        self.record = Record()
        self.accepted: Counter[str] = Counter()
        self.record.append(ADA, founding(MATRIX))
        self.attempt(ADA, registration("credit"))
        if seed % 3:
            self.attempt(ADA, enrolment(KEYS["ben"][0], "admin"))
            self.enrol_by_two(enrolment(KEYS["cy"][0], "incident-commander"))

    def step(self) -> None:
        """Try one thing."""
        tries = [
            self.act,
            self.act,
            self.ask,
            self.enrol,
            *([self.decide] * 3 if self.pending() else []),
        ]
        self.chance.choice(tries)()

    # What is tried

    def attempt(self, by: Signer, *drafts: Draft) -> None:
        """Enter a part if the record accepts it, and judge what was accepted."""
        before = {row.actor: row.model_copy() for row in self.record.rows.where(ActorRow)}
        requests = {row.approval: row for row in self.record.rows.where(ApprovalRow)}
        try:
            entries = self.record.append(by, *drafts)
        except (QuaestorError, Altered):
            return
        self.accepted.update(entry.kind for entry in entries)
        self.judge(by, entries, before, requests)

    def act(self) -> None:
        """Enter one thing, of whatever kind."""
        self.attempt(self.someone(), self.draft())

    def ask(self) -> None:
        """Request an approval of whatever effect."""
        self.attempt(self.someone(), requesting(self.next_approval(), self.draft()))

    def decide(self) -> None:
        """Approve a request with its effect, with another, or with none; or reject it."""
        request = self.chance.choice(self.pending()[-2:])
        other, rejected = self.draft(), {"reason": None}
        parts = [
            [approving(request.approval), request.effect],
            [approving(request.approval), other],
            [approving(request.approval), request.effect, other],
            [approving(request.approval)],
            [request.effect],
            [Draft("approval.rejected", f"approval/{request.approval}", rejected)],
        ]
        self.attempt(self.someone(), *self.chance.choices(parts, [6, 2, 1, 1, 1, 1])[0])

    def enrol(self) -> None:
        """Let two admins enrol somebody, so that there is somebody to break rules."""
        name = self.chance.choice(NAMES)
        kind = "program" if name == "bot" else "person"
        self.enrol_by_two(enrolment(KEYS[name][0], self.chance.choice(ROLES), kind=kind))

    def enrol_by_two(self, draft: Draft) -> None:
        """Request an enrolment and approve it."""
        approval = self.next_approval()
        self.attempt(ADA, requesting(approval, draft))
        self.attempt(KEYS["ben"][0], approving(approval), draft)

    def someone(self) -> Signer:
        """Choose who acts, mostly with the right key."""
        enrolled = self.record.rows.where(ActorRow)
        name = self.chance.choice([row.actor for row in enrolled] * 3 + list(NAMES))
        right = [key for key in KEYS[name] for row in enrolled if row.public_key == public_key(key)]
        return self.chance.choice(right * 10 + KEYS[name])

    def draft(self) -> Draft:
        """Choose something to enter, more often about somebody who is enrolled."""
        enrolled = [row.actor for row in self.record.rows.where(ActorRow)]
        name = self.chance.choice(enrolled * 3 + list(NAMES))
        role = self.chance.choice(["admin", "admin", *ROLES])
        key = self.chance.choice([*KEYS[name], KEYS[name][0], OTHERS_KEY])
        weights = [1 if what in FINAL else 6 for what in DRAFTS]
        (what,) = self.chance.choices(list(DRAFTS), weights)
        return DRAFTS[what](self.record, name, role, key)

    def pending(self) -> list[ApprovalRow]:
        """Give the requests that wait."""
        return self.record.rows.where(ApprovalRow, state="pending")

    def next_approval(self) -> str:
        """Give a request's new name."""
        return f"ap-{len(self.record.rows.where(ApprovalRow)) + 1}"

    # What must hold

    def judge(
        self,
        by: Signer,
        entries: list[Entry],
        before: dict[str, ActorRow],
        requests: dict[str, ApprovalRow],
    ) -> None:
        """Judge an accepted part by the registers before it, in words of our own."""
        actor = before[by.actor]
        assert actor.status == "active"
        assert actor.public_key == public_key(by)
        admins = [
            row
            for row in before.values()
            if row.status == "active" and row.kind == "person" and "admin" in row.role_list
        ]
        for place, entry in enumerate(entries):
            approval = entries[place - 1] if place else None
            approved = approval is not None and approval.kind == "approval.approved"
            takes_two = entry.kind in ALWAYS or (entry.kind in ONCE_TWO_ADMINS and len(admins) > 1)
            if takes_two:
                assert approved, f"{entry.kind} by {by.actor} alone"
            if approved and approval is not None:
                request = requests[approval.subject.partition("/")[2]]
                assert request.state == "pending"
                assert request.requested_by != by.actor
                assert actor.kind == "person"
                assert _approvers(request.kind) & set(actor.role_list)
                effect = request.effect
                assert (entry.kind, entry.subject, entry.body) == (
                    effect.kind,
                    effect.subject,
                    effect.body,
                )
            elif entry.kind == "switch.killed":
                commander = before[entry.body["order"]["actor"]]
                assert commander.status == "active"
                assert {"admin", "risk-officer", "incident-commander"} & set(commander.role_list)
            elif not entry.kind.startswith("approval."):
                assert allowed(actor.role_list, entry.kind)

    def somebody_can_govern(self) -> None:
        """There is always an active person who is admin."""
        rows = self.record.rows.where(ActorRow, status="active")
        assert any(row.kind == "person" and "admin" in row.role_list for row in rows)

    def nobody_is_two(self) -> None:
        """A key is one actor's, for ever; programs decide nothing."""
        keys = self.record.rows.where(KeyRow)
        raw = Counter(key.public_key for key in keys)
        assert max(raw.values()) == 1
        for row in self.record.rows.where(ActorRow):
            assert row.public_key in {key.public_key for key in keys if key.actor == row.actor}
            if row.kind == "program":
                assert set(row.role_list) <= {"engineer"}

    def replay_agrees(self) -> None:
        """Verification finds what was entered, and nothing wrong but what revoked keys signed."""
        found = self.record.replayed()
        assert [p for p in found.problems if p.check != "revoked"] == []
        assert plain(found.rows) == plain(self.record.rows)


def plain(rows: DictRows) -> list[str]:
    """Every row as text, whatever the order in which its fields were written."""
    return sorted(f"{type(row).__name__} {sorted(vars(row).items())}" for row in rows.all())


def allowed(roles: list[str], kind: str) -> bool:
    """Say whether one of these roles lists this kind, read from the matrix as people read it."""
    kinds = {
        pattern for rule in MATRIX["roles"] if rule["role"] in roles for pattern in rule["kinds"]
    }
    return kind in kinds or kind.partition(".")[0] + ".*" in kinds


def _approvers(kind: str) -> set[str]:
    rules = [rule for rule in MATRIX["two_person"] if kind in rule["kinds"]]
    return {role for rule in rules for role in rule["approvers"]}


def test_no_history_breaks_the_rules() -> None:
    """If it failed, some sequence of entries would get around roles or the two-person rule."""
    accepted: Counter[str] = Counter()
    for seed in range(120):
        walk = Governance(seed)
        for _ in range(70):
            walk.step()
            walk.somebody_can_govern()
            walk.nobody_is_two()
        walk.replay_agrees()
        accepted += walk.accepted
    tried = {"actor.enrolled", "actor.granted", "actor.role_revoked", "actor.rekeyed"}
    tried |= {"actor.key_revoked", "actor.retired", "switch.killed", "switch.resumed"}
    assert tried <= accepted.keys(), accepted
