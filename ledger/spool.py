"""The spool: signed orders to stop a model, written first and kept until they are recorded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import ValidationError

from ledger.entry import Draft
from ledger.home import Home
from ledger.keys import Signer
from ledger.registers.switches import Order
from ledger.reserve import ORDERS, write_reserved


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
    data = orjson.dumps(
        {
            "order": spooled.order.model_dump(),
            "sig": spooled.sig,
            "reason": spooled.reason,
            "published_at": spooled.published_at,
        }
    )
    write_reserved(spooled.path, data, home.folder, ORDERS)


def spooled_orders(home: Home) -> list[SpooledOrder]:
    """Orders waiting to be recorded, oldest first; a file that is none is left alone."""
    found = []
    for path in home.spool.glob("*.json"):
        try:
            fields = orjson.loads(path.read_bytes())
            order = Order.model_validate(fields["order"])
            found.append(
                SpooledOrder(order, fields["sig"], fields["reason"], fields["published_at"], path)
            )
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            continue
    return sorted(found, key=lambda spooled: spooled.order.ordered_at)


def order_draft(spooled: SpooledOrder) -> Draft:
    """The entry that records an order."""
    body = {
        "order": spooled.order.model_dump(),
        "order_sig": spooled.sig,
        "published_at": spooled.published_at or None,
        "reason": spooled.reason or None,
    }
    return Draft("switch.killed", f"model/{spooled.order.model}", body)
