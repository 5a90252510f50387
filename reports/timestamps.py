"""RFC 3161 timestamps: asking an authority for one, and checking its token.

Rules kept here:
- an authority is sent the SHA-256 of the text, and nothing else;
- a token counts under the certificates that the caller trusts, never for those that it carries;
- the path to them is judged at the time that the token states, so that a token outlives its
  authority's certificate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http.client import HTTPException
from typing import Any, ClassVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ledger.errors import InvalidInput, QuaestorError, StoreUnavailable
from reports.verify import QUIET

PATIENCE = 10.0
"""Seconds that an authority may stay silent."""

_LONGEST_ANSWER = 1 << 20
_HTTP_BUSY = frozenset({429, *range(500, 600)})
_TRY_AGAIN = frozenset({"time_not_available", "system_failure"})
_NO_ANSWER = "Try again later, or name another authority. The checkpoint itself is good."
_NO_AUTHORITY = "Check the URL: it must be a timestamp authority's (RFC 3161, over HTTP)."


@dataclass(frozen=True)
class Stamp:
    """What a token proves: the text existed at this time (UTC), says the authority of this name."""

    time: datetime
    authority: str


def timestamp(text: bytes, url: str, *, nonce: int, patience: float = PATIENCE) -> bytes:
    """Have the authority at `url` timestamp `text`; return its token (DER), not yet checked.

    `nonce` is random, below 2**64; `patience` in seconds. The answer must be granted and be for
    this very request (RFC 3161, 2.4.2); whose signature it bears is for `check_token` to say.
    Raises StoreUnavailable if the authority cannot answer now, InvalidInput if it refuses or
    answers something else.
    """
    from asn1crypto import tsp

    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": sha256(text).digest()}
    query = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    answer = _post(url, tsp.TimeStampReq(query).dump(), patience)
    try:
        status, token = _parts(answer)
        info = token["content"]["encap_content_info"]["content"].parsed if token else None
        same = info is not None and _is_of(info, text) and info["nonce"].native == nonce
    except Exception as error:  # a hostile answer may break its parser in any way
        raise InvalidInput(f"{url} answers with no timestamp.", _NO_AUTHORITY) from error
    if token is None:
        raise _refusal(url, status)
    if not same:
        raise InvalidInput(f"{url} answers another request than ours.", _NO_AUTHORITY)
    return bytes(token.dump())


def check_token(token: bytes, text: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    """Check that a token (DER) is over `text`, by an authority under one of `trusted`.

    1. The token is a CMS SignedData over a TSTInfo whose imprint is the SHA-256 of `text`.
    2. Its signature is good, by a certificate for timestamping alone (RFC 3161, 2.3).
    3. That certificate leads to a trusted one, all of them valid at the time stated.

    InvalidInput says which does not hold. Nothing is fetched. Not to be called on a thread that
    runs an event loop: pyHanko starts its own.
    """
    for name in ("pyhanko", "pyhanko_certvalidator"):
        logging.getLogger(name).addHandler(QUIET)
    try:
        return asyncio.run(_check(token, text, trusted))
    except InvalidInput:
        raise
    except Exception as error:  # a hostile token may break its parser in any way
        raise _unsound(f"It cannot be read ({type(error).__name__}: {error})") from error


def _post(url: str, query: bytes, patience: float) -> bytes:
    """What an authority answers (RFC 3161, 3.4). StoreUnavailable if it does not, for now."""
    _require_http(url)
    types = {
        "Content-Type": "application/timestamp-query",
        "Accept": "application/timestamp-reply",
    }
    try:
        request = Request(url, data=query, headers=types)  # noqa: S310 - HTTP, as checked above
        with urlopen(request, timeout=patience) as response:  # noqa: S310
            answer: bytes = response.read(_LONGEST_ANSWER)
            return answer
    except HTTPError as error:
        said = f"{url} answers {error.code} {error.reason}, and timestamps nothing."
        if error.code in _HTTP_BUSY:
            raise StoreUnavailable(said, _NO_ANSWER) from error
        raise InvalidInput(said, _NO_AUTHORITY) from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        reason = getattr(reason, "strerror", None) or reason
        raise StoreUnavailable(
            f"The timestamp authority {url} does not answer: {reason}.", _NO_ANSWER
        ) from error


def _require_http(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidInput(f"{url!r} is no HTTP address.", _NO_AUTHORITY)


def _parts(answer: bytes) -> tuple[dict[str, Any], Any]:
    """Status and token of a TimeStampResp; no token unless it is granted."""
    from asn1crypto import cms, core, tsp

    class Response(core.Sequence):  # type: ignore[misc]
        """As asn1crypto's own, but for the token, which a refusal does not have."""

        _fields: ClassVar = [
            ("status", tsp.PKIStatusInfo),
            ("time_stamp_token", cms.ContentInfo, {"optional": True}),
        ]

    response = Response.load(answer, strict=True)
    status = response["status"].native
    granted = status["status"] in {"granted", "granted_with_mods"}
    return status, response["time_stamp_token"] if granted else None


def _refusal(url: str, status: dict[str, Any]) -> QuaestorError:
    """Why the authority grants nothing, in its own words."""
    causes = set(status["fail_info"] or ())
    words = [*(status["status_string"] or ()), *sorted(causes)] or [status["status"]]
    said = f"{url} refuses to timestamp: {'; '.join(words)}."
    if causes & _TRY_AGAIN:
        return StoreUnavailable(said, _NO_ANSWER)
    return InvalidInput(said, "Ask whoever runs it, or name another authority.")


def _is_of(info: Any, text: bytes) -> bool:
    """Whether a TSTInfo is of this text, by its SHA-256."""
    imprint = info["message_imprint"]
    algorithm: str = imprint["hash_algorithm"]["algorithm"].native
    digest: bytes = imprint["hashed_message"].native
    return algorithm == "sha256" and digest == sha256(text).digest()


async def _check(token: bytes, text: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    from asn1crypto import cms
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko.sign.validation.status import TimestampSignatureStatus
    from pyhanko_certvalidator import ValidationContext

    signed = cms.ContentInfo.load(token, strict=True)["content"]
    info = signed["encap_content_info"]["content"].parsed
    if not _is_of(info, text):  # 1
        raise _unsound("It is of another text")
    roots = [Certificate.load(each.public_bytes(Encoding.DER)) for each in trusted]
    time = info["gen_time"].native
    context = ValidationContext(trust_roots=roots, moment=time, allow_fetching=False)
    found = await validate_tst_signed_data(signed, context, lambda _: sha256(text).digest())
    status = TimestampSignatureStatus(**found)
    if not (status.intact and status.valid):  # 2
        raise _unsound("Its signature does not hold")
    certificate = status.signing_cert
    if problem := _unfit(certificate, time):
        raise _unsound(problem)
    if not status.trusted:  # 3
        raise _unsound("Its authority's certificate leads to none that is trusted here")
    names = certificate.subject
    return Stamp(time, str(names.native.get("common_name") or names.human_friendly))


def _unfit(certificate: Any, time: datetime) -> str | None:
    """Say why this certificate could not timestamp then; pyHanko asks none that is trusted."""
    uses = certificate.extended_key_usage_value
    critical = "extended_key_usage" in certificate.critical_extensions
    if uses is None or uses.native != ["time_stamping"] or not critical:
        return "Its certificate is not one for timestamping alone"
    if not certificate.not_valid_before <= time <= certificate.not_valid_after:
        return "Its certificate was not valid at the time that it states"
    return None


def _unsound(problem: str) -> InvalidInput:
    return InvalidInput(
        f"The timestamp does not hold. {problem}.",
        "Is the CA the right one? Ask the authority again with `quaestor ledger checkpoint --tsa`.",
    )
