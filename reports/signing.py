"""Signing a report: PAdES B-B (ETSI EN 319 142-1) by pyHanko, without any network.

The signature certifies the document and permits no change to it. The signing time is the one
given, which is a claim: there is no timestamp authority.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ledger.errors import InvalidInput, Refused

if TYPE_CHECKING:
    from pyhanko.sign.signers import SimpleSigner

SIGNATURE_FIELD = "signature"

ReportKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class ReportSigner:
    """A key with its certificate, and the certificates above it, topmost last."""

    key: ReportKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def authority(self) -> x509.Certificate:
        """The certificate whose fingerprint a reader must trust."""
        return self.chain[-1] if self.chain else self.certificate


def load_pkcs12(path: Path, passphrase: bytes) -> ReportSigner:
    """Read an organisation's own key and certificates from a PKCS#12 file (RFC 7292).

    InvalidInput if the file or passphrase is wrong, or it holds no usable key with certificate.
    """
    try:
        bundle = pkcs12.load_pkcs12(path.read_bytes(), passphrase)
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.", "Check the path.") from None
    except ValueError as error:
        raise InvalidInput(
            f"{path.name} is not a PKCS#12 file, or its passphrase is another.",
            "Check both with: openssl pkcs12 -info -noout -in FILE",
        ) from error
    if not isinstance(bundle.key, ReportKey) or bundle.cert is None:
        raise InvalidInput(
            f"{path.name} holds no EC or RSA key with its certificate.",
            "Export key, certificate and chain together as PKCS#12.",
        )
    others = [item.certificate for item in bundle.additional_certs]
    certificate = bundle.cert.certificate
    return ReportSigner(bundle.key, certificate, _chain_above(certificate, others))


def sign_pdf(pdf: bytes, signer: ReportSigner, time: datetime) -> bytes:
    """Sign an unsigned report in its signature field, as an update appended to `pdf`.

    Refused if the certificate is not the key's or not valid at `time`. Not to be called on a
    thread that runs an event loop: pyHanko starts its own.
    """
    _check(signer, time)
    return asyncio.run(_sign(pdf, signer, time))


async def _sign(pdf: bytes, signer: ReportSigner, time: datetime) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
    from pyhanko.stamp import StaticStampStyle

    class Writer(IncrementalPdfFileWriter):  # type: ignore[misc]
        def _update_meta(self) -> None:
            """Leave the dates as the report states them, instead of this computer's now."""

    metadata = PdfSignatureMetadata(
        field_name=SIGNATURE_FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    # The words stand on the page already; a stamp of pyHanko's would bring a font of its own.
    blank = StaticStampStyle(border_width=0)
    pdf_signer = PdfSigner(metadata, _pyhanko_signer(signer), stamp_style=blank)
    session = pdf_signer.init_signing_session(Writer(BytesIO(pdf)), existing_fields_only=True)
    session.system_time = time
    reserved = await session.estimate_signature_container_size(validation_info=None)
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=reserved)
    prepared, output = document.digest_tbs_document()
    signed = await document.perform_signature(
        prepared.document_digest, PdfCMSSignedAttributes(signing_time=time)
    )
    await signed.post_signature_processing(output)
    return cast("BytesIO", output).getvalue()


def _pyhanko_signer(signer: ReportSigner) -> SimpleSigner:
    from asn1crypto.keys import PrivateKeyInfo
    from asn1crypto.x509 import Certificate
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate, *chain = (
        Certificate.load(item.public_bytes(Encoding.DER))
        for item in (signer.certificate, *signer.chain)
    )
    store = SimpleCertificateStore()
    store.register_multiple(chain)
    return SimpleSigner(certificate, PrivateKeyInfo.load(key), store)


def _check(signer: ReportSigner, time: datetime) -> None:
    certificate = signer.certificate
    if certificate.public_key() != signer.key.public_key():
        raise Refused(
            "The certificate belongs to another key.",
            "Have this key certified by the report CA.",
        )
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not start <= time <= end:
        raise Refused(
            f"The certificate is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}, "
            f"not on {time:%Y-%m-%d}.",
            "Have the key certified again, or check this computer's clock.",
        )


def _chain_above(
    certificate: x509.Certificate, others: list[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Order the certificates above this one by who signed whom; strangers are left out."""
    chain: list[x509.Certificate] = []
    while certificate.issuer != certificate.subject:
        above = [c for c in others if c not in chain and _issued(c, certificate)]
        if not above:
            break
        certificate = above[0]
        chain.append(certificate)
    return tuple(chain)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
