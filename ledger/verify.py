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
                (ledger/tree_checks.py)
 9. registers    every row is what replay makes it, and no row is missing or added
                 (ledger/register_checks.py)
10. issued       the size and root that an issued report vouches for are the tree's

A replay may go on from where an earlier one ended, if it is given what that one found.

The caller's part: journal, head, evidence, vault, switchboard and anchors (ledger/verification.py).
No clock, no files, no database here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Protocol

from ledger.collection import collection_put_off
from ledger.entry import GENESIS_PREV, Entry, Malformed, NewerFormat, decode
from ledger.errors import QuaestorError
from ledger.merkle import HASH_SIZE
from ledger.packed_rows import PackedRows
from ledger.parts import signed_well, signing_key, whole_part
from ledger.projection import foresee_named, project
from ledger.reading import Checked, Checking, check_here, read_sound
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.reports import ReportRow
from ledger.store.base import EntryColumns
from ledger.tiles import WIDTH, Tree, root_at
from ledger.vault import sealed_values

Progress = Callable[[int, int], None]

BATCH = 64 * WIDTH
"""Entries checked at once; whole tiles, so that their roots can be worked out beforehand."""

_READ = 8 * BATCH  # entries read at once: a store is slow to open, and to begin with

_VAULT = b'"vault":'  # in the canonical bytes of whatever holds a sealed text


@dataclass(frozen=True)
class Problem:
    """What is wrong: which check failed, from which entry on (None: none in particular), where."""

    check: str
    seq: int | None
    subject: str
    message: str


class Source(Protocol):
    """Where a record is read from."""

    def entry_columns(self, start: int, stop: int) -> EntryColumns:
        """Entries with start <= seq < stop, in order."""
        ...


@dataclass
class Start:
    """What is known of the entries before those that are replayed; by default there are none.

    `signed` says of each key which entry it signed last, `vault_keys` where a key is first used,
    `root` what the tree's root was at an earlier size, if that can be told.
    """

    size: int = 0
    last: str = GENESIS_PREV
    entry_zero: str = ""
    tree: Tree = field(default_factory=Tree)
    rows: PackedRows = field(default_factory=PackedRows)
    vault_keys: dict[str, int] = field(default_factory=dict)
    signed: dict[str, int] = field(default_factory=dict)
    root: Callable[[int], bytes | None] = lambda _size: None


@dataclass
class Replayed:
    """What replaying a record found, from entry `since` on; `roots` are at the sizes asked for."""

    rows: PackedRows
    tree: Tree
    since: int = 0
    problems: list[Problem] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    size: int = 0
    root: bytes = b""
    last: str = GENESIS_PREV
    entry_zero: str = ""
    vault_keys: dict[str, int] = field(default_factory=dict)
    signed: dict[str, int] = field(default_factory=dict)
    signatures: int = 0
    whole: bool = True
    """Whether `rows` are those of every entry: none could not be read or is of a newer format."""


def replay(
    source: Source,
    size: int,
    *,
    start: Start | None = None,
    roots_at: Iterable[int] = (),
    progress: Progress | None = None,
    witness: Callable[[Sequence[bytes]], None] | None = None,
    checking: Checking[EntryColumns] = check_here,
) -> Replayed:
    """Run checks 1 to 7 over the first `size` entries, or over those from `start` on.

    `roots_at` are sizes whose roots the caller wants to compare with anchors; `witness` is handed
    the bytes of each batch of entries (the caller compares them with the journal); `checking` may
    have them checked elsewhere.
    """
    run = _Replay(start or Start())
    ends = _ends(run.found.since, size, BATCH)
    for columns, checked in checking(batches(source, run.found.since, size)):
        stop = next(ends)
        with collection_put_off():
            run.take(columns, checked)
            run.found.rows.settle()
        if witness is not None:
            witness(columns.data)
        if progress is not None:
            progress(stop, size)
        if run.found.size != stop:
            missing = f"There are {run.found.size} entries before entry {stop}."
            run.problem("bytes", run.found.size, "", missing)
            break
    return run.finish(roots_at)


def batches(source: Source, start: int, size: int) -> Iterator[EntryColumns]:
    """Entries with start <= seq < size, as many at a time as are checked at once."""
    soon = islice(_ends(start, size, BATCH), 1)  # a short read first: somebody waits for it
    for far in chain(soon, _ends(start, size, _READ)):
        if far > start:
            yield from _cut(source.entry_columns(start, far), _ends(start, far, BATCH))
            start = far


def _ends(start: int, size: int, step: int) -> Iterator[int]:
    """Where stretches end: at a multiple of their size, whatever the first begins with."""
    yield from range((start // step + 1) * step, size, step)
    if size > start:
        yield size


def _cut(columns: EntryColumns, ends: Iterable[int]) -> Iterator[EntryColumns]:
    """Entries up to each of these places, whether or not there are as many as there must be."""
    low = 0
    for stop in ends:
        high = bisect_left(columns.seq, stop, low)
        yield EntryColumns(
            columns.seq[low:high],
            columns.time[low:high],
            columns.actor[low:high],
            columns.kind[low:high],
            columns.subject[low:high],
            columns.data[low:high],
        )
        low = high


class _Replay:
    """The state of one pass over a record."""

    def __init__(self, start: Start) -> None:
        self.found = Replayed(
            start.rows,
            start.tree,
            since=start.size,
            size=start.size,
            last=start.last,
            entry_zero=start.entry_zero,
            vault_keys=dict(start.vault_keys),
        )
        self._root_before = start.root
        self._part: list[Entry] = []
        self._signed = [(seq, seq, key) for key, seq in start.signed.items()]
        self._shift = 0

    def problem(self, check: str, seq: int | None, subject: str, message: str) -> None:
        self.found.problems.append(Problem(check, seq, subject, message))

    def take(self, columns: EntryColumns, checked: Checked) -> None:
        """Run the checks of a batch of entries, one after the other."""
        found = self.found
        found.tree.extend(checked.leaves, checked.roots)
        hashes = checked.leaves.hex(" ", HASH_SIZE).split()
        entries = list(map(_read, columns.data, checked.sound))
        if found.size == 0:
            found.entry_zero = "".join(hashes[:1])
        as_kept = _are_beside(columns, entries)
        if found.since:  # then earlier rows are not in memory yet
            foresee_named(found.rows, [each for each in entries if isinstance(each, Entry)])
        for place, entry in enumerate(entries):
            if isinstance(entry, Entry) and self._stands(entry):
                if not as_kept:
                    self._compare_beside(columns, place, entry)
                if entry.prev != found.last:  # 3
                    message = "`prev` is not the hash of the entry before."
                    self.problem("chain", found.size, entry.subject, message)
                self._take_part(entry)
                if _VAULT in columns.data[place]:
                    for sealed in sealed_values(entry.body):
                        found.vault_keys.setdefault(sealed["vault"], found.size)
            else:
                if not isinstance(entry, Entry):
                    check = "newer" if isinstance(entry, NewerFormat) else "bytes"
                    self.problem(check, found.size, columns.subject[place], entry.message)
                found.whole = False
                self._part = []
            found.last = hashes[place]
            found.size += 1

    def finish(self, roots_at: Iterable[int]) -> Replayed:
        """Run what can only be known at the end."""
        found = self.found
        if self._part:
            first = self._part[0]
            self.problem("part", first.seq, first.subject, "The last part is not complete.")
        found.root = found.tree.root()
        for size in roots_at:
            if (root := self._root(size)) is not None:
                found.roots[size] = root
        for row in found.rows.where(ReportRow):  # 10
            if row.seq >= found.since and self._root(row.size) != bytes.fromhex(row.root):
                message = f"The root that it states for {row.size} entries is not theirs."
                self.problem("issued", row.seq, f"report/{row.report}", message)
        for start, last, public_key in self._signed:  # 7
            found.signed[public_key] = last
            key = found.rows.get(KeyRow, public_key)
            if key is None or key.untrusted_since == NEVER:
                continue
            for seq in range(max(start, key.untrusted_since), last + 1):
                self.problem(
                    "revoked",
                    seq,
                    f"actor/{key.actor}",
                    f"Signed by a key of {key.actor} that is not trusted since "
                    f"entry {key.untrusted_since}.",
                )
        return found

    def _root(self, size: int) -> bytes | None:
        """The tree's root at a size, if it had that size and it can be told."""
        if size < self.found.since:
            return self._root_before(size)
        return root_at(self.found.tree.tile, size) if size <= self.found.size else None

    def _stands(self, entry: Entry) -> bool:
        """Whether an entry is where it says; one loss moves all that follow, and is said once."""
        seq = self.found.size
        if entry.seq == seq:
            return True
        if entry.seq - seq != self._shift:
            self._shift = entry.seq - seq
            message = f"Entry {entry.seq} stands at place {seq}."
            self.problem("bytes", seq, entry.subject, message)
        return False

    def _compare_beside(self, columns: EntryColumns, place: int, entry: Entry) -> None:
        seq = self.found.size
        kept = (
            columns.time[place],
            columns.actor[place],
            columns.kind[place],
            columns.subject[place],
        )
        if (columns.seq[place], *kept) != (
            seq,
            entry.time,
            entry.actor,
            entry.kind,
            entry.subject,
        ):  # 2
            message = "The columns beside the entry say something else."
            self.problem("columns", seq, entry.subject, message)

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
        start = part[0].seq
        if self._signed and self._signed[-1][1:] == (start - 1, key.public_key):
            start = self._signed.pop()[0]  # one stretch by the same key
        self._signed.append((start, last.seq, key.public_key))


def _read(data: bytes, sound: int) -> Entry | Malformed | NewerFormat:
    """Check 1 of an entry: what it says, or why it is none."""
    if sound:
        return read_sound(data)
    try:
        return decode(data)
    except (Malformed, NewerFormat) as error:
        return error


def _are_beside(columns: EntryColumns, entries: Sequence[Entry | Malformed | NewerFormat]) -> bool:
    """Whether all entries of a batch could be read and have beside them what they say."""
    read = [entry for entry in entries if isinstance(entry, Entry)]
    return (
        len(read) == len(entries)
        and [entry.seq for entry in read] == columns.seq
        and [entry.time for entry in read] == columns.time
        and [entry.actor for entry in read] == columns.actor
        and [entry.kind for entry in read] == columns.kind
        and [entry.subject for entry in read] == columns.subject
    )
