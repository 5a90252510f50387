"""A ledger in memory: what entering does to the record and its registers, without files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.entry import GENESIS_PREV, Draft, Entry, decode, entry_hash, make_part
from ledger.keys import Signer
from ledger.parts import check_signature
from ledger.projection import project_part
from ledger.registers.rows import DictRows
from ledger.store.base import EntryColumns
from ledger.tiles import Tile, grow
from ledger.verify import Replayed, replay

LEDGER_ID = sha256(b"quaestor test vectors").hexdigest()
ORIGIN = "bank.example/quaestor"


def signer(actor: str, seed: str = "") -> Signer:
    """Give an actor the key that follows from its name, or from another seed."""
    raw = sha256(f"quaestor test vector key: {seed or actor}".encode()).digest()
    return Signer(actor, Ed25519PrivateKey.from_private_bytes(raw))


def public_key(of: Signer) -> str:
    """Write a signer's public key as bodies do."""
    return base64.b64encode(of.public_key).decode()


class Record:
    """Entries and the registers that they make; a refused part leaves both as they were."""

    def __init__(self) -> None:
        self.rows = DictRows()
        self.lines: list[bytes] = []

    @property
    def prev(self) -> str:
        """Hash that the next entry must name."""
        return entry_hash(self.lines[-1]).hex() if self.lines else GENESIS_PREV

    def make(self, by: Signer, drafts: list[Draft], *, minute: int | None = None) -> list[bytes]:
        """Chain and sign a part that would follow, unchecked."""
        minute = len(self.lines) if minute is None else minute
        time = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00.000000Z"
        made = make_part(
            drafts, seq=len(self.lines), prev=self.prev, time=time, actor=by.actor, sign=by.sign
        )
        return [data for _, data in made]

    def append(self, by: Signer, *drafts: Draft) -> list[Entry]:
        """Enter a part as a ledger would; raise what it would raise."""
        lines = self.make(by, list(drafts))
        entries = [decode(line) for line in lines]
        rows = copied(self.rows)
        project_part(rows, entries)
        check_signature(rows, entries[-1])
        self.rows = rows
        self.lines += lines
        return entries

    def replayed(self, *more: bytes) -> Replayed:
        """Verify the record, with lines that somebody has added to it."""
        source = Lines([*self.lines, *more])
        return replay(source, len(source.lines))


def copied(rows: DictRows) -> DictRows:
    """Copy registers row by row: projections change rows in place."""
    copy = DictRows()
    for row in rows.all():
        copy.put(row.model_copy())
    return copy


class Lines:
    """A verifier's source over journal lines."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Give entries with the columns that they state."""
        found = EntryColumns([], [], [], [], [], self.lines[start:stop])
        for seq, data in enumerate(found.data, start):
            time, actor, kind, subject = _stated(data)
            found.seq.append(seq)
            found.time.append(time)
            found.actor.append(actor)
            found.kind.append(kind)
            found.subject.append(subject)
        return found


def _stated(data: bytes) -> tuple[str, str, str, str]:
    try:
        entry = decode(data)
    except Exception:  # noqa: BLE001 - what no entry is has no columns; the verifier says why
        return "", "", "", ""
    return entry.time, entry.actor, entry.kind, entry.subject


class Tiles:
    """Tiles in memory, grown as a store grows them."""

    def __init__(self) -> None:
        self.size = 0
        self._tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        """Give a tile's hashes so far."""
        return self._tiles.get((level, index), b"")

    def extend(self, leaves: list[bytes]) -> list[Tile]:
        """Append leaf hashes; return the tiles that changed."""
        changed = grow(self.read, self.size, leaves)
        for tile in changed:
            self._tiles[tile.level, tile.index] = tile.hashes
        self.size += len(leaves)
        return changed

    def __iter__(self) -> Iterator[tuple[tuple[int, int], bytes]]:
        return iter(sorted(self._tiles.items()))
