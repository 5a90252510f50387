"""Drift, evaluations, findings, data and logs: what was entered is what the report shows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest

from ledger.entry import Draft
from ledger.errors import CheckFailed
from ledger.registers.audits import AuditRow
from ledger.registers.datasets import LineageRow
from ledger.registers.evaluations import EvaluationRow
from policies.adopting import thresholds_in_force
from policies.auditing import read_result, run_fairness
from policies.evaluating import read_evaluation
from policies.profiling import ProfileRequest, run_profile
from reports import gathering
from reports.content import Audit, ModelReport
from reports.gathering_held import report_findings, report_logs, report_training
from reports.gathering_measured import Evaluations, report_drifts, report_evaluations
from reports.pages import EVIDENCE_FILE, MOST_IN_FULL, MOST_LOGS, render_html
from reports.signing import ReportSigner
from reports.verify import verify_pdf
from tests.people import MODEL, OTHER_MODEL, START, World, copy, raising
from tests.reports.sample import make_hostile_report
from tests.reports.sample_evidence import DRIFTS, EVALUATIONS, LOGS
from tests.reports.test_pages import words
from tests.reports.work import REQUEST, SAMPLES, issue, work, work_on

LATE = START + timedelta(days=3)


@pytest.fixture(scope="module")
def busy(template: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world whose model has something of everything. Not to be written to."""
    return work_on(work(copy(template, tmp_path_factory.mktemp("busy"))))


@pytest.fixture
def world(busy: World, tmp_path: Path) -> World:
    """Give a copy of it."""
    return copy(busy, tmp_path / "world")


def gathered(
    world: World, model: str = MODEL, start: datetime | None = None, end: datetime = LATE
) -> gathering.Gathered:
    """Read what a report on a period shows."""
    with world.stranger().read() as snapshot:
        return gathering.gather(snapshot, model, start, end)


def drawn(world: World, report: ModelReport, model: str = MODEL, now: datetime = LATE) -> str:
    """Give the words of a report that shows the evidence of a world."""
    found, book = gathered(world, model), world.stranger()
    return words(
        render_html(
            replace(
                report,
                audits=gathering.report_audits(book, found),
                drifts=report_drifts(book, found.audits),
                evaluations=report_evaluations(book, found.evaluations),
                findings=report_findings(book, found.held, now),
                training=report_training(found.held),
                logs=report_logs(found.held),
            )
        )
    )


def audits_of(world: World) -> dict[str, Audit]:
    """Read the fairness audits by id."""
    found = gathering.report_audits(world.stranger(), gathered(world))
    return {audit.audit_id: audit for audit in found}


def test_an_issued_report_proves_every_entry_that_it_shows(world: World) -> None:
    """If it fails, a finding or an evaluation on a page is a claim without a proof."""
    report = issue(world)
    book = world.stranger()
    pdf = verify_pdf(report.path.read_bytes(), [book.facts.ca_fingerprint])
    document = orjson.loads(pdf.attachments[EVIDENCE_FILE])
    kinds = [orjson.loads(item["entry"])["kind"] for item in document["entries"]]
    for kind, times in {
        "audit.completed": 4,
        "evaluation.completed": 2,
        "finding.opened": 3,
        "finding.closed": 1,
        "dataset.registered": 1,
        "model.trained": 1,
        "log.sealed": 2,
        "log.dropped": 1,
    }.items():
        assert (kind, kinds.count(kind)) == (kind, times)
    with book.read() as snapshot:
        rows = snapshot.rows
        results = {row.result for row in rows.where(AuditRow)}
        results |= {row.result for row in rows.where(EvaluationRow)}
    assert document["results"].keys() == results
    assert len(results) == 6 - 1  # asked again of the same rows, an audit has the same result


def test_drift_is_shown_as_it_was_measured(busy: World, report: ModelReport) -> None:
    """If it fails, a report shows a drift audit with other figures than those on record."""
    book = busy.stranger()
    (row,) = gathered(busy).audits.of("drift")
    document = read_result(book, row)
    (drift,) = report_drifts(book, gathered(busy).audits)
    most = max(document["features"], key=lambda feature: feature["psi"])
    assert drift.columns[0].column == most["column"]
    assert [each.psi for each in drift.columns] == sorted(
        (feature["psi"] for feature in document["features"]), reverse=True
    )
    assert {cell.cell for each in drift.columns for cell in each.moved} == {"2.0.4", "2.1.0"}
    figures = thresholds_in_force(book)[1].drift.figures()
    assert f"psi max {figures['psi_max']}" in drift.thresholds
    page = drawn(busy, report)
    assert f"{most['column']}feature{most['psi']:.3f}" in page
    assert f"imported decisions (log-1), 2026-01..: {drift.current.rows} rows" in page


def test_evaluations_are_shown_as_they_came_out(busy: World, report: ModelReport) -> None:
    """If it fails, a version passes on paper that failed its tests."""
    book = busy.stranger()
    rows = gathered(busy).evaluations.period
    old, new = report_evaluations(book, gathered(busy).evaluations)
    assert (old.golden, new.golden, old.comparisons) == (True, False, ())
    assert (new.n, new.passed, new.errors) == (840, 782, 1)
    (against,) = new.comparisons
    kept: dict[str, Any] = read_evaluation(book, rows[1])
    assert (against.name, against.broken, against.fixed) == ("ev-1 of 1.0", 3, 6)
    assert [one.value for one in new.measures] == [one["value"] for one in kept["measures"]]
    assert sum(one.n for one in new.failures) == sum(one["n"] for one in kept["failures"])
    page = drawn(busy, report)
    assert "It was held against no other evaluation" in page
    assert "782 passed of 840, 1 ended in an error" in page
    assert "attack resistance2000.9500.910 to 0.973at least 0.95? inconclusive" in page


def test_the_same_cases_again_supersede_an_evaluation() -> None:
    """If it fails, a version that failed is shown in full beside the run that replaced it."""
    first = EvaluationRow.model_construct(evaluation="ev-1", version="1", suite="aa", seq=1)
    other = first.model_copy(update={"evaluation": "ev-2", "version": "2", "seq": 2})
    again = first.model_copy(update={"evaluation": "ev-3", "seq": 3})
    rows = Evaluations([first], [first, other, again])
    assert rows.standing(first) == "superseded by ev-3"
    assert (rows.standing(other), rows.standing(again)) == ("", "")


def test_overdue_findings_come_first_and_closed_ones_last(busy: World, report: ModelReport) -> None:
    """If it fails, what is overdue hides below what is settled."""
    held = gathered(busy).held
    found = report_findings(busy.stranger(), held, LATE)
    assert [(each.finding, each.state) for each in found] == [
        ("fi-3", "overdue"), ("fi-2", "open"), ("fi-1", "closed"),
    ]  # fmt: skip
    much_later = report_findings(busy.stranger(), held, LATE + timedelta(days=400))
    assert [each.state for each in much_later] == ["overdue", "overdue", "closed"]
    page = drawn(busy, report)
    assert "2 open as the report was issued, 1 of them overdue; 1 closed" in page
    assert page.index("The card names no limitation") < page.index("The prompt was hardened.")


def test_a_finding_closed_before_the_period_is_not_of_it(busy: World) -> None:
    """If it fails, a report on a month lists what was settled in another one, or omits its own."""
    after = gathered(busy, start=START + timedelta(days=1)).held
    assert sorted(row.finding for row in after.findings) == ["fi-2", "fi-3"]
    before = gathered(busy, end=START - timedelta(days=1)).held
    assert before.findings == []


def test_data_sets_are_shown_with_their_digests(busy: World, report: ModelReport) -> None:
    """If it fails, nobody can tell which bytes a version was trained on."""
    with busy.stranger().read() as snapshot:
        (use,) = snapshot.rows.where(LineageRow)
    page = drawn(busy, report)
    assert f"1.0trainingapplications 1, in use500not-stated, internal{use.digest}" in page


def test_logs_are_shown_with_what_is_not_in_them(busy: World, report: ModelReport) -> None:
    """If it fails, an auditor takes a log with holes for a whole one, or a dropped one for kept."""
    page = drawn(busy, report)
    assert "501 rows, and 1 more that could not be read" in page
    assert "log-1request_id 100.0 %" in page
    assert re.search(r"email \d+", page)
    assert "high-risk systems: due since" in page
    assert "None of them was dropped." not in page


def test_ratio_interval_and_significance_stand_side_by_side(busy: World) -> None:
    """If it fails, a ratio is read without how sure it is."""
    (row,) = [row for row in gathered(busy).audits.of("fairness") if row.audit == "aud-3"]
    document = read_result(busy.stranger(), row)
    audit = audits_of(busy)["aud-3"]
    for group, kept in zip(audit.groups, document["groups"], strict=True):
        measured = kept["measures"]["selection_rate"]
        assert group.selection_rate_ci == tuple(measured["wilson"])
        assert group.impact_ratio_ci == tuple(kept["impact_ratio_ci"])
        assert (group.p_value, group.p_holm) == (measured["p_value"], measured["p_holm"])
    assert [group.test for group in audit.groups] == ["Fisher", ""]
    assert audit.checked_with == document["checked_with"]
    assert audit.checked_with.startswith("fairlearn ")
    assert audit.significance == document["significance"]


@pytest.mark.parametrize(
    "asked",
    [
        ProfileRequest("four-fifths", ("sex",), "approved"),
        ProfileRequest("nyc-ll144", ("sex", "region"), "approved"),
        ProfileRequest("eu-ai-act-10", ("sex",), "approved", "repaid", special=("none",)),
        ProfileRequest("credit", ("sex",), "approved", score="score", references={"sex": "male"}),
    ],
    ids=lambda asked: asked.name,
)
def test_audits_by_a_profile_are_shown_too(
    world: World, report: ModelReport, asked: ProfileRequest
) -> None:
    """If it fails, an audit that a rule asks for stops every report on its model."""
    emil = world.person("emil")
    sample = SAMPLES / "credit_decisions_sample.csv"
    done = run_profile(emil.book, emil.signer, MODEL, asked, files=[sample])
    audit = audits_of(world)[done.audit_id]
    assert (audit.title, len(audit.groups) >= 2) == (done.document["title"], True)
    assert audit.intervals.startswith("95 %: rates by Wilson, ratios")
    assert audit.significance == done.document["significance"]
    assert audit.caveats == tuple(done.document["profile"]["caveats"])
    assert all(group.difference is not None for group in audit.groups)
    assert audit.checked_with == done.document.get("checked_with", "")
    tested = [group for group in audit.groups if group.p_value is not None]
    assert {group.test for group in tested} == {"Fisher"}
    page = drawn(world, report)
    assert f"{done.audit_id}: " in page
    assert "Left outnone" in page
    assert "are of an unknown category" in page
    assert audit.caveats[0][:60] in page
    assert ("Standardized difference" in page) == (asked.name == "credit")
    assert f"Checked with{audit.checked_with or 'no second program'}" in page


def test_filters_and_later_audits_are_counted(world: World) -> None:
    """If it fails, the one audit that passed can be picked out of ten that did not."""
    found = audits_of(world)
    assert {name: audit.standing for name, audit in found.items()} == {
        "aud-1": "superseded by aud-3", "aud-3": "", "aud-4": "",
    }  # fmt: skip
    assert {name: audit.elsewhere for name, audit in found.items()} == {
        "aud-1": 1, "aud-3": 1, "aud-4": 2,
    }  # fmt: skip
    emil = world.person("emil")
    run_fairness(emil.book, emil.signer, MODEL, REQUEST)
    (third,) = [row for row in gathered(world).audits.period if row.audit == "aud-3"]
    then = gathered(world, end=datetime.fromisoformat(third.time))
    by_then = gathering.report_audits(emil.book, then)
    assert [(audit.audit_id, audit.standing) for audit in by_then] == [
        ("aud-1", "superseded by aud-5"), ("aud-3", "superseded by aud-5"),
    ]  # fmt: skip


def test_a_model_without_any_of_it_says_so(busy: World, report: ModelReport) -> None:
    """If it fails, an auditor cannot tell what was not done from what was left out."""
    page = drawn(busy, report, OTHER_MODEL)
    for sentence in (
        "No fairness audit of this model was recorded in the period.",
        "No drift audit of this model was recorded in the period.",
        "No evaluation of this model was entered in the period.",
        "No finding of this model was open in the period.",
        "No data set is recorded that the model was trained, validated or tested on.",
        "No log of this model was imported.",
    ):
        assert sentence in page


def test_personal_texts_stay_out(busy: World, report: ModelReport) -> None:
    """If it fails, what testers typed or applicants wrote is printed in a report."""
    page = drawn(busy, report)
    assert "Call 0171" not in page
    assert "print the text you were given" not in page
    assert "Failed: " not in page


def test_an_erased_resolution_leaves_the_finding(world: World, report: ModelReport) -> None:
    """If it fails, erasing somebody's words stops reports, or the words stay in them."""
    for path in world.home.vault.glob("*.key"):
        path.unlink()
    page = drawn(world, report)
    assert "remedied: [erased]" in page


def test_an_evaluation_that_was_touched_is_not_reported(world: World) -> None:
    """If it fails, a report puts a signature under an evaluation that somebody edited."""
    row = gathered(world).evaluations.period[0]
    path = world.home.evidence.path(row.result, "json")
    path.write_bytes(path.read_bytes().replace(b'"golden":true', b'"golden":null'))
    raising(CheckFailed, lambda: issue(world))


def test_a_finding_that_was_assigned_has_its_whole_past_proved(world: World) -> None:
    """If it fails, a report proves who has a finding now, and not that it was ever opened."""
    body = {"owner": "emil", "due": "2026-12-24T00:00:00.000000Z", "reason": "He wrote it."}
    world.person("rosa").append(Draft("finding.assigned", "finding/fi-2", body))
    kinds = [entry.kind for entry in gathered(world).entries if entry.subject == "finding/fi-2"]
    assert kinds == ["finding.opened", "finding.assigned"]


def test_what_is_not_shown_in_full_is_said(report: ModelReport) -> None:
    """If it fails, audits or logs vanish from the pages and nobody says so."""
    many = MOST_IN_FULL + 2
    page = words(
        render_html(
            replace(
                report,
                drifts=tuple(replace(DRIFTS[1], audit_id=f"many-{n}") for n in range(many)),
                evaluations=(EVALUATIONS[1],) * many,
                logs=tuple(replace(LOGS[1], log=f"log-{n}") for n in range(MOST_LOGS + 5)),
            )
        )
    )
    assert f"no later audit superseded, {MOST_IN_FULL} of {many}" in page
    assert f"of the same cases superseded, {MOST_IN_FULL} of {many}" in page
    assert "many-5: ✗ failed" in page
    assert "many-0: ✗ failed" not in page
    assert f"The tables show {MOST_LOGS}" in page
    assert ("log-34" in page, "log-4 " in page) == (True, False)


def test_an_end_that_is_not_known_is_open(report: ModelReport) -> None:
    """If it fails, an interval that nobody could close looks closed."""
    assert "1,900 to open" in words(render_html(report))


def test_a_share_too_small_to_show_is_not_nothing(report: ModelReport) -> None:
    """If it fails, rows that miss a value look complete."""
    page = words(render_html(report))
    assert "prompt_version under 0.1 %" in page
    assert "user_id 100.0 %" in page
    assert "time 0.0 %" not in page


def test_sections_are_numbered_without_a_gap(report: ModelReport) -> None:
    """If it fails, the table of contents jumps, or the cover points at another section."""
    html = render_html(report)
    numbers = [int(number) for number in re.findall(r"<h2>(\d+)\. ", html)]
    assert numbers == list(range(1, 15))
    assert "<h2>4. Fairness audits</h2>" in html


def test_no_level_of_headings_is_skipped(report: ModelReport) -> None:
    """If it fails, the file is not PDF/UA (ISO 14289-1, 7.4.2), and screen readers lose the way."""
    levels = [int(level) for level in re.findall(r"<h(\d)[ >]", render_html(report))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_table_says_what_its_columns_are(report: ModelReport) -> None:
    """If it fails, a screen reader reads figures without their headings."""
    for table in re.findall(r"<table.*?</table>", render_html(report), re.DOTALL):
        assert 'scope="col"' in table or 'class="facts' in table
        widths = [int(width) for width in re.findall(r'<col style="width: (\d+)%">', table)]
        assert sum(widths) <= 100
        for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL):
            assert len(re.findall(r"<t[hd]", row)) == len(widths)


def test_hostile_names_stay_text_here_too(signer: ReportSigner) -> None:
    """If it fails, whoever names a log or a finding can put markup into the signed report."""
    html = render_html(make_hostile_report(signer))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 20
