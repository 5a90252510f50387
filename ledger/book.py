"""An open ledger: the one way to read it and to append to it.

Append, and what is true if we die after each step:
 1. Take gate and lock; recover what a crash left.          Nothing of ours exists.
 2. Hold the seat's anchor against the tree.                Nothing of ours exists.
 3. Seal personal texts under new vault keys.               Unused keys may remain: harmless.
 4. Check, chain and sign the part.                         Nothing of ours exists.
 5. Write it to the journal and fsync: the commit point.    Incomplete: recovery cuts it, nobody
                                                            was told. Complete: it is recorded.
 6. Post entries, tiles, registers in one transaction.      Recovery posts it from the journal.
 7. Publish switches, move the head, release the lock.      The next append or kill publishes.
 8. Advance the actor's seat.                               The seat vouches for less than it might.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

import orjson

from ledger.checkpoint import Checkpoint
from ledger.clock import Clock, system_clock, write_time
from ledger.entry import Body, Draft, Entry, entry_hash, make_part
from ledger.errors import Altered, StoreUnavailable
from ledger.home import Home
from ledger.keys import Signer
from ledger.kinds import Kind, spec_of
from ledger.parts import check_signature, read_parts
from ledger.projection import project_part
from ledger.publishing import publish_switches
from ledger.registers.actors import active
from ledger.registers.house import LedgerRow, the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchEventRow
from ledger.seat import Pin, Seat
from ledger.spool import SpooledOrder, order_draft, spooled_orders
from ledger.store.base import Head, Snapshot, Store, StoredEntry, Transaction
from ledger.store.duck import DuckStore
from ledger.store.locks import Locks
from ledger.tiles import grow, overlaid, root_at
from ledger.vault import Vault

Making = Sequence[Draft] | Callable[[Rows], Sequence[Draft]]

_MOVING_SWITCHES = frozenset(
    {Kind.MODEL_REGISTERED, Kind.SWITCH_KILLED, Kind.SWITCH_RESUMED, Kind.LEDGER_FOUNDED}
)


@dataclass(frozen=True)
class Appended:
    """What was recorded. `posted` is False if the database must catch up from the journal."""

    entries: tuple[Entry, ...]
    head: Head
    posted: bool
    published: bool

    @property
    def name(self) -> str:
        """The name in the last entry's subject: `inc-3` of `incident/inc-3`."""
        return self.entries[-1].subject.partition("/")[2]


class Book:
    """A ledger's home, read and appended to; `seat` is held against it and advanced."""

    def __init__(
        self,
        home: Home,
        seat: Seat | None = None,
        *,
        clock: Clock = system_clock,
        patience: float = 30.0,
    ) -> None:
        self.home = home
        self.seat = seat
        self.clock = clock
        self.locks = Locks(home.locks, patience=patience)
        self.store: Store = DuckStore(home.database, self.locks)

    @cached_property
    def facts(self) -> LedgerRow:
        """Which ledger this is: id, origin, organisation, CA."""
        with self.read() as snapshot:
            return the_ledger(snapshot.rows)

    @property
    def vault(self) -> Vault:
        """The keys of erasable texts."""
        return Vault(self.home.vault, self.facts.ledger_id)

    def now(self) -> str:
        """The time that an entry made now would claim."""
        return write_time(self.clock())

    # Reading

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Hold the ledger for reading, for milliseconds, after recovering what a crash left."""
        self.home.require()
        self._require_database()
        with self.store.read() as snapshot:
            behind = self.home.journal.size() != snapshot.head.journal
        if behind:
            self.recover()
        with self.store.read() as snapshot:
            yield snapshot

    def reveal(self, subject: str, field: str, sealed: str) -> str:
        """Read a personal text of a register: `sealed` is ciphertext JSON, or empty."""
        if not sealed:
            return ""
        return self.vault.open(f"{subject}|{field}", orjson.loads(sealed))

    # Appending

    def append(self, signer: Signer, making: Making) -> Appended:
        """Record drafts as one part, after any spooled orders.

        `making` may be a function of the registers, run under the lock, so that ids are fresh.
        Raises Refused (authority, precondition), InvalidInput (form), Altered (journal or anchor
        contradict the ledger) or StoreUnavailable; nothing of the part is recorded then.
        """
        self.home.require()
        self._require_database()
        for spooled in spooled_orders(self.home):
            self._record_order(signer, spooled)
        return self._append(signer, making)

    def record_orders(self, signer: Signer) -> list[str]:
        """Record what is in the spool; return the orders' ids."""
        return [
            spooled.order.order_id
            for spooled in spooled_orders(self.home)
            if self._record_order(signer, spooled)
        ]

    def found(self, signer: Signer, draft: Draft, ledger_id: str) -> Appended:
        """Write entry 0 into a new home."""
        self.store.create()
        vault = Vault(self.home.vault, ledger_id)
        with self.store.write() as txn:
            appended = self._write(txn, signer, [self._sealed(vault, draft)])
        return self._vouch(signer, appended, ledger_id)

    def recover(self) -> int:
        """Post complete parts that are journalled but not posted; return how many entries.

        Cuts an incomplete last part if neither database, head nor the seat's anchor cover it.
        Raises Altered for anything else; nothing is then repaired.
        """
        if not self.store.exists():
            self.store.create()
        with self.store.write() as txn:
            return self._recover(txn)

    def _append(self, signer: Signer, making: Making) -> Appended:
        recorded: Appended | None = None
        try:
            with self.store.write() as txn:
                self._recover(txn)
                self._hold_against_seat(txn)
                made = making(txn.rows) if callable(making) else making
                vault = Vault(self.home.vault, the_ledger(txn.rows).ledger_id)
                ledger_id = vault.ledger_id
                drafts = [self._sealed(vault, draft) for draft in made]
                recorded = self._write(txn, signer, drafts)
        except StoreUnavailable:
            if recorded is None:
                raise
            recorded = Appended(recorded.entries, recorded.head, False, recorded.published)
        for entry in recorded.entries:
            if entry.kind == Kind.VAULT_ERASED:
                for key_id in entry.body["keys"]:
                    vault.destroy(key_id)
        return self._vouch(signer, recorded, ledger_id)

    def _write(self, txn: Transaction, signer: Signer, drafts: Sequence[Draft]) -> Appended:
        head = txn.head
        self._own_key(txn, signer)
        part = make_part(
            drafts,
            seq=head.size,
            prev=head.last,
            time=self.now(),
            actor=signer.actor,
            sign=signer.sign,
        )
        entries = [entry for entry, _ in part]
        project_part(txn.rows, entries)
        lines = [data for _, data in part]
        written = self.home.journal.append(head.size, lines)
        head = self._post(txn, part, head.journal + written)
        published = True
        if any(entry.kind in _MOVING_SWITCHES for entry in entries):
            published = publish_switches(self.home, self.locks, txn.rows, head.size, self.clock())
        return Appended(tuple(entries), head, True, published)

    def _own_key(self, txn: Transaction, signer: Signer) -> None:
        """An unlocked key that is not the enrolled one must not sign: verification would fail."""
        if txn.head.size == 0:
            return
        row = active(txn.rows, signer.actor)
        if base64.b64decode(row.public_key) != signer.public_key:
            raise Altered(
                f"The key in this seat is not the one enrolled for {signer.actor}.",
                "Choose the right seat, or have the new key enrolled: quaestor actor rotate",
            )

    def _post(self, txn: Transaction, part: Sequence[tuple[Entry, bytes]], journal: int) -> Head:
        hashes = [entry_hash(data) for _, data in part]
        size = txn.head.size + len(part)
        tiles = grow(txn.tile, txn.head.size, hashes)
        head = Head(size, root_at(overlaid(txn.tile, tiles), size), hashes[-1].hex(), journal)
        stored = [StoredEntry(e.seq, e.time, e.actor, e.kind, e.subject, data) for e, data in part]
        txn.post(stored, tiles, head)
        with suppress(OSError):  # a cache: the next append writes it again
            self.home.write_head(head)
        return head

    def _sealed(self, vault: Vault, draft: Draft) -> Draft:
        """Replace personal texts by ciphertext under one new key of this entry."""
        body = _copy(draft.body)
        if draft.kind == Kind.APPROVAL_REQUESTED:
            effect = body["effect"]
            inner = self._sealed(vault, Draft(effect["kind"], effect["subject"], effect["body"]))
            body["effect"] = {**effect, "body": inner.body}
        key_id = ""
        # The founder's name belongs to the founder, as every other actor's does.
        founding = draft.kind == Kind.LEDGER_FOUNDED
        owner = f"actor/{body['founder']['actor']}" if founding else draft.subject
        for field in spec_of(draft.kind).erasable:
            *parents, name = field.split(".")
            holder = body
            for parent in parents:
                holder = holder[parent]
            text = holder.get(name)
            if isinstance(text, str):
                key_id = key_id or vault.new_key()
                holder[name] = vault.seal(key_id, f"{owner}|{name}", text)
        return Draft(draft.kind, draft.subject, body)

    # Recovery

    def _recover(self, txn: Transaction) -> int:
        journal = self.home.journal
        size = journal.size()
        if size == txn.head.journal:
            return 0
        if size < txn.head.journal:
            raise Altered(
                f"The journal has {size:,} bytes; {txn.head.journal:,} were posted from it.",
                "Restore the journal from a backup. `quaestor ledger verify` says what is wrong.",
            )
        posted = 0
        for part in read_parts(journal.lines_from(txn.head.journal), txn.head):
            if not part.complete:
                self._cut(txn, part.first_seq, txn.head.journal)
                break
            project_part(txn.rows, [entry for entry, _ in part.entries])
            check_signature(txn.rows, part.entries[-1][0])
            self._post(txn, part.entries, txn.head.journal + part.length)
            posted += len(part.entries)
        return posted

    def _cut(self, txn: Transaction, first_seq: int, position: int) -> None:
        cached = self.home.read_head()
        anchor = None
        if self.seat and txn.head.size:
            anchor = self.seat.anchor(the_ledger(txn.rows).ledger_id)
        covered = max(cached.size if cached else 0, anchor.checkpoint.size if anchor else 0)
        if covered > first_seq:
            raise Altered(
                f"The journal ends in the middle of entry {first_seq}, which was acknowledged.",
                "Restore the journal from a backup.",
            )
        self.home.journal.cut(position)

    # Seats

    def _hold_against_seat(self, txn: Transaction) -> None:
        if self.seat is None:
            return
        ledger = the_ledger(txn.rows)
        hint = "Run `quaestor ledger verify`, and compare with what others hold."
        pin = self.seat.pin(ledger.ledger_id)
        zero = entry_hash(txn.entries(0, 1)[0].data).hex()
        if pin is not None and pin.entry_zero != zero:
            raise Altered("Entry 0 is not the one that your seat has seen.", hint)
        anchor = self.seat.anchor(ledger.ledger_id)
        if anchor is None:
            return
        size = anchor.checkpoint.size
        if size > txn.head.size:
            raise Altered(
                f"Your seat has seen {size:,} entries; the ledger has {txn.head.size:,}.", hint
            )
        if root_at(txn.tile, size) != anchor.checkpoint.root:
            raise Altered(
                f"The first {size:,} entries are not those that your seat has seen.", hint
            )

    def _vouch(self, signer: Signer, appended: Appended, ledger_id: str) -> Appended:
        """Let the seat keep the new checkpoint; a seat that cannot be written vouches for less."""
        if self.seat is None:
            return appended
        with suppress(OSError):
            if self.seat.pin(ledger_id) is None:
                with self.store.read() as snapshot:
                    zero = entry_hash(snapshot.entries(0, 1)[0].data).hex()
                    fingerprint = the_ledger(snapshot.rows).ca_fingerprint
                self.seat.keep_pin(ledger_id, Pin(zero, fingerprint, str(self.home.folder)))
            anchor = self.seat.anchor(ledger_id)
            if anchor is None or anchor.checkpoint.size < appended.head.size:
                checkpoint = Checkpoint(self.facts.origin, appended.head.size, appended.head.root)
                self.seat.advance(ledger_id, checkpoint, by=signer.actor, time=self.now())
        return appended

    # Spooled orders

    def _record_order(self, signer: Signer, spooled: SpooledOrder) -> bool:
        """Record a stop that was ordered while the store was away; False if it is recorded."""
        with self.read() as snapshot:
            known = snapshot.rows.where(SwitchEventRow, order_id=spooled.order.order_id)
        if not known:
            self._append(signer, [order_draft(spooled)])
        spooled.path.unlink(missing_ok=True)
        return not known

    def _require_database(self) -> None:
        if not self.store.exists():
            raise StoreUnavailable(
                "The database is missing; the journal is there.",
                "Rebuild it: quaestor ledger recover",
            )


def _copy(body: Body) -> Body:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in body.items()}
