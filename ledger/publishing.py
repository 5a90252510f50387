"""Publishing: the switchboard is the ledger's state *and* the spooled stops."""

from __future__ import annotations

from datetime import datetime

from ledger.errors import StoreUnavailable
from ledger.home import Home
from ledger.registers.house import the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow, after_kill
from ledger.spool import spooled_orders
from ledger.store.locks import Locks
from ledger.switchboard import Board, Mode, Publication, publish, render


def with_stops(home: Home, modes: dict[str, str]) -> dict[str, Mode]:
    """Modes by model once every spooled stop is counted."""
    for spooled in spooled_orders(home):
        order = spooled.order
        modes[order.model] = after_kill(modes.get(order.model, "off"), order.mode)
    return {model: Mode(mode) for model, mode in sorted(modes.items())}


def modes_of(rows: Rows) -> dict[str, str]:
    """Each model's mode as the ledger has it."""
    return {row.model: row.mode for row in rows.where(SwitchRow)}


def publish_switches(home: Home, locks: Locks, rows: Rows, size: int, now: datetime) -> bool:
    """Publish the ledger's switches and the spooled stops; False if the file cannot be written."""
    ledger_id = the_ledger(rows).ledger_id
    try:
        with locks.switchboard():
            return publish_board(home, modes_of(rows), ledger_id, size, now).published
    except StoreUnavailable:
        return False


def publish_board(
    home: Home, modes: dict[str, str], ledger_id: str, size: int, now: datetime
) -> Publication:
    """Write these modes and the spooled stops to the switchboard."""
    board = Board(with_stops(home, modes), ledger_id, now, size)
    return publish(home.folder, render(board))
