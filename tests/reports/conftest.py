"""One signed report for all tests of this room: drawing it costs most of their time."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.authority import fingerprint
from reports.content import ModelReport
from reports.pdf import build_pdf
from reports.signing import ReportSigner, sign_pdf
from tests.reports.sample import NOW, make_report, make_signer


@pytest.fixture(scope="session")
def signer() -> ReportSigner:
    """Give the issuer with certificate and CA."""
    return make_signer()


@pytest.fixture(scope="session")
def report(signer: ReportSigner) -> ModelReport:
    """Give a report that fills every section."""
    return make_report(signer)


@pytest.fixture(scope="session")
def unsigned(report: ModelReport) -> bytes:
    """Give the report as a PDF, not signed yet."""
    return build_pdf(report)


@pytest.fixture(scope="session")
def signed(unsigned: bytes, signer: ReportSigner) -> bytes:
    """Give the report as its issuer signed it."""
    return sign_pdf(unsigned, signer, NOW)


@pytest.fixture(scope="session")
def trusted(signer: ReportSigner) -> str:
    """Give the fingerprint that a reader was told by telephone."""
    return fingerprint(signer.authority)


@pytest.fixture
def report_file(signed: bytes, tmp_path: Path) -> Path:
    """Give the signed report as a file."""
    path = tmp_path / "report.pdf"
    path.write_bytes(signed)
    return path
