"""Publishing: the switchboard is the ledger's state *and* the spooled stops.

Who publishes the ledger's state holds the ledger's lock, so that nobody publishes an older one. A
kill does without: it starts from what is published and only ever takes a model off `on`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from ledger.errors import QuaestorError, StoreUnavailable
from ledger.files import stamp
from ledger.home import Home
from ledger.registers.house import the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow, after_kill
from ledger.spool import SpooledOrder, recorded_as, spooled_orders
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


def waiting_stops(home: Home, rows: Rows) -> list[SpooledOrder]:
    """Spooled stops that are not recorded: an old one put back stops nothing again."""
    return [each for each in spooled_orders(home) if recorded_as(rows, each) is None]


def publish_switches(home: Home, locks: Locks, rows: Rows, size: int, now: datetime) -> bool:
    """Publish the ledger's switches and the waiting stops; False if the file cannot be written."""
    ledger_id, modes = the_ledger(rows).ledger_id, modes_of(rows)
    try:
        with locks.switchboard():
            stops = partial(waiting_stops, home, rows)
            return publish_board(home, modes, stops, ledger_id, size, now).published
    except (StoreUnavailable, OSError):
        return False


def publish_board(
    home: Home,
    modes: Mapping[str, str],
    stops: Callable[[], Sequence[SpooledOrder]],
    ledger_id: str,
    size: int,
    now: datetime,
) -> Publication:
    """Write these modes and the stops to the switchboard.

    A kill that could not have the switchboard's lock may have spooled and published meanwhile, and
    this would have undone it; so the stops are read again afterwards.
    """
    stopped = count_stops(modes, stops())
    while True:
        publication = publish(home.folder, render(Board(stopped, ledger_id, now, size)))
        before, stopped = stopped, count_stops(modes, stops())
        if stopped == before:
            return publication


def stop_due(home: Home, rows: Rows) -> bool:
    """Whether somebody died between spooling a stop and publishing it.

    A stop that was published and is on the switchboard no more is no crash's work: that is left
    as it is, for verification to report.
    """
    given = [stop for stop in waiting_stops(home, rows) if not stop.published_at]
    board = _board(home) if given else None
    return board is not None and count_stops(board.switches, given) != board.switches


def start_due(home: Home, rows: Rows, latest: int) -> bool:
    """Whether somebody died between recording a resumption or a new model and publishing it.

    `latest` is the last entry that may have written a switch.
    A switchboard that lets a model serve which the ledger has stopped is no crash's work either:
    kills are published before they are recorded.
    """
    board = _board(home)
    if board is None or latest < board.size:
        return False
    expected = count_stops(modes_of(rows), waiting_stops(home, rows))
    return any(
        row.seq >= board.size
        and (row.model not in board.switches or expected[row.model] is Mode.ON)
        and board.switches.get(row.model) != expected[row.model]
        for row in rows.where(SwitchRow)
    )


class Overdue:
    """Whether a crash left something unpublished; what was found well is not looked at again."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._well: tuple[int, object] | None = None

    def found(self, rows: Rows, latest: int) -> bool:
        """Whether a stop or a start is due; `latest` is as for `start_due`."""
        if stop_due(self._home, rows):
            return True
        looked_at = (latest, stamp(self._home.switchboard))
        if looked_at == self._well:
            return False
        due = start_due(self._home, rows, latest)
        self._well = None if due else looked_at
        return due


def _board(home: Home) -> Board | None:
    """The switchboard, unless it is missing or not as it was published."""
    try:
        return read(home.switchboard)
    except QuaestorError:
        return None
