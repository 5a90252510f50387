"""Everything that can be read out of a home, so that two readings can be held side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ledger.book import Book
from ledger.entry import decode
from ledger.evidence import digest_file
from ledger.kinds import TABLES
from ledger.registers.erasures import ErasureRow
from ledger.registers.house import the_ledger
from ledger.switchboard import read
from ledger.vault import Vault, sealed_values


@dataclass(frozen=True)
class Reading:
    """Entries by seq, register rows by table, digests by name, vault keys that open, switches."""

    entries: tuple[bytes, ...]
    registers: Mapping[str, list[str]]
    files: Mapping[str, str]
    vault: Mapping[str, bool]
    switches: Mapping[str, str]

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.entries)

    def differs(self, other: Reading) -> list[str]:
        """Which parts of two readings are not the same."""
        names = [field.name for field in fields(self)]
        return [name for name in names if getattr(self, name) != getattr(other, name)]


def read_all(book: Book) -> Reading:
    """Read a home through its own library. Raises QuaestorError where it cannot be read."""
    with book.read() as snapshot:
        entries = tuple(entry.data for entry in snapshot.entries(0, snapshot.head.size + 10))
        registers = {
            str(table.__tablename__): [
                repr(sorted(row.model_dump().items())) for row in snapshot.register(table)
            ]
            for table in TABLES
        }
        erased = {row.key_id for row in snapshot.rows.where(ErasureRow)}
        ledger_id = the_ledger(snapshot.rows).ledger_id
    vault = Vault(book.home.vault, ledger_id)
    used = {each["vault"] for data in entries for each in sealed_values(decode(data).body)}
    kept = [*book.home.evidence.files(), *sorted(book.home.reports.glob("*.pdf"))]
    return Reading(
        entries,
        registers,
        {path.name: digest_file(path) for path in kept},
        {key_id: vault.whole(key_id) for key_id in sorted(used - erased)},
        {name: str(mode) for name, mode in read(book.home.switchboard).switches.items()},
    )
