#!/usr/bin/env python3
"""Check a Quaestor record where Quaestor is not installed: one file, Python 3.11, nothing else.

    python verify_record.py RECORD [--checkpoint FILE]... [--vkey KEY]... [--json]

RECORD is a home or its `journal/` folder, a folder of tiles (`ledger export --tiles`), or the
`evidence.json` attached to a report (`pdfdetach -saveall report.pdf`). It is written from
docs/record-format.md alone and takes the same steps:

 1. bytes        every entry is canonical, of this format, and stands at its seq
 3. chain        `prev` is the hash of the entry before; the first follows nothing
 4. part         parts are whole: one actor, one time, counted 0 to n-1 of n
 5. signature    the last entry of a part is signed by the key that its actor had for all of it
 6. authority    the actor had the role, the approval and the preconditions, at that moment
 7. revoked      no entry was signed by a key at a seq since which it is not trusted
 8. tree         a folder of tiles: every tile, and the checkpoint, are as its entries make them
10. issued       the size and root that an issued report vouches for are the tree's
 A. anchor       the checkpoints given from outside: same origin, not beyond the record, same root

Steps 2 and 9 concern databases. A report's evidence is checked as "Reports", step 2, says. What
lies beside the entries (sealed logs, vault, switchboard) is not looked at.

A record can be cut short without a trace in itself: only a checkpoint kept elsewhere shows it. So
nothing is called verified without `--checkpoint`: a checkpoint or a report's `evidence.json` that
you kept. `--vkey` are verifier keys that you trust; without them a checkpoint counts for the
signatures of the record's own actors.

Exit codes: 0 sound, and vouched for as far as is said; 1 altered; 2 wrong usage; 5 sound, but held
against nothing from outside.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


class NoEntry(Exception):
    """Bytes that are no entry of this format."""


class Newer(Exception):
    """A format or kind of entry that came after this program."""


class Refused(Exception):
    """An entry that its actor could not enter at that moment."""


class Unusable(Exception):
    """What the reader handed over cannot be used."""


@dataclass(frozen=True)
class Problem:
    """What is wrong: the check that failed, and the first entry concerned (None: no single one)."""

    check: str
    seq: int | None
    message: str


def sha256(data: bytes) -> bytes:
    """SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def legible(text: str) -> str:
    """Text that cannot steer a terminal or forge a line: what is not printed shows as its code."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def base64_bytes(text: object, length: int | None = None) -> bytes:
    """Bytes from base64 in its one spelling (RFC 4648, section 4). ValueError otherwise."""
    raw = base64.b64decode(str(text), validate=True)
    if base64.b64encode(raw).decode() != text or (length is not None and len(raw) != length):
        raise ValueError("not base64 of the right length")
    return raw


# ---- Ed25519 (RFC 8032, section 5.1): points in extended coordinates (X, Y, Z, T) ----------------

Point = tuple[int, int, int, int]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
BASE_POINT = bytes.fromhex("58" + "66" * 31)
KEY_BYTES = HASH_BYTES = 32
SIGNATURE_BYTES = 64


def point_add(p: Point, q: Point) -> Point:
    """P + q (section 5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_double(p: Point) -> Point:
    """P + p (section 5.1.4)."""
    a, b = p[0] * p[0] % P, p[1] * p[1] % P
    h = a + b
    e, g = h - (p[0] + p[1]) ** 2, a - b
    f = 2 * p[2] * p[2] + g
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_decode(data: bytes) -> Point:
    """The point that 32 bytes stand for (section 5.1.3). ValueError for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    u, v = y * y - 1, D * y * y + 1
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x + u) % P == 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (v * x * x - u) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def point_encode(p: Point) -> bytes:
    """The 32 bytes that stand for a point (section 5.1.2)."""
    inverse = pow(p[2], -1, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(KEY_BYTES, "little")


def small_order(y: int) -> bool:
    """Whether a point with this y has an order that divides 8: one that hides no secret."""
    try:
        point = point_decode(y.to_bytes(KEY_BYTES, "little"))
    except ValueError:
        return False
    for _ in range(3):
        point = point_double(point)
    return point_encode(point) == point_encode((0, 1, 1, 0))


def ed25519_verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether this is the key's signature: S*B - k*A, encoded, is R (section 5.1.7)."""
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    try:
        x, y, z, t = point_decode(public_key)
    except ValueError:
        return False
    if s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(r + public_key + message).digest(), "little") % ORDER
    base, minus_key = point_decode(BASE_POINT), (P - x, y, z, P - t)
    addends = (None, base, minus_key, point_add(base, minus_key))
    total: Point = (0, 1, 1, 0)
    for bit in range(ORDER.bit_length() - 1, -1, -1):  # both products in one pass
        total = point_double(total)
        addend = addends[(s >> bit & 1) | (k >> bit & 1) << 1]
        if addend is not None:
            total = point_add(total, addend)
    return point_encode(total) == r


# ---- Tree (RFC 6962, section 2.1; paths: RFC 9162, section 2.1.3) --------------------------------


def leaf_hash(data: bytes) -> bytes:
    """An entry's hash, the next entry's `prev`, and its leaf."""
    return sha256(b"\0" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right)


def tree_roots(hashes: Sequence[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The roots over so many of the leaf hashes each, in one pass over all."""
    roots: dict[int, bytes] = {}
    peaks: list[bytes] = []  # the perfect subtrees, as large as can be, from the left
    for size in range(len(hashes) + 1):
        if size in sizes:
            root = peaks[-1] if peaks else sha256(b"")
            for peak in peaks[-2::-1]:
                root = node_hash(peak, root)
            roots[size] = root
        if size < len(hashes):
            value, before = hashes[size], size
            while before & 1:
                value, before = node_hash(peaks.pop(), value), before >> 1
            peaks.append(value)
    return roots


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    return tree_roots(hashes, {len(hashes)})[len(hashes)]


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root to which a path leads from the leaf at `index` of `size`, or None."""
    if not 0 <= index < size:
        return None
    at, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    return value if last == 0 else None


# ---- Step 1: entries, byte for byte --------------------------------------------------------------

FORMAT = 1
MOST_BYTES = 65_535
MOST = 2**53 - 1
MOST_LEVELS = 32
MOST_SEALED = 60_000
FIRST_PREV = "0" * 64
CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
FIELD_NAME = re.compile(r"[a-z0-9_]+")
ACTOR = re.compile(r"[a-z][a-z0-9-]{0,62}")
KIND = re.compile(r"[a-z_]+\.[a-z_]+")
SUBJECT = re.compile(r"[a-z_]+/[A-Za-z0-9._-]{1,128}")
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One entry; `place` and `count` are its `part`, `signed` is what a signature covers."""

    seq: int
    time: str
    actor: str
    kind: str
    subject: str
    body: JSON
    prev: str
    place: int
    count: int
    sig: str | None
    signed: bytes

    @property
    def name(self) -> str:
        """What its subject names: `credit-scorer` of `model/credit-scorer`."""
        return self.subject.partition("/")[2]

    @property
    def ends_part(self) -> bool:
        """Whether it is the last of its part, and so carries the signature."""
        return self.place == self.count - 1


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of what bodies may hold: then they are sorted compact JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def is_integer(value: object) -> bool:
    """Whether this is a whole number that JSON can carry (`true` is none)."""
    return type(value) is int and abs(value) <= MOST


def is_count(value: object) -> bool:
    """Whether this is a whole number from 0."""
    return type(value) is int and 0 <= value <= MOST


def is_time(value: object) -> bool:
    """Whether this is a time, and one that exists."""
    if not isinstance(value, str) or not CLOCK.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def fits_in_bodies(value: object, levels: int = MOST_LEVELS) -> bool:
    """Whether a value is made of what bodies may hold, nested `levels` deep at most."""
    if value is None or isinstance(value, str | bool):
        return True
    if isinstance(value, dict):
        named = all(FIELD_NAME.fullmatch(name) for name in value)
        return levels > 0 and named and all(fits_in_bodies(v, levels - 1) for v in value.values())
    if isinstance(value, list):
        return levels > 0 and all(fits_in_bodies(item, levels - 1) for item in value)
    return is_integer(value)


def is_part(value: object) -> bool:
    """Whether this is `[i, n]` with 0 <= i < n."""
    if not isinstance(value, list) or [is_count(item) for item in value] != [True, True]:
        return False
    return bool(value[0] < value[1])


def matches(form: re.Pattern[str]) -> Callable[[object], bool]:
    """A test for text that is all of a form."""
    return lambda value: isinstance(value, str) and bool(form.fullmatch(value))


FIELDS: dict[str, Callable[[object], bool]] = {
    "v": lambda value: is_integer(value) and value == FORMAT,
    "seq": is_count,
    "time": is_time,
    "actor": matches(ACTOR),
    "kind": matches(KIND),
    "subject": matches(SUBJECT),
    "body": lambda value: isinstance(value, dict) and fits_in_bodies(value),
    "prev": matches(HASH),
    "part": is_part,
}


def read_entry(data: bytes) -> Entry:
    """The entry that these bytes are. NoEntry or Newer otherwise."""
    if len(data) > MOST_BYTES:
        raise NoEntry("It is longer than an entry may be.")
    try:
        fields = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise NoEntry("It is not JSON.") from error
    if not isinstance(fields, dict):
        raise NoEntry("It is not a JSON object.")
    if is_count(fields.get("v")) and fields["v"] > FORMAT:
        raise Newer(f"It is of format {fields['v']}.")
    if not _is_canonical(fields, data):
        raise NoEntry("Its bytes are not canonical JSON (RFC 8785).")
    sig = fields.pop("sig", None)
    if fields.keys() != FIELDS.keys():
        raise NoEntry("Its fields are not those of an entry.")
    for name, is_formed in FIELDS.items():
        if not is_formed(fields[name]):
            raise NoEntry(f"`{name}` is not of its form.")
    place, count = fields["part"]
    if not (isinstance(sig, str) if place == count - 1 else sig is None):
        raise NoEntry("The last entry of a part has a `sig`, and no other has.")
    signed = canonical(fields)
    return Entry(
        **{name: fields[name] for name in FIELDS if name not in ("v", "part")},
        place=place,
        count=count,
        sig=sig,
        signed=signed,
    )


def _is_canonical(fields: JSON, data: bytes) -> bool:
    try:
        return canonical(fields) == data
    except (UnicodeEncodeError, RecursionError):  # a lone surrogate; nested without end
        return False


# ---- Bodies: the tables under "Kinds" ------------------------------------------------------------
# `X?` is X or null, `[X]` an array of X; words with a solidus between are the values allowed.

ROLES = "admin/risk-officer/model-owner/engineer/incident-commander/auditor"
STATUSES = "proposed/development/validation/production/retired"
LEVELS = "low/medium/high"
SEVERITIES = "critical/high/medium/low"
SUITES = "functional/accuracy/robustness/adversarial/bias/load/regression/security"
VERDICTS = "pass/fail/inconclusive"

POLICIES = ("thresholds", "playbook", "redaction", "retention")
LEAST_DAYS = 184
HELD = ("high-risk", "not-classified")

KINDS = {  # kind: what it is about, then its body
    "ledger.founded": "ledger format=integer ledger_id=Digest origin=Line organisation=Line"
    " demo=boolean founder=Founder matrix=RoleMatrix ca_fingerprint=Line ca_certificate=string",
    "ledger.matrix_adopted": "ledger matrix=RoleMatrix reason=Line",
    "ledger.restored": "ledger lost_from=Count lost_to=Count reason=Line",
    "actor.enrolled": "actor kind=person/program name=Sealed? public_key=Line report_key=string"
    f" certificate=string roles=[{ROLES}]",
    "actor.granted": f"actor role={ROLES}",
    "actor.role_revoked": f"actor role={ROLES}",
    "actor.rekeyed": "actor public_key=Line report_key=string certificate=string",
    "actor.key_revoked": "actor public_key=Line since_seq=integer reason=Line",
    "actor.certified": "actor certificate=string",
    "actor.retired": "actor reason=Line",
    "approval.requested": "approval effect=Effect reason=Sealed?",
    "approval.approved": "approval given=Count needed=Count",
    "approval.rejected": "approval reason=Sealed?",
    "policy.adopted": "policy content=Digest reason=Line",
    "model.registered": f"model name=Line owner=ActorId version=Line status={STATUSES}"
    f" switch=on/fallback/rollback/off legal_class=LegalClass materiality={LEVELS}"
    f" testing_level={LEVELS} card=ModelCard",
    "model.carded": "model card=ModelCard",
    "model.owned": "model owner=ActorId",
    "model.versioned": "model version=Line notes=Text",
    "model.status_changed": f"model status={STATUSES}",
    "model.tiered": f"model legal_class=LegalClass materiality={LEVELS} testing_level={LEVELS}",
    "model.trained": "model version=Line dataset=Name digest=Digest"
    " use=training/validation/testing",
    "dataset.registered": "dataset name=Line owner=ActorId source=Text licence=Line purpose=Text"
    " personal_data=none/personal/special-category/not-stated contents=Contents",
    "dataset.versioned": "dataset contents=Contents",
    "dataset.retired": "dataset reason=Line",
    "log.sealed": "log model=Line file=Digest rows=Count root=Digest column_map=Digest"
    " sources=[Source] import_key=Digest redactions=[ClassCount] quarantined=Count"
    " quarantine=Digest? quarantine_key=VaultKey? first_time=Time? last_time=Time?"
    " kind=decision/feedback/outcome/resource format=Line missing=[ClassCount]"
    " guardrails=[ClassCount] policy=Digest? pseudonym_key=VaultKey? subject_key=VaultKey?"
    " subjects=Digest? bundle=Digest? sealed_by=Line?",
    "log.dropped": "log file=Digest rows=Count root=Digest due_since=Time policy=Digest"
    " reason=Line",
    "audit.completed": "audit model=Line measure=fairness/drift profile=Text outcome=Text"
    " label=Text prediction=Text positive=Text by=[Line] filter=Text options=[Option] n=Count"
    " excluded=Count seed=Count draws=Count data=Digest logs=[Line] thresholds=Digest"
    " disparities=[Disparity] verdict=pass/fail/inconclusive result=Digest",
    "evaluation.completed": "evaluation model=Line version=Line prompt_versions=[Line]"
    f" risk_level={LEVELS} minimum_cases=Count files=[SuiteFile] suite=Digest suites=[{SUITES}]"
    " n=Count passed=Count errors=Count measures=[Measured] failures=[FailureCount]"
    " comparisons=[Comparison] thresholds=Digest golden=boolean texts_kept=boolean"
    f" verdict={VERDICTS} result=Digest cases=Digest",
    "finding.opened": f"finding title=Line model=Line? severity={SEVERITIES} source=Line"
    " category=string owner=ActorId due=Time detail=Sealed?",
    "finding.assigned": "finding owner=ActorId due=Time reason=Sealed?",
    "finding.noted": "finding note=Sealed",
    "finding.closed": "finding outcome=remedied/risk-accepted/no-defect resolution=Sealed",
    "incident.opened": f"incident title=Line severity={SEVERITIES} model=Line? description=Sealed?"
    " detected_at=Time aware_at=Time answer_due=Time playbook=Digest steps=[DueStep]",
    "incident.acknowledged": "incident",
    "incident.noted": "incident note=Sealed",
    "incident.step_done": "incident step=Line note=Sealed?",
    "incident.assigned": "incident assignee=ActorId",
    "incident.escalated": f"incident severity={SEVERITIES} answer_due=Time steps=[DueStep]"
    " reason=Sealed?",
    "incident.resolved": "incident resolution=Sealed",
    "incident.closed": "incident",
    "switch.killed": "model order=Order order_sig=Line published_at=Time? reason=Sealed?",
    "switch.reasoned": "model kill_seq=integer reason=Sealed",
    "switch.resumed": "model after_seq=integer reason=Sealed?",
    "report.issued": "report report_kind=model-report about=Line sha256=Digest pages=Count"
    " size=Count root=Digest period_from=Time period_to=Time signed_with=Line",
    "vault.erased": "any keys=[VaultKey] ground=Line",
}
OBJECTS = {
    "ClassCount": "name=Line count=Count",
    "Comparison": "against=production/previous/golden/baseline evaluation=string"
    f" pairs=Count broken=Count fixed=Count p_value=Decimal? verdict={VERDICTS}",
    "Contents": "version=Line files=[DataFile] digest=Digest rows=Count? profile=Digest?"
    " note=Sealed?",
    "DataFile": "name=Line size=Count sha256=Digest",
    "Disparity": "by=Line measure=Line value=Decimal?",
    "DueStep": "step=Line phase=Line title=Line due=Time",
    "Effect": "kind=Line subject=Line body=object",
    "FailureCount": "failure=Line n=Count",
    "Founder": "actor=ActorId name=Sealed? public_key=Line report_key=string certificate=string",
    "LegalClass": "category=prohibited/high-risk/limited/minimal/not-classified point=Text"
    " role=provider/deployer reason=Text",
    "Measured": "scope=Line measure=Line n=Count value=Decimal? low=Decimal? high=Decimal?"
    " limit=Decimal? verdict=pass/fail/inconclusive?",
    "Option": "name=Line value=Text",
    "ModelCard": "purpose=Text intended_use=Text out_of_scope_use=Text end_users=Text"
    " decisions_alone=Text decisions_with_person=Text harm_if_wrong=Text tolerated_error=Text"
    " outcome_target=Text outcome_owner=Text training_data=Text architecture=Text metrics=Text"
    " limitations=Text fairness_considerations=Text failure_noticed=Text fallback=Text"
    " escalation_path=Text challenge_path=Text",
    "Order": "ledger_id=Digest order_id=Line model=Name mode=fallback/rollback/off actor=ActorId"
    " ordered_at=Time",
    "RoleMatrix": "roles=[RoleRule] two_person=[TwoPersonRule]",
    "RoleRule": "role=Line kinds=[Line]",
    "Sealed": "vault=VaultKey data=string",
    "Source": "name=Line size=Count sha256=Digest",
    "SuiteFile": "name=Line format=Line sha256=Digest",
    "TwoPersonRule": "kinds=[Line] approvers=[Line] when=always/two_admins approvals=integer",
}
MAY_LACK_FIELDS = {"ModelCard", "LegalClass"}
MAY_BE_LACKING = {"approvals"}
MAY_LACK = {  # kind: what its body may lack
    "log.sealed": {"kind", "format", "missing", "guardrails", "policy", "pseudonym_key"}
    | {"subject_key", "subjects", "bundle", "sealed_by"},
    "audit.completed": {"profile", "outcome", "label", "prediction", "positive", "by", "filter"}
    | {"options", "excluded", "seed", "draws", "logs"},
}
STRINGS = {
    "string": re.compile(r".*", re.DOTALL),
    "Text": re.compile(r".{0,20000}", re.DOTALL),
    "Line": re.compile(r"[^\x00-\x1f]{1,300}"),
    "Digest": HASH,
    "VaultKey": re.compile(r"[0-9a-f]{32}"),
    "Name": re.compile(r"[a-z0-9][a-z0-9-]{0,62}"),
    "ActorId": ACTOR,
    "Decimal": re.compile(r"-?[0-9]+(\.[0-9]+)?"),
}
OTHERS: dict[str, Callable[[Any], bool]] = {
    "integer": is_integer,
    "Count": is_count,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "Time": is_time,
}
MORE: dict[str, Callable[[Any], bool]] = {  # what else holds for fields of these names
    "since_seq": is_count,
    "approvals": lambda value: value >= 1,
    "data": lambda value: len(value) <= MOST_SEALED,
}


def check_body(kind: str, subject: str, body: JSON) -> None:
    """Refused unless subject and body have the form of their kind; Newer for an unknown kind."""
    if kind not in KINDS:
        raise Newer(f"Entries of kind {kind} are not known to this program.")
    about, _, fields = KINDS[kind].partition(" ")
    if about not in ("any", subject.partition("/")[0]):
        raise Refused(f"A {kind} is about a {about}, not {subject}.")
    for wrong in _misfits(body, fields, may_lack=False):
        if wrong in body or wrong not in MAY_LACK.get(kind, ()):
            raise Refused(f"`{wrong}` has not the form that a {kind} has.")


def _misfits(value: JSON, fields: str, *, may_lack: bool) -> Iterator[str]:
    forms = dict(one.split("=") for one in fields.split())
    yield from value.keys() - forms.keys()
    for name, form in forms.items():
        if name in value:
            more = MORE.get(name, lambda _: True)
            if not _has_form(value[name], form) or not more(value[name]):
                yield name
        elif not may_lack and name not in MAY_BE_LACKING:
            yield name


def _has_form(value: Any, form: str) -> bool:
    if form.endswith("?"):
        return value is None or _has_form(value, form[:-1])
    if form.startswith("["):
        return isinstance(value, list) and all(_has_form(item, form[1:-1]) for item in value)
    if form in OTHERS:
        return OTHERS[form](value)
    if form in OBJECTS:
        may_lack = form in MAY_LACK_FIELDS
        return isinstance(value, dict) and not any(
            _misfits(value, OBJECTS[form], may_lack=may_lack)
        )
    if form in STRINGS:
        return isinstance(value, str) and bool(STRINGS[form].fullmatch(value))
    return value in form.split("/")


# ---- Step 6: preconditions (a method a kind) and authority ---------------------------------------


@dataclass
class Actor:
    """Somebody enrolled: person or program, the roles held, the present key."""

    kind: str
    roles: set[str]
    key: str
    retired: bool = False


@dataclass
class Key:
    """Whose key it is, for which entries, and since which seq it is not trusted."""

    actor: str
    first: int
    last: int | None = None
    untrusted_since: int | None = None


@dataclass
class Request:
    """What somebody asked for, and what became of it."""

    effect: JSON
    by: str
    state: str = "pending"
    decided_by: str = ""
    approved_by: dict[str, str] = field(default_factory=dict)
    """Who approved so far, each with the key that signed it."""


@dataclass
class Model:
    """A model; `kills` says for each kill's seq whether its reason was given."""

    status: str
    switch: str
    moved: int
    versions: set[str]
    category: str
    orders: set[str] = field(default_factory=set)
    kills: dict[int, bool] = field(default_factory=dict)


@dataclass
class Dataset:
    """A data set: its versions' digests, in order, and what was made with which of them."""

    contents: dict[str, str] = field(default_factory=dict)
    retired: bool = False


@dataclass
class Incident:
    """An incident and its steps; `open` becomes `resolved`, then `closed`."""

    severity: str
    todo: set[str]
    status: str = "open"
    acknowledged: bool = False


def require(holds: object, otherwise: str) -> None:
    """Refused, with the reason, unless something holds."""
    if not holds:
        raise Refused(otherwise)


def whole_contents(contents: JSON) -> JSON:
    """Contents of a data set, whose digest is the one file's, or that of the sorted digests."""
    digests = sorted(file["sha256"] for file in contents["files"])
    require(digests, "A data set has at least one file.")
    lines = "".join(f"{digest}\n" for digest in digests).encode()
    digest = digests[0] if len(digests) == 1 else hashlib.sha256(lines).hexdigest()
    require(contents["digest"] == digest, "The digest is not that of the files.")
    return contents


def days_after(time: str, days: int) -> str:
    """A time so many days later; the last one there is, if that is beyond it."""
    try:
        later = datetime.fromisoformat(time) + timedelta(days=days)
    except OverflowError:
        return "9999-12-31T23:59:59.999999Z"
    return later.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Registers:
    """What the entries so far have made of the ledger. A refused entry makes nothing."""

    def __init__(self) -> None:
        self.ledger_id = self.origin = ""
        self.matrix: JSON = {"roles": [], "two_person": []}
        self.actors: dict[str, Actor] = {}
        self.keys: dict[str, Key] = {}
        self.requests: dict[str, Request] = {}
        self.models: dict[str, Model] = {}
        self.datasets: dict[str, Dataset] = {}
        self.findings: set[str] = set()
        """Those that are open."""
        self.incidents: dict[str, Incident] = {}
        self.issued: list[tuple[int, int, str]] = []
        """Of each report: its entry, and the size and root that it vouches for."""
        self.logs: dict[str, JSON] = {}
        """The bodies of sealed logs, each with the time of its entry."""
        self.policies: dict[str, str] = {}
        self.used: set[tuple[str, str]] = set()
        """Ids of logs, imports, audits and reports, and vault keys erased: each only once."""

    # What other entries ask

    def active(self, name: str) -> Actor:
        """An actor who is enrolled and not retired."""
        require(name in self.actors, f"There is no actor {name}.")
        require(not self.actors[name].retired, f"{name} is retired.")
        return self.actors[name]

    def acting(self, name: str) -> Actor:
        """An active actor whose present key is not revoked: rule 2."""
        actor = self.active(name)
        require(self.keys[actor.key].untrusted_since is None, f"The key of {name} is revoked.")
        return actor

    def admins(self) -> list[str]:
        """The active people who are admins."""
        return [
            name
            for name, actor in self.actors.items()
            if actor.kind == "person" and "admin" in actor.roles and not actor.retired
        ]

    def model(self, name: str, *, standing: bool = False) -> Model:
        """A registered model, perhaps one that must not be retired."""
        require(name in self.models, f"There is no model {name}.")
        model = self.models[name]
        require(not standing or model.status != "retired", f"The model {name} is retired.")
        return model

    def incident(self, name: str, *statuses: str) -> Incident:
        """An incident in one of these states (in any, if none is named)."""
        require(name in self.incidents, f"There is no incident {name}.")
        found = self.incidents[name]
        require(not statuses or found.status in statuses, f"{name} is {found.status}.")
        return found

    def once(self, *things: tuple[str, str]) -> None:
        """Take ids that nothing else may have."""
        for at, (what, name) in enumerate(things):
            known = (what, name) in self.used or (what, name) in things[:at]
            require(not known, f"The {what} {name} is there already.")
        self.used.update(things)

    def _new_key(self, actor: str, key: str, first: int) -> None:
        try:
            y = int.from_bytes(base64_bytes(key, KEY_BYTES), "little") & (2**255 - 1)
        except ValueError:
            raise Refused("The key is not an Ed25519 key in base64.") from None
        require(y < P and not small_order(y), "Anybody could sign under this key.")
        require(key not in self.keys, "The key is somebody's already.")
        self.keys[key] = Key(actor, first)

    def _enrol(self, entry: Entry, name: str, actor: Actor) -> None:
        require(name not in self.actors, f"There is an actor {name} already.")
        self._check_roles(actor.kind, actor.roles)
        self._new_key(name, actor.key, entry.seq)
        self.actors[name] = actor

    @staticmethod
    def _check_roles(kind: str, roles: set[str]) -> None:
        require(kind == "person" or roles <= {"engineer"}, "A program can only be an engineer.")

    # Ledger, actors, policies

    def ledger_founded(self, entry: Entry) -> None:
        body, founder = entry.body, entry.body["founder"]
        alone = (entry.seq, entry.place, entry.count) == (0, 0, 1)
        require(alone and entry.actor == founder["actor"], "Only entry 0 founds, by its founder.")
        require(entry.name == body["ledger_id"], "Entry 0 is about another ledger.")
        require(body["format"] == FORMAT, f"The ledger's format is {body['format']}.")
        self._enrol(entry, entry.actor, Actor("person", {"admin"}, founder["public_key"]))
        self.ledger_id, self.origin = body["ledger_id"], body["origin"]
        self.matrix = body["matrix"]

    def ledger_matrix_adopted(self, entry: Entry) -> None:
        matrix: JSON = entry.body["matrix"]
        require(any(rule["role"] == "admin" for rule in matrix["roles"]), "It has no admin.")
        self.matrix = matrix

    def ledger_restored(self, entry: Entry) -> None:
        lost_from, lost_to = entry.body["lost_from"], entry.body["lost_to"]
        require(lost_from < lost_to and lost_from <= entry.seq, "It could not be lost by then.")

    def actor_enrolled(self, entry: Entry) -> None:
        body = entry.body
        actor = Actor(body["kind"], set(body["roles"]), body["public_key"])
        self._enrol(entry, entry.name, actor)

    def actor_granted(self, entry: Entry) -> None:
        actor, role = self.active(entry.name), entry.body["role"]
        self._check_roles(actor.kind, {role})
        require(role not in actor.roles, f"{entry.name} is {role} already.")
        actor.roles.add(role)

    def actor_role_revoked(self, entry: Entry) -> None:
        actor, role = self.active(entry.name), entry.body["role"]
        require(role in actor.roles, f"{entry.name} is not {role}.")
        require(role != "admin" or self.admins() != [entry.name], "It is the only admin.")
        actor.roles.remove(role)

    def actor_rekeyed(self, entry: Entry) -> None:
        actor, key = self.active(entry.name), entry.body["public_key"]
        self._new_key(entry.name, key, entry.seq + 1)
        self.keys[actor.key].last = entry.seq
        actor.key = key

    def actor_key_revoked(self, entry: Entry) -> None:
        key, since = self.keys.get(entry.body["public_key"]), entry.body["since_seq"]
        if key is None or key.actor != entry.name:
            raise Refused(f"{entry.name} has no such key.")
        known = key.untrusted_since
        require(known is None or since < known, "It is revoked from there on already.")
        key.untrusted_since = since

    def actor_certified(self, entry: Entry) -> None:
        self.active(entry.name)

    def actor_retired(self, entry: Entry) -> None:
        actor = self.active(entry.name)
        require(self.admins() != [entry.name], f"{entry.name} is the only admin.")
        actor.retired = True

    def policy_adopted(self, entry: Entry) -> None:
        require(entry.name in POLICIES, f"There is no policy {entry.name}.")
        self.policies[entry.name] = entry.body["content"]

    # Approvals

    def approval_requested(self, entry: Entry) -> None:
        require(entry.name not in self.requests, f"There is a request {entry.name} already.")
        self.requests[entry.name] = Request(entry.body["effect"], entry.actor)

    def pending(self, name: str) -> Request:
        """A request that still waits."""
        require(name in self.requests, f"There is no request {name}.")
        request = self.requests[name]
        require(request.state == "pending", f"{name} was {request.state} before.")
        return request

    def approval_approved(self, entry: Entry) -> None:
        request = self.pending(entry.name)
        request.approved_by[entry.actor] = self.actors[entry.actor].key
        if entry.body["given"] >= entry.body["needed"]:
            request.state, request.decided_by = "approved", entry.actor

    def approval_rejected(self, entry: Entry) -> None:
        request = self.pending(entry.name)
        request.state, request.decided_by = "rejected", entry.actor

    # Models, logs, audits, reports

    def model_registered(self, entry: Entry) -> None:
        body = entry.body
        require(STRINGS["Name"].fullmatch(entry.name), f"{entry.name} is no name for a model.")
        require(entry.name not in self.models, f"There is a model {entry.name} already.")
        self.active(body["owner"])
        versions = {body["version"]}
        category = body["legal_class"].get("category", "not-classified")
        self.models[entry.name] = Model(
            body["status"], body["switch"], entry.seq, versions, category
        )

    def model_carded(self, entry: Entry) -> None:
        self.model(entry.name, standing=True)

    def model_tiered(self, entry: Entry) -> None:
        legal = entry.body["legal_class"]
        self.model(entry.name, standing=True).category = legal.get("category", "not-classified")

    def model_owned(self, entry: Entry) -> None:
        self.model(entry.name, standing=True)
        self.active(entry.body["owner"])

    def model_versioned(self, entry: Entry) -> None:
        model, version = self.model(entry.name, standing=True), entry.body["version"]
        require(version not in model.versions, f"{entry.name} had version {version} already.")
        model.versions.add(version)

    def model_status_changed(self, entry: Entry) -> None:
        model, status = self.model(entry.name, standing=True), entry.body["status"]
        require(status != model.status, f"{entry.name} is in {status} already.")
        model.status = status

    def model_trained(self, entry: Entry) -> None:
        body = entry.body
        model = self.model(entry.name, standing=True)
        require(body["version"] in model.versions, f"{entry.name} had no such version.")
        require(body["dataset"] in self.datasets, f"There is no data set {body['dataset']}.")
        held = self.datasets[body["dataset"]].contents.values()
        require(body["digest"] in held, f"{body['dataset']} never held these bytes.")
        made = (entry.name, body["version"], body["dataset"], body["digest"], body["use"])
        self.once(("lineage", json.dumps(made)))

    def dataset_registered(self, entry: Entry) -> None:
        require(STRINGS["Name"].fullmatch(entry.name), f"{entry.name} is no name for a data set.")
        require(entry.name not in self.datasets, f"There is a data set {entry.name} already.")
        self.active(entry.body["owner"])
        contents = whole_contents(entry.body["contents"])
        self.datasets[entry.name] = Dataset({contents["version"]: contents["digest"]})

    def dataset(self, name: str) -> Dataset:
        """A data set that is not retired."""
        require(name in self.datasets, f"There is no data set {name}.")
        require(not self.datasets[name].retired, f"{name} is retired.")
        return self.datasets[name]

    def dataset_versioned(self, entry: Entry) -> None:
        known, contents = self.dataset(entry.name).contents, entry.body["contents"]
        require(contents["version"] not in known, f"{entry.name} had this version already.")
        require(contents["digest"] != list(known.values())[-1], "These are its bytes already.")
        known[contents["version"]] = whole_contents(contents)["digest"]

    def dataset_retired(self, entry: Entry) -> None:
        self.dataset(entry.name).retired = True

    def log_sealed(self, entry: Entry) -> None:
        body = entry.body
        self.model(body["model"])
        if body.get("bundle") is None:
            made_under, rules = body.get("policy"), self.policies.get("redaction")
            require(made_under == rules, "Another redaction policy is in force.")
        self.once(("import", body["import_key"]), ("log", entry.name))
        self.logs[entry.name] = {**body, "time": entry.time}

    def log_dropped(self, entry: Entry) -> None:
        body, log = entry.body, self.logs.get(entry.name, {})
        require(log, f"There is no log {entry.name}.")
        same = all(body[name] == log[name] for name in ("file", "rows", "root"))
        require(same, f"{entry.name} is not the log that was sealed.")
        if self.model(log["model"]).category in HELD:
            until = days_after(log["last_time"] or log["time"], LEAST_DAYS)
            require(until <= entry.time, f"{entry.name} must be kept until {until}.")
        in_force = self.policies.get("retention")
        require(body["policy"] == in_force, "Another retention policy is in force.")
        require(body["due_since"] <= entry.time, f"{entry.name} is not due yet.")
        self.once(("dropped log", entry.name))

    def audit_completed(self, entry: Entry) -> None:
        self.model(entry.body["model"])
        self.once(("audit", entry.name))

    def evaluation_completed(self, entry: Entry) -> None:
        model, version = self.model(entry.body["model"]), entry.body["version"]
        require(version in model.versions, f"{entry.body['model']} had no version {version}.")
        self.once(("evaluation", entry.name))

    def finding_opened(self, entry: Entry) -> None:
        if entry.body["model"] is not None:
            self.model(entry.body["model"])
        self.active(entry.body["owner"])
        self.once(("finding", entry.name))
        self.findings.add(entry.name)

    def finding_assigned(self, entry: Entry) -> None:
        self.open_finding(entry)
        self.active(entry.body["owner"])

    def finding_noted(self, entry: Entry) -> None:
        require(("finding", entry.name) in self.used, f"There is no finding {entry.name}.")

    def finding_closed(self, entry: Entry) -> None:
        self.open_finding(entry)
        self.findings.remove(entry.name)

    def open_finding(self, entry: Entry) -> None:
        """Refused unless the finding is open."""
        require(entry.name in self.findings, f"{entry.name} is no open finding.")

    def report_issued(self, entry: Entry) -> None:
        require(entry.body["size"] <= entry.seq, "It vouches for entries after itself.")
        self.once(("report", entry.name))
        self.issued.append((entry.seq, entry.body["size"], entry.body["root"]))

    def vault_erased(self, entry: Entry) -> None:
        self.once(*(("erased vault key", key) for key in entry.body["keys"]))

    # Incidents

    def incident_opened(self, entry: Entry) -> None:
        body = entry.body
        require(entry.name not in self.incidents, f"There is an incident {entry.name} already.")
        if body["model"] is not None:
            self.model(body["model"])
        require(body["detected_at"] <= body["aware_at"], "It is known before it is detected.")
        steps = {step["step"] for step in body["steps"]}
        self.incidents[entry.name] = Incident(body["severity"], steps)

    def incident_acknowledged(self, entry: Entry) -> None:
        incident = self.incident(entry.name, "open")
        require(not incident.acknowledged, f"{entry.name} is acknowledged already.")
        incident.acknowledged = True

    def incident_noted(self, entry: Entry) -> None:
        self.incident(entry.name)

    def incident_step_done(self, entry: Entry) -> None:
        incident, step = self.incident(entry.name, "open", "resolved"), entry.body["step"]
        require(step in incident.todo, f"{entry.name} has no step {step} to do.")
        incident.todo.remove(step)

    def incident_assigned(self, entry: Entry) -> None:
        self.incident(entry.name, "open")
        self.active(entry.body["assignee"])

    def incident_escalated(self, entry: Entry) -> None:
        incident, severity = self.incident(entry.name, "open"), entry.body["severity"]
        require(severity != incident.severity, f"{entry.name} is {severity} already.")
        incident.severity = severity

    def incident_resolved(self, entry: Entry) -> None:
        self.incident(entry.name, "open").status = "resolved"

    def incident_closed(self, entry: Entry) -> None:
        self.incident(entry.name, "resolved").status = "closed"

    # Switches

    def switch_killed(self, entry: Entry) -> None:
        model, order = self.model(entry.name), entry.body["order"]
        require(order["model"] == entry.name, "The order names another model.")
        require(order["ledger_id"] == self.ledger_id, "The order is for another ledger.")
        require(order["order_id"] not in model.orders, "The order is recorded already.")
        key = self.active(order["actor"]).key
        context = b"quaestor/order/v1\0"
        require(
            signed(key, entry.body["order_sig"], context + canonical(order)),
            f"The order is not signed by {order['actor']}.",
        )
        model.orders.add(order["order_id"])
        model.kills[entry.seq] = entry.body["reason"] is not None
        model.switch = "off" if model.switch == "off" else order["mode"]
        model.moved = entry.seq

    def switch_reasoned(self, entry: Entry) -> None:
        kills, kill = self.model(entry.name).kills, entry.body["kill_seq"]
        require(kills.get(kill) is False, f"Entry {kill} is no kill that lacks a reason.")
        kills[kill] = True

    def switch_resumed(self, entry: Entry) -> None:
        model = self.model(entry.name)
        require(model.switch != "on", f"{entry.name} is on already.")
        require(entry.body["after_seq"] == model.moved, "The switch was moved since.")
        model.switch, model.moved = "on", entry.seq


class Authority:
    """Who may enter what, at that moment: the rules under "Authority", by their numbers."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers

    def take(self, entry: Entry, before: Entry | None) -> None:
        """Let an entry into the registers; `before` is the one before it in its part, or None.

        Refused when it may not be there; Newer when that cannot be told.
        """
        check_body(entry.kind, entry.subject, entry.body)
        if entry.kind == "approval.requested":
            effect = entry.body["effect"]
            check_body(effect["kind"], effect["subject"], effect["body"])
        if entry.kind != "ledger.founded":  # 1
            self._may_enter(entry, before)
        getattr(self.registers, entry.kind.replace(".", "_"))(entry)  # 7, and 6 where it applies

    def _may_enter(self, entry: Entry, before: Entry | None) -> None:
        actor = self.registers.acting(entry.actor)  # 2
        if before is not None and before.kind == "approval.approved":
            self._is_effect(entry, before)  # 4
        elif entry.kind == "switch.killed":  # 5
            commander = self.registers.acting(entry.body["order"]["actor"])
            self._has_role(commander, entry.kind)
        elif entry.kind == "approval.requested":
            kind = entry.body["effect"]["kind"]
            require(self._rule(kind) is not None, f"{kind} needs no second person.")
            self._has_role(actor, kind)
        elif entry.kind in ("approval.approved", "approval.rejected"):
            self._decides(entry, actor)
        else:
            require(self._rule(entry.kind) is None, f"{entry.kind} needs a second person.")
            self._has_role(actor, entry.kind)

    def _has_role(self, actor: Actor, kind: str) -> None:  # 3
        allowed = any(
            rule["role"] in actor.roles and any(fnmatchcase(kind, one) for one in rule["kinds"])
            for rule in self.registers.matrix["roles"]
        )
        require(allowed, f"No role of the actor's allows {kind}.")

    def _rule(self, kind: str) -> JSON | None:
        """The first two-person rule that names this kind and holds now."""
        two_admins = len(self.registers.admins()) > 1
        for rule in self.registers.matrix["two_person"]:
            if kind in rule["kinds"] and (rule["when"] == "always" or two_admins):
                return dict(rule)
        return None

    def _decides(self, entry: Entry, actor: Actor) -> None:
        request = self.registers.pending(entry.name)
        if entry.kind == "approval.rejected" and entry.actor == request.by:
            return
        require(entry.actor != request.by, f"{entry.actor} requested it too.")
        require(actor.kind == "person", "A program decides nothing.")  # 6
        rule = self._rule(request.effect["kind"])
        approvers = rule["approvers"] if rule else ["admin"]
        require(actor.roles & set(approvers), f"{entry.actor} has no role that approves it.")
        if entry.kind == "approval.approved":
            self._counts(entry, request, set(approvers), rule.get("approvals", 1) if rule else 1)

    def _counts(self, entry: Entry, request: Request, approvers: set[str], wanted: int) -> None:
        """Refused unless an approval states which of how many it is, and the last one has effect.

        Those count who could still approve, and whose key was not revoked since.
        """
        able = {
            name
            for name, actor in self.registers.actors.items()
            if actor.kind == "person"
            and not actor.retired
            and actor.roles & approvers
            and name != request.by
        }
        given = {
            name
            for name, key in request.approved_by.items()
            if name in able and self.registers.keys[key].untrusted_since is None
        }
        require(entry.actor not in given, f"{entry.actor} has approved it before.")
        stated = entry.body["given"], entry.body["needed"]
        require(stated == (len(given) + 1, max(1, min(wanted, len(able)))), "It miscounts.")
        complete = stated[0] >= stated[1]
        require(complete != entry.ends_part, "The last approval has its effect, no other has.")

    def _is_effect(self, entry: Entry, approval: Entry) -> None:
        request = self.registers.requests.get(approval.name)
        if request is None or request.decided_by != entry.actor:
            raise Refused("It follows no approval.")
        asked = {"kind": entry.kind, "subject": entry.subject, "body": entry.body}
        require(canonical(request.effect) == canonical(asked), "It is not what was approved.")
        self.registers.acting(request.by)


def signed(key: str, sig: object, message: bytes) -> bool:
    """Whether `sig` is the base64 of this key's signature (the key in base64, too)."""
    try:
        return ed25519_verify(base64_bytes(key), base64_bytes(sig, SIGNATURE_BYTES), message)
    except ValueError:
        return False


# ---- Steps 1, 3 to 7 and 10 over a whole record --------------------------------------------------


class Replay:
    """One pass over a record: what is wrong with it, its tree, and its registers."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.newer: list[Problem] = []
        self.leaves: list[bytes] = []
        self.registers = Registers()
        self._authority = Authority(self.registers)
        self._part: list[Entry] = []
        self._signed: list[tuple[int, int, Key]] = []
        self._whole = True
        """Whether every entry so far could be read: only then is it known who may what."""

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.leaves)

    def root_at(self, size: int) -> bytes:
        """The tree's root when it had `size` leaves."""
        return tree_root(self.leaves[:size])

    def run(self, entries: Iterable[bytes]) -> Replay:
        """Check all entries, in order."""
        prev = FIRST_PREV
        for data in entries:
            seq, digest = self.size, leaf_hash(data)
            entry = self._read(data, seq)  # 1
            if entry is None:
                self._whole, self._part = False, []
            else:
                if entry.prev != prev:  # 3
                    self._wrong("chain", seq, "`prev` is not the hash of the entry before.")
                self._take(entry)
            prev = digest.hex()
            self.leaves.append(digest)
        if self._part:
            self._wrong("part", self._part[0].seq, "The last part is not complete.")
        self._check_revoked()
        self._check_issued()
        return self

    def _wrong(self, check: str, seq: int, message: str) -> None:
        self.problems.append(Problem(check, seq, message))

    def _read(self, data: bytes, seq: int) -> Entry | None:
        try:
            entry = read_entry(data)
        except NoEntry as error:
            self._wrong("bytes", seq, str(error))
        except Newer as error:
            self.newer.append(Problem("newer", seq, str(error)))
        else:
            if entry.seq == seq:
                return entry
            self._wrong("bytes", seq, f"Entry {entry.seq} stands here.")
        return None

    def _take(self, entry: Entry) -> None:
        if entry.place != len(self._part):  # 4
            self._wrong("part", entry.seq, f"It is not number {entry.place} of its part.")
            self._part = []
            if entry.place != 0:
                return
        before = self._part[-1] if self._part else None
        self._part.append(entry)
        if self._whole:
            self._judge(entry, before)
        if entry.ends_part:
            self._close(self._part)
            self._part = []

    def _judge(self, entry: Entry, before: Entry | None) -> None:
        try:
            self._authority.take(entry, before)  # 6
        except Refused as error:
            self._wrong("authority", entry.seq, str(error))
        except Newer as error:
            self._whole = False
            self.newer.append(Problem("newer", entry.seq, str(error)))

    def _close(self, part: Sequence[Entry]) -> None:
        first, last = part[0], part[-1]
        stated = {(entry.actor, entry.time, entry.count) for entry in part}
        if stated != {(last.actor, last.time, len(part))}:  # 4
            self._wrong("part", first.seq, "Its entries differ in actor, time or number.")
        if not self._whole:
            return
        for text, key in self.registers.keys.items():  # 5
            had_for_all = key.first <= first.seq and (key.last is None or last.seq <= key.last)
            if key.actor == last.actor and had_for_all:
                if signed(text, last.sig, b"quaestor/entry/v1\0" + last.signed):
                    self._signed.append((first.seq, last.seq, key))
                    return
                break
        self._wrong("signature", last.seq, f"It is not signed by {last.actor}'s key.")

    def _check_revoked(self) -> None:  # 7
        for first, last, key in self._signed:
            since = key.untrusted_since
            if since is not None and since <= last:
                message = f"By a key of {key.actor} that is not trusted since entry {since}."
                self._wrong("revoked", max(first, since), message)

    def _check_issued(self) -> None:  # 10
        roots = tree_roots(self.leaves, {size for _, size, _ in self.registers.issued})
        for seq, size, root in self.registers.issued:
            if root != roots[size].hex():
                self._wrong("issued", seq, f"{size} entries have another root than it states.")


# ---- Checkpoints: signed notes and cosignatures (C2SP) -------------------------------------------

ED25519, COSIGNATURE = b"\1", b"\4"
ID_BYTES = 4
TIME_BYTES = 8


@dataclass(frozen=True)
class Checkpoint:
    """Origin, size and root at a moment; `text` is what was signed, `by` who vouches for it."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]
    """Key names, and the bytes after them: key id, perhaps a time, signature."""
    kept: str = ""

    @classmethod
    def read(cls, note: str) -> Checkpoint:
        """Read a signed note, or a checkpoint's bare text. Unusable if it is neither."""
        text, blank, lines = note.rpartition("\n\n")
        text = text + "\n" if blank else note
        *signature_lines, rest = lines.split("\n") if blank else [""]
        if rest or (blank and not signature_lines):
            raise Unusable("This is not a signed note: it has no whole signature line.")
        try:
            signatures = tuple(map(_signature_line, signature_lines))
            origin, size, root, *extensions = text.removesuffix("\n").split("\n")
            hashed = base64_bytes(root, HASH_BYTES)
        except ValueError as error:
            raise Unusable(f"This is not a checkpoint: {error}.") from error
        if not origin or not re.fullmatch(r"0|[1-9][0-9]{0,15}", size):
            raise Unusable("This is not a checkpoint: its origin or size is malformed.")
        kept = "".join(one[5:] for one in extensions if one.startswith("kept "))
        return cls(origin, int(size), hashed, text, signatures, kept)

    def signers(self, keys: Iterable[tuple[str, bytes]]) -> list[str]:
        """Who of these (key name, public key) signed it. Unusable if one of them did it wrongly."""
        found: dict[str, None] = {}
        for name, key in keys:
            for signer, blob in self.signatures:
                message = _signed_text(self.text, name, key, blob) if signer == name else None
                if message is None:
                    continue
                if not ed25519_verify(key, blob[-SIGNATURE_BYTES:], message):
                    raise Unusable(f"The checkpoint's signature by {name} is not good.")
                found[name] = None
        return list(found)


def _signature_line(line: str) -> tuple[str, bytes]:
    dash, name, blob = line.split(" ")
    if dash != "\N{EM DASH}" or not name:
        raise ValueError("a signature line is malformed")
    return name, base64_bytes(blob)


def _signed_text(text: str, name: str, key: bytes, blob: bytes) -> bytes | None:
    """What a signature line by this key covers; None if the line is not by this key."""
    if blob[:ID_BYTES] == key_id(name, key) and len(blob) == ID_BYTES + SIGNATURE_BYTES:
        return text.encode()
    if blob[:ID_BYTES] == key_id(name, key, COSIGNATURE):
        seconds = int.from_bytes(blob[ID_BYTES:][:TIME_BYTES], "big")
        return f"cosignature/v1\ntime {seconds}\n{text}".encode()
    return None


def key_id(name: str, key: bytes, use: bytes = ED25519) -> bytes:
    """The 4 bytes by which a note names a key."""
    return sha256(name.encode() + b"\n" + use + key)[:ID_BYTES]


def read_vkey(text: str) -> tuple[str, bytes]:
    """Name and public key of a verifier key. Unusable if it is none."""
    name, _, rest = text.strip().partition("+")
    hexed, _, encoded = rest.partition("+")
    try:
        typed = base64_bytes(encoded, len(ED25519) + KEY_BYTES)
        if typed[:1] == ED25519 and key_id(name, typed[1:]).hex() == hexed:
            return name, typed[1:]
    except ValueError:  # not base64, or a name that is not text
        pass
    raise Unusable(f"{text.strip()[:80]!r} is not a verifier key.")


# ---- Records: a journal, a folder of tiles, a report's evidence ----------------------------------

EVIDENCE = "report's evidence"
EVIDENCE_FORMAT = "quaestor/report-evidence/v1"
WIDTH = 256
GROUP = 1000


@dataclass
class Checked:
    """What was checked, and what was found."""

    what: str
    origin: str
    size: int
    root_at: Callable[[int], bytes | None]
    """The root at a size; None where that is not known."""
    keys: list[tuple[str, bytes]]
    """Names and public keys of those who may vouch."""
    problems: list[Problem]
    newer: list[Problem]
    notes: list[str] = field(default_factory=list)
    own: Checkpoint | None = None
    """The checkpoint that lies in the record itself."""

    @classmethod
    def of(cls, what: str, run: Replay) -> Checked:
        """What a replay found."""
        origin = run.registers.origin
        keys = [
            (f"{origin}/{key.actor}", base64_bytes(text))
            for text, key in run.registers.keys.items()
            if key.untrusted_since is None
        ]
        return cls(what, origin, run.size, run.root_at, keys, run.problems, run.newer)


def check_journal(folder: Path) -> Checked:
    """Check the JSON lines of a home's `journal/`."""
    entries: list[bytes] = []
    problems: list[Problem] = []
    rest, unfinished = b"", 0
    for path in sorted(folder.glob("*.jsonl")):
        if path.name != f"{len(entries):012d}.jsonl":
            problems.append(Problem("journal", len(entries), f"{path.name} is named wrongly."))
        if rest or unfinished:
            message = f"A part is cut off by the end of the file before {path.name}."
            problems.append(Problem("journal", len(entries), message))
        if not path.is_file():  # a folder or a pipe, which would never end
            problems.append(Problem("journal", len(entries), f"{path.name} is not a file."))
            continue
        *lines, rest = path.read_bytes().split(b"\n")
        unfinished = unfinished_part(lines)
        entries += lines
    run = Replay().run(entries[: len(entries) - unfinished])
    checked = Checked.of("journal", run)
    checked.problems += problems
    if rest or unfinished:
        cut = f"{unfinished} entries" + (" and a torn line" if rest else "")
        checked.notes.append(f"A part without its end ({cut}) stands last, and was not read.")
    return checked


def unfinished_part(entries: Sequence[bytes]) -> int:
    """How many entries at the end begin a part and do not end it: what a crash leaves."""
    for length, data in enumerate(reversed(entries), 1):
        try:
            entry = read_entry(data)
        except (NoEntry, Newer):
            return 0
        if entry.ends_part:
            return 0
        if entry.place == 0:
            return length
    return 0


def check_tiles(folder: Path) -> Checked:
    """Check a folder as `ledger export --tiles` writes it (c2sp.org/tlog-tiles)."""
    checkpoint = Checkpoint.read((folder / "checkpoint").read_text(encoding="utf-8"))
    problems: list[Problem] = []
    entries: list[bytes] = []
    for index in range(-(-checkpoint.size // WIDTH)):
        width = min(WIDTH, checkpoint.size - index * WIDTH)
        path = folder / "tile" / "entries" / tile_name(index, width)
        found = read_bundle(path.read_bytes()) if path.is_file() else []
        entries += found[:width]
        if len(found) != width:
            message = f"{path.relative_to(folder)} is missing or does not hold {width} entries."
            problems.append(Problem("bytes", len(entries), message))
            break
    run = Replay().run(entries)
    checked = Checked.of("folder of tiles", run)
    checked.own = checkpoint
    problems += _tile_problems(folder / "tile", run.leaves, entries)
    stated = (checkpoint.origin, checkpoint.size, checkpoint.root)
    if stated != (checked.origin, run.size, run.root_at(run.size)):  # 8
        problems.append(Problem("tree", None, "Its checkpoint is not that of its entries."))
    if not _is_signed(checkpoint, checked.keys):
        problems.append(Problem("tree", None, "Its checkpoint is not signed by its actors."))
    checked.problems += problems
    return checked


def tile_name(index: int, width: int) -> Path:
    """`x001/x234/067` for tile 1234067, `x001/x234/067.p/<W>` for one that is not full."""
    groups = [f"{index % GROUP:03d}"]
    while index := index // GROUP:
        groups.insert(0, f"x{index % GROUP:03d}")
    path = Path(*groups)
    return path if width == WIDTH else path.with_name(f"{path.name}.p") / str(width)


def read_bundle(data: bytes) -> list[bytes]:
    """Entries, each after its length in 16 bits; one that is cut short is left out."""
    entries, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            break
        entries.append(data[at + 2 : end])
        at = end
    return entries


def _tile_problems(folder: Path, leaves: list[bytes], entries: list[bytes]) -> Iterator[Problem]:
    """Step 8. Older tiles, with fewer hashes, may lie there too, if they were right."""
    levels = {"entries": [len(entry).to_bytes(2, "big") + entry for entry in entries]}
    hashes = leaves
    while hashes:
        levels[str(len(levels) - 1)] = hashes
        full = range(0, len(hashes) - WIDTH + 1, WIDTH)
        hashes = [tree_root(hashes[start : start + WIDTH]) for start in full]
    for level, items in levels.items():
        for start in range(0, len(items), WIDTH):
            name = tile_name(start // WIDTH, min(WIDTH, len(items) - start))
            if not (folder / level / name).is_file():
                yield Problem("tree", _first_entry(level, start), f"{level}/{name} is missing.")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        path = file.relative_to(folder)
        level, _, digits = path.as_posix().partition("/")
        start, width = read_tile_name(digits)
        kept = levels.get(level, [])[start : start + width]
        if width == 0 or len(kept) != width or file.read_bytes() != b"".join(kept):
            message = f"{path} is not as its entries make it."
            yield Problem("tree", _first_entry(level, start), message)


def read_tile_name(name: str) -> tuple[int, int]:
    """Where a tile's hashes begin and how many they are: (0, 0) if this names no tile."""
    form = re.fullmatch(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", name)
    if form is None:
        return 0, 0
    index = int(form[1].replace("x", "").replace("/", ""))
    width = int(form[2] or WIDTH)
    return (index * WIDTH, width) if tile_name(index, width) == Path(name) else (0, 0)


def _first_entry(level: str, start: int) -> int:
    return start * WIDTH ** int(level) if level.isdecimal() else start


def check_evidence(document: JSON) -> Checked:
    """Check what a report carries ("Reports", step 2): entries on their paths to a checkpoint."""
    checkpoint = Checkpoint.read(document["checkpoint"])
    keys = [read_vkey(text) for text in document["verifier_keys"]]

    def root_at(size: int) -> bytes | None:
        return checkpoint.root if size == checkpoint.size else None

    found = Checked(EVIDENCE, checkpoint.origin, checkpoint.size, root_at, keys, [], [])
    found.own = checkpoint
    for item in document["entries"]:
        _check_item(item, checkpoint, found)
    for digest, text in document["results"].items():
        if sha256(text.encode()).hex() != digest:
            found.problems.append(Problem("evidence", None, f"Result {digest[:12]} is another."))
        elif not any(digest in item["entry"] for item in document["entries"]):
            message = f"No entry names the result {digest[:12]}."
            found.problems.append(Problem("evidence", None, message))
    if not _is_signed(checkpoint, keys):
        message = "The checkpoint is not signed by one of the keys beside it."
        found.problems.append(Problem("tree", None, message))
    count = len(document["entries"])
    found.notes.append(f"{count} of {checkpoint.size} entries lie here, on their paths.")
    return found


def _check_item(item: JSON, checkpoint: Checkpoint, found: Checked) -> None:
    seq, data = item["seq"], item["entry"].encode()
    path = [base64_bytes(sibling, HASH_BYTES) for sibling in item["path"]]
    try:
        stated = read_entry(data).seq
    except NoEntry as error:
        found.problems.append(Problem("bytes", seq, str(error)))
        return
    except Newer as error:
        found.newer.append(Problem("newer", seq, str(error)))
        stated = seq
    root = root_by_path(leaf_hash(data), stated, checkpoint.size, path)
    if stated != seq or root != checkpoint.root:
        message = "Its path does not lead from its place to the checkpoint's root."
        found.problems.append(Problem("tree", seq, message))


def _is_signed(checkpoint: Checkpoint, keys: Iterable[tuple[str, bytes]]) -> bool:
    try:
        return bool(checkpoint.signers(keys))
    except Unusable:
        return False


def check(path: Path) -> Checked:
    """Check whatever lies there. Unusable if it is no record; if it was one, it is altered."""
    check_it = _check_for(path)
    try:
        return check_it()
    except (Unusable, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem("bytes", None, f"It cannot be read: {error!r}.")
        return Checked(path.name, "", 0, lambda _: None, [], [problem], [])


def _check_for(path: Path) -> Callable[[], Checked]:
    folder = path / "journal" if (path / "journal").is_dir() else path
    if (path / "checkpoint").is_file():
        return lambda: check_tiles(path)
    if any(folder.glob("*.jsonl")):
        return lambda: check_journal(folder)
    if path.is_file() and EVIDENCE_FORMAT.encode() in (data := path.read_bytes()):
        return lambda: check_evidence(json.loads(data))
    raise Unusable(f"{path} is neither a journal, nor a folder of tiles, nor a report's evidence.")


# ---- Step A: what the reader kept elsewhere; the verdict -----------------------------------------


@dataclass(frozen=True)
class Anchored:
    """How many entries a checkpoint from outside vouches for, and by whom."""

    size: int
    by: str


def read_checkpoint(path: Path) -> Checkpoint:
    """A checkpoint's file, or the one in a report's evidence. Unusable if there is none."""
    try:
        text = path.read_text(encoding="utf-8")
        return Checkpoint.read(json.loads(text)["checkpoint"] if text[:1] == "{" else text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unusable(f"{path} cannot be read as a checkpoint: {error!r}.") from error


def hold_against(
    checked: Checked, path: Path, trusted: Sequence[tuple[str, bytes]]
) -> Anchored | None:
    """Compare a record with a checkpoint from outside; note what is wrong, or who vouches.

    A bare text counts for where it lies, a signed note for its signatures by `trusted`, or else by
    the record's actors. Unusable without one.
    """
    checkpoint = read_checkpoint(path)
    size, root = checkpoint.size, checked.root_at(checkpoint.size)
    if checkpoint.origin != checked.origin:
        checked.problems.append(Problem("anchor", 0, f"{path} is of another ledger."))
    elif size > checked.size and checked.what != EVIDENCE:
        message = f"Entries {checked.size} to {size - 1} are gone: {path} has seen {size}."
        checked.problems.append(Problem("anchor", checked.size, message))
    elif root is None:
        checked.notes.append(f"{path} is of another size: it cannot be compared with this.")
    elif root != checkpoint.root:
        message = f"The first {size} entries are not those that {path} has seen."
        checked.problems.append(Problem("anchor", None, message))
    else:
        signers = checkpoint.signers(trusted or checked.keys)
        if signers or not (trusted or checkpoint.signatures):
            return Anchored(size, ", ".join(signers) or checkpoint.kept or str(path))
        if not checked.problems:
            raise Unusable(f"{path} is not signed by a key that counts here.")
    return None


def own_anchor(checked: Checked, trusted: Sequence[tuple[str, bytes]]) -> Anchored | None:
    """What the checkpoint in the record itself is worth, if somebody trusted has signed it.

    For a report's evidence everything; a record that was cut short may have an older one.
    """
    signers = checked.own.signers(trusted) if checked.own else []
    if not signers:
        checked.notes.append("No checkpoint in it is signed by a key that you trust.")
    elif checked.what == EVIDENCE:
        return Anchored(checked.size, ", ".join(signers))
    else:
        who = ", ".join(signers)
        checked.notes.append(f"Its own checkpoint is signed by {who}; so was any older one.")
    return None


def verdict_of(checked: Checked, anchored: Anchored | None) -> str:
    """`altered`, `unconfirmed` or `verified`."""
    if checked.problems:
        return "altered"
    return "verified" if anchored and not checked.newer else "unconfirmed"


def sentence(checked: Checked, anchored: Anchored | None) -> str:
    """The verdict for people."""
    verdict = verdict_of(checked, anchored)
    if verdict == "altered":
        first = in_order(checked.problems)[0]
        where = "" if first.seq is None else f", first at entry {first.seq}"
        return f"ALTERED: {len(checked.problems)} found wrong{where} ({first.check})."
    if anchored is None:
        return "UNCONFIRMED: sound in itself, but held against nothing from outside."
    vouched = f"{anchored.size} of {checked.size} entries, vouched for by {anchored.by}."
    if verdict == "unconfirmed":
        return f"UNCONFIRMED: not all could be checked; {vouched}"
    return f"VERIFIED: {vouched}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in order of seq, those of no single entry last."""
    return sorted(problems, key=lambda problem: (problem.seq is None, problem.seq or 0))


def report_text(checked: Checked, anchored: Anchored | None) -> str:
    """What is printed for people."""
    root = checked.root_at(checked.size) or b""
    lines = [f"{checked.what} of {checked.origin}: {checked.size} entries, root {root.hex()}"]
    problems = in_order([*checked.problems, *checked.newer])
    for problem in problems[:MOST_SHOWN]:
        where = "record" if problem.seq is None else f"entry {problem.seq}"
        lines.append(f"  {where}: {problem.check}: {problem.message}")
    if len(problems) > MOST_SHOWN:
        lines.append(f"  and {len(problems) - MOST_SHOWN} more: --json names all")
    lines += [*checked.notes, sentence(checked, anchored)]
    return "".join(f"{legible(line)}\n" for line in lines)


def report_json(checked: Checked, anchored: Anchored | None) -> str:
    """What `--json` prints."""
    root = checked.root_at(checked.size) or b""
    document = {
        "verdict": verdict_of(checked, anchored),
        "record": checked.what,
        "origin": checked.origin,
        "size": checked.size,
        "root": root.hex(),
        "anchored": vars(anchored) if anchored else None,
        "problems": [vars(one) for one in in_order([*checked.problems, *checked.newer])],
        "notes": checked.notes,
    }
    return json.dumps(document, indent=2) + "\n"


EXIT_CODES = {"verified": 0, "altered": 1, "unconfirmed": 5}
WRONG_USAGE = 2
MOST_SHOWN = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names, say what was found, and return the exit code."""
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("record", type=Path, help="journal, folder of tiles, or evidence.json")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--vkey", action="append", default=[], metavar="KEY")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    try:
        trusted = [read_vkey(text) for text in given.vkey]
        checked = check(given.record)
        found = [hold_against(checked, path, trusted) for path in given.checkpoint]
        if trusted:
            found.append(own_anchor(checked, trusted))
        anchors = [anchor for anchor in found if anchor is not None]
        best = max(anchors, key=lambda anchor: anchor.size, default=None)
    except (Unusable, OSError) as error:
        sys.stderr.write(f"{parser.prog}: {legible(str(error))}\n")
        return WRONG_USAGE
    text = (report_json if given.json else report_text)(checked, best)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    return EXIT_CODES[verdict_of(checked, best)]


if __name__ == "__main__":
    sys.exit(main())
