"""Whether a signed report is what its issuer signed, judged from its bytes and the caller's trust.

Steps, by the numbers that the code below carries:

1. The bytes must read as a PDF that is not encrypted.
2. It must hold exactly one signature.
3. That signature must cover the whole file: every byte except its own container, in which only
   signature and certificates may stand. So no update was appended, legal or not, and nothing is
   hidden in the gap.
4. The signed digest must be the file's, and the signature the key's.
5. The certificate must allow signing and lead to a certificate whose fingerprint the caller
   trusts. Certificates in the file are only material for this path. The path is judged at the
   stated time of signing; without a timestamp authority that time is the signer's claim.
6. The attachments are read, and no two may share a name.

The caller's own steps: where the trusted fingerprints come from, and to hold the attached
checkpoint against a ledger.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ledger.errors import CheckFailed

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import EmbeddedPdfSignature, PdfSignatureStatus

# pyHanko logs with a traceback what the verdict says in words; unconfigured logging stays quiet.
QUIET = logging.NullHandler()
SIGNING_USES = frozenset({"digital_signature", "non_repudiation"})


class ReportState(StrEnum):
    """What a report proved to be; anything that cannot be read as signed counts as altered."""

    VALID = "valid"
    UNTRUSTED = "untrusted"
    ALTERED = "altered"


@dataclass(frozen=True)
class PdfSigner:
    """Who signed, as the certificate names them; `authority` is the trusted certificate."""

    name: str
    organisation: str
    fingerprint: str
    authority: str | None


@dataclass(frozen=True)
class PdfVerdict:
    """The outcome. Signer, time and attachments are there only if the file is as signed."""

    verdict: ReportState
    problems: tuple[str, ...] = ()
    signer: PdfSigner | None = None
    signed_at: datetime | None = None
    attachments: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def verify_pdf(data: bytes, trusted_fingerprints: Collection[str]) -> PdfVerdict:
    """Judge a signed report.

    `trusted_fingerprints` are SHA-256 of certificates in hex, with or without `SHA256:` and
    colons. Never raises for what the file holds. Not to be called on a thread that runs an event
    loop: pyHanko starts its own.
    """
    logging.getLogger("pyhanko").addHandler(QUIET)
    try:
        return asyncio.run(_verify(data, frozenset(map(_plain, trusted_fingerprints))))
    except CheckFailed as error:
        return PdfVerdict(ReportState.ALTERED, (error.message,))
    except Exception as error:  # noqa: BLE001 - a hostile file may break its parser in any way
        problem = f"The file cannot be read as a signed PDF ({type(error).__name__}: {error})."
        return PdfVerdict(ReportState.ALTERED, (problem,))


async def _verify(data: bytes, trusted: frozenset[str]) -> PdfVerdict:
    reader = _read(data)  # 1
    signature = _only_signature(reader)  # 2
    _check_coverage(signature, data)  # 3
    status = await _validate(signature, trusted)  # 4, 5
    verdict = _judge(signature, status, trusted)
    return replace(verdict, attachments=_attachments(reader))  # 6


def _read(data: bytes) -> PdfFileReader:
    from pyhanko.pdf_utils.reader import PdfFileReader

    if not data.startswith(b"%PDF-"):
        raise CheckFailed("This is not a PDF.")
    reader = PdfFileReader(BytesIO(data), strict=True)
    if reader.encrypted:
        raise CheckFailed("The file is encrypted; reports are not.")
    return reader


def _only_signature(reader: PdfFileReader) -> EmbeddedPdfSignature:
    signatures = list(reader.embedded_signatures)
    if not signatures:
        raise CheckFailed("The file is not signed.")
    if len(signatures) > 1:
        raise CheckFailed(f"The file holds {len(signatures)} signatures; a report has one.")
    (signature,) = signatures
    if signature.sig_object_type != "/Sig":
        raise CheckFailed("The file holds a timestamp but no signature.")
    return signature


def _check_coverage(signature: EmbeddedPdfSignature, data: bytes) -> None:
    start, before, after, rest = map(int, signature.byte_range)
    if start != 0 or before > after or after + rest != len(data):
        raise CheckFailed(
            "The signature does not cover the whole file: it was extended or cut after signing."
        )
    container = signature.pkcs7_content
    written = container.hex().encode()
    if data[before:after] not in {b"<" + written + b">", b"<" + written.upper() + b">"}:
        raise CheckFailed("Something other than the signature stands in the signature's place.")
    plain = _plain_container(signature)
    if container != plain.ljust(len(container), b"\0"):
        raise CheckFailed("The signature's container was changed.")


def _plain_container(signature: EmbeddedPdfSignature) -> bytes:
    """Write the one CMS structure of this signature and these certificates (RFC 5652, 5.1).

    A signature does not cover its own container, so whatever could vary there is written anew.
    """
    from asn1crypto import cms, core

    signed, signer, certificate = (
        signature.signed_data,
        signature.signer_info,
        signature.signer_cert,
    )
    digest_algorithm = {"algorithm": signature.md_algorithm, "parameters": core.Null()}
    identifier = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    signer_info = {
        "version": "v1",
        "sid": cms.SignerIdentifier("issuer_and_serial_number", identifier),
        "digest_algorithm": digest_algorithm,
        "signed_attrs": signer["signed_attrs"],
        "signature_algorithm": signer["signature_algorithm"],
        "signature": signer["signature"],
    }
    content = {
        "version": "v1",
        "digest_algorithms": [digest_algorithm],
        "encap_content_info": {"content_type": "data"},
        "certificates": signed["certificates"],
        "signer_infos": [signer_info],
    }
    container = cms.ContentInfo({"content_type": "signed_data", "content": content})
    return bytes(container.dump())


async def _validate(signature: EmbeddedPdfSignature, trusted: frozenset[str]) -> PdfSignatureStatus:
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    carried = [signature.signer_cert, *signature.other_embedded_certs]
    context = ValidationContext(
        trust_roots=[item for item in carried if _fingerprint(item) in trusted],
        other_certs=carried,
        moment=_signing_time(signature),
        allow_fetching=False,
    )
    uses = KeyUsageConstraints(key_usage=set(SIGNING_USES), match_all_key_usages=False)
    return await async_validate_pdf_signature(signature, context, key_usage_settings=uses)


def _judge(
    signature: EmbeddedPdfSignature, status: PdfSignatureStatus, trusted: frozenset[str]
) -> PdfVerdict:
    if not (status.intact and status.valid and status.docmdp_ok):
        raise CheckFailed("The file is not what was signed.")
    certificate, signed_at = signature.signer_cert, _signing_time(signature)
    problem = _unfit(certificate, signed_at)
    if problem is None and not status.bottom_line:
        known = any(_fingerprint(item) in trusted for item in signature.other_embedded_certs)
        problem = (
            f"The signer's certificate does not hold: {status.trust_problem_indic}."
            if known
            else "The signer's certificate leads to none that is trusted here."
        )
    names = certificate.subject.native
    anchor = None if problem else status.validation_path.trust_anchor.certificate
    return PdfVerdict(
        ReportState.UNTRUSTED if problem else ReportState.VALID,
        (problem,) if problem else (),
        PdfSigner(
            name=names.get("common_name", ""),
            organisation=names.get("organization_name", ""),
            fingerprint=_spoken(certificate),
            authority=_spoken(anchor) if anchor else None,
        ),
        signed_at,
    )


def _unfit(certificate: Any, signed_at: datetime) -> str | None:
    """Say why this certificate could not sign then; pyHanko does not ask it of a trusted one."""
    uses = certificate.key_usage_value
    if uses is not None and not uses.native & SIGNING_USES:
        return "The signer's certificate is not one for signing documents."
    if not certificate.not_valid_before <= signed_at <= certificate.not_valid_after:
        return (
            f"The signer's certificate is valid from {certificate.not_valid_before:%Y-%m-%d} to "
            f"{certificate.not_valid_after:%Y-%m-%d}, but signed on {signed_at:%Y-%m-%d}."
        )
    return None


def _signing_time(signature: EmbeddedPdfSignature) -> datetime:
    stated: datetime | None = signature.self_reported_timestamp
    if stated is None:
        raise CheckFailed("The signature states no time.")
    return stated


def _attachments(reader: PdfFileReader) -> dict[str, bytes]:
    try:
        names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError:
        return {}
    attachments: dict[str, bytes] = {}
    for specification in (names[place] for place in range(1, len(names), 2)):
        name = str(specification["/UF"])
        if name in attachments:
            raise CheckFailed(f"Two attachments are named {name}.")
        attachments[name] = specification["/EF"]["/F"].data
    return attachments


def _fingerprint(certificate: Any) -> str:
    return str(certificate.sha256.hex())


def _spoken(certificate: Any) -> str:
    return "SHA256:" + str(certificate.sha256.hex(":")).upper()


def _plain(fingerprint: str) -> str:
    return "".join(fingerprint.split()).replace(":", "").lower().removeprefix("sha256")
