"""An open ledger: the one way to read it and to append to it.

Append, and what is true if we die after each step:
 1. Take gate and lock; recover what a crash left.          Nothing of ours exists.
 2. Hold the seat's pin and anchor against the tree.        Nothing of ours exists.
 3. Seal personal texts under new vault keys.               Unused keys may remain: harmless.
 4. Check, chain and sign the part.                         Nothing of ours exists.
 5. Write it to the journal and fsync: the commit point.    Incomplete: recovery cuts it, nobody
                                                            was told. Complete: it is recorded.
 6. Publish switches, destroy what is erased.               Recovery and the next append do.
 7. Post entries, tiles, registers in one transaction.      Recovery posts it from the journal.
 8. Move the head, release the lock.                        The next append moves it.
 9. Advance the actor's seat.                               The seat vouches for less than it might.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial

import orjson

from ledger.clock import Clock, system_clock, write_time
from ledger.collection import collection_put_off
from ledger.destroying import DESTROYING, destroy, was_ordered
from ledger.entry import Draft, Entry, make_part
from ledger.erasable import seal_texts
from ledger.errors import Altered, QuaestorError, Refused, StoreUnavailable
from ledger.files import disk_explained
from ledger.home import Home
from ledger.keys import Signer
from ledger.kinds import Kind
from ledger.posting import Posting
from ledger.projection import project_part
from ledger.publishing import Overdue, publish_switches, stop_due
from ledger.recovery import catch_up
from ledger.registers.house import LedgerRow, the_ledger
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow
from ledger.seat import Seat
from ledger.spool import (
    SpooledOrder,
    order_draft,
    recorded_as,
    refusal,
    set_aside,
    spooled_orders,
)
from ledger.store.base import Foreseeing, Head, Snapshot, Store, Transaction, nothing
from ledger.store.locks import Locks
from ledger.store.opening import open_store
from ledger.vault import Vault
from ledger.vouching import foresee, hold_against_seat, look, require_own_key, vouch

Making = Sequence[Draft] | Callable[[Rows], Sequence[Draft]]

_MOVING_SWITCHES = frozenset(
    {Kind.MODEL_REGISTERED, Kind.SWITCH_KILLED, Kind.SWITCH_RESUMED, Kind.LEDGER_FOUNDED}
)
_EFFECTIVE = _MOVING_SWITCHES | DESTROYING


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
        self.store: Store = open_store(home, self.locks)
        self.journal = home.journal
        self._overdue = Overdue(home)

    @cached_property
    def facts(self) -> LedgerRow:
        """Which ledger this is: id, origin, organisation, CA."""
        with self.read() as snapshot:
            return the_ledger(snapshot.rows)

    @property
    def vault(self) -> Vault:
        """The keys of erasable texts."""
        return Vault(self.home.vault, self.facts.ledger_id)

    @cached_property
    def place(self) -> str:
        """Where the home lies, spelled one way, as seats remember it."""
        return str(self.home.folder.resolve())

    def now(self) -> str:
        """The time that an entry made now would claim."""
        return write_time(self.clock())

    # Reading

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Hold the ledger for reading, for milliseconds, after recovering what a crash left.

        StoreUnavailable where something is to be recovered and the reader may not write.
        """
        self.home.require()
        self._require_database()
        with disk_explained(self.place):
            with self.store.read() as snapshot:
                behind = self._behind(snapshot)
                if not behind:
                    yield snapshot
            if behind:
                self.recover()
                with self.store.read() as snapshot:
                    yield snapshot

    def _behind(self, snapshot: Snapshot) -> bool:
        """Whether a crash left something that only a writer can finish."""
        if self.journal is None:  # a reader keeps no writer out: what it published could be old
            return stop_due(self.home, snapshot.rows)
        if self.journal.size() != snapshot.head.journal:
            return True
        if stop_due(self.home, snapshot.rows):
            self._publish(snapshot.rows, snapshot.head)
        return False

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
        self.record_orders(signer)
        return self._append(signer, making)

    def found(self, signer: Signer, draft: Draft, ledger_id: str) -> Appended:
        """Write entry 0 into a new home."""
        if self.seat is not None and self.seat.ledger_at(self.place):
            raise Refused(
                f"Your seat knows another ledger in {self.place}.", "Choose another folder."
            )
        with self._writing(making=True) as txn:
            if txn.head.size:
                raise self._occupied()
            drafts = [seal_texts(Vault(self.home.vault, ledger_id), draft)]
            posting = Posting.of(txn, self._signed(txn, signer, drafts))
            appended = self._record(txn, posting)
            appended = self._at_once(txn, appended)
            self._post(txn, posting)
            ledger = hold_against_seat(self.seat, self.place, txn)
            self.home.remember_store()
        appended = self._carried_out(appended)
        vouch(self.seat, ledger, appended.head, by=signer.actor, time=self.now())
        return replace(appended, posted=True)

    def _append(self, signer: Signer, making: Making) -> Appended:
        recorded: Appended | None = None
        drafted = () if callable(making) else making
        foreseeing = partial(foresee, signer=signer, drafts=drafted)
        sight = look(self.seat, self.place)
        try:
            with collection_put_off(), self._writing(foreseeing) as txn:
                self._recover(txn)
                ledger = hold_against_seat(self.seat, self.place, txn, sight)
                vault = Vault(self.home.vault, ledger.ledger_id)
                made = making(txn.rows) if callable(making) else making
                drafts = [seal_texts(vault, draft) for draft in made]
                posting = Posting.of(txn, self._signed(txn, signer, drafts))
                recorded = self._record(txn, posting)
                recorded = self._at_once(txn, recorded)
                self._post(txn, posting)
        except StoreUnavailable:
            if recorded is None or not self._holds(recorded):
                raise
        else:
            recorded = replace(recorded, posted=True)
        recorded = self._carried_out(recorded)
        vouch(self.seat, ledger, recorded.head, by=signer.actor, time=self.now(), sight=sight)
        return recorded

    @contextmanager
    def _writing(
        self, foreseeing: Foreseeing = nothing, *, making: bool = False
    ) -> Iterator[Transaction]:
        with disk_explained(self.place), self.store.write(foreseeing, making=making) as txn:
            self._require_place()
            yield txn

    def _signed(
        self, txn: Transaction, signer: Signer, drafts: Sequence[Draft]
    ) -> list[tuple[Entry, bytes]]:
        """Chain and sign drafts, and check them by projecting them onto the registers."""
        if txn.head.size:
            require_own_key(txn.rows, signer)
        part = make_part(
            drafts,
            seq=txn.head.size,
            prev=txn.head.last,
            time=self.now(),
            actor=signer.actor,
            sign=signer.sign,
        )
        project_part(txn.rows, [entry for entry, _ in part])
        return part

    def _record(self, txn: Transaction, posting: Posting) -> Appended:
        """Journal a part, if there is a journal."""
        if self.journal is not None:
            self.journal.append(txn.head.size, [entry.data for entry in posting.stored])
        return Appended(posting.entries, posting.head, posted=False, published=True)

    def _at_once(self, txn: Transaction, recorded: Appended) -> Appended:
        """Do what must not wait for posting, once a part is journalled."""
        return recorded if self.journal is None else self._effects(txn.rows, recorded)

    def _carried_out(self, recorded: Appended) -> Appended:
        """Without a journal a part is recorded only once it is committed; then comes what follows.

        It is done under the writers' lock, so that nobody's older state is published last.
        """
        if self.journal is not None:
            return recorded
        self._show(recorded.head)
        if not any(entry.kind in _EFFECTIVE for entry in recorded.entries):
            return recorded
        try:
            with self._writing() as txn:
                return self._effects(txn.rows, replace(recorded, head=txn.head))
        except StoreUnavailable:  # it is recorded; who writes next carries it out
            return replace(recorded, published=False)

    def _effects(self, rows: Rows, recorded: Appended) -> Appended:
        kinds = {entry.kind for entry in recorded.entries}
        if kinds & DESTROYING:
            destroy(self.home, rows)
        if kinds & _MOVING_SWITCHES:
            return replace(recorded, published=self._publish(rows, recorded.head))
        return recorded

    def _holds(self, recorded: Appended, *, again: bool = True) -> bool:
        """Whether a part is recorded although the store failed afterwards."""
        if self.journal is not None:  # fsynced before
            return True
        last = recorded.entries[-1]
        try:  # a commit that was cut off is open until its lock is let go
            with self.store.still() as snapshot:
                found = snapshot.entries(last.seq, last.seq + 1)
        except StoreUnavailable as error:
            if again:  # what cuts one connection often cuts the next one too
                return self._holds(recorded, again=False)
            raise StoreUnavailable(
                f"The database was lost while this was being recorded. {error.message}",
                "Look whether it was, before you enter it again: quaestor ledger log",
            ) from error
        return [entry.data for entry in found] == [last.encode()]

    def _post(self, txn: Transaction, posting: Posting) -> None:
        txn.post(posting.stored, posting.tiles, posting.head)
        if self.journal is not None:  # what is journalled is recorded; else only the commit tells
            self._show(posting.head)

    def _show(self, head: Head) -> None:
        with suppress(OSError):  # a cache: the next append writes it again
            self.home.write_head(head)

    def _publish(self, rows: Rows, head: Head) -> bool:
        return publish_switches(self.home, self.locks, rows, head.size, self.clock())

    # Recovery

    def recover(self) -> int:
        """Finish what a crash left: post complete parts that are journalled but not posted.

        Returns how many. Cuts an incomplete last part if neither database, head nor the seat's
        anchor cover it. Raises Altered for anything else; nothing is then repaired.
        """
        if self.store.exists() and not self.store.writable():
            raise StoreUnavailable(
                "You may not write to the database, so what a crash left stays unfinished.",
                "Have somebody who may write to this home run: quaestor ledger recover",
            )
        if self.journal is None:
            self._require_database()
        with self._writing(making=self.journal is not None) as txn:
            return self._recover(txn)

    def _recover(self, txn: Transaction) -> int:
        posted = 0
        if self.journal is not None:
            posted = catch_up(txn, self.journal, lambda: self._seen(txn), self._post)
        if txn.head.size:
            if self._overdue.found(txn.rows, txn.latest_change(SwitchRow)):
                self._publish(txn.rows, txn.head)
            if was_ordered(txn):
                destroy(self.home, txn.rows)
        return posted

    def _seen(self, txn: Transaction) -> int:
        """How many entries the head and the seat have seen."""
        cached = self.home.read_head()
        anchor = None
        if self.seat and txn.head.size:
            anchor = self.seat.anchor(the_ledger(txn.rows).ledger_id)
        return max(cached.size if cached else 0, anchor.checkpoint.size if anchor else 0)

    # Spooled orders

    def record_orders(self, signer: Signer) -> list[str]:
        """Record the stops that were ordered while the store was away; return the orders' ids.

        An order that nobody could record (forged, or its commander has not the role) is set aside,
        and stops nothing any more.
        """
        with disk_explained(self.place):
            each = [self._settle(signer, spooled) for spooled in spooled_orders(self.home)]
        return [order_id for order_id in each if order_id]

    def _settle(self, signer: Signer, spooled: SpooledOrder) -> str:
        """Record one order, or set it aside, and be done with it; its id if it was recorded."""
        with self.read() as snapshot:
            done = recorded_as(snapshot.rows, spooled) is not None
            refused = not done and refusal(snapshot.rows, snapshot.head, spooled) is not None
        if refused:
            set_aside(self.home, spooled)
        elif not done:
            self._record_order(signer, spooled)
        spooled.path.unlink(missing_ok=True)
        if not refused and not done:
            return spooled.order.order_id
        with self.store.still() as snapshot:  # it may be on the switchboard, and must not stay
            self._publish(snapshot.rows, snapshot.head)
        return ""

    def _record_order(self, signer: Signer, spooled: SpooledOrder) -> None:
        try:
            self._append(signer, [order_draft(spooled)])
        except Refused:
            with self.read() as snapshot:
                if recorded_as(snapshot.rows, spooled) is None:  # nor by another process meanwhile
                    raise

    def _occupied(self) -> QuaestorError:
        if self.journal is None:
            return Refused("The database holds a ledger already.", "Choose another database.")
        return Altered(
            f"{self.place} holds a database without its journal.",
            "Restore the journal from a backup, or choose another folder.",
        )

    def _require_place(self) -> None:
        """StoreUnavailable once the ledger was moved to another store behind an open book."""
        if bool(self.home.store_url) != (self.journal is None):
            raise StoreUnavailable(
                "The ledger has been moved to another store.", "Start again; it will be found."
            )

    def _require_database(self) -> None:
        self._require_place()
        if self.store.exists():
            return
        if self.journal is None:
            raise StoreUnavailable("The database holds no ledger.", "Check QUAESTOR_STORE.")
        raise StoreUnavailable(
            "The database is missing; the journal is there.", "Rebuild it: quaestor ledger recover"
        )
