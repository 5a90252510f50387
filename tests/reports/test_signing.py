from __future__ import annotations

import re
import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from ledger.errors import InvalidInput, Refused
from reports.authority import fingerprint
from reports.signing import ReportSigner, load_pkcs12, sign_pdf
from reports.verify import verify_pdf
from tests.reports.sample import NOW, make_signer

COMMAND = re.compile(
    r"^\s*((?:pdfdetach|openssl|pdfsig|set --|\{ head|-CAfile) ?.*)$", re.MULTILINE
)


def write_pkcs12(path: Path, signer: ReportSigner, passphrase: bytes = b"correct horse") -> None:
    """Write key and certificates as an organisation would have them."""
    encryption = BestAvailableEncryption(passphrase)
    chain = list(signer.chain)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"reports", signer.key, signer.certificate, chain, encryption
        )
    )


def printed_commands(report_file: Path) -> str:
    """Read the commands off the last page, as a reader would."""
    text = subprocess.run(
        ["pdftotext", "-layout", str(report_file), "-"], check=True, capture_output=True, text=True
    ).stdout
    commands = COMMAND.findall(text.partition(". How to check this report")[2])
    assert commands, "no command is printed"
    return "\n".join(commands)


def follow(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands in a shell."""
    return subprocess.run(
        ["bash", "-c", commands], cwd=folder, check=False, capture_output=True, text=True
    )


def test_pdfsig_agrees(report_file: Path) -> None:
    """If it fails, an auditor with poppler is told that a good report is bad."""
    said = subprocess.run(
        ["pdfsig", str(report_file)], check=True, capture_output=True, text=True
    ).stdout
    assert said.count("Signature #") == 1
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "CN=ines.weber,O=Nordbank Aktiengesellschaft" in said


def test_the_printed_commands_work(report_file: Path, trusted: str) -> None:
    """If it fails, the page that says how to check the report does not work as printed."""
    commands = printed_commands(report_file)
    assert len(commands.splitlines()) == 8
    done = follow(commands, report_file.parent)
    assert done.returncode == 0, done.stderr
    assert trusted.removeprefix("SHA256:") in done.stdout
    assert "Signature is Valid." in done.stdout
    assert "Verification successful" in done.stderr


@pytest.mark.parametrize("damage", ["changed", "extended"])
def test_the_printed_commands_find_damage(report_file: Path, signed: bytes, damage: str) -> None:
    """If it fails, the commands that we print call a damaged report good."""
    commands = printed_commands(report_file)
    middle = len(signed) // 3
    changed = signed[:middle] + bytes([signed[middle] ^ 1]) + signed[middle + 1 :]
    report_file.write_bytes(changed if damage == "changed" else signed + b"\n% more\n")
    assert "Verification successful" not in follow(commands, report_file.parent).stderr


def test_it_is_pades_and_forbids_changes(signed: bytes) -> None:
    """If it fails, Acrobat would let a reader fill in or annotate what was signed."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import read_certification_data

    reader = PdfFileReader(BytesIO(signed))
    (signature,) = reader.embedded_signatures
    certification = read_certification_data(reader)
    assert certification is not None
    assert certification.permission == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    attributes = {item["type"].native for item in signature.signer_info["signed_attrs"]}
    assert attributes == {"content_type", "message_digest", "signing_certificate_v2"}


def test_signing_only_appends(signed: bytes, unsigned: bytes) -> None:
    """If it fails, what is signed is not byte for byte what was drawn."""
    assert signed.startswith(unsigned)


def test_the_field_is_visible_on_the_cover(signed: bytes) -> None:
    """If it fails, a reader sees no signature to click on."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(BytesIO(signed))
    (signature,) = reader.embedded_signatures
    left, bottom, right, top = (float(value) for value in signature.sig_field["/Rect"])
    assert abs(right - left) > 400
    assert abs(top - bottom) > 80
    cover = reader.root["/Pages"]["/Kids"].raw_get(0)
    assert signature.sig_field.raw_get("/P").reference == cover.reference
    assert "/N" in signature.sig_field["/AP"]


def test_an_expired_certificate_signs_nothing(signer: ReportSigner, unsigned: bytes) -> None:
    """If it fails, reports are issued that no reader can verify."""
    for moment in (NOW - timedelta(days=1), NOW + timedelta(days=1200)):
        with pytest.raises(Refused, match="valid from 2026-11-20"):
            sign_pdf(unsigned, signer, moment)


def test_a_certificate_of_another_key_signs_nothing(signer: ReportSigner, unsigned: bytes) -> None:
    """If it fails, a report is issued whose signature its certificate does not explain."""
    other = ReportSigner(ec.generate_private_key(ec.SECP256R1()), signer.certificate, signer.chain)
    with pytest.raises(Refused, match="another key"):
        sign_pdf(unsigned, other, NOW)


def test_an_organisations_own_pkcs12_signs(unsigned: bytes, tmp_path: Path) -> None:
    """If it fails, an organisation cannot sign with the certificate it already has."""
    own = make_signer("Own Bank AG", "seal")
    write_pkcs12(tmp_path / "own.p12", own)
    loaded = load_pkcs12(tmp_path / "own.p12", b"correct horse")
    assert loaded.authority == own.authority
    verdict = verify_pdf(sign_pdf(unsigned, loaded, NOW), [fingerprint(own.authority)])
    assert verdict.verdict == "valid"
    assert verdict.signer is not None
    assert verdict.signer.organisation == "Own Bank AG"


def test_a_bad_pkcs12_is_explained(signer: ReportSigner, tmp_path: Path) -> None:
    """If it fails, a mistyped passphrase ends in a traceback."""
    path = tmp_path / "own.p12"
    write_pkcs12(path, signer)
    with pytest.raises(InvalidInput, match="passphrase"):
        load_pkcs12(path, b"wrong")
    path.write_bytes(b"not PKCS#12")
    with pytest.raises(InvalidInput):
        load_pkcs12(path, b"correct horse")
    with pytest.raises(InvalidInput, match="no file"):
        load_pkcs12(tmp_path / "absent.p12", b"")


def test_an_rsa_key_signs_too(unsigned: bytes, tmp_path: Path) -> None:
    """If it fails, most organisations' existing certificates are of no use."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seal of Own Bank")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    write_pkcs12(tmp_path / "rsa.p12", ReportSigner(key, certificate))
    loaded = load_pkcs12(tmp_path / "rsa.p12", b"correct horse")
    verdict = verify_pdf(sign_pdf(unsigned, loaded, NOW), [fingerprint(certificate)])
    assert verdict.verdict == "valid", verdict.problems
