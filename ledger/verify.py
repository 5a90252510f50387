"""Verification of a record: entries in, problems and the replayed registers out.

It shares with the writer only what defines the record (entry, tree, projection) and reads through
`Source`, so that a database, an export folder or a report's attachment are verified alike. Each
problem names its check and the first entry concerned. Checks, numbered as in docs/record-format.md:

 1. bytes        every entry is canonical, of this format, and stands at its seq
 2. columns      what the store keeps beside an entry is what the entry says
 3. chain        `prev` is the hash of the entry before; the first follows nothing
 4. part         parts are whole: one actor, one time, counted 0 to n-1 of n
 5. signature    the last entry of a part is signed by the key that its actor had for all of it
 6. authority    the actor had the role, the approval and the preconditions, at that moment
 7. revoked      no entry was signed by a key at a seq since which it is not trusted
 8. tree         size and root are those that the store states; every tile is as recomputed
 9. registers    every row is what replay makes it, and no row is missing or added

The caller's part: journal, head, evidence, vault, switchboard and anchors (ledger/verification.py).
No clock, no files, no database here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ledger.collection import collection_put_off
from ledger.entry import GENESIS_PREV, Entry, Malformed, NewerFormat, decode, entry_hash
from ledger.errors import QuaestorError
from ledger.kinds import TABLES
from ledger.merkle import HASH_SIZE, Frontier
from ledger.parts import signed_well, signing_key, whole_part
from ledger.projection import project
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.rows import DictRows, Row, key_of
from ledger.store.base import StoredEntry
from ledger.tiles import WIDTH, Tile, grow
from ledger.vault import sealed_values

Progress = Callable[[int, int], None]

BATCH = 20_000


@dataclass(frozen=True)
class Problem:
    """What is wrong: which check failed, from which entry on (None: none in particular), where."""

    check: str
    seq: int | None
    subject: str
    message: str


class Source(Protocol):
    """Where a record is read from: entries in order, then tiles and registers if it has them."""

    def entries(self, start: int, stop: int) -> list[StoredEntry]:
        """Entries with start <= seq < stop, in order."""
        ...

    def tiles(self) -> Iterable[Tile] | None:
        """Every tile kept, or None where none are."""
        ...

    def register(self, table: type[Row]) -> Iterable[Row] | None:
        """Every row of a register, or None where none are kept."""
        ...


@dataclass
class Replayed:
    """What replaying a record found; `roots` are those at the sizes asked for."""

    rows: DictRows = field(default_factory=DictRows)
    problems: list[Problem] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    root: bytes = b""
    last: str = GENESIS_PREV
    entry_zero: str = ""
    vault_keys: dict[str, int] = field(default_factory=dict)
    signatures: int = 0
    whole: bool = True
    """Whether `rows` are those of every entry: none could not be read or is of a newer format."""


def replay(
    source: Source,
    size: int,
    *,
    roots_at: Iterable[int] = (),
    progress: Progress | None = None,
    witness: Callable[[bytes], None] | None = None,
) -> Replayed:
    """Run checks 1 to 7 over `size` entries.

    `roots_at` are sizes whose roots the caller wants to compare with anchors; `witness` is handed
    every entry's bytes in order (the caller compares them with the journal).
    """
    run = _Replay(set(roots_at))
    for start in range(0, size, BATCH):
        stop = min(start + BATCH, size)
        stored = source.entries(start, stop)
        with collection_put_off():
            for entry in stored:
                run.take(entry)
                if witness is not None:
                    witness(entry.data)
        if progress is not None:
            progress(stop, size)
        if len(stored) != stop - start:
            found = f"{len(stored)} entries instead of {stop - start}"
            run.problem("bytes", run.found.size, "", f"There are {found} before entry {stop}.")
            break
    return run.finish()


class _Replay:
    """The state of one pass over a record."""

    def __init__(self, roots_at: set[int]) -> None:
        self.found = Replayed()
        self._roots_at = roots_at
        self._tree = Frontier()
        self._part: list[Entry] = []
        self._signed: list[tuple[int, int, str, str]] = []
        self._shift = 0

    def problem(self, check: str, seq: int | None, subject: str, message: str) -> None:
        self.found.problems.append(Problem(check, seq, subject, message))

    def take(self, stored: StoredEntry) -> None:
        """Run the checks of one entry."""
        seq = self.found.size
        digest = entry_hash(stored.data)
        if seq == 0:
            self.found.entry_zero = digest.hex()
        entry = self._decoded(stored, seq)
        if entry is not None:
            if entry.prev != self.found.last:  # 3
                self.problem(
                    "chain", seq, entry.subject, "`prev` is not the hash of the entry before."
                )
            self._take_part(entry)
            for sealed in sealed_values(entry.body):
                self.found.vault_keys.setdefault(sealed["vault"], seq)
        else:
            self.found.whole = False
            self._part = []
        self.found.last = digest.hex()
        self._tree.add(digest)
        self.found.size += 1
        if self.found.size in self._roots_at:
            self.found.roots[self.found.size] = self._tree.root()

    def finish(self) -> Replayed:
        """Run what can only be known at the end."""
        if self._part:
            first = self._part[0]
            self.problem("part", first.seq, first.subject, "The last part is not complete.")
        self.found.root = self._tree.root()
        for start, last, actor, public_key in self._signed:  # 7
            key = self.found.rows.get(KeyRow, public_key)
            if key is None or key.untrusted_since == NEVER:
                continue
            for seq in range(max(start, key.untrusted_since), last + 1):
                self.problem(
                    "revoked",
                    seq,
                    f"actor/{actor}",
                    f"Signed by a key of {actor} that is not trusted since "
                    f"entry {key.untrusted_since}.",
                )
        return self.found

    def _decoded(self, stored: StoredEntry, seq: int) -> Entry | None:
        try:
            entry = decode(stored.data)  # 1
        except (Malformed, NewerFormat) as error:
            check = "newer" if isinstance(error, NewerFormat) else "bytes"
            self.problem(check, seq, stored.subject, error.message)
            return None
        if entry.seq != seq:
            if entry.seq - seq != self._shift:  # one loss moves all that follow: said once
                self._shift = entry.seq - seq
                self.problem(
                    "bytes", seq, entry.subject, f"Entry {entry.seq} stands at place {seq}."
                )
            return None
        beside = (stored.seq, stored.time, stored.actor, stored.kind, stored.subject)
        if beside != (entry.seq, entry.time, entry.actor, entry.kind, entry.subject):  # 2
            self.problem(
                "columns", seq, entry.subject, "The columns beside the entry say something else."
            )
        return entry

    def _take_part(self, entry: Entry) -> None:
        if entry.part[0] != len(self._part):  # 4
            self.problem(
                "part",
                entry.seq,
                entry.subject,
                f"It says it is number {entry.part[0]} of its part, but is {len(self._part)}.",
            )
            self._part = []
            if entry.part[0]:
                return
        before = self._part[-1] if self._part else None
        self._part.append(entry)
        self._project(entry, before)
        if entry.last_of_part:
            self._close_part(entry)

    def _project(self, entry: Entry, before: Entry | None) -> None:
        if not self.found.whole:
            return
        try:
            project(self.found.rows, entry, before)  # 6
        except NewerFormat:
            self.found.whole = False
            self.problem(
                "newer",
                entry.seq,
                entry.subject,
                f"{entry.kind} is of a newer format; not checked.",
            )
        except QuaestorError as error:
            self.problem("authority", entry.seq, entry.subject, error.message)

    def _close_part(self, last: Entry) -> None:
        part, self._part = self._part, []
        if not whole_part(part):
            self.problem(
                "part", part[0].seq, part[0].subject, "Entries of one part differ in actor or time."
            )
        if not self.found.whole:  # whose key it should be is not known any more
            return
        self.found.signatures += 1
        key = signing_key(self.found.rows, last)  # 5
        if key is None or not signed_well(last, key):
            self.problem(
                "signature", last.seq, last.subject, f"It is not signed by {last.actor}'s key."
            )
            return
        self._signed.append((part[0].seq, last.seq, last.actor, key.public_key))


def check_tree(source: Source, found: Replayed, size: int, root: bytes, leaves: bytes) -> None:
    """Check 8: the store's size, root and tiles, against `leaves` (leaf hashes, concatenated)."""
    if (found.size, found.root) != (size, root):
        found.problems.append(
            Problem("tree", None, "", "The store's size and root are not those of its entries.")
        )
    tiles = source.tiles()
    if tiles is None:
        return
    hashes = [leaves[i : i + HASH_SIZE] for i in range(0, len(leaves), HASH_SIZE)]
    expected = {(t.level, t.index): t.hashes for t in grow(lambda _l, _i: b"", 0, hashes)}
    kept = {(tile.level, tile.index): tile.hashes for tile in tiles}
    for level, index in sorted(expected.keys() | kept.keys()):
        should, is_now = expected.get((level, index), b""), kept.get((level, index), b"")
        if should != is_now:
            first = (index * WIDTH + _differing(should, is_now)) * WIDTH**level
            found.problems.append(
                Problem(
                    "tree",
                    first,
                    f"tile/{level}/{index}",
                    f"Tile {index} of level {level} is not as its entries make it.",
                )
            )


def _differing(one: bytes, other: bytes) -> int:
    """Which hash is the first that two tiles do not have in common."""
    starts = range(0, max(len(one), len(other)), HASH_SIZE)
    return next(i for i, at in enumerate(starts) if one[at:][:HASH_SIZE] != other[at:][:HASH_SIZE])


def check_registers(source: Source, found: Replayed) -> int:
    """Check 9; return how many rows were compared: none if not every entry could be replayed."""
    compared = 0
    if not found.whole:
        return compared
    for table in TABLES:
        kept = source.register(table)
        if kept is None:
            continue
        expected = {key_of(row): row for row in found.rows.where(table)}
        name = str(table.__tablename__)
        for row in kept:
            compared += 1
            key = key_of(row)
            should = expected.pop(key, None)
            subject = f"{name}/{'/'.join(str(part) for part in key)}"
            if should is None:
                found.problems.append(
                    Problem("registers", None, subject, f"No entry made this row of {name}.")
                )
            elif vars(should) != vars(row):
                kept_values = vars(row)
                wrong = [name for name, value in vars(should).items() if kept_values[name] != value]
                found.problems.append(
                    Problem(
                        "registers",
                        min(max(should.seq, row.seq), found.size),
                        subject,
                        f"{name}.{', '.join(wrong)}: not what entry {should.seq} made it.",
                    )
                )
        for key, row in expected.items():
            subject = f"{name}/{'/'.join(str(part) for part in key)}"
            found.problems.append(
                Problem(
                    "registers", row.seq, subject, f"The row that entry {row.seq} made is gone."
                )
            )
    return compared
