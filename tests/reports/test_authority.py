from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import InvalidInput, Refused
from reports.authority import (
    dump_certificate,
    fingerprint,
    issue_certificate,
    load_certificate,
    make_authority,
)
from reports.signing import ReportSigner
from tests.reports.sample import NOW, ORGANISATION


def test_openssl_accepts_the_chain(signer: ReportSigner, tmp_path: Path) -> None:
    """If it fails, no reader with standard tools can trust a certificate of ours."""
    (tmp_path / "ca.pem").write_bytes(dump_certificate(signer.authority))
    (tmp_path / "leaf.pem").write_bytes(dump_certificate(signer.certificate))
    moment = str(int(NOW.timestamp()))
    subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", moment, "-CAfile", "ca.pem", "leaf.pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )


def test_fingerprint_is_openssls(signer: ReportSigner, tmp_path: Path) -> None:
    """If it fails, the fingerprint read out by telephone is not the one that openssl prints."""
    (tmp_path / "ca.pem").write_bytes(dump_certificate(signer.authority))
    printed = subprocess.run(
        ["openssl", "x509", "-in", "ca.pem", "-noout", "-fingerprint", "-sha256"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert fingerprint(signer.authority) == "SHA256:" + printed.strip().partition("=")[2]


def test_certificates_allow_only_their_own_job(signer: ReportSigner) -> None:
    """If it fails, an issuer could certify others, or the CA's certificate could sign reports."""
    leaf, authority = signer.certificate, signer.authority
    leaf_use = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    authority_use = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    path = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (leaf_use.digital_signature, leaf_use.content_commitment) == (True, True)
    assert not leaf_use.key_cert_sign
    assert authority_use.key_cert_sign
    assert not authority_use.digital_signature
    assert (path.ca, path.path_length) == (True, 0)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_ends_with_its_authority() -> None:
    """If it fails, certificates outlive the CA that vouches for them."""
    ca_key, ca = make_authority(ORGANISATION, NOW)
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    late = ca.not_valid_after_utc - timedelta(days=10)
    certificate = issue_certificate(
        ca_key, ca, public_key, actor="ines", organisation=ORGANISATION, now=late, serial=1
    )
    assert certificate.not_valid_after_utc == ca.not_valid_after_utc
    with pytest.raises(Refused):
        issue_certificate(
            ca_key,
            ca,
            public_key,
            actor="ines",
            organisation=ORGANISATION,
            now=ca.not_valid_after_utc,
            serial=2,
        )


@pytest.mark.parametrize("organisation", ["", "O" * 65])
def test_names_that_do_not_fit_are_refused_plainly(organisation: str) -> None:
    """If it fails, a long organisation's name ends in a traceback of a library."""
    with pytest.raises(InvalidInput):
        make_authority(organisation, NOW)


def test_pem_goes_there_and_back(signer: ReportSigner) -> None:
    """If it fails, a certificate is not the same after it was stored."""
    assert load_certificate(dump_certificate(signer.authority)) == signer.authority
    with pytest.raises(InvalidInput):
        load_certificate(b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
