"""Checking a report: by the reader's own trust, its own evidence, and the ledger at hand."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from ledger.errors import InvalidInput
from ledger.seat import Seat
from ledger.verification import verify
from reports.checking import anchor_of, check_report
from reports.issuing import IssuedReport
from tests.forging import rebuild, sheets_of, sql
from tests.people import FOUNDER, MODEL, ROLES, World, build, copy, raising
from tests.reports.work import issue, work

Issued = tuple[World, IssuedReport]


@pytest.fixture(scope="module")
def issued(template: World, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Give a world that has worked, with a report. Not to be written to."""
    world = work(copy(template, tmp_path_factory.mktemp("issued")))
    return world, issue(world)


@pytest.fixture
def world(issued: Issued, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(issued[0], tmp_path / "world")


@pytest.fixture
def pdf(issued: Issued) -> bytes:
    """Give the report."""
    return issued[1].path.read_bytes()


def shorten(world: World, parts: int) -> None:
    """Take the last parts of the record away, in harmony."""
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    rebuild(world.home, sheets_of(world.home)[:-parts], every)


def test_a_genuine_report_is_valid_and_the_ledger_agrees(world: World, pdf: bytes) -> None:
    """If it fails, an auditor is told that a good report is bad, or compared with nothing."""
    rosa = world.person("rosa")
    check = check_report(pdf, book=rosa.book, seat=rosa.seat)
    assert (check.verdict, check.problems, check.ledger, check.issued) == (
        "valid",
        (),
        "agrees",
        True,
    )
    assert check.signer is not None
    assert check.signer.name == "rosa"
    document = check.as_json()
    assert document["entries_proven"] == 7
    assert document["checkpoint"]["signed_by"].endswith("/rosa")
    assert orjson.loads(orjson.dumps(document)) == document
    world.person("emil").note("9.0")
    assert check_report(pdf, book=rosa.book, seat=rosa.seat).ledger == "agrees"


def test_trust_is_the_readers_own(world: World, pdf: bytes, tmp_path: Path) -> None:
    """If it fails, a report is trusted because of what it, or a home, says of itself."""
    book = world.stranger()
    fingerprint = book.facts.ca_fingerprint
    assert check_report(pdf).verdict == "untrusted"
    assert check_report(pdf, book=book).verdict == "untrusted"
    assert check_report(pdf, seat=Seat(tmp_path / "new")).verdict == "untrusted"
    assert check_report(pdf, trust=fingerprint).verdict == "valid"
    assert check_report(pdf, seat=world.seat("rosa"), trust="SHA256:00").verdict == "untrusted"
    assert check_report(pdf, trust=fingerprint).ledger == "not compared"


def test_an_edited_report_is_altered(world: World, pdf: bytes) -> None:
    """If it fails, a signed report can be changed after it was issued."""
    rosa = world.person("rosa")
    middle = len(pdf) // 2
    flipped = pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]
    for edited in (flipped, pdf + b"\n", pdf[:-9], b"", b"%PDF-1.7"):
        check = check_report(edited, book=rosa.book, seat=rosa.seat)
        assert (check.verdict, check.evidence) == ("altered", None)


def test_a_truncated_ledger_disagrees(world: World, pdf: bytes) -> None:
    """If it fails, entries that a report vouches for can be cut from the ledger unnoticed."""
    shorten(world, 3)
    check = check_report(pdf, book=world.stranger(), seat=world.seat("rosa"))
    assert (check.verdict, check.ledger, check.issued) == ("altered", "disagrees", False)
    assert "lost entries" in check.problems[0]


def test_a_rewritten_ledger_disagrees(world: World, pdf: bytes) -> None:
    """If it fails, another past under the same name passes for the one reported on."""
    sheets = sheets_of(world.home)
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    moved = [*sheets[:3], sheets[4], sheets[3], *sheets[5:]]
    rebuild(world.home, moved, every)
    check = check_report(pdf, book=world.stranger(), seat=world.seat("rosa"))
    assert (check.verdict, check.ledger) == ("altered", "disagrees")


def test_a_report_that_no_entry_names_says_so(world: World, pdf: bytes) -> None:
    """If it fails, a report that was signed but never entered passes for an issued one."""
    shorten(world, 1)
    check = check_report(pdf, book=world.stranger(), seat=world.seat("rosa"))
    assert (check.verdict, check.ledger, check.issued) == ("valid", "agrees", False)


def test_a_report_anchors_a_verification(world: World, pdf: bytes) -> None:
    """If it fails, the PDF in an auditor's drawer cannot expose a shortened ledger."""
    seat = world.seat("rosa")
    anchor = anchor_of(pdf, "report.pdf", seat=seat)
    found = verify(world.stranger(), against=[anchor])
    assert found.anchored is not None
    assert (found.verdict, found.anchored.by, found.size - found.anchored.size) == (
        "verified",
        "rosa",
        1,
    )
    shorten(world, 3)
    found = verify(world.stranger(), against=[anchor])
    assert (found.verdict, found.problems[0].check) == ("altered", "anchor")


def test_a_report_exposes_a_ledger_from_which_its_issuer_was_removed(
    world: World, pdf: bytes
) -> None:
    """If it fails, cutting a ledger back to before the issuer came makes the report unusable."""
    anchor = anchor_of(pdf, "report.pdf", seat=world.seat("rosa"))
    shorten(world, len(sheets_of(world.home)) - 2)
    found = verify(world.stranger(), against=[anchor])
    assert (found.verdict, found.problems[0].check) == ("altered", "anchor")


def test_a_report_that_is_not_trusted_vouches_for_nothing(pdf: bytes, tmp_path: Path) -> None:
    """If it fails, anyone can make a PDF that confirms a forged ledger."""
    for data in (pdf, pdf + b"\n", b"%PDF-"):
        raising(
            InvalidInput,
            lambda data=data: anchor_of(data, "report.pdf", seat=Seat(tmp_path / "new")),
        )


def test_another_ledger_is_not_compared(pdf: bytes, tmp_path: Path, world: World) -> None:
    """If it fails, a report is called altered because an unrelated ledger lies at hand."""
    other = build(tmp_path / "other")
    sql(other.home, "UPDATE ledger SET origin = 'other.example/ledger'")
    check = check_report(pdf, book=other.stranger(), trust=world.stranger().facts.ca_fingerprint)
    assert (check.verdict, check.ledger) == ("valid", "not compared")


def test_a_ledger_that_cannot_be_read_does_not_spoil_the_check(
    pdf: bytes, tmp_path: Path, world: World
) -> None:
    """If it fails, a report can only be checked beside a working ledger."""
    from ledger.book import Book
    from ledger.home import Home

    trust = world.stranger().facts.ca_fingerprint
    check = check_report(pdf, book=Book(Home(tmp_path / "none")), trust=trust)
    assert (check.verdict, check.ledger) == ("valid", "not compared")
    assert "No ledger to compare" in check.problems[0]
    assert MODEL in check.as_json()["about"]
