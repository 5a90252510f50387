"""Ledgers at random: histories that the record accepts.

A history is made through the library alone: whatever it refuses is not in it, but is kept in
`refused`, as parts that somebody with the keys could write all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from ledger.approving import approval_drafts
from ledger.entry import Draft
from ledger.errors import QuaestorError
from ledger.keys import Signer
from ledger.merkle import leaf_hash, root
from ledger.registers.actors import ROLES, ActorRow
from ledger.registers.approvals import ApprovalRow
from ledger.registers.logs import LogRow
from ledger.registers.policies import PolicyRow
from ledger.registers.switches import Order, SwitchEventRow, SwitchRow
from policies import shipped
from tests.vectors.record import LEDGER_ID, Record, public_key, signer
from tests.vectors.story import (
    ADA,
    approving,
    enrolment,
    founding,
    kill,
    opening,
    registration,
    requesting,
)

NAMES = ("ada", "ben", "cy", "dan", "bot")
KEYS = {name: [signer(name, seed=f"{name} {number}") for number in range(3)] for name in NAMES}
KEYS["ada"][0] = ADA
MODELS = ("credit", "fraud")
TIME = "2026-01-01T00:{:02}:00.000000Z"
LEVELS = ("low", "medium", "high")

Fields = dict[str, Any]


@dataclass
class History:
    """The lines of a sound record, whose key signed each part, and parts that were refused."""

    lines: list[bytes]
    signers: dict[int, Signer]
    """By the seq of the entry that carries the signature."""
    refused: list[tuple[int, Signer, list[bytes]]] = field(default_factory=list)
    """Where such a part would have stood, by whom, and its lines."""


class Walk:
    """People who try anything, for `steps` tries."""

    def __init__(self, seed: int, steps: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - it can be walked again
        self.record = Record()
        self.kinds: Counter[str] = Counter()
        """How often each was entered: what is rare is tried first."""
        self.history = History(self.record.lines, {})
        self.attempt(ADA, founding(_matrix()))
        for name in MODELS[: 1 + seed % 2]:
            self.attempt(ADA, registration(name))
        for name, role in [("ben", "admin"), ("cy", "incident-commander")][: seed % 3]:
            self.attempt(ADA, enrolment(KEYS[name][0], role))
        for _ in range(steps):
            self.step()
        self.history.lines = self.record.lines

    def step(self) -> None:
        """Enter one to three things, or ask for one, or decide on a request."""
        asked = [row for row in self.record.rows.where(ApprovalRow) if row.state == "pending"]
        what = self.chance.choices(["act", "ask", "decide"], [9, 1, 4 if asked else 0])[0]
        if what == "act":
            self.act()
        elif what == "ask":
            two_person = ["enrol", "rekey", "grant", "resume", "erase", "adopt matrix", "restore"]
            two_person += ["demote", "retire", *["drop"] * 4, *["resume"] * 4]
            self.ask(self.somebody(), self.draft(self.chance.choice(two_person)))
        else:
            request = self.chance.choice(asked)
            rejection = Draft("approval.rejected", f"approval/{request.approval}", {"reason": None})
            rightly = approval_drafts(self.record.rows, request.approval)
            wrongly = approving(request.approval, given=self.chance.randrange(3), needed=2)
            parts = [rightly, [rejection], [rightly[0], self.draft()], [rightly[0]]]
            parts += [[wrongly], [wrongly, request.effect]]
            by = self.somebody(but=request.requested_by)
            self.attempt(by, *self.chance.choices(parts, [16, 1, 1, 1, 1, 1])[0])

    def act(self) -> None:
        """Enter one to three things; if they are refused, mostly others."""
        for last in (False, False, False, False, True):
            by, count = self.somebody(), self.chance.choices([1, 2, 3], [12, 1, 1])[0]
            drafts = [self.draft() for _ in range(count)]
            if self.attempt(by, *drafts, keep=last):
                return
            if self.chance.random() < 0.3 and self.ask(by, drafts[0]):
                return

    def ask(self, by: Signer, effect: Draft) -> bool:
        """Ask for an approval."""
        name = f"ap-{self.record.rows.count(ApprovalRow) + 1}"
        return self.attempt(by, requesting(name, effect), keep=False)

    def attempt(self, by: Signer, *drafts: Draft, keep: bool = True) -> bool:
        """Enter a part if the record accepts it; `keep` it among the refused if not."""
        try:
            entries = self.record.append(by, *drafts)
        except (QuaestorError, ValueError):
            seq = len(self.record.lines)
            if keep:
                self.history.refused.append((seq, by, self.record.make(by, list(drafts))))
            return False
        self.history.signers[entries[-1].seq] = by
        self.kinds.update(draft.kind for draft in drafts)
        return True

    def somebody(self, but: str = "") -> Signer:
        """Choose who acts, mostly somebody enrolled, with the key that they have now."""
        known = [row.actor for row in self.record.rows.where(ActorRow) if row.actor != but]
        if not known or self.chance.random() < 0.1:
            return self.key_in_use(self.chance.choice(NAMES))
        weights = {"ada": 12, "ben": 5, "cy": 2}
        return self.key_in_use(
            self.chance.choices(known, [weights.get(name, 1) for name in known])[0]
        )

    def draft(self, what: str = "") -> Draft:
        """Make something to enter, mostly sensible."""
        weights = [2 if name in FINAL else 10 for name in DRAFTS]
        drafts = [
            DRAFTS[what or self.chance.choices(list(DRAFTS), weights)[0]](self) for _ in range(2)
        ]
        return min(drafts, key=lambda draft: self.kinds[draft.kind])

    # What drafts are made of

    @property
    def name(self) -> str:
        """Somebody, mostly enrolled, seldom the founder."""
        known = [row.actor for row in self.record.rows.where(ActorRow)][1:]
        if known and self.chance.random() < 0.6:
            return self.chance.choice(known)
        return self.chance.choices(NAMES, [1, 4, 4, 4, 4])[0]

    @property
    def role(self) -> str:
        """Some role."""
        return self.chance.choice(ROLES)

    @property
    def model(self) -> str:
        """Some model, mostly one that is there."""
        return self.chance.choice(MODELS)

    @property
    def incident(self) -> str:
        """Some incident's subject."""
        return f"incident/inc-{self.chance.randrange(2)}"

    def sealed(self) -> Fields | None:
        """Give a ciphertext, or none."""
        key_id = sha256(str(self.chance.random()).encode()).hexdigest()[:32]
        return {"vault": key_id, "data": "AAAA"} if self.chance.random() < 0.7 else None

    def switched(self) -> list[SwitchEventRow]:
        """Every change of a switch."""
        return list(self.record.rows.where(SwitchEventRow))

    def key_of(self, name: str) -> Signer:
        """Some key of somebody's."""
        return self.chance.choice(KEYS[name])

    def key_in_use(self, name: str) -> Signer:
        """The key that somebody has now, mostly."""
        row = self.record.rows.get(ActorRow, name)
        keys = [key for key in KEYS[name] if row and public_key(key) == row.public_key]
        return keys[0] if keys and self.chance.random() < 0.95 else self.key_of(name)


@cache
def _matrix() -> Fields:
    """Read the shipped role matrix once: it is drafted hundreds of times."""
    return shipped.role_matrix()


def _enrolling(walk: Walk) -> Draft:
    name = walk.name
    kind, role = ("program", "engineer") if name == "bot" else ("person", walk.role)
    return enrolment(walk.key_of(name), role, kind=kind)


def _rekeying(walk: Walk) -> Draft:
    name = walk.name
    body = {"public_key": public_key(walk.key_of(name)), "report_key": "", "certificate": ""}
    return Draft("actor.rekeyed", f"actor/{name}", body)


def _demoting(walk: Walk) -> Draft:
    name = walk.name
    row = walk.record.rows.get(ActorRow, name)
    role = walk.chance.choice(row.role_list if row and row.role_list else ROLES)
    return Draft("actor.role_revoked", f"actor/{name}", {"role": role})


def _revoking(walk: Walk) -> Draft:
    name = walk.name
    since = len(walk.record.lines) + walk.chance.choice([-3, 0, 0, 1])
    body = {"public_key": public_key(walk.key_of(name)), "since_seq": since, "reason": "lost"}
    return Draft("actor.key_revoked", f"actor/{name}", body)


def _killing(walk: Walk) -> Draft:
    name, model = walk.chance.choice(["ada", "ben", "cy"]), walk.model
    order = Order(
        ledger_id=LEDGER_ID,
        order_id=f"ord-{walk.chance.randrange(30)}",
        model=model,
        mode=walk.chance.choice(["off", "fallback", "rollback"]),
        actor=name,
        ordered_at=TIME.format(0),
    )
    return kill(order, by=walk.key_in_use(name), reason=walk.sealed())


def _resuming(walk: Walk) -> Draft:
    stopped = [row for row in walk.record.rows.where(SwitchRow) if row.mode != "on"]
    model, after = (stopped[0].model, stopped[0].seq) if stopped else (walk.model, 0)
    body = {"after_seq": after - walk.chance.choice([0, 0, 0, 1]), "reason": walk.sealed()}
    return Draft("switch.resumed", f"model/{model}", body)


def _sealing(walk: Walk) -> Draft:
    digest = "ab" * 32
    body = {
        "model": walk.model,
        "file": digest,
        "rows": 3,
        "root": digest,
        "column_map": digest,
        "sources": [{"name": "a.csv", "size": 10, "sha256": digest}],
        "import_key": f"{walk.chance.randrange(4):064x}",
        "redactions": [{"name": "e-mail", "count": 1}],
        "quarantined": 0,
        "quarantine": None,
        "quarantine_key": None,
        "first_time": None,
        "last_time": walk.chance.choice(
            ["2020-01-01T00:00:00.000000Z"] * 2 + [TIME.format(5), None]
        ),
        "policy": _content(walk, "redaction"),
    }
    return Draft("log.sealed", f"log/log-{walk.chance.randrange(4)}", body)


def _content(walk: Walk, policy: str) -> str | None:
    """Name the policy in force, but for now and then."""
    row = walk.record.rows.get(PolicyRow, policy)
    known = row.content if row else None
    return walk.chance.choice([known] * 9 + ["cd" * 32])


def _dropping(walk: Walk) -> Draft:
    body = {
        "file": "ab" * 32,
        "rows": walk.chance.choice([3] * 9 + [4]),
        "root": "ab" * 32,
        "due_since": TIME.format(walk.chance.choice([0] * 9 + [59])),
        "policy": _content(walk, "retention") or "ab" * 32,
        "reason": "It is due.",
    }
    known = [row.log for row in walk.record.rows.where(LogRow)]
    return Draft("log.dropped", f"log/{walk.chance.choice([*known, 'log-0'])}", body)


def _contents(walk: Walk) -> Fields:
    digest = f"{walk.chance.randrange(2):064x}"
    file = {"name": "a.csv", "size": 1, "sha256": digest}
    return {
        "version": f"{walk.chance.randrange(3)}.0",
        "files": [file] if walk.chance.random() < 0.9 else [],
        "digest": digest,
        "rows": None,
        "profile": None,
        "note": walk.sealed(),
    }


def _registering_data(walk: Walk) -> Draft:
    body = {
        "name": "Applications",
        "owner": walk.name,
        "source": "",
        "licence": "internal",
        "purpose": "",
        "personal_data": "personal",
        "contents": _contents(walk),
    }
    return Draft("dataset.registered", f"dataset/data-{walk.chance.randrange(2)}", body)


def _auditing(walk: Walk) -> Draft:
    digest = "cd" * 32
    counts = {"n": 10, "excluded": 0, "seed": 2**53 - 1, "draws": 1000}
    body = {
        "model": walk.model,
        "measure": "fairness",
        "label": "",
        "prediction": "approved",
        "positive": "yes",
        "by": ["sex"],
        "filter": "",
        **counts,
        "data": digest,
        "logs": ["log-1"],
        "thresholds": digest,
        "disparities": [{"by": "sex", "measure": "ratio", "value": "-0.72"}],
        "verdict": "fail",
        "result": digest,
    }
    if walk.chance.random() < 0.5:
        body |= {"profile": "credit", "outcome": "score", "options": [{"name": "b", "value": ""}]}
    return Draft("audit.completed", f"audit/aud-{walk.chance.randrange(6)}", body)


def _evaluating(walk: Walk) -> Draft:
    digest, counts = "cd" * 32, {"n": 10, "passed": 9, "errors": 0}
    ends = {"value": "0.9", "low": None, "high": None, "limit": "0.9"}
    compared = {"against": "previous", "evaluation": "", "pairs": 3, "broken": 1, "fixed": 0}
    body = {
        "model": walk.model,
        "version": walk.chance.choice(["1.0", "1.0", "2.0"]),
        "prompt_versions": ["p1"],
        "risk_level": walk.chance.choice(LEVELS),
        "minimum_cases": 50,
        "files": [{"name": "a.jsonl", "format": "cases", "sha256": digest}],
        "suite": digest,
        "suites": ["accuracy", "security"],
        **counts,
        "measures": [{"scope": "accuracy", "measure": "accuracy", "n": 9, **ends, "verdict": None}],
        "failures": [{"failure": "other", "n": 1}],
        "comparisons": [{**compared, "p_value": "1", "verdict": "inconclusive"}],
        "thresholds": digest,
        "golden": walk.chance.random() < 0.5,
        "texts_kept": False,
        "verdict": "pass",
        "result": digest,
        "cases": digest,
    }
    return Draft("evaluation.completed", f"evaluation/ev-{walk.chance.randrange(4)}", body)


def _finding(walk: Walk) -> Draft:
    body = {
        "title": "It tells its instructions",
        "model": walk.chance.choice([walk.model, None]),
        "severity": "high",
        "source": "evaluation/ev-1",
        "category": "",
        "owner": walk.name,
        "due": TIME.format(9),
        "detail": walk.sealed(),
    }
    return Draft("finding.opened", f"finding/fi-{walk.chance.randrange(3)}", body)


def _about_finding(kind: str, body: Callable[[Walk], Fields]) -> Callable[[Walk], Draft]:
    return lambda walk: Draft(kind, f"finding/fi-{walk.chance.randrange(3)}", body(walk))


def _opening(walk: Walk) -> Draft:
    body = dict(opening().body)
    body["model"] = walk.chance.choice([walk.model, None])
    body["description"] = walk.sealed()
    body["aware_at"] = TIME.format(walk.chance.choice([4, 6, 6]))
    return Draft("incident.opened", walk.incident, body)


def _escalating(walk: Walk) -> Draft:
    body = {"severity": walk.chance.choice(["high", "critical"]), "answer_due": TIME.format(9)}
    return Draft("incident.escalated", walk.incident, {**body, "steps": [], "reason": None})


def _issuing(walk: Walk) -> Draft:
    size = len(walk.record.lines) + walk.chance.choice([-1, 0, 0, 5])
    body = {
        "report_kind": "model-report",
        "about": "model/credit",
        "sha256": "ef" * 32,
        "pages": 4,
        "size": size,
        "root": root(map(leaf_hash, walk.record.lines[:size])).hex(),
        "period_from": TIME.format(0),
        "period_to": TIME.format(9),
        "signed_with": "SHA256:00",
    }
    return Draft("report.issued", f"report/rep-{walk.chance.randrange(6)}", body)


def _restoring(walk: Walk) -> Draft:
    start = len(walk.record.lines) + walk.chance.choice([0, 1, 2, 5])
    body = {"lost_from": start, "lost_to": start + walk.chance.choice([0, 3, 3])}
    return Draft("ledger.restored", f"ledger/{LEDGER_ID}", {**body, "reason": "The disk died."})


def _about_incident(kind: str, text: str) -> Callable[[Walk], Draft]:
    """Make a draft about an incident whose one field, if any, is a sealed text."""
    sealed = {"vault": "0" * 32, "data": "AAAA"}
    return lambda walk: Draft(kind, walk.incident, {text: sealed} if text else {})


def _about_model(kind: str, body: Callable[[Walk], Fields]) -> Callable[[Walk], Draft]:
    return lambda walk: Draft(kind, f"model/{walk.model}", body(walk))


POLICIES = ("thresholds", "playbook", "redaction", "retention", "colours")
DRAFTS: dict[str, Callable[[Walk], Draft]] = {
    "enrol": _enrolling,
    "rekey": _rekeying,
    "revoke key": _revoking,
    "grant": lambda walk: Draft("actor.granted", f"actor/{walk.name}", {"role": walk.role}),
    "demote": _demoting,
    "retire": lambda walk: Draft("actor.retired", f"actor/{walk.name}", {"reason": "left"}),
    "certify": lambda walk: Draft("actor.certified", f"actor/{walk.name}", {"certificate": ""}),
    "adopt": lambda walk: Draft(
        "policy.adopted",
        f"policy/{walk.chance.choice(POLICIES)}",
        {"content": "ab" * 32, "reason": "Shipped."},
    ),
    "adopt matrix": lambda _: Draft(
        "ledger.matrix_adopted",
        f"ledger/{LEDGER_ID}",
        {"matrix": _matrix(), "reason": "As it was."},
    ),
    "restore": _restoring,
    "register": lambda walk: registration(walk.model, walk.name),
    "card": _about_model("model.carded", lambda _: {"card": {"purpose": "Scores: „ja“ 🏦"}}),
    "own": _about_model("model.owned", lambda walk: {"owner": walk.name}),
    "version": _about_model(
        "model.versioned", lambda walk: {"version": f"{walk.chance.randrange(5)}.0", "notes": "\n"}
    ),
    "status": _about_model(
        "model.status_changed",
        lambda walk: {
            "status": walk.chance.choices(["validation", "production", "retired"], [9, 9, 1])[0]
        },
    ),
    "tier": _about_model(
        "model.tiered",
        lambda walk: {
            "legal_class": {"category": "minimal"},
            "materiality": walk.chance.choice(LEVELS),
            "testing_level": "low",
        },
    ),
    "train": _about_model(
        "model.trained",
        lambda walk: {
            "version": walk.chance.choice(["1.0", "2.0"]),
            "dataset": f"data-{walk.chance.randrange(2)}",
            "digest": f"{walk.chance.randrange(2):064x}",
            "use": walk.chance.choice(["training", "testing"]),
        },
    ),
    "register data": _registering_data,
    "version data": lambda walk: Draft(
        "dataset.versioned",
        f"dataset/data-{walk.chance.randrange(2)}",
        {"contents": _contents(walk)},
    ),
    "retire data": lambda walk: Draft(
        "dataset.retired", f"dataset/data-{walk.chance.randrange(2)}", {"reason": "Outdated."}
    ),
    "seal": _sealing,
    "audit": _auditing,
    "evaluate": _evaluating,
    "find": _finding,
    "assign finding": _about_finding(
        "finding.assigned",
        lambda walk: {"owner": walk.name, "due": TIME.format(8), "reason": walk.sealed()},
    ),
    "note finding": _about_finding(
        "finding.noted", lambda _: {"note": {"vault": "2" * 32, "data": "AAAA"}}
    ),
    "close finding": _about_finding(
        "finding.closed",
        lambda _: {"outcome": "remedied", "resolution": {"vault": "3" * 32, "data": "AAAA"}},
    ),
    "open": _opening,
    "acknowledge": _about_incident("incident.acknowledged", ""),
    "note": _about_incident("incident.noted", "note"),
    "resolve": _about_incident("incident.resolved", "resolution"),
    "close": _about_incident("incident.closed", ""),
    "step": lambda walk: Draft(
        "incident.step_done", walk.incident, {"step": "assess", "note": walk.sealed()}
    ),
    "assign": lambda walk: Draft("incident.assigned", walk.incident, {"assignee": walk.name}),
    "escalate": _escalating,
    "kill": _killing,
    "reason": _about_model(
        "switch.reasoned",
        lambda walk: {
            "kill_seq": walk.chance.choice([row.seq for row in walk.switched()] or [0]),
            "reason": {"vault": "1" * 32, "data": "AAAA"},
        },
    ),
    "resume": _resuming,
    "drop": _dropping,
    "issue": _issuing,
    "erase": lambda walk: Draft(
        "vault.erased", walk.incident, {"keys": [f"{walk.chance.randrange(3):032x}"], "ground": "x"}
    ),
}
"""Things to enter, by what they do."""
FINAL = {"revoke key", "retire", "rekey"}  # seldom, or soon nobody can act
