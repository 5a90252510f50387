"""Parts: entries appended together, read back from lines and checked.

Pure: bytes and registers in, parts or an error out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.entry import SIGNATURE_CONTEXT, Entry, Malformed, decode, entry_hash, signature_bytes
from ledger.errors import Altered
from ledger.keys import verify_signature
from ledger.registers.actors import NEVER, KeyRow
from ledger.registers.rows import Rows
from ledger.store.base import Head

_RESTORE = "Restore the journal from a backup."


@dataclass(frozen=True)
class Part:
    """Entries appended together; `length` counts their bytes in the journal."""

    entries: list[tuple[Entry, bytes]]
    first_seq: int
    length: int
    complete: bool


def read_parts(lines: Iterable[bytes], head: Head) -> Iterator[Part]:
    """Read parts that follow `head`. The last may be incomplete (a crash before the fsync).

    Raises Altered when a whole line is not the entry that must follow.
    """
    seq, prev = head.size, head.last
    entries: list[tuple[Entry, bytes]] = []
    length = 0
    for line in lines:
        if not line.endswith(b"\n"):
            yield Part(entries, seq - len(entries), length, complete=False)
            return
        data = line[:-1]
        try:
            entry = decode(data)
        except Malformed as error:
            raise Altered(
                f"The journal's line for entry {seq} is not an entry: {error.message}",
                _RESTORE,
                seq,
            ) from error
        if entry.seq != seq or entry.prev != prev or entry.part[0] != len(entries):
            raise Altered(
                f"The journal's line for entry {seq} does not follow the entry before it.",
                _RESTORE,
                seq,
            )
        entries.append((entry, data))
        length += len(line)
        seq, prev = seq + 1, entry_hash(data).hex()
        if entry.last_of_part:
            if not whole_part([entry for entry, _ in entries]):
                raise Altered(
                    f"Entry {entry.seq} ends a part that others began.", _RESTORE, entry.seq
                )
            yield Part(entries, entries[0][0].seq, length, complete=True)
            entries, length = [], 0
    if entries:
        yield Part(entries, entries[0][0].seq, length, complete=False)


def whole_part(entries: list[Entry]) -> bool:
    """Whether entries are one part: same actor and time, counted 0 to n-1 of n."""
    actor, time, count = entries[-1].actor, entries[-1].time, len(entries)
    for index, entry in enumerate(entries):
        if entry.part != (index, count) or entry.actor != actor or entry.time != time:
            return False
    return True


def signing_key(rows: Rows, last: Entry) -> KeyRow | None:
    """The key that the actor of a part had for all of it, as `rows` stand after its last entry.

    A key that the part itself puts in place does not count: it would vouch for its own adoption.
    """
    first = last.seq - last.part[0]
    for key in rows.where(KeyRow, actor=last.actor):
        if key.from_seq <= first and (key.until_seq == NEVER or last.seq <= key.until_seq):
            return key
    return None


def signed_well(entry: Entry, key: KeyRow) -> bool:
    """Whether the last entry of a part carries this key's signature."""
    try:
        signature = signature_bytes(entry)
    except Malformed:
        return False
    public_key = base64.b64decode(key.public_key)
    return verify_signature(public_key, signature, SIGNATURE_CONTEXT + entry.unsigned())


def check_signature(rows: Rows, entry: Entry) -> None:
    """Altered unless the last entry of a part is signed by its actor's key at that moment."""
    key = signing_key(rows, entry)
    if key is None or not signed_well(entry, key):
        raise Altered(
            f"The signature of entry {entry.seq} is not that of {entry.actor}.",
            _RESTORE,
            entry.seq,
        )
