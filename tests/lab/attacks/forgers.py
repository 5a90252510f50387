"""The whole record put together anew, so that journal, database and head agree."""

from __future__ import annotations

import base64
from dataclasses import replace
from shutil import rmtree
from typing import Any

from ledger.approving import request
from ledger.clock import write_time
from ledger.entry import Body, Draft
from ledger.registers.actors import active
from ledger.registers.restorations import draft_restoration
from ledger.registers.switches import Order
from ledger.spool import order_draft, sign_order
from tests.forging import Sheet, rebuild, sheets_of, sql
from tests.lab.attack import Attack, Caught
from tests.lab.attacks.entries import SUBJECT
from tests.lab.scene import Scene
from tests.people import FOUNDER, MODEL, START, version_draft
from tests.vectors.story import approving


def delete_the_tail(scene: Scene) -> Caught:
    """A shorter record that agrees with itself in everything is the record."""
    rebuild(scene.home, sheets_of(scene.home)[:-1], scene.keys())
    return Caught("anchor", scene.size - 1)


def insert_a_forged_entry(scene: Scene) -> Caught:
    """An entry in somebody's name, signed with another key, passes for theirs."""
    sheets = sheets_of(scene.home)
    forged = Sheet("rosa", sheets[-1].time, (version_draft("6.6"),))
    rebuild(scene.home, [*sheets, forged], scene.keys(), last_by=scene.person("emil").signer)
    return Caught("signature", scene.size, SUBJECT)


def insert_an_unsigned_entry_into_anothers_part(scene: Scene) -> Caught:
    """What lies among entries that were signed together was signed with them."""
    sheets = sheets_of(scene.home)
    number = next(n for n, each in enumerate(sheets) if len(each.drafts) == 3)
    *others, last = sheets[number].drafts
    wider = replace(sheets[number], drafts=(*others, version_draft("6.6"), last))
    seq = scene.version("1.2")
    forger = scene.person("emil").signer
    rebuild(scene.home, [*sheets[:number], wider], scene.keys(), last_by=forger)
    return Caught("signature", seq + 3, SUBJECT)


def sign_the_tail_anew_with_ones_own_key(scene: Scene) -> Caught:
    """Who signed it may rewrite it: the signature is good, and the forger's seat was emptied."""
    sheets = sheets_of(scene.home)
    rewritten = replace(sheets[-1], drafts=(version_draft("9.9"),))
    rebuild(scene.home, [*sheets[:-1], rewritten], scene.keys())
    rmtree(scene.person("emil").seat.folder / "ledgers")
    return Caught("anchor", scene.size - 1)


def date_an_entry_back(scene: Scene) -> Caught:
    """Its author signs the earlier time, and everything after it is signed again."""
    sheets = sheets_of(scene.home)
    number = next(n for n, each in enumerate(sheets) if each.drafts[0] == version_draft("1.1"))
    seq = scene.version("1.1")
    earlier = replace(sheets[number], time="2020-01-01T00:00:00.000000Z")
    rebuild(scene.home, [*sheets[:number], earlier, *sheets[number + 1 :]], scene.keys())
    return Caught("anchor", seq)


def date_an_entry_back_where_nobody_looked_before(scene: Scene) -> Caught:
    """The same, for whoever has nothing but the report that was issued since."""
    date_an_entry_back(scene)
    rmtree(scene.person("ann").seat.folder / "ledgers")
    return _exposed_by_report(scene)


def swap_a_key_in_an_enrolment(scene: Scene) -> Caught:
    """The key enrolled for somebody was the attacker's from the beginning."""
    scene.world.newcomer("mallory")
    mallory = scene.person("mallory").signer
    own = base64.b64encode(mallory.public_key).decode()
    sheets = [
        _changed(sheet, {"public_key": own})
        if sheet.drafts[0].subject == "actor/rosa" and sheet.drafts[0].kind == "actor.enrolled"
        else sheet
        for sheet in sheets_of(scene.home)
    ]
    posing = replace(mallory, actor="rosa")
    ((seq,),) = sql(
        scene.home, "SELECT seq FROM entry WHERE kind = 'actor.enrolled' AND subject = 'actor/rosa'"
    )
    rebuild(scene.home, sheets, {**scene.keys(), "rosa": posing})
    return Caught("anchor", int(seq))


def use_a_revoked_key(scene: Scene) -> Caught:
    """What a stolen key entered stays unmarked after its revocation."""
    seq = scene.version("1.5")
    ada = scene.person(FOUNDER)
    with ada.book.read() as snapshot:
        public_key = active(snapshot.rows, "emil").public_key
    body = {"public_key": public_key, "since_seq": seq, "reason": "The laptop was stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    return Caught("revoked", seq, "actor/emil")


def sign_with_a_revoked_key(scene: Scene) -> Caught:
    """A key that was revoked still opens the journal."""
    ada = scene.person(FOUNDER)
    with ada.book.read() as snapshot:
        public_key = active(snapshot.rows, "emil").public_key
    body = {"public_key": public_key, "since_seq": scene.size, "reason": "Stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    return _forge(scene, "emil", version_draft("6.6"))


def act_without_the_role(scene: Scene) -> Caught:
    """A good signature is taken for the right to do something."""
    return _forge(scene, "ann", version_draft("6.6"))


def resume_alone(scene: Scene) -> Caught:
    """One person puts a stopped model back to work."""
    killed = scene.seq("switch.killed", last=True)
    resumed = {"after_seq": killed, "reason": None}
    return _forge(scene, "cora", Draft("switch.resumed", "model/fraud-screen", resumed))


def approve_ones_own_request(scene: Scene) -> Caught:
    """One person asks, and the same person approves."""
    reason = {"after_seq": scene.seq("switch.killed", last=True), "reason": None}
    effect = Draft("switch.resumed", "model/fraud-screen", reason)
    fields = {"kind": effect.kind, "subject": effect.subject, "body": effect.body}
    asked = {"effect": fields, "reason": None}
    scene.person("cora").append(Draft("approval.requested", "approval/ap-9", asked))
    return _forge(scene, "cora", approving("ap-9"), effect)


def declare_a_loss_with_one_approval(scene: Scene) -> Caught:
    """Two people make seats forget, by calling one approval enough where two are needed."""
    ada = scene.person(FOUNDER)
    ada.append(Draft("actor.granted", "actor/mona", {"role": "risk-officer"}))
    effect = draft_restoration(ada.book.facts.ledger_id, scene.size, scene.size + 9, "A disk.")
    asked = request(ada.book, ada.signer, lambda _rows: effect).approval
    return _forge(scene, "rosa", approving(asked or ""), effect)


def give_an_order_in_a_commanders_name(scene: Scene) -> Caught:
    """A stop is on record that no commander ordered."""
    given = Order(
        ledger_id=scene.world.stranger().facts.ledger_id,
        order_id="ord-forged",
        model=MODEL,
        mode="off",
        actor="cora",
        ordered_at=write_time(START),
    )
    forged = sign_order(scene.home, scene.person("emil").signer, given, "")
    return _forge(scene, "emil", order_draft(forged))


def adopt_a_role_matrix_alone(scene: Scene) -> Caught:
    """An admin changes who may do what, without a second person."""
    founding = sheets_of(scene.home)[0].drafts[0]
    body = {"matrix": founding.body["matrix"], "reason": "Simpler."}
    return _forge(scene, FOUNDER, Draft("ledger.matrix_adopted", founding.subject, body))


def widen_the_role_matrix_of_entry_0(scene: Scene) -> Caught:
    """The founder lets auditors do everything, from the first entry on."""
    first, *others = sheets_of(scene.home)
    matrix = first.drafts[0].body["matrix"]
    roles = [{**role, "kinds": ["model.*", *role["kinds"]]} for role in matrix["roles"]]
    wider = _changed(first, {"matrix": {**matrix, "roles": roles}})
    rebuild(scene.home, [wider, *others], scene.keys())
    return Caught("anchor", 0)


def replace_the_report_ca_in_entry_0(scene: Scene) -> Caught:
    """The founder moves the organisation under another authority, from the first entry on."""
    first, *others = sheets_of(scene.home)
    replaced = _changed(first, {"ca_fingerprint": "00" * 32})
    rebuild(scene.home, [replaced, *others], scene.keys())
    return Caught("anchor", 0)


def found_a_second_time(scene: Scene) -> Caught:
    """A second founding makes somebody else the admin."""
    founding = sheets_of(scene.home)[0].drafts[0]
    return _forge(scene, FOUNDER, founding)


def _exposed_by_report(scene: Scene) -> Caught:
    """A report that was issued since states the root of the history before."""
    ((seq, report),) = sql(scene.home, "SELECT seq, report FROM report ORDER BY seq LIMIT 1")
    return Caught("issued", int(seq), f"report/{report}")


def _forge(scene: Scene, actor: str, *drafts: Draft) -> Caught:
    """Put a part at the record's end with its actor's own key; it has no right to be there."""
    sheets = sheets_of(scene.home)
    seq = sum(len(sheet.drafts) for sheet in sheets)
    rebuild(scene.home, [*sheets, Sheet(actor, sheets[-1].time, drafts)], scene.keys())
    return Caught("authority", seq, drafts[0].subject)


def _changed(sheet: Sheet, fields: Body) -> Sheet:
    """A part whose first body has other values."""
    first, *others = sheet.drafts
    body: dict[str, Any] = {**first.body, **fields}
    return replace(sheet, drafts=(replace(first, body=body), *others))


ATTACKS: tuple[Attack, ...] = (
    delete_the_tail,
    insert_a_forged_entry,
    insert_an_unsigned_entry_into_anothers_part,
    sign_the_tail_anew_with_ones_own_key,
    date_an_entry_back,
    date_an_entry_back_where_nobody_looked_before,
    swap_a_key_in_an_enrolment,
    use_a_revoked_key,
    sign_with_a_revoked_key,
    act_without_the_role,
    resume_alone,
    approve_ones_own_request,
    declare_a_loss_with_one_approval,
    give_an_order_in_a_commanders_name,
    adopt_a_role_matrix_alone,
    widen_the_role_matrix_of_entry_0,
    replace_the_report_ca_in_entry_0,
    found_a_second_time,
)
