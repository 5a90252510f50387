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
from ledger.approving import approval_drafts
from ledger.clock import write_time
from ledger.entry import Draft
from ledger.errors import InvalidInput, Refused, StoreUnavailable
from ledger.registers.rows import Rows
from ledger.spool import orders_set_aside, spooled_orders
from ledger.switchboard import Publication
from ledger.switching import give_reason, kill, stopped
from ledger.verification import verify
from tests.ledger.stopping import board, events, order, spool, stop
from tests.ledger.test_reserve import MOUNT, fill
from tests.people import (
    FOUNDER,
    MODEL,
    OTHER_MODEL,
    START,
    World,
    copy,
    raising,
    size_of,
)
from tests.workers import Workers

ROOMY = MOUNT.replace("size=1m", "size=16m")  # a home's reserve and database fit in


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
        return approval_drafts(rows, approval)

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
