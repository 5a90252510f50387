"""What follows from appending a part: its place in the store, its tiles, the head it leads to.

Appending and recovery run the same code, so that what a crash left is posted as it would have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.entry import Entry, NewerFormat, entry_hash
from ledger.errors import Altered, InvalidInput, Refused
from ledger.parts import Part, check_signature
from ledger.projection import project_part
from ledger.registers.rows import Rows
from ledger.store.base import Head, Snapshot, StoredEntry
from ledger.tiles import Tile, grow, overlaid, root_at


@dataclass(frozen=True)
class Posting:
    """A part as it is journalled and posted, and the head that it leads to."""

    entries: tuple[Entry, ...]
    stored: Sequence[StoredEntry]
    tiles: Sequence[Tile]
    head: Head

    @classmethod
    def of(cls, snapshot: Snapshot, part: Sequence[tuple[Entry, bytes]]) -> Posting:
        """Work out what follows from appending these entries, with their bytes, to a store."""
        before = snapshot.head
        size = before.size + len(part)
        hashes = [entry_hash(data) for _, data in part]
        tiles = grow(snapshot.tile, before.size, hashes)
        root = root_at(overlaid(snapshot.tile, tiles), size)
        journal = before.journal + sum(len(data) + 1 for _, data in part)
        return cls(
            tuple(entry for entry, _ in part),
            [StoredEntry(e.seq, e.time, e.actor, e.kind, e.subject, data) for e, data in part],
            tiles,
            Head(size, root, hashes[-1].hex(), journal),
        )


def check_journalled(rows: Rows, part: Part) -> None:
    """Altered unless a part read from the journal is one that append would have written.

    Its rows are then projected.
    """
    entries = [entry for entry, _ in part.entries]
    try:
        project_part(rows, entries)
    except NewerFormat:
        raise
    except (Refused, InvalidInput) as error:
        raise Altered(
            f"The journal's entry {part.first_seq} could not have been entered: {error.message}",
            "Restore the journal from a backup.",
            part.first_seq,
        ) from error
    check_signature(rows, entries[-1])
