"""Orders in the spool: recorded by whoever appends next, if their commander could give them."""

from __future__ import annotations

import orjson
import pytest

from ledger.entry import Draft
from ledger.errors import Refused
from ledger.spool import orders_set_aside, spooled_orders
from ledger.verification import verify
from tests.ledger.stopping import board, events, order, spool, stop
from tests.people import (
    FOUNDER,
    MODEL,
    OTHER_MODEL,
    World,
    raising,
    size_of,
)


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
