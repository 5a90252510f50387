"""A picture of the ledger: its registers copied out in one short reading.

Screens draw from the picture and never touch the store. It is a `Rows`, so the rules of the ledger
(who may enter what) answer from it as well.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from console.tui.session import no_key
from ledger.anchors import Anchor
from ledger.authority import Standing, allows, approvers_by, rule_for, standing
from ledger.book import Book
from ledger.errors import QuaestorError, Refused
from ledger.home import Home
from ledger.kinds import TABLES
from ledger.registers.actors import ActorRow
from ledger.registers.approvals import ApprovalRow
from ledger.registers.audits import AuditRow
from ledger.registers.house import LedgerRow, matrix_in_force, the_ledger
from ledger.registers.rows import DictRows
from ledger.registers.switches import Order
from ledger.spool import spooled_orders
from ledger.store.base import Head

Marks = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Picture:
    """The registers and the head of one moment.

    `spooled` are stops that are not recorded yet, `anchor` is the checkpoint in the person's seat.
    """

    book: Book
    rows: DictRows
    head: Head
    spooled: tuple[Order, ...]
    anchor: Anchor | None

    @property
    def ledger(self) -> LedgerRow:
        """Which ledger this is."""
        return the_ledger(self.rows)

    def reveal(self, subject: str, field: str, sealed: str) -> str:
        """A personal text, or what hinders reading it."""
        try:
            return self.book.reveal(subject, field, sealed)
        except QuaestorError as error:
            return f"[{error.message}]"
        except OSError as error:
            return f"[not readable here: {error.strerror}]"

    def person(self, actor: str) -> str:
        """An actor's own name, if one was given and not erased."""
        row = self.rows.get(ActorRow, actor)
        if row is None or not row.name:
            return ""
        return self.reveal(f"actor/{actor}", "name", row.name)

    def roles(self, actor: str | None) -> list[str]:
        """What an actor is here; empty for a stranger."""
        row = self.rows.get(ActorRow, actor) if actor else None
        return row.role_list if row is not None and row.status == "active" else []

    def why_not(self, actor: str | None, kind: str) -> Refused | None:
        """Why an actor could neither enter nor request a kind now; None if they could."""
        if actor is None:
            return no_key()
        matrix = matrix_in_force(self.rows)
        if allows(matrix, self.roles(actor), kind):
            return None
        able = [rule.role for rule in matrix.roles if allows(matrix, [rule.role], kind)]
        held = ", ".join(self.roles(actor)) or "not enrolled here"
        return Refused(
            f"{actor} ({held}) may not enter {kind}.",
            f"Ask someone who is {' or '.join(able) or 'given this right by the role matrix'}.",
        )

    def can_decide(self, actor: str | None, row: ApprovalRow) -> bool:
        """Whether a request waits for this person's decision."""
        if actor is None or actor == row.requested_by or actor in self.standing(row).given:
            return False
        rule = rule_for(self.rows, matrix_in_force(self.rows), row.kind)
        able = set(approvers_by(rule)) & set(self.roles(actor))
        return row.state == "pending" and bool(able)

    def standing(self, row: ApprovalRow) -> Standing:
        """How many have approved a request, of how many that are needed."""
        return standing(self.rows, row)

    def audits(self, model: str = "") -> list[AuditRow]:
        """Audits, newest first."""
        found = self.rows.where(AuditRow, **({"model": model} if model else {}))
        return sorted(found, key=lambda row: row.seq, reverse=True)


def read_picture(book: Book) -> Picture:
    """Copy the registers out. Raises what `Book.read` raises."""
    rows = DictRows()
    with book.read() as snapshot:
        head = snapshot.head
        for table in TABLES:
            for row in snapshot.register(table):
                rows.put(row)
    spooled = tuple(each.order for each in spooled_orders(book.home))
    # Asked here, in the reader's thread: revealing a text later does not read the store then.
    return Picture(book, rows, head, spooled, _anchor(book, book.facts.ledger_id))


def change_marks(home: Home) -> Marks:
    """What changes on disk when the ledger does: head and switchboard, by time and size."""
    return tuple(
        (stat.st_mtime_ns, stat.st_size) if stat else (0, 0)
        for stat in map(_stat, (home.head_file, home.switchboard))
    )


def _anchor(book: Book, ledger_id: str) -> Anchor | None:
    """What the seat holds; a damaged anchor is verification's to complain of."""
    try:
        return book.seat.anchor(ledger_id) if book.seat else None
    except (QuaestorError, OSError):
        return None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
