"""Timestamped checkpoints in a seat: the note, the authority's token, and the CA that counts.

A token is kept only after it was checked, and one that is kept is never replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from ledger.anchors import Anchor, Unread, read_anchor
from ledger.book import Book
from ledger.checkpoint import Checkpoint, parse_checkpoint, parse_note
from ledger.clock import write_time
from ledger.errors import Altered, InvalidInput, QuaestorError, StoreUnavailable
from ledger.seat import STAMP_SUFFIX, Seat
from reports.authority import dump_certificate, load_certificate
from reports.timestamps import PATIENCE, check_token, timestamp


def have_timestamped(
    seat: Seat,
    ledger_id: str,
    note: str,
    url: str,
    *,
    authority: x509.Certificate | None,
    nonce: int,
    patience: float = PATIENCE,
) -> Anchor:
    """Have a signed checkpoint timestamped and keep it in the seat, with the CA; return an anchor.

    Without `authority`, the CAs that the seat has pinned count. If the seat keeps a timestamp of
    this checkpoint, that one stands, being earlier, and nobody is asked. Raises as `timestamp` and
    `check_token` do, and Altered if the seat keeps one of other entries, as many.
    """
    checkpoint = parse_checkpoint(parse_note(note)[0])
    path = seat.timestamp(ledger_id, checkpoint.size)
    if not path.exists():
        trusted = [authority] if authority else _pinned(seat, ledger_id)
        if not trusted:
            raise InvalidInput(
                "Your seat knows no timestamp authority for this ledger.",
                "Name the certificate of its CA, from a source that you trust: --tsa-ca FILE",
            )
        token = timestamp(checkpoint.text().encode(), url, nonce=nonce, patience=patience)
        check_token(token, checkpoint.text().encode(), trusted)
        _keep(seat, ledger_id, checkpoint, note, token, authority)
    anchor = _anchor(path, _pinned(seat, ledger_id))
    if anchor.checkpoint != checkpoint:
        raise Altered(
            f"{path} is a timestamp of other {checkpoint.size} entries.",
            "Run `quaestor ledger verify`, and compare with what others hold.",
        )
    return anchor


def timestamp_anchors(book: Book) -> list[Anchor | Unread]:
    """Every timestamp that the seat keeps for the ledger here, checked, as an anchor.

    Its time is the authority's. One that does not check is among them, with why.
    """
    if book.seat is None:
        return []
    ids = {book.seat.ledger_at(book.place)}
    with suppress(QuaestorError, LookupError):  # what is wrong there is for verification to say
        ids.add(book.facts.ledger_id)
    return [
        _anchor_or_why(path, book.seat, ledger_id)
        for ledger_id in sorted(ids - {""})
        for path in book.seat.timestamps(ledger_id)
    ]


def _anchor_or_why(path: Path, seat: Seat, ledger_id: str) -> Anchor | Unread:
    try:
        return _anchor(path, _pinned(seat, ledger_id))
    except InvalidInput as error:
        return Unread(str(path.with_suffix(STAMP_SUFFIX)), f"{error.message} {error.hint}")


def _keep(
    seat: Seat,
    ledger_id: str,
    checkpoint: Checkpoint,
    note: str,
    token: bytes,
    authority: x509.Certificate | None,
) -> None:
    try:
        if authority:
            pem = dump_certificate(authority)
            seat.pin_timestamp_authority(ledger_id, _fingerprint(authority), pem)
        seat.keep_timestamp(ledger_id, checkpoint.size, note, token)
    except OSError as error:
        raise StoreUnavailable(
            f"The timestamp cannot be kept in {seat.folder}: {error.strerror}.",
            "Make room there, or have it made writable, and ask again.",
        ) from error


def _pinned(seat: Seat, ledger_id: str) -> list[x509.Certificate]:
    """The CAs under which timestamps of a ledger count. InvalidInput names one that is damaged."""
    found = []
    for path in seat.timestamp_authorities(ledger_id):
        with suppress(InvalidInput, OSError):
            certificate = load_certificate(path.read_bytes())
            if path.stem == f"tsa-{_fingerprint(certificate)}":
                found.append(certificate)
                continue
        raise InvalidInput(
            f"{path} is not the certificate that was pinned.",
            "Put it right, or move it away and name the CA again: --tsa-ca FILE",
        )
    return found


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(SHA256()).hex()


def _anchor(path: Path, trusted: Sequence[x509.Certificate]) -> Anchor:
    """A kept checkpoint, vouched for by the token beside it."""
    token = path.with_suffix(STAMP_SUFFIX)
    hint = f"It was damaged or replaced. Put it right, or move it away together with {path.name}."
    try:
        checkpoint = read_anchor(path).checkpoint
        stamp = check_token(token.read_bytes(), checkpoint.text().encode(), trusted)
    except InvalidInput as error:
        raise InvalidInput(f"{token}: {error.message}", hint) from error
    except OSError as error:
        raise InvalidInput(f"{token}: it cannot be read ({error.strerror}).", hint) from error
    by = f"timestamp authority {stamp.authority}"
    return Anchor(checkpoint, by, write_time(stamp.time), str(token))
