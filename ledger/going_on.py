"""Going on from where the last verification ended: whether that may be done, and with what.

Nothing that lies in the home decides what is skipped: the seat must remember a verification by this
very program and still vouch for as many entries, and the tree must have had the remembered root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.anchors import Anchor
from ledger.book import Book
from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidInput
from ledger.merkle import verify_consistency
from ledger.parting import Parting, Trace, parting, trace_of
from ledger.pinning import Pinned
from ledger.proofs import consistency_path
from ledger.registers.house import LedgerRow
from ledger.remembered import Facts, Remembered, decode_remembered, program
from ledger.remembered_rows import RememberedRows
from ledger.seat import Seat
from ledger.tiles import Tree, root_at
from ledger.verify import Replayed, Start


@dataclass(frozen=True)
class Since:
    """The verification that was gone on from: how many entries it covered, and when it was."""

    size: int
    time: str


@dataclass(frozen=True)
class Recalled:
    """What the seat remembers of a ledger; None, and why, where nothing can be gone on from."""

    remembered: Remembered | None
    why: str = ""

    @property
    def size(self) -> int:
        """How many entries were verified."""
        return self.remembered.facts.size if self.remembered else 0

    @property
    def journal(self) -> int:
        """How many bytes of the journal were compared."""
        return self.remembered.facts.journal if self.remembered else 0

    @property
    def since(self) -> Since | None:
        """The verification that is gone on from."""
        if self.remembered is None:
            return None
        return Since(self.remembered.facts.size, self.remembered.facts.time)


def recall(book: Book, ids: Sequence[str]) -> Recalled:
    """What the seat remembers of one of these ledgers. Reads nothing but the seat."""
    if book.seat is None:
        return Recalled(None, "you have no seat that could remember a verification")
    try:
        for ledger_id in ids:
            data = book.seat.remembered(ledger_id)
            if data is not None:
                return _recalled(decode_remembered(data), ledger_id, book.seat)
    except InvalidInput as error:
        return Recalled(None, error.message)
    except OSError as error:
        return Recalled(None, f"what your seat remembers cannot be read: {error.strerror}")
    return Recalled(None, "your seat remembers no verification of this ledger")


def start_after(remembered: Remembered, pinned: Pinned) -> Start | None:
    """Where a replay goes on; None if the tree is not the one that was verified."""
    facts = remembered.facts
    if facts.size > pinned.head.size or _root(pinned, facts.size) != bytes.fromhex(facts.root):
        return None
    return Start(
        facts.size,
        facts.last,
        facts.entry_zero,
        Tree(facts.size, pinned.tile),
        RememberedRows(remembered.registers),
        facts.vault_keys,
        facts.signed,
        lambda size: _earlier_root(pinned, size, facts),
    )


def remembered_anchor(remembered: Remembered, book: Book) -> Anchor:
    """What is remembered, as the checkpoint that it contradicts a ledger by."""
    facts = remembered.facts
    origin = "".join(remembered.registers[LedgerRow]["origin"].to_pylist())
    checkpoint = Checkpoint(origin, facts.size, bytes.fromhex(facts.root))
    by = f"the seat {book.seat.label}" if book.seat else ""
    return Anchor(checkpoint, by, facts.time, "its last verification")


def to_remember(
    found: Replayed, pinned: Pinned, ledger_id: str, time: str, before: Remembered | None
) -> Remembered:
    """What a verification that found nothing wrong leaves to the next.

    `before` is what it went on from.
    """
    facts = Facts(
        program(),
        ledger_id,
        time,
        found.size,
        found.root.hex(),
        found.last,
        found.entry_zero,
        pinned.head.journal,
        found.vault_keys,
        found.signed,
        trace_of(found.tree, before.facts.trace if before else Trace()),
    )
    return Remembered(facts, pinned.registers)


def parted(book: Book, ids: Sequence[str], found: Replayed) -> Parting | None:
    """Where a replayed tree parts from the one that the seat verified last, if that can be told."""
    remembered = recall(book, ids).remembered
    if remembered is None or found.since:
        return None
    return parting(remembered.facts.trace, found.tree)


def _recalled(remembered: Remembered, ledger_id: str, seat: Seat) -> Recalled:
    if remembered.facts.ledger_id != ledger_id:
        return Recalled(None, "what your seat remembers is of another ledger")
    anchor = seat.anchor(ledger_id)
    if anchor is None or anchor.checkpoint.size < remembered.facts.size:
        return Recalled(None, "your seat does not vouch for all that it remembers")
    return Recalled(remembered)


def _earlier_root(pinned: Pinned, size: int, facts: Facts) -> bytes | None:
    """The root at a size before the verified one; None unless the kept tiles prove it."""
    found = _root(pinned, size)
    try:
        path = consistency_path(pinned.tile, size, facts.size)
    except (IndexError, RecursionError):  # tiles that are not there
        return None
    proved = verify_consistency(size, facts.size, path, found, bytes.fromhex(facts.root))
    return found if proved else None


def _root(pinned: Pinned, size: int) -> bytes:
    """The root at a size as the kept tiles have it; empty where they lack something."""
    try:
        return root_at(pinned.tile, size)
    except IndexError:
        return b""
