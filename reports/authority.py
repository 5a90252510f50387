"""The organisation's report CA: X.509 certificates for those who sign reports (RFC 5280).

The CA signs end-entity certificates only (path length 0). What makes a report trusted is not the
CA certificate that travels in it but its fingerprint, which a reader holds from elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger.errors import InvalidInput, Refused

AUTHORITY_LIFE = timedelta(days=3653)
CERTIFICATE_LIFE = timedelta(days=1096)
NAME_LIMIT = 64
"""Characters in a name's attribute (RFC 5280, appendix A, ub-organization-name)."""


def make_authority(
    organisation: str, now: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Make the CA: a new P-256 key and its self-signed certificate, valid for ten years.

    InvalidInput if the organisation's name does not fit a certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(organisation, "Report CA")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = _draft(name, name, key.public_key(), x509.random_serial_number())
    certificate = (
        builder.not_valid_before(_second(now))
        .not_valid_after(_second(now) + AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def issue_certificate(
    ca_key: ec.EllipticCurvePrivateKey,
    ca_certificate: x509.Certificate,
    public_key: ec.EllipticCurvePublicKey,
    actor: str,
    organisation: str,
    now: datetime,
    serial: int,
) -> x509.Certificate:
    """Certify an actor's report key for three years, but never for longer than the CA's own life.

    InvalidInput for names that do not fit; Refused once the CA has expired.
    """
    end = min(_second(now) + CERTIFICATE_LIFE, ca_certificate.not_valid_after_utc)
    if end <= now:
        raise Refused(
            f"The report CA expired on {ca_certificate.not_valid_after_utc:%Y-%m-%d}.",
            "Make a new report CA and tell readers its fingerprint.",
        )
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    usage = _usage(digital_signature=True, content_commitment=True)
    builder = _draft(_name(organisation, actor), ca_certificate.subject, public_key, serial)
    return (
        builder.not_valid_before(_second(now))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """`SHA256:AA:BB:...`: SHA-256 of the certificate's DER, to be read out by telephone."""
    return "SHA256:" + certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def dump_certificate(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read a PEM certificate; InvalidInput if it is not one."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise InvalidInput(
            "This is not a certificate in PEM form.",
            "Give the file that begins with -----BEGIN CERTIFICATE-----.",
        ) from error


def _draft(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, serial: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(organisation: str, common_name: str) -> x509.Name:
    for text in (organisation, common_name):
        if not 0 < len(text) <= NAME_LIMIT:
            raise InvalidInput(
                f"{text!r} has {len(text)} characters; a certificate takes 1 to {NAME_LIMIT}.",
                "Choose a shorter name.",
            )
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _second(moment: datetime) -> datetime:
    """Certificates count whole seconds, in UTC."""
    return moment.astimezone(UTC).replace(microsecond=0)
