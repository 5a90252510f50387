"""Publishing: the switchboard is the ledger's state *and* the spooled stops.

Who publishes the ledger's state holds the ledger's lock, so that nobody publishes an older one. A
kill does without: it starts from what is published and only ever takes a model off `on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ledger.errors import QuaestorError, StoreUnavailable
from ledger.home import Home
from ledger.registers.house import the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow, after_kill
from ledger.spool import SpooledOrder, spooled_orders
from ledger.store.locks import Locks
from ledger.switchboard import Board, Mode, Publication, publish, read, render


def with_stops(home: Home, modes: Mapping[str, str]) -> dict[str, Mode]:
    """Modes by model once every spooled stop is counted."""
    return count_stops(modes, spooled_orders(home))


def count_stops(modes: Mapping[str, str], stops: Iterable[SpooledOrder]) -> dict[str, Mode]:
    """Modes by model once these stops are counted, in their order."""
    counted = dict(modes)
    for spooled in stops:
        order = spooled.order
        counted[order.model] = after_kill(counted.get(order.model, "off"), order.mode)
    return {model: Mode(mode) for model, mode in sorted(counted.items())}


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
    home: Home, modes: Mapping[str, str], ledger_id: str, size: int, now: datetime
) -> Publication:
    """Write these modes and the spooled stops to the switchboard.

    A kill that could not have the switchboard's lock may have spooled and published meanwhile, and
    this would have undone it; so the spool is read again afterwards.
    """
    stopped = with_stops(home, modes)
    while True:
        publication = publish(home.folder, render(Board(stopped, ledger_id, now, size)))
        before, stopped = stopped, with_stops(home, modes)
        if stopped == before:
            return publication


def stop_due(home: Home) -> bool:
    """Whether somebody died between spooling a stop and publishing it.

    A stop that was published and is on the switchboard no more is no crash's work: that is left
    as it is, for verification to report.
    """
    if all(spooled.published_at for spooled in spooled_orders(home)):
        return False
    try:
        modes = read(home.switchboard).switches
    except QuaestorError:
        return False
    return with_stops(home, modes) != modes


def start_due(home: Home, rows: Rows) -> bool:
    """Whether somebody died between recording a resumption or a new model and publishing it.

    A switchboard that lets a model serve which the ledger has stopped is no crash's work either:
    kills are published before they are recorded.
    """
    try:
        board = read(home.switchboard)
    except QuaestorError:
        return False
    expected = with_stops(home, modes_of(rows))
    return any(
        row.seq >= board.size
        and (row.model not in board.switches or expected[row.model] is Mode.ON)
        and board.switches.get(row.model) != expected[row.model]
        for row in rows.where(SwitchRow)
    )
