"""The spool: signed orders to stop a model, written first and kept until they are recorded.

Whoever may write to a home can put a file there. It stops a model (stopping is the safe side), but
only what the commander signed is ever recorded; the rest is set aside in `spool/refused/`.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import StringConstraints

from ledger.entry import Draft, Entry
from ledger.errors import InvalidInput, Refused
from ledger.files import names_in
from ledger.home import Home
from ledger.keys import Signer
from ledger.projection import project
from ledger.registers.body import BodyModel, Line, Time
from ledger.registers.rows import Rows
from ledger.registers.switches import Order, SwitchEventRow
from ledger.reserve import ORDERS, write_reserved
from ledger.store.base import Head

REFUSED = "refused"
REASON_LENGTH = 1_000
"""Characters of a reason given with a kill: so many fit into the room kept for a full disk."""


class _File(BodyModel):
    """An order's file. Neither reason nor time is signed, so they must fit whatever they say."""

    order: Order
    sig: Line
    reason: Annotated[str, StringConstraints(max_length=REASON_LENGTH)]
    published_at: Time | Literal[""]


@dataclass(frozen=True)
class SpooledOrder:
    """An order with its signature; `reason` may be empty, `published_at` not known yet."""

    order: Order
    sig: str
    reason: str
    published_at: str
    path: Path


def sign_order(home: Home, signer: Signer, order: Order, reason: str) -> SpooledOrder:
    """Sign an order; it is not yet written."""
    sig = base64.b64encode(signer.sign(order.to_sign())).decode()
    return SpooledOrder(order, sig, reason, "", home.spool / f"{order.order_id}.json")


def write_order(home: Home, spooled: SpooledOrder) -> None:
    """Write an order to the spool, out of the reserve if the disk is full. Raises OSError."""
    file = _File(
        order=spooled.order,
        sig=spooled.sig,
        reason=spooled.reason,
        published_at=spooled.published_at,
    )
    write_reserved(spooled.path, orjson.dumps(file.model_dump()), home.folder, ORDERS)


def spooled_orders(home: Home) -> list[SpooledOrder]:
    """Orders waiting to be recorded, oldest first; a file that is none is left alone."""
    found = []
    for name in names_in(home.spool):
        if not name.endswith(".json"):
            continue
        path = home.spool / name
        try:
            file = _File.model_validate_json(path.read_bytes())
        except (OSError, ValueError):
            continue
        found.append(SpooledOrder(file.order, file.sig, file.reason, file.published_at, path))
    return sorted(found, key=lambda spooled: spooled.order.ordered_at)


def recorded_as(rows: Rows, spooled: SpooledOrder) -> int | None:
    """The entry that recorded an order, or None."""
    found = rows.where(SwitchEventRow, order_id=spooled.order.order_id)
    return found[0].event if found else None


def refusal(rows: Rows, head: Head, spooled: SpooledOrder) -> Refused | InvalidInput | None:
    """Why nobody could record an order, or None: the rules of appending, tried by its commander.

    Whether somebody else may record it is for them. `rows` may be changed and are not to be posted.
    """
    draft = order_draft(replace(spooled, reason=""))  # sealed only when it is entered
    order = spooled.order
    entry = Entry(
        head.size,
        order.ordered_at,
        order.actor,
        draft.kind,
        draft.subject,
        draft.body,
        head.last,
        (0, 1),
    )
    try:
        project(rows, entry, None)
    except (Refused, InvalidInput) as error:
        return error
    return None


def set_aside(home: Home, spooled: SpooledOrder) -> None:
    """Move an order that cannot be recorded out of the spool; it stops nothing any more."""
    folder = home.spool / REFUSED
    with suppress(FileNotFoundError):  # another process was first
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(home.spool.stat().st_mode)
        spooled.path.rename(folder / spooled.path.name)


def orders_set_aside(home: Home) -> list[Path]:
    """Files of orders that were refused, for somebody to look into and remove."""
    return sorted((home.spool / REFUSED).glob("*.json"))


def order_draft(spooled: SpooledOrder) -> Draft:
    """The entry that records an order."""
    body = {
        "order": spooled.order.model_dump(),
        "order_sig": spooled.sig,
        "published_at": spooled.published_at or None,
        "reason": spooled.reason or None,
    }
    return Draft("switch.killed", f"model/{spooled.order.model}", body)
