from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from reports.content import ModelReport
from reports.pdf import build_pdf
from reports.signing import ReportSigner
from tests.reports.sample import NOW, make_hostile_report, make_report

DRAW_AGAIN = """
import pickle, sys
from hashlib import sha256
from reports.pdf import build_pdf
print(sha256(build_pdf(pickle.load(sys.stdin.buffer))).hexdigest())
"""
WITHOUT_PANGO = """
import cffi, pickle, sys
def dlopen(self, name, flags=0):
    raise OSError(f"cannot load library {name!r}")
cffi.FFI.dlopen = dlopen
from ledger.errors import Refused
from reports.pdf import build_pdf
try:
    build_pdf(pickle.load(sys.stdin.buffer))
except Refused as error:
    print(error.message, error.hint)
"""


def poppler(program: str, *arguments: str) -> str:
    """Run one of the poppler programs."""
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def pages(pdf: bytes, folder: Path) -> list[str]:
    """Give the text of each page."""
    path = folder / "pages.pdf"
    path.write_bytes(pdf)
    return poppler("pdftotext", "-layout", str(path), "-").split("\f")[:-1]


def run(code: str, report: ModelReport, **environment: str) -> str:
    """Run code in a fresh interpreter that receives the report."""
    return subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(report),
        check=True,
        capture_output=True,
        env=os.environ | environment,
    ).stdout.decode()


def test_the_same_report_gives_the_same_bytes(report: ModelReport, unsigned: bytes) -> None:
    """If it fails, nobody can draw a report again and compare; another process at another time."""
    again = run(DRAW_AGAIN, report, PYTHONHASHSEED="7", TZ="Asia/Tokyo", LC_ALL="C")
    assert again.strip() == sha256(unsigned).hexdigest()


def test_every_page_is_numbered(signed: bytes, tmp_path: Path) -> None:
    """If it fails, a page could be missing from a printed report without notice."""
    texts = pages(signed, tmp_path)
    numbers = [re.findall(r"(\d+) of (\d+)\n", text)[-1] for text in texts]
    assert numbers == [(str(n + 1), str(len(texts))) for n in range(len(texts))]


def test_content_reaches_the_pages(signed: bytes, tmp_path: Path) -> None:
    """If it fails, the drawn pages lose what the HTML said."""
    texts = pages(signed, tmp_path)
    assert "Retail credit scorer" in texts[0]
    assert "✗ The fairness audit failed" in texts[0]
    assert "DEMO" not in "".join(texts)
    whole = "".join(texts)
    for words in ("A-0001", "A-0002", "A-0020", "I-0003", "Planted bias", "0.715 to 0.731"):
        assert words in whole
    assert "▼ below" in whole


def test_every_page_of_a_demo_says_so(signer: ReportSigner, tmp_path: Path) -> None:
    """If it fails, one page of a demo can pass for a page of a real report."""
    texts = pages(build_pdf(make_report(signer, demo=True)), tmp_path)
    assert [text for text in texts if "DEMO: invented data" not in text] == []


def test_attachments_are_the_same_bytes(
    report_file: Path, report: ModelReport, tmp_path: Path
) -> None:
    """If it fails, the evidence that an auditor takes out is not the evidence put in."""
    poppler("pdfdetach", "-saveall", "-o", str(tmp_path), str(report_file))
    assert (tmp_path / "evidence.json").read_bytes() == report.evidence
    assert (tmp_path / "authority.pem").read_bytes() == report.issuer.authority


def test_archival_and_accessible(signed: bytes, report_file: Path) -> None:
    """If it fails, the file is not what PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) ask."""
    reader = PdfFileReader(BytesIO(signed))
    metadata = reader.root["/Metadata"].data.decode()
    assert re.search(r'pdfaid:part="3".*pdfaid:conformance="A"', metadata)
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>" in metadata
    assert f"{NOW:%Y-%m-%dT%H:%M:%SZ}</xmp:ModifyDate>" in metadata
    assert reader.trailer["/Info"]["/ModDate"] == f"D:{NOW:%Y%m%d%H%M%S}Z"
    assert reader.root["/MarkInfo"]["/Marked"]
    assert reader.root["/Lang"] == "en"
    assert "/NeedAppearances" not in reader.root["/AcroForm"]
    files = [reader.root["/AF"][n] for n in range(2)]
    assert [(str(f["/UF"]), f["/AFRelationship"]) for f in files] == [
        ("authority.pem", "/Data"),
        ("evidence.json", "/Data"),
    ]
    fonts = poppler("pdffonts", str(report_file)).splitlines()[2:]
    assert all(re.search(r"Noto.* yes yes yes ", font) for font in fonts)
    assert poppler("pdfinfo", "-struct", str(report_file)).count("Figure") == 3


def test_hostile_names_leave_the_report_whole(signer: ReportSigner, tmp_path: Path) -> None:
    """If it fails, a name can push the signature off the cover, or draw a glyph that is none."""
    texts = pages(build_pdf(make_hostile_report(signer)), tmp_path)
    assert "<script>alert(1)</script>" in texts[0]
    assert "{{ 7*7 }}" in texts[0]
    assert "[U+202E]gnirocs[U+202C]" in texts[0]
    assert "by the clock of the signing computer" in texts[0]
    assert re.search(r"1 of \d+\n", texts[0])
    assert len(texts) < 30


def test_without_pango_the_remedy_is_named(report: ModelReport) -> None:
    """If it fails, a machine without Pango answers with a traceback instead of an apt command."""
    answer = run(WITHOUT_PANGO, report)
    assert "a system library is missing" in answer
    assert "sudo apt install libpango-1.0-0" in answer


@pytest.mark.parametrize("library", ["weasyprint", "pyhanko"])
def test_importing_the_room_is_cheap(library: str) -> None:
    """If it fails, every command pays for drawing and signing, and fails where Pango is absent."""
    code = (
        "import sys, reports.pdf, reports.pages, reports.signing, reports.verify;"
        f"sys.exit({library!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_moment_of_issue_gives_other_bytes(report: ModelReport, unsigned: bytes) -> None:
    """If it fails, the test of equal bytes could not fail either."""
    later = replace(report, issued_at=report.issued_at + timedelta(seconds=1))
    assert build_pdf(later) != unsigned
