from __future__ import annotations

import random
import re
from datetime import timedelta
from io import BytesIO

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

from reports import signing
from reports.authority import fingerprint, issue_certificate, make_authority
from reports.content import ModelReport
from reports.signing import ReportSigner, sign_pdf
from reports.verify import verify_pdf
from tests.reports.sample import NOW, ORGANISATION, make_signer

FLIPS = 240


def test_what_was_signed_is_valid(signed: bytes, trusted: str, report: ModelReport) -> None:
    """If it fails, a good report is rejected, or its evidence is not handed over."""
    verdict = verify_pdf(signed, [trusted])
    assert (verdict.verdict, verdict.problems) == ("valid", ())
    assert verdict.signer is not None
    assert (verdict.signer.name, verdict.signer.organisation) == ("ines.weber", ORGANISATION)
    assert verdict.signer.authority == trusted
    assert verdict.signed_at == NOW
    assert verdict.attachments == {
        "authority.pem": report.issuer.authority,
        "evidence.json": report.evidence,
    }


@pytest.mark.parametrize("form", [str.lower, lambda text: text.removeprefix("SHA256:")])
def test_a_fingerprint_may_be_written_in_any_common_form(
    signed: bytes, trusted: str, form: object
) -> None:
    """If it fails, a correct fingerprint typed in lower case or without prefix is not accepted."""
    assert callable(form)
    assert verify_pdf(signed, [form(trusted)]).verdict == "valid"
    assert verify_pdf(signed, [form(trusted).replace(":", "")]).verdict == "valid"


def test_trust_comes_from_the_caller_alone(signed: bytes) -> None:
    """If it fails, a file vouches for itself with the certificates that it carries."""
    for trust in ([], [fingerprint(make_signer().authority)], [""]):
        verdict = verify_pdf(signed, trust)
        assert verdict.verdict == "untrusted"
        assert verdict.problems


def test_an_authority_of_the_same_name_is_not_trusted(unsigned: bytes, trusted: str) -> None:
    """If it fails, anyone can issue reports by calling their own CA like the real one."""
    assert verify_pdf(sign_pdf(unsigned, make_signer(), NOW), [trusted]).verdict == "untrusted"


def test_carrying_the_real_authority_does_not_help(
    unsigned: bytes, signer: ReportSigner, trusted: str
) -> None:
    """If it fails, a forger need only put the real CA's certificate beside the forged one."""
    forged = make_signer()
    carrying = ReportSigner(forged.key, forged.certificate, (forged.authority, signer.authority))
    assert verify_pdf(sign_pdf(unsigned, carrying, NOW), [trusted]).verdict == "untrusted"


def test_an_issuer_cannot_certify_others(
    unsigned: bytes, signer: ReportSigner, trusted: str
) -> None:
    """If it fails, everyone who may sign reports may also make new signers."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    child = issue_certificate(
        signer.key,
        signer.certificate,
        key.public_key(),
        actor="mallory",
        organisation=ORGANISATION,
        now=NOW,
        serial=9,
    )
    usurper = ReportSigner(key, child, (signer.certificate, signer.authority))
    verdict = verify_pdf(sign_pdf(unsigned, usurper, NOW), [trusted])
    assert verdict.verdict == "untrusted"
    assert "does not hold" in verdict.problems[0]


def test_a_certificate_outside_its_time_is_untrusted(
    unsigned: bytes, signer: ReportSigner, trusted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a key whose certificate has ended goes on issuing valid reports."""
    monkeypatch.setattr(signing, "_check", lambda *_: None)
    late = sign_pdf(unsigned, signer, NOW + timedelta(days=1200))
    for trust in (trusted, fingerprint(signer.certificate)):
        verdict = verify_pdf(late, [trust])
        assert verdict.verdict == "untrusted"
        assert "signed on 2030-03-04" in verdict.problems[0]


def test_a_ca_key_may_not_sign_reports(unsigned: bytes) -> None:
    """If it fails, the key that certifies signers can be used to sign in nobody's name."""
    key, certificate = make_authority(ORGANISATION, NOW)
    verdict = verify_pdf(
        sign_pdf(unsigned, ReportSigner(key, certificate), NOW), [fingerprint(certificate)]
    )
    assert verdict.verdict == "untrusted"


def test_no_flipped_bit_is_valid(signed: bytes, trusted: str) -> None:
    """If it fails, some byte of a report can be changed without notice, also in the signature."""
    gap = signature_gap(signed)
    generator = random.Random(20261120)  # noqa: S311
    places = [generator.randrange(len(signed)) for _ in range(FLIPS // 2)]
    places += [generator.randrange(*gap) for _ in range(FLIPS // 2)]
    for place in places:
        flipped = bytearray(signed)
        flipped[place] ^= 1 << generator.randrange(8)
        assert verify_pdf(bytes(flipped), [trusted]).verdict != "valid", place


def test_no_changed_digit_of_the_container_is_valid(signed: bytes, trusted: str) -> None:
    """If it fails, the unsigned part of the signature's own container can carry something."""
    start, end = signature_gap(signed)
    generator = random.Random(4)  # noqa: S311
    for place in [*range(start + 1, start + 81), *range(end - 20, end - 1)]:
        changed = bytearray(signed)
        changed[place] = generator.choice([d for d in b"0123456789abcdef" if d != signed[place]])
        assert verify_pdf(bytes(changed), [trusted]).verdict == "altered", place


def test_truncation_is_altered(signed: bytes, unsigned: bytes, trusted: str) -> None:
    """If it fails, a report that was cut short reads as whole."""
    for size in (0, 4, 5, 1000, len(unsigned) // 2, len(signed) - 700, len(signed) - 1):
        assert verify_pdf(signed[:size], [trusted]).verdict == "altered"


def test_anything_appended_is_altered(signed: bytes, trusted: str) -> None:
    """If it fails, pages can be changed after signing by an incremental update."""
    for extra in (b"\n", b"\0", b"% comment\n", signed[-200:]):
        assert verify_pdf(signed + extra, [trusted]).verdict == "altered"


def test_an_incremental_update_is_altered(signed: bytes, trusted: str) -> None:
    """If it fails, a viewer shows something else than what was signed."""
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    writer.root[pdf_name("/Lang")] = pdf_string("de")
    writer.update_root()
    output = BytesIO()
    writer.write(output)
    assert output.getvalue().startswith(signed)
    assert verify_pdf(output.getvalue(), [trusted]).verdict == "altered"


def test_a_second_signature_is_altered(unsigned: bytes, trusted: str) -> None:
    """If it fails, it is unclear whose report it is."""
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner

    first = signing._pyhanko_signer(make_signer())
    output = PdfSigner(PdfSignatureMetadata(field_name="signature"), first).sign_pdf(
        IncrementalPdfFileWriter(BytesIO(unsigned))
    )
    output = PdfSigner(PdfSignatureMetadata(field_name="second"), first).sign_pdf(
        IncrementalPdfFileWriter(output)
    )
    verdict = verify_pdf(output.getvalue(), [trusted])
    assert verdict.verdict == "altered"
    assert "2 signatures" in verdict.problems[0]


def test_bad_input_is_named(signed: bytes, unsigned: bytes, trusted: str) -> None:
    """If it fails, a wrong file ends in a traceback, or its verdict does not say what is wrong."""
    locking = copy_into_new_writer(PdfFileReader(BytesIO(signed)))
    locking.encrypt(owner_pass="owner", user_pass="")
    locked = BytesIO()
    locking.write(locked)
    cases = {
        b"": "not a PDF",
        b"\x89PNG": "not a PDF",
        b"%PDF-1.7 and nothing more": "cannot be read",
        unsigned: "not signed",
        locked.getvalue(): "encrypted",
    }
    for data, problem in cases.items():
        verdict = verify_pdf(data, [trusted])
        assert verdict.verdict == "altered"
        assert problem in verdict.problems[0]
        assert verdict.attachments == {}


def signature_gap(signed: bytes) -> tuple[int, int]:
    """Give where the signature's container stands, brackets included."""
    found = re.findall(rb"/ByteRange *\[(\d+) +(\d+) +(\d+) +(\d+) *\]", signed)[-1]
    return int(found[1]), int(found[2])
