"""Audits of every sort and evaluations from the console: asked, entered, read, told apart."""

from __future__ import annotations

import json
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Static

from console.tui.audits.detail import AuditPage
from console.tui.audits.evaluation import EvaluationPage
from console.tui.dialogs import Notice
from console.tui.form import Form
from console.tui.incidents.finding import FindingPage
from console.tui.listing import Listing
from console.tui.reading import Reading
from ledger.registers.audits import AuditRow
from ledger.registers.evaluations import EvaluationRow
from ledger.registers.findings import FindingRow
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import SAMPLE, Sample
from tests.console.tui.test_jobs import rows_of

LARGE = (120, 40)
CSV = str(SAMPLE / "credit_decisions_sample.csv")


async def asked(pilot: Pilot[None], **values: str) -> None:
    """Fill the form in front and run what it asks, until an audit is read."""
    await shown(pilot, Form)
    fill(pilot.app, model="credit-scorer", **values)
    await press(pilot, "ctrl+s")
    await shown(pilot, AuditPage)
    await settled(pilot)


def parts(pilot: Pilot[None]) -> str:
    """The audit in front as text."""
    return "\n".join(str(each.render()) for each in pilot.app.screen.query(Static))


async def test_a_question_asked_again_supersedes_and_other_filters_are_counted(
    sample: Sample,
) -> None:
    """Somebody could show the audit that suits them as if it were the only one."""
    plain = {"prediction": "approved", "by": "sex"}
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3")
        for more in ({}, {"version": "2.1.0", "since": "2026-01-01 00:00"}, {}):
            await press(pilot, "n")
            await asked(pilot, **plain, **more)
            await press(pilot, "escape")
        assert "2.1.0" in rows_of(sample, AuditRow, audit="aud-3")[0].filter
        assert "TIMESTAMPTZ" in rows_of(sample, AuditRow, audit="aud-3")[0].filter
        listing = pilot.app.screen.query_one("#audits", Listing).table
        await until(pilot, lambda: listing.row_count == 4, "four audits")
        standing = {
            str(row[0]): (str(row[2]), str(row[7]))
            for row in map(listing.get_row_at, range(listing.row_count))
        }
        assert standing["aud-2"] == ("↷ superseded by aud-4", "1")
        assert standing["aud-4"] == ("latest", "1")
        assert standing["aud-3"] == ("latest", "3")
        console(pilot).open_detail("audits", "aud-2")
        await shown(pilot, AuditPage)
        await settled(pilot)
        assert "superseded by aud-4" in parts(pilot)


async def test_scores_are_audited_and_what_they_have_no_use_for_is_refused(sample: Sample) -> None:
    """A score would be audited as if it were a yes or no, or an option silently be ignored."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3", "n")
        await shown(pilot, Form)
        fill(pilot.app, model="credit-scorer", prediction="score", by="sex", label="repaid")
        fill(pilot.app, outcome="score", cutoff="640")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await asked(pilot, cutoff="", reference="sex=male")
        row = rows_of(sample, AuditRow, audit="aud-2")[0]
        assert (row.outcome, row.prediction) == ("score", "score")
        assert "Mean score by sex" in parts(pilot)


async def test_a_profile_asks_for_what_it_wants(sample: Sample) -> None:
    """A rule's own audit could not be made from the screen, or not say which rule it follows."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3", "p")
        await shown(pilot, Form)
        fill(pilot.app, profile="nyc-ll144")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("#data_source")), "its own fields")
        assert not pilot.app.screen.query("#mitigation")
        await press(pilot, "escape", "p")
        await shown(pilot, Form)
        fill(pilot.app, profile="four-fifths")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("#prediction")), "its own fields")
        await asked(pilot, prediction="approved", by="sex")
        assert rows_of(sample, AuditRow, audit="aud-2")[0].profile == "four-fifths"
        assert "Four-fifths rule" in parts(pilot)


async def test_a_statement_is_signed_for_the_decisions_that_it_is_about(
    sample: Sample, tmp_path: Path
) -> None:
    """An auditor could vouch for decisions only on the command line."""
    said, note = tmp_path / "said.txt", tmp_path / "statement.txt"
    said.write_text("I looked at every group.\n")
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3", "t")
        await shown(pilot, Form)
        fill(pilot.app, model="credit-scorer", said=str(said), path=str(note))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
    assert "I looked at every group." in note.read_text()
    assert "noor" in note.read_text()


async def test_a_finding_is_opened_from_the_audit_that_shows_it(sample: Sample) -> None:
    """What must be remedied would have lost the audit that it comes from."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3", "enter")
        await shown(pilot, AuditPage)
        await press(pilot, "f")
        await shown(pilot, Form)
        fill(pilot.app, title="Women under 30 are declined", severity="high")
        await press(pilot, "ctrl+s")
        await shown(pilot, FindingPage)
        row = rows_of(sample, FindingRow)[0]
        assert (row.model, row.source, row.owner) == ("credit-scorer", "audit/aud-1", "mira")


async def test_drift_is_entered_and_proxies_are_only_looked_at(sample: Sample) -> None:
    """A comparison would not be on record, or a look at proxies would pass for an audit."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "3", "d")
        await asked(pilot, current="2026-01..", reference="2025-09..2025-12", output="approved")
        row = rows_of(sample, AuditRow, audit="aud-2")[0]
        assert row.measure == "drift"
        assert "PSI" in parts(pilot)
        with sample.book.read() as snapshot:
            before = snapshot.head.size
        await press(pilot, "escape", "x")
        await shown(pilot, Form)
        fill(app, model="credit-scorer", by="sexe")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, by="sex")
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        assert isinstance(app.screen, Reading)
        told = app.screen.text(80).plain
        ranked = [line.split()[0] for line in told.splitlines() if "·" in line or "█" in line]
        assert "score" in ranked
        assert "sex" not in ranked
        with sample.book.read() as snapshot:
            assert snapshot.head.size == before


async def test_an_evaluation_is_entered_and_leads_to_its_findings(
    sample: Sample, tmp_path: Path
) -> None:
    """Attacks that worked would be on record, with nobody seeing who must remedy them."""
    cases = [
        {"id": f"a{i}", "suite": "adversarial", "category": "jailbreak", "passed": i % 4 > 0}
        for i in range(40)
    ]
    path = tmp_path / "suite.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in cases))
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "3", "e")
        await shown(pilot, Form)
        fill(pilot.app, version="credit-scorer 2.1.0", path=str(path))
        await press(pilot, "ctrl+s")
        await shown(pilot, EvaluationPage)
        text = pilot.app.screen.query_one("#evaluation-text", Static)
        await until(pilot, lambda: "30 of 40 cases passed" in str(text.render()), "the result")
        assert "jailbreak" in str(text.render())
        row = rows_of(sample, EvaluationRow)[0]
        assert (row.version, row.n, row.passed, row.actor) == ("2.1.0", 40, 30, "noor")
        finding = rows_of(sample, FindingRow)[0]
        assert (finding.source, finding.owner) == ("evaluation/ev-1", "mira")
        await until(
            pilot,
            lambda: bool((seen := console(pilot).picture) and seen.rows.where(FindingRow)),
            "the finding on the screen",
        )
        await press(pilot, "f")
        await shown(pilot, FindingPage)
        await press(pilot, "enter")
        await shown(pilot, EvaluationPage)
