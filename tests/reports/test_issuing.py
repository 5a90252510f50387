"""Issuing: what the PDF says is what was entered, signed by somebody who may."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from shutil import which

import orjson
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from ledger.entry import Draft
from ledger.errors import CheckFailed, Refused
from ledger.registers.audits import AuditRow
from ledger.registers.reports import ReportRow
from ledger.verification import verify
from reports.authority import dump_certificate, fingerprint, load_certificate
from reports.checking import check_report
from reports.enrolling import enrol
from reports.issuing import IssuedReport, count_pages, issue_model_report
from reports.pages import EVIDENCE_FILE
from reports.signing import load_pkcs12
from reports.verify import verify_pdf
from tests.people import FOUNDER, MODEL, OTHER_MODEL, PASSPHRASE, World, copy, raising, size_of
from tests.reports.sample import make_signer
from tests.reports.work import issue, work

Issued = tuple[World, IssuedReport]


@pytest.fixture(scope="module")
def issued(template: World, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Give a world that has worked, with a report by its risk officer. Not to be written to."""
    world = work(copy(template, tmp_path_factory.mktemp("issued")))
    return world, issue(world)


@pytest.fixture
def world(issued: Issued, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(issued[0], tmp_path / "world")


def test_a_report_is_on_record_with_what_it_vouches_for(issued: Issued) -> None:
    """If it fails, a PDF exists that nobody can hold against the record."""
    world, report = issued
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(ReportRow, report.report_id)
    data = report.path.read_bytes()
    assert row is not None
    assert row.sha256 == report.sha256 == sha256(data).hexdigest()
    assert (row.issued_by, row.about, row.seq) == ("rosa", f"model/{MODEL}", report.seq)
    assert row.size == report.seq
    assert row.pages == report.pages == count_pages(data)
    assert report.path.parent == world.home.reports
    assert report.path.stat().st_mode & 0o777 == 0o660
    assert verify(world.person("ann").book).problems == ()


def test_the_evidence_attached_is_what_the_pages_show(issued: Issued) -> None:
    """If it fails, a report shows figures that its own evidence does not hold."""
    world, report = issued
    book = world.stranger()
    pdf = verify_pdf(report.path.read_bytes(), [book.facts.ca_fingerprint])
    document = orjson.loads(pdf.attachments[EVIDENCE_FILE])
    kinds = [orjson.loads(item["entry"])["kind"] for item in document["entries"]]
    assert kinds == [
        "ledger.founded",
        "model.registered",
        "log.sealed",
        "audit.completed",
        "incident.opened",
        "switch.killed",
        "switch.resumed",
    ]
    with book.read() as snapshot:
        (audit,) = snapshot.rows.where(AuditRow)
    assert list(document["results"]) == [audit.result]
    assert len(document["verifier_keys"]) == 6
    assert (document["report_id"], document["about"]) == (report.report_id, f"model/{MODEL}")


@pytest.mark.skipif(which("pdftotext") is None, reason="poppler is not installed")
def test_the_words_of_the_record_are_on_the_pages(issued: Issued) -> None:
    """If it fails, the report leaves out what was entered, or shows ciphertext."""
    _, report = issued
    text = " ".join(
        subprocess.run(
            ["pdftotext", str(report.path), "-"], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    for words in (
        "Scores applications.",
        "Women are declined too often",
        "It harms people.",
        "Version 2.0.4 is back.",
        "requested by rosa",
        "aud-1",
        "Ada Lind",
    ):
        assert words in text


def test_two_reports_have_two_ids(world: World, issued: Issued) -> None:
    """If it fails, issuing again overwrites the first report."""
    again = issue(world)
    assert again.report_id != issued[1].report_id
    assert len(list(world.home.reports.glob("*.pdf"))) == 2
    assert verify(world.person("ann").book).problems == ()


def test_a_period_leaves_out_what_lies_outside_it(world: World) -> None:
    """If it fails, a report on a month shows other months, or hides this one's."""
    rosa = world.person("rosa")
    key = rosa.seat.report_key("rosa", PASSPHRASE)
    now = world.clock()
    report = issue_model_report(
        rosa.book, rosa.signer, key, MODEL, period_from=now + timedelta(days=1),
        period_to=now + timedelta(days=2),
    )  # fmt: skip
    found = check_report(report.path.read_bytes(), book=rosa.book, seat=rosa.seat)
    assert found.evidence is not None
    assert (found.verdict, found.evidence.entries) == ("valid", 3)


def test_without_a_certificate_no_report(world: World) -> None:
    """If it fails, a report is issued that no reader can trust."""
    ada = world.person(FOUNDER)
    enrol(ada.book, ada.signer, world.newcomer("zoe"), ["risk-officer"])
    before = sorted(world.home.reports.iterdir())
    assert "no report certificate" in raising(Refused, lambda: issue(world, "zoe"))
    rosa = world.person("rosa")
    raising(Refused, lambda: issue_model_report(rosa.book, rosa.signer, None, MODEL))
    other = world.person("cora").seat.report_key("cora", PASSPHRASE)
    said = raising(Refused, lambda: issue_model_report(rosa.book, rosa.signer, other, MODEL))
    assert "another key" in said
    assert sorted(world.home.reports.iterdir()) == before


def test_who_may_not_issue_leaves_no_signed_pdf(world: World) -> None:
    """If it fails, a refused report lies signed in the home, and can be handed out."""
    before = sorted(world.home.reports.iterdir())
    size = size_of(world.stranger())
    assert "may not issue" in raising(Refused, lambda: issue(world, "emil"))
    rosa = world.person("rosa")
    key = rosa.seat.report_key("rosa", PASSPHRASE)
    raising(Refused, lambda: issue_model_report(rosa.book, rosa.signer, key, "unknown"))
    assert sorted(world.home.reports.iterdir()) == before
    assert size_of(world.stranger()) == size


def test_an_expired_certificate_signs_nothing(world: World) -> None:
    """If it fails, reports are issued that every reader calls invalid."""
    late = replace(world, clock=lambda: world.clock() + timedelta(days=4 * 365))
    assert "valid from" in raising(Refused, lambda: issue(late))


def test_an_organisations_own_pkcs12_signs_too(world: World, tmp_path: Path) -> None:
    """If it fails, an organisation with a CA of its own cannot use it."""
    own = make_signer("Bank", "rosa")
    file = tmp_path / "own.p12"
    bundle = pkcs12.serialize_key_and_certificates(
        b"rosa",
        own.key,
        own.certificate,
        list(own.chain),
        BestAvailableEncryption(b"secret"),
    )
    file.write_bytes(bundle)
    rosa = world.person("rosa")
    report = issue_model_report(
        rosa.book, rosa.signer, None, OTHER_MODEL, pkcs12=load_pkcs12(file, b"secret")
    )
    data = report.path.read_bytes()
    trusted = check_report(data, book=rosa.book, trust=fingerprint(own.authority))
    assert (trusted.verdict, trusted.ledger, trusted.issued) == ("valid", "agrees", True)
    assert check_report(data, book=rosa.book, seat=rosa.seat).verdict == "untrusted"
    with rosa.book.read() as snapshot:
        row = snapshot.rows.get(ReportRow, report.report_id)
    assert row is not None
    assert row.signed_with == fingerprint(load_certificate(dump_certificate(own.certificate)))


def test_evidence_that_was_touched_is_not_reported(world: World) -> None:
    """If it fails, a report puts a signature under an audit that somebody edited."""
    with world.stranger().read() as snapshot:
        (audit,) = snapshot.rows.where(AuditRow)
    path = world.home.evidence.path(audit.result, "json")
    path.write_bytes(path.read_bytes() + b" ")
    raising(CheckFailed, lambda: issue(world))


def test_an_erased_reason_stays_erased_in_new_reports(world: World) -> None:
    """If it fails, a report cannot be issued any more once somebody's data was erased."""
    for path in world.home.vault.glob("*.key"):
        path.unlink()
    report = issue(world)
    assert check_report(report.path.read_bytes(), trust=trust_of(world)).verdict == "valid"


def trust_of(world: World) -> str:
    """The fingerprint that a reader was told by telephone."""
    return world.stranger().facts.ca_fingerprint


def test_a_model_without_a_past_has_a_report_too(world: World) -> None:
    """If it fails, a newly registered model cannot be reported on."""
    world.person(FOUNDER).append(
        Draft("model.status_changed", f"model/{OTHER_MODEL}", {"status": "retired"})
    )
    rosa = world.person("rosa")
    key = rosa.seat.report_key("rosa", PASSPHRASE)
    report = issue_model_report(rosa.book, rosa.signer, key, OTHER_MODEL)
    assert check_report(report.path.read_bytes(), trust=trust_of(world)).verdict == "valid"
