"""Restorations: entries that were lost and a backup put back, declared by several people.

An honest restore is not an attack for ever; but it is never silent: the range is in the record,
and each seat that had seen what is lost accepts it for itself.
"""

from __future__ import annotations

import orjson
from sqlalchemy import BigInteger
from sqlmodel import Field

from ledger.entry import Draft, Entry
from ledger.errors import Refused
from ledger.registers.body import BodyModel, Count, Line
from ledger.registers.rows import Row, Rows


class Restored(BodyModel):
    """Entries `lost_from` up to, not including, `lost_to` were lost, and why."""

    lost_from: Count
    lost_to: Count
    reason: Line


class RestorationRow(Row, table=True):
    """A declared restoration, by the entry that declares it; `approved_by` is a JSON list."""

    __tablename__ = "restoration"
    restoration: int = Field(primary_key=True, sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    lost_from: int = Field(sa_type=BigInteger)
    lost_to: int = Field(sa_type=BigInteger)
    reason: str
    time: str
    requested_by: str
    approved_by: str

    @property
    def people(self) -> list[str]:
        """Who declared it and who approved that, in order."""
        return [self.requested_by, *orjson.loads(self.approved_by)]


def restored(rows: Rows, entry: Entry, body: Restored, people: list[str]) -> None:
    """Project `ledger.restored`; `people` are who requested and who approved it."""
    if not body.lost_from < body.lost_to or body.lost_from > entry.seq:
        raise Refused(
            f"Entries {body.lost_from} to {body.lost_to} cannot have been lost before {entry.seq}.",
            "Declare the range that a seat has seen: quaestor ledger restored",
        )
    rows.put(
        RestorationRow(
            seq=entry.seq,
            restoration=entry.seq,
            lost_from=body.lost_from,
            lost_to=body.lost_to,
            reason=body.reason,
            time=entry.time,
            requested_by=people[0],
            approved_by=orjson.dumps(people[1:]).decode(),
        )
    )


def draft_restoration(ledger_id: str, lost_from: int, lost_to: int, reason: str) -> Draft:
    """What declaring a restoration enters once enough others approve it."""
    body = {"lost_from": lost_from, "lost_to": lost_to, "reason": reason}
    return Draft("ledger.restored", f"ledger/{ledger_id}", body)
