"""Erasures: vault keys destroyed on purpose, so that a missing key is explained or suspicious."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field

from ledger.entry import Draft, Entry
from ledger.errors import Refused
from ledger.registers.body import BodyModel, Line, VaultKey
from ledger.registers.rows import Row, Rows


class Erased(BodyModel):
    """The vault keys to be destroyed, and on what ground."""

    keys: list[VaultKey]
    ground: Line


class ErasureRow(Row, table=True):
    """A vault key that was destroyed."""

    __tablename__ = "erasure"
    key_id: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    subject: str
    ground: str
    time: str


def erased(rows: Rows, entry: Entry, body: Erased) -> None:
    """Project `vault.erased`."""
    for key_id in body.keys:
        if rows.get(ErasureRow, key_id) is not None:
            raise Refused(f"The key {key_id} was erased before.", "Nothing needs to be done.")
        rows.put(
            ErasureRow(
                seq=entry.seq,
                key_id=key_id,
                subject=entry.subject,
                ground=body.ground,
                time=entry.time,
            )
        )


def draft_erasure(subject: str, keys: list[str], ground: str) -> Draft:
    """What erasing the personal texts of a subject enters, with two people's approval."""
    return Draft("vault.erased", subject, {"keys": keys, "ground": ground})
