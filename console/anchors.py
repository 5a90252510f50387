"""What somebody hands over to hold a ledger against: a checkpoint note, or a signed report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.anchors import Anchor
    from ledger.seat import Seat


def anchor_in(data: bytes, where: str, *, seat: Seat | None, trust: str | None = None) -> Anchor:
    """What a file's content vouches for; `trust` is the CA's fingerprint for a report.

    InvalidInput for anything else, or for a report that is not valid under what is trusted.
    """
    if data.startswith(b"%PDF-"):
        from reports.checking import anchor_of

        return anchor_of(data, where, seat=seat, trust=trust)
    from ledger.verification import anchor_from_note

    try:
        return anchor_from_note(data.decode(), where)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{where} is neither a checkpoint nor a report.",
            "Give what `quaestor ledger checkpoint` printed, or a signed PDF.",
        ) from error
