"""What entries order to be destroyed: erased keys, and the files of dropped logs.

It is done right after the entry and again whenever somebody appends, so that what a crash left, or
a backup brought back, does not stay.
"""

from __future__ import annotations

from ledger.home import Home
from ledger.kinds import Kind
from ledger.registers.erasures import ErasureRow
from ledger.registers.house import the_ledger
from ledger.registers.retention import DroppedRow, dropped_files
from ledger.registers.rows import Rows
from ledger.store.base import Transaction
from ledger.vault import Vault

DESTROYING = frozenset({Kind.VAULT_ERASED, Kind.LOG_DROPPED})


def was_ordered(txn: Transaction) -> bool:
    """Whether any entry ordered something to be destroyed."""
    return txn.latest_change(ErasureRow) >= 0 or txn.latest_change(DroppedRow) >= 0


def destroy(home: Home, rows: Rows) -> None:
    """Destroy whatever was ordered to be and still exists."""
    vault = Vault(home.vault, the_ledger(rows).ledger_id)
    for row in rows.where(ErasureRow):
        vault.destroy(row.key_id)
    for name in dropped_files(rows):
        (home.evidence.folder / name).unlink(missing_ok=True)
