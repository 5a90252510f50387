"""Stopping precedes recording, and nothing that goes wrong may keep a model running."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from console.demo.observer import Observer
from ledger import publishing
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused, StoreUnavailable
from ledger.keys import Signer
from ledger.registers.approvals import pending
from ledger.registers.rows import Rows
from ledger.registers.switches import Order, SwitchEventRow
from ledger.spool import orders_set_aside, sign_order, spooled_orders, write_order
from ledger.switchboard import Publication, read
from ledger.switching import KillReport, give_reason, kill, stopped
from ledger.verification import verify
from tests.ledger.test_reserve import MOUNT, fill
from tests.people import (
    FOUNDER,
    MODEL,
    OTHER_MODEL,
    START,
    Person,
    World,
    copy,
    raising,
    size_of,
)
from tests.workers import Workers

ROOMY = MOUNT.replace("size=1m", "size=16m")  # a home's reserve and database fit in


def stop(person: Person, model: str = MODEL, **how: str) -> KillReport:
    """Stop a model as somebody."""
    return kill(person.book, person.signer, model, **how)  # type: ignore[arg-type]


def board(world: World) -> dict[str, str]:
    """What the applications read."""
    return {name: str(mode) for name, mode in read(world.home.switchboard).switches.items()}


def events(world: World, model: str = MODEL) -> list[SwitchEventRow]:
    """What the record says of a model's switch."""
    with world.stranger().read() as snapshot:
        return snapshot.rows.where(SwitchEventRow, model=model)


def order(world: World, actor: str = "cora", **fields: str) -> Order:
    """An order to stop the model."""
    made = {
        "ledger_id": world.stranger().facts.ledger_id,
        "order_id": "ord-made",
        "model": MODEL,
        "mode": "off",
        "actor": actor,
        "ordered_at": write_time(START),
    }
    return Order.model_validate(made | fields)


def spool(world: World, signer: Signer, given: Order) -> None:
    """Put an order into the spool, as its signer says it is."""
    write_order(world.home, sign_order(world.home, signer, given, ""))


def test_a_real_application_sees_the_kill_and_the_resumption(world: World) -> None:
    """If it fails, a guarded application goes on using a stopped model, or never starts again."""
    cora, rosa = world.person("cora"), world.person("rosa")
    with Observer(world.home.switchboard, MODEL) as application:
        application.wait_for("on")
        report = stop(cora, mode="fallback", reason="Women are declined too often.")
        assert application.wait_for("fallback").serve is False
        approval = rosa.request_resumption("Version 2.0.4 is back.").approval
        assert approval
        cora.approve(approval)
        assert application.wait_for("on").serve is True
    assert (report.before, report.spooled, report.why_not_recorded) == ("on", True, "")
    assert report.seen_by_clients == "not proven"
    happened = events(world)
    assert [(e.mode, e.actor, e.requested_by) for e in happened] == [
        ("on", FOUNDER, ""),
        ("fallback", "cora", ""),
        ("on", "cora", "rosa"),
    ]
    assert happened[1].event == report.recorded
    assert happened[1].published_at == report.published_at
    said = world.stranger().reveal(f"model/{MODEL}", "reason", happened[1].reason)
    assert said == "Women are declined too often."
    assert spooled_orders(world.home) == []


def test_the_reason_may_come_afterwards(world: World) -> None:
    """If it fails, a hurried kill stays without its reason, or the reason can be rewritten."""
    cora = world.person("cora")
    raising(Refused, lambda: give_reason(cora.book, cora.signer, MODEL, "none yet"))
    stop(cora)
    give_reason(cora.book, cora.signer, MODEL, "It harms people.")
    event = events(world)[-1]
    said = cora.book.reveal(f"model/{MODEL}", "reason", event.reason)
    assert (event.mode, said) == ("off", "It harms people.")
    raising(Refused, lambda: give_reason(cora.book, cora.signer, MODEL, "Something else."))


def test_going_further_down_is_allowed_and_up_is_not(world: World) -> None:
    """If it fails, a model on fallback cannot be stopped, or a kill brings a stopped one back."""
    cora = world.person("cora")
    stop(cora, mode="fallback")
    raising(Refused, lambda: stop(cora, mode="fallback"))
    stop(cora, mode="off")
    before = size_of(cora.book)
    raising(Refused, lambda: stop(cora, mode="fallback"))
    raising(Refused, lambda: stop(cora, mode="off"))
    assert size_of(cora.book) == before
    assert board(world)[MODEL] == "off"
    with cora.book.read() as snapshot:
        assert [row.model for row in stopped(snapshot.rows)] == [MODEL]


@pytest.mark.parametrize("actor", ["emil", "ann", "mona"])
def test_who_may_not_stop_models_stops_none(world: World, actor: str) -> None:
    """If it fails, anyone with a key can take a bank's models out of service."""
    published = world.home.switchboard.read_bytes()
    raising(Refused, lambda: stop(world.person(actor)))
    assert world.home.switchboard.read_bytes() == published
    assert list(world.home.spool.iterdir()) == []


def test_a_key_that_is_not_enrolled_stops_nothing(world: World) -> None:
    """If it fails, a key of one's own making under a commander's name throws switches."""
    world.newcomer("mallory")
    signer = replace(world.person("mallory").signer, actor="cora")
    published = world.home.switchboard.read_bytes()
    thief = replace(world.person("cora"), signer=signer)
    assert "not the one enrolled" in raising(Refused, lambda: stop(thief))
    assert world.home.switchboard.read_bytes() == published


def test_an_unknown_model_is_named(world: World) -> None:
    """If it fails, a mistyped name seems to have stopped something."""
    assert "no model credit" in raising(InvalidInput, lambda: stop(world.person("cora"), "credit"))
    assert list(world.home.spool.iterdir()) == []


def test_an_endless_reason_is_sent_back_at_once(world: World) -> None:
    """If it fails, an order is spooled that no entry can hold, and blocks every append after it."""
    cora = world.person("cora")
    raising(InvalidInput, lambda: stop(cora, reason="x" * 1_001))
    assert board(world)[MODEL] == "on"
    stop(cora, reason="\N{PILE OF POO}" * 1_000)
    assert len(events(world)) == 2


# When the store is away


def test_a_stuck_lock_does_not_keep_a_model_running(world: World, workers: Workers) -> None:
    """If it fails, one hung process makes the kill switch useless."""
    holder = workers.start("die_holding", world, "rosa")
    workers.wait(holder, until=lambda job: job.lines == ["holding"])
    report = stop(world.person("cora", patience=0.3))
    assert board(world) == {MODEL: "off", OTHER_MODEL: "on"}
    assert (report.recorded, report.spooled) == (None, True)
    assert f"process {holder.pid}" in report.why_not_recorded
    holder.kill()
    workers.wait(holder)
    world.person("emil").note("later")
    assert [(e.mode, e.actor, e.order_id) for e in events(world)][1:] == [
        ("off", "cora", report.order_id)
    ]
    assert verify(world.person("ann").book).problems == ()


def test_an_altered_journal_does_not_keep_a_model_running(world: World) -> None:
    """If it fails, whoever damages the record also disables the kill switch."""
    journal = world.home.journal
    journal.cut(journal.size() - 10)
    report = stop(world.person("cora"))
    assert board(world)[MODEL] == "off"
    assert report.recorded is None
    assert "journal" in report.why_not_recorded


def test_a_lost_database_does_not_keep_a_model_running(world: World) -> None:
    """If it fails, a model runs on until somebody has repaired the database."""
    world.home.database.unlink()
    report = stop(world.person("cora"), reason="It harms people.")
    assert (board(world)[MODEL], report.recorded) == ("off", None)
    world.stranger().recover()
    assert board(world)[MODEL] == "off"
    world.person("emil").note("later")
    assert events(world)[-1].order_id == report.order_id
    said = world.stranger().reveal(f"model/{MODEL}", "reason", events(world)[-1].reason)
    assert said == "It harms people."


def test_stopped_by_nobody_who_may_the_model_comes_back(world: World) -> None:
    """If it fails, a stop by someone without the role lasts, or is recorded as if it were good.

    The ledger could not be asked when it was given.
    """
    database = world.home.database.rename(world.folder / "away")
    report = stop(world.person("emil"))
    assert (board(world)[MODEL], report.recorded) == ("off", None)
    database.rename(world.home.database)
    world.person("rosa").note("later")
    assert board(world)[MODEL] == "on"
    assert len(events(world)) == 1
    assert len(orders_set_aside(world.home)) == 1


# A full disk


def kill_on_a_full_disk(folder: Path) -> dict[str, object]:
    """Stop the model while no byte is free, then make room and let somebody else append."""
    world = World(folder)
    cora = world.person("cora")
    fill(world.home.folder)
    report = stop(cora, reason="It harms people.")
    on_board = board(world)[MODEL]
    (world.home.folder / "ballast").unlink()
    world.person("emil").note("with room again")
    event = events(world)[-1]
    return {
        "recorded": report.recorded,
        "why": report.why_not_recorded,
        "spooled": report.spooled,
        "on_board": on_board,
        "later": [event.mode, event.actor, event.order_id == report.order_id],
        "reason": cora.book.reveal(f"model/{MODEL}", "reason", event.reason),
        "waiting": len(spooled_orders(world.home)),
        "problems": [problem.message for problem in verify(world.person("ann").book).problems],
    }


def test_a_full_disk_does_not_keep_a_model_running(template: World, tmp_path: Path) -> None:
    """If it fails, a full disk keeps a harmful model running, or its stop out of the record."""
    folder = tmp_path / "world"
    folder.mkdir()
    program = [sys.executable, "-m", __name__, str(template.folder), str(folder)]
    run = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", ROOMY, str(folder), *program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in run.stderr or "unshare" in run.stderr:
        pytest.skip(f"no small file system can be mounted here: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    found = orjson.loads(run.stdout)
    assert "No space left" in found.pop("why")
    assert found == {
        "recorded": None,
        "spooled": True,
        "on_board": "off",
        "later": ["off", "cora", True],
        "reason": "It harms people.",
        "waiting": 0,
        "problems": [],
    }


# Orders in the spool


def test_a_good_order_is_recorded_by_whoever_appends(world: World) -> None:
    """If it fails, a stop whose giver's process died is never recorded."""
    spool(world, world.person("cora").signer, order(world))
    appended = world.person("emil").note("later")
    event = events(world)[-1]
    assert (event.actor, event.order_id) == ("cora", "ord-made")
    assert appended.entries[0].seq == event.event + 1
    assert board(world)[MODEL] == "off"


@pytest.mark.parametrize(
    ("signer", "fields"),
    [
        ("emil", {"actor": "cora"}),
        ("emil", {"actor": "emil"}),
        ("cora", {"ledger_id": "0" * 64}),
        ("cora", {"model": "unknown-model"}),
        ("cora", {"actor": "nobody"}),
    ],
)
def test_an_order_that_nobody_could_give_is_set_aside(
    world: World, signer: str, fields: dict[str, str]
) -> None:
    """If it fails, a forged file in the spool is recorded, stops for good, or blocks work."""
    spool(world, world.person(signer).signer, order(world, **fields))
    before = size_of(world.stranger())
    assert world.person("rosa").note("later").entries[0].seq == before
    assert board(world) == {MODEL: "on", OTHER_MODEL: "on"}
    assert len(events(world)) == 1
    assert [path.name for path in orders_set_aside(world.home)] == ["ord-made.json"]
    found = verify(world.person("rosa").book)
    assert (found.verdict, found.checked["orders_refused"]) == ("verified", 1)


def test_a_forged_order_does_not_undo_a_real_kill(world: World) -> None:
    """If it fails, planting a bad file brings a model back that somebody just stopped."""
    spool(
        world, world.person("emil").signer, order(world, ordered_at="2020-01-01T00:00:00.000000Z")
    )
    report = stop(world.person("cora"))
    assert report.recorded is not None
    assert board(world)[MODEL] == "off"
    assert len(orders_set_aside(world.home)) == 1


def test_an_order_with_a_bent_frame_is_still_recorded_or_left(world: World) -> None:
    """If it fails, editing what the order's signature does not cover blocks every append."""
    spool(world, world.person("cora").signer, order(world))
    path = world.home.spool / "ord-made.json"
    fields = orjson.loads(path.read_bytes())
    for bent in ({"published_at": "yesterday"}, {"reason": "x" * 60_000}, {"sig": "###"}):
        path.write_bytes(orjson.dumps(fields | bent))
        world.person("emil").note(f"after {next(iter(bent))}")
    assert len(events(world)) == 1
    path.write_bytes(b"{")
    world.person("emil").note("after rubbish")
    path.write_bytes(orjson.dumps(fields))
    world.person("emil").note("after the real one")
    assert events(world)[-1].order_id == "ord-made"


def test_a_recorded_order_put_back_stops_nothing_again(world: World) -> None:
    """If it fails, an old order copied back into the spool keeps a resumed model off."""
    cora, rosa = world.person("cora"), world.person("rosa")
    given = order(world)
    spool(world, cora.signer, given)
    kept = (world.home.spool / "ord-made.json").read_bytes()
    rosa.note("records it")
    approval = rosa.request_resumption().approval
    assert approval
    cora.approve(approval)
    (world.home.spool / "ord-made.json").write_bytes(kept)
    assert verify(rosa.book).problems == ()
    assert board(world)[MODEL] == "on"
    rosa.note("and drops it")
    assert (spooled_orders(world.home), len(events(world))) == ([], 3)
    assert board(world)[MODEL] == "on"


def test_an_append_by_somebody_who_may_not_leaves_orders_alone(world: World) -> None:
    """If it fails, a retired colleague's attempt to work throws away a commander's order."""
    ada = world.person(FOUNDER)
    ada.append(Draft("actor.retired", "actor/emil", {"reason": "left"}))
    spool(world, world.person("cora").signer, order(world))
    raising(Refused, lambda: world.person("emil").note("once more"))
    assert len(spooled_orders(world.home)) == 1
    ada.note("later")
    assert events(world)[-1].order_id == "ord-made"


# Resuming


def test_resuming_takes_a_second_person(world: World) -> None:
    """If it fails, whoever stopped or wants a model can switch it on alone."""
    cora, rosa, mona = (world.person(actor) for actor in ("cora", "rosa", "mona"))
    raising(Refused, rosa.request_resumption)
    stop(cora)
    raising(Refused, world.person("emil").request_resumption)
    approval = rosa.request_resumption("Fixed.").approval
    assert approval
    assert "cannot approve it too" in raising(Refused, lambda: rosa.approve(approval))
    raising(Refused, lambda: mona.approve(approval))
    assert board(world)[MODEL] == "off"
    cora.approve(approval)
    assert board(world)[MODEL] == "on"
    raising(Refused, lambda: cora.approve(approval))


def test_an_approval_does_not_outlive_another_kill(world: World) -> None:
    """If it fails, approving an old request brings back a model that was stopped again since."""
    cora, rosa = world.person("cora"), world.person("rosa")
    stop(cora, mode="fallback")
    approval = rosa.request_resumption().approval
    assert approval
    stop(cora, mode="off")
    assert "has changed" in raising(Refused, lambda: cora.approve(approval))
    assert board(world)[MODEL] == "off"


def test_a_kill_given_while_a_resumption_is_entered_wins(world: World) -> None:
    """If it fails, a model runs that was ordered to stop after its resumption was recorded."""
    cora, rosa = world.person("cora"), world.person("rosa")
    stop(cora)
    approval = rosa.request_resumption().approval
    assert approval
    late = order(world, order_id="ord-late", ordered_at=write_time(world.clock()))

    def approving_late(rows: Rows) -> list[Draft]:
        spool(world, cora.signer, late)
        return [
            Draft("approval.approved", f"approval/{approval}", {}),
            pending(rows, approval).effect,
        ]

    cora.book.append(cora.signer, approving_late)
    assert [event.mode for event in events(world)] == ["on", "off", "on"]
    assert board(world)[MODEL] == "off"
    rosa.note("later")
    assert [event.mode for event in events(world)] == ["on", "off", "on", "off"]
    assert verify(world.person("ann").book).problems == ()


def test_a_stop_that_overtakes_a_publication_is_published(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a publisher that read the spool too early overwrites a kill with `on`.

    The kill could not wait for the switchboard's lock; its order appears while the file is written.
    """
    given = order(world)
    real = publishing.publish

    def overtaken(folder: Path, data: bytes) -> Publication:
        done = real(folder, data)
        spool(world, world.person("cora").signer, given)
        return done

    modes = {MODEL: "on", OTHER_MODEL: "on"}
    monkeypatch.setattr(publishing, "publish", overtaken)
    publishing.publish_board(
        world.home, modes, lambda: spooled_orders(world.home), given.ledger_id, 1, START
    )
    assert board(world) == {MODEL: "off", OTHER_MODEL: "on"}


def test_a_kill_keeps_what_was_stopped_meanwhile(world: World) -> None:
    """If it fails, a kill publishes what it knew before, and undoes a stop given in between."""
    cora, rosa = world.person("cora"), world.person("rosa")

    def id_after_another_stop() -> str:
        stop(rosa, OTHER_MODEL)
        world.home.database.rename(world.folder / "away")  # so that nothing is recorded after it
        return "second"

    report = kill(cora.book, cora.signer, MODEL, new_id=id_after_another_stop)
    assert report.recorded is None
    assert board(world) == {MODEL: "off", OTHER_MODEL: "off"}


def test_a_switchboard_that_cannot_be_written_is_said(world: World) -> None:
    """If it fails, a kill that stopped nothing is reported as done."""
    world.home.switchboard.unlink()
    world.home.switchboard.mkdir()
    raising(StoreUnavailable, lambda: stop(world.person("cora")))


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    copy(World(source), target)
    sys.stdout.write(orjson.dumps(kill_on_a_full_disk(target)).decode())
