"""Sound entries that may not follow a record, each with the check of verification that fails."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ledger.entry import (
    GENESIS_PREV,
    SIGNATURE_CONTEXT,
    Draft,
    Entry,
    decode,
    entry_hash,
    make_part,
)
from ledger.keys import Signer
from tests.vectors.record import Record, public_key, signer
from tests.vectors.story import (
    ADA,
    BEN,
    CY,
    DAN,
    ORDER,
    approving,
    enrolment,
    kill,
    registration,
    requesting,
)


@dataclass(frozen=True)
class Broken:
    """Lines put after the first `after` lines of the story's journal."""

    check: str
    rule: str
    after: int
    lines: list[bytes]


VERSIONED = Draft("model.versioned", "model/credit-scorer", {"version": "2", "notes": ""})


def broken_records(story: Record) -> Iterator[Broken]:
    """Give every case, in the order of the checks."""
    yield from _chain(story)
    yield from _signatures(story)
    yield from _authority(story)
    yield from _approvals(story)
    yield from _orders(story)


def _chain(story: Record) -> Iterator[Broken]:
    size = len(story.lines)
    (sound,) = story.make(ADA, [VERSIONED])
    two = story.make(ADA, [VERSIONED, VERSIONED])
    answered = Draft("incident.acknowledged", "incident/inc-1", {})
    first = story.make(CY, [answered, answered])[0]
    second = replace(decode(two[1]), prev=entry_hash(first).hex())
    sig = base64.b64encode(ADA.sign(SIGNATURE_CONTEXT + second.unsigned())).decode()
    yield Broken("bytes", "it stands at another seq", size, _made(ADA, size + 1, story.prev))
    yield Broken("chain", "it names another entry before it", size, _made(ADA, size, GENESIS_PREV))
    yield Broken("part", "the last of two is missing", size, two[:1])
    yield Broken("part", "the first of two is missing", size, [_changed(sound, part=(1, 2))])
    mixed = [first, replace(second, sig=sig).encode()]
    yield Broken("part", "two actors in one part", size, mixed)
    newer = story.make(ADA, [Draft("model.dreamt", "model/credit-scorer", {})])
    yield Broken("newer", "its kind is not known", size, newer)


def _signatures(story: Record) -> Iterator[Broken]:
    size = len(story.lines)
    stranger = signer("ada", seed="a stranger's")
    (sound,) = story.make(ADA, [VERSIONED])
    moved = _changed(sound, sig=decode(story.lines[-1]).sig)
    adopting = _after(story, 1).make(stranger, [_rekeying(stranger), registration()])
    revoked = {"public_key": public_key(CY), "since_seq": 7, "reason": "Stolen"}
    revoking = story.make(ADA, [Draft("actor.key_revoked", "actor/cy", revoked)])
    yield Broken("signature", "another key's signature", size, story.make(stranger, [VERSIONED]))
    yield Broken("signature", "another entry's signature", size, [moved])
    yield Broken("signature", "by the key that the part itself puts in place", 1, adopting)
    yield Broken("revoked", "entries 7 to 9 are by a key not trusted since 7", size, revoking)


def _authority(story: Record) -> Iterator[Broken]:
    size, alone = len(story.lines), _after(story, 2)
    demoting = Draft("actor.role_revoked", "actor/ada", {"role": "admin"})
    same_key = enrolment(signer("dan", seed="ada"), "engineer")
    program = enrolment(DAN, "admin", kind="program")
    foreign = Draft("model.versioned", "log/credit-scorer", VERSIONED.body)
    wordy = Draft("model.versioned", VERSIONED.subject, {**VERSIONED.body, "more": 1})
    yield Broken("authority", "nobody enrolled this actor", size, story.make(DAN, [VERSIONED]))
    yield Broken("authority", "no role of the actor allows it", size, story.make(CY, [VERSIONED]))
    yield Broken("authority", "the subject is of another kind", size, story.make(ADA, [foreign]))
    yield Broken("authority", "the body has a field more", size, story.make(ADA, [wordy]))
    yield Broken("authority", "the only admin demoted", 2, alone.make(ADA, [demoting]))
    yield Broken("authority", "one key under two names", 2, alone.make(ADA, [same_key]))
    yield Broken("authority", "a program that decides", 2, alone.make(ADA, [program]))


def _approvals(story: Record) -> Iterator[Broken]:
    size, asked = len(story.lines), _after(story, 10)
    enrolling = story.make(ADA, [enrolment(DAN, "engineer")])
    other = asked.make(BEN, [approving("ap-2"), _resumption(7)])
    alone = asked.make(CY, [approving("ap-2"), _resumption(8)])
    bare = asked.make(BEN, [approving("ap-2")])
    again = story.make(ADA, [approving("ap-2"), _resumption(8)])
    short = asked.make(BEN, [approving("ap-2", needed=2)])
    idle = story.make(ADA, [requesting("ap-4", VERSIONED)])
    yield Broken("authority", "one admin enrols although there are two", size, enrolling)
    yield Broken("authority", "nobody approved it", 10, asked.make(BEN, [_resumption(8)]))
    yield Broken("authority", "approved by who requested it", 10, alone)
    yield Broken("authority", "another effect than requested", 10, other)
    yield Broken("authority", "an approval without its effect", 10, bare)
    yield Broken("authority", "an approval that miscounts", 10, short)
    yield Broken("authority", "approved a second time", size, again)
    yield Broken("authority", "requested without need", size, idle)


def _orders(story: Record) -> Iterator[Broken]:
    size = len(story.lines)
    order = ORDER.model_copy(update={"order_id": "ord-2"})
    elsewhere = order.model_copy(update={"ledger_id": "00" * 32})
    lame = kill(order)
    lame.body["order_sig"] = "AAA"
    yield Broken("authority", "an order recorded twice", size, story.make(CY, [kill()]))
    yield Broken(
        "authority", "an order for another ledger", size, story.make(CY, [kill(elsewhere)])
    )
    yield Broken(
        "authority", "not signed by its commander", size, story.make(CY, [kill(order, ADA)])
    )
    yield Broken("authority", "an order's signature that is none", size, story.make(CY, [lame]))


def _after(story: Record, size: int) -> Record:
    record = Record()
    record.lines = story.lines[:size]
    return record


def _made(by: Signer, seq: int, prev: str) -> list[bytes]:
    time = "2026-01-01T01:00:00.000000Z"
    made = make_part([VERSIONED], seq=seq, prev=prev, time=time, actor=by.actor, sign=by.sign)
    return [data for _, data in made]


def _changed(data: bytes, **changed: object) -> bytes:
    entry: Entry = replace(decode(data), **changed)  # type: ignore[arg-type]
    return entry.encode()


def _resumption(after_seq: int) -> Draft:
    body = {"after_seq": after_seq, "reason": None}
    return Draft("switch.resumed", "model/credit-scorer", body)


def _rekeying(to: Signer) -> Draft:
    body = {"public_key": public_key(to), "report_key": "", "certificate": ""}
    return Draft("actor.rekeyed", f"actor/{to.actor}", body)
