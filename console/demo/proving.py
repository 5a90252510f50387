"""Third chapter: a signed report, a verification by an outsider, and an attempt to cheat it."""

from __future__ import annotations

import re
from pathlib import Path

from console.demo.cast import Cast
from console.demo.finding import MODEL
from console.demo.narrator import NOTED, Narrator, done, short
from console.demo.place import Place
from console.demo.tampering import cut_back
from console.tui.marks import verdict_mark
from ledger.book import Book
from ledger.home import Home
from ledger.registers.audits import AuditRow
from ledger.verification import verify
from policies.auditing import Audited
from reports.checking import anchor_of, check_report
from reports.issuing import issue_model_report

_WHERE = re.compile(r" \([^)]*\)")


def report(cast: Cast, place: Place, narrator: Narrator) -> Path:
    """Issue a signed report, and check it as an auditor would; return where it lies."""
    rosa, theo = cast.rosa, cast.theo
    with narrator.step("Rosa issues a signed report, Theo checks it") as say:
        issued = issue_model_report(rosa.book, rosa.signer, rosa.report_key, MODEL)
        say(done("signed"), f"{place.within(issued.path)}, {issued.pages} pages")
        fingerprint = rosa.book.facts.ca_fingerprint
        say(NOTED, f"Theo was told the CA by telephone: {short(fingerprint)}")
        checked = check_report(
            issued.path.read_bytes(), book=theo.book, seat=theo.seat, trust=fingerprint
        )
        signer = checked.signer.name if checked.signer else "nobody"
        proven = checked.evidence.entries if checked.evidence else 0
        say(
            verdict_mark(checked.verdict),
            f"signed by {signer}; proves {proven} entries; the ledger {checked.ledger}",
        )
    return issued.path


def verification(cast: Cast, pdf: Path, narrator: Narrator) -> None:
    """Verify the whole ledger: by the auditor against the report, by the admin for her seat."""
    ada, theo = cast.ada, cast.theo
    with narrator.step("Theo verifies the whole ledger against that report") as say:
        vouching = anchor_of(
            pdf.read_bytes(), pdf.name, seat=theo.seat, trust=ada.book.facts.ca_fingerprint
        )
        found = verify(theo.book, against=[vouching])
        by = found.anchored
        say(
            verdict_mark(found.verdict),
            f"{by.size} of {found.size} entries, vouched for by {by.by}" if by else found.sentence,
        )
        checked = found.checked
        say(
            NOTED,
            f"checked: {checked['signatures']} signatures, {checked['register_rows']} register "
            f"rows, {checked['sealed_rows']:,} decisions",
        )
        if {found.verdict, verify(ada.book).verdict} == {"verified"}:
            say(NOTED, f"Theo's and Ada's seats now keep the checkpoint of all {found.size}")


def tampering(cast: Cast, place: Place, audit: Audited, narrator: Narrator) -> None:
    """Cut the failed audit and all after it out of a copy, and verify that copy.

    Held against nothing it is sound, which is why that never reads as verified.
    """
    with narrator.step(f"Somebody cuts {audit.audit_id} and all after it out of a copy") as say:
        with cast.theo.book.read() as snapshot:
            [row] = snapshot.rows.where(AuditRow, audit=audit.audit_id)
        cut_back(place.home, place.copy, row.seq)
        alone = verify(Book(Home(place.copy)))
        say(verdict_mark(alone.verdict), alone.sentence.partition(": ")[2])
        held = verify(Book(Home(place.copy), cast.theo.seat))
        say(verdict_mark(held.verdict), _WHERE.sub("", held.problems[0].message))
