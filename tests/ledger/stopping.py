"""How tests stop a model, give orders, and look at what came of it."""

from __future__ import annotations

from ledger.clock import write_time
from ledger.keys import Signer
from ledger.registers.switches import Order, SwitchEventRow
from ledger.spool import sign_order, write_order
from ledger.switchboard import read
from ledger.switching import KillReport, kill
from tests.people import MODEL, START, Person, World


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
