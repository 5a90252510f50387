"""Every job of the console but stopping: incidents, audits, imports, models, people, reports."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from textual.coordinate import Coordinate
from textual.widgets import OptionList, SelectionList, Static

from console.tui.audits.detail import AuditPage
from console.tui.dialogs import Choice, Notice, TypedName
from console.tui.form import Form
from console.tui.incidents.detail import IncidentPage
from console.tui.listing import Listing
from console.tui.reading import Reading
from console.tui.record.page import RecordPage
from console.tui.reports.page import ReportsPage
from ledger.registers.actors import ActorRow
from ledger.registers.audits import AuditRow
from ledger.registers.incidents import IncidentRow, StepRow
from ledger.registers.logs import LogRow
from ledger.registers.models import ModelRow
from ledger.registers.reports import ReportRow
from ledger.registers.rows import R
from ledger.seat import Seat
from policies.responding import open_incident
from reports.authority import fingerprint
from reports.checking import check_report
from reports.enrolling import new_key
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import PASSPHRASE, ROUNDS, SAMPLE, Sample
from tests.reports.sample import make_signer
from tests.reports.test_signing import write_pkcs12


def rows_of(sample: Sample, table: type[R], **equal: str | int) -> list[R]:
    """Rows of a register as the ledger has them now."""
    with sample.book.read() as snapshot:
        return snapshot.rows.where(table, **equal)


async def test_a_step_is_ticked_where_the_cursor_stands(sample: Sample) -> None:
    """A step would be ticked that was not done, or not by whom and when."""
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "4", "enter")
        await shown(pilot, IncidentPage)
        await press(pilot, "up", "up", "down", "down")
        sample.clock.turn(minutes=1)
        await press(pilot, "space")
        await shown(pilot, Form)
        fill(pilot.app, note="Called mira and noor.")
        await press(pilot, "ctrl+s")
        await until(
            pilot,
            lambda: bool(rows_of(sample, StepRow, step="notify-people")[0].done_at),
            "the step done",
        )
        step = rows_of(sample, StepRow, step="notify-people")[0]
        assert step.done_by == "cyril"
        assert step.done_at.startswith("2026-04-07T09:39")
        assert sample.book.reveal("incident/inc-1", "note", step.note) == "Called mira and noor."


async def test_the_worst_incident_waits_first_and_ends_of_lists_are_one_key_away(
    sample: Sample,
) -> None:
    """If it fails, a critical incident stands below a milder one, or far down in a long list."""
    for title, severity in (("Odd words " * 30, "low"), ("It harms people", "critical")):
        open_incident(
            sample.book, sample.signers["cyril"], title=title.strip(), severity=severity,
            model="credit-scorer", description="", detected_at=sample.clock(),
            aware_at=sample.clock(),
        )  # fmt: skip
    async with sample.console("cyril").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        overview = pilot.app.screen.query_one("#waiting", Listing)
        assert overview.key == "incidents/inc-3"
        await press(pilot, "4", "end")
        incidents = pilot.app.screen.query_one("#incidents", Listing)
        assert incidents.key == "inc-3"
        await press(pilot, "home")
        assert incidents.key == "inc-1"
        title = incidents.table.get_cell_at(Coordinate(1, 6))
        assert str(title).startswith("Odd words")
        assert str(title).endswith("…")


async def test_the_clock_runs_without_any_change_of_the_ledger(sample: Sample) -> None:
    """A commander would read how long is left as it was when the screen was opened."""
    async with sample.console("cyril").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "4", "enter")
        await shown(pilot, IncidentPage)
        clock = pilot.app.screen.query_one("#clock", Static)
        assert "in 25 min" in str(clock.render())
        sample.clock.turn(minutes=40)
        await until(pilot, lambda: "15 min over" in str(clock.render()), "the clock to run on")


async def test_an_incident_is_opened_by_the_definition_of_its_severity(sample: Sample) -> None:
    """Whoever opens an incident would have to know the severities by heart."""
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "4", "n")
        await shown(pilot, Choice)
        options = pilot.app.screen.query_one(OptionList)
        assert "People are being harmed" in str(options.get_option("critical").prompt)
        assert "Such as:" in str(options.get_option("low").prompt)
        await pilot.press("down", "down", "enter")
        await shown(pilot, Form)
        fill(pilot.app, title="Overrules doubled", detected="2026-04-07 09:00", aware="soon")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, aware="2026-04-07 09:30")
        await press(pilot, "ctrl+s")
        await shown(pilot, IncidentPage)
        row = rows_of(sample, IncidentRow, incident="inc-2")[0]
        assert (row.title, row.severity, row.model) == ("Overrules doubled", "medium", "")
        assert row.aware_at == "2026-04-07T09:30:00.000000Z"


async def test_closing_before_resolving_is_refused_and_explained(sample: Sample) -> None:
    """A refusal of the record would be swallowed or take the console down."""
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "4", "enter", "x")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"inc-1", "enter")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "not resolved" in str(notice.message)
        assert rows_of(sample, IncidentRow)[0].status == "open"


async def test_an_audit_runs_and_shows_groups_with_intervals(sample: Sample) -> None:
    """An audit could not be run from the screen, or its result not be read there."""
    async with sample.console("noor").run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "3", "n")
        await shown(pilot, Form)
        fill(pilot.app, model="credit-scorer", prediction="approved", label="repaid", by="region")
        await press(pilot, "ctrl+s")
        await shown(pilot, AuditPage)
        await settled(pilot)
        row = rows_of(sample, AuditRow, audit="aud-2")[0]
        assert (row.n, row.by, row.actor) == (500, '["region"]', "noor")
        text = str(pilot.app.screen.query_one("#part-1", Static).render())
        for word in ("capital", "95 % interval", "ratio", "diff.", "Fisher", "highest", "┃", "▒"):
            assert word in text
        await press(pilot, "m")
        await shown(pilot, Form)
        fill(pilot.app, measure="fdr")
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        assert "between groups" in str(pilot.app.screen.query_one(".dialog-body Static").render())


async def test_a_log_is_imported_under_a_map_that_was_shown(sample: Sample, tmp_path: Path) -> None:
    """Decisions would be sealed under columns that nobody saw, or not at all."""
    log = tmp_path / "decisions.csv"
    log.write_text("id,approved,mail\n1,1,ann@example.org\n2,0,\n")
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        fill(pilot.app, path=str(tmp_path / "absent.csv"))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, path=str(log))
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        looked = pilot.app.screen
        assert isinstance(looked, Reading)
        assert "approved" in looked.text(80).plain
        await press(pilot, "enter")
        await until(
            pilot, lambda: bool(rows_of(sample, LogRow, model="fraud-screen")), "the sealed log"
        )
        row = rows_of(sample, LogRow, model="fraud-screen")[0]
        assert row.rows == 2
        assert '"count":1' in row.redactions


async def test_a_model_is_registered_from_its_card(sample: Sample) -> None:
    """A card that was written as YAML would have to be typed again."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "f")
        await shown(pilot, Form)
        fill(pilot.app, path=str(SAMPLE / "cards" / "support-assistant.yaml"))
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query("#materiality")), "the form, filled")
        fill(pilot.app, status="validation")
        await press(pilot, "ctrl+s")
        await until(
            pilot, lambda: bool(rows_of(sample, ModelRow, model="support-assistant")), "the model"
        )
        row = rows_of(sample, ModelRow, model="support-assistant")[0]
        assert row.status == "validation"
        assert row.model_card.purpose
        assert row.legal_class.category == "limited"


async def test_retiring_a_model_wants_its_typed_name(sample: Sample) -> None:
    """A model could be retired for good by one wrong line in a list."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "enter", "s")
        await shown(pilot, Form)
        fill(pilot.app, status="retired")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await press(pilot, "escape")
        assert rows_of(sample, ModelRow, model="credit-scorer")[0].status == "production"
        await press(pilot, "s")
        await shown(pilot, Form)
        fill(pilot.app, status="retired")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"credit-scorer", "enter")
        await until(
            pilot,
            lambda: rows_of(sample, ModelRow, model="credit-scorer")[0].status == "retired",
            "the model retired",
        )


async def test_a_role_is_granted_and_taken(sample: Sample) -> None:
    """Roles would need the command line, or be taken without a second thought."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "down", "g")
        await shown(pilot, Form)
        fill(pilot.app, role="auditor")
        await press(pilot, "ctrl+s")
        held = ["auditor", "incident-commander"]
        await until(
            pilot,
            lambda: rows_of(sample, ActorRow, actor="cyril")[0].role_list == held,
            "the role granted",
        )
        await until(
            pilot,
            lambda: (seen := console(pilot).picture) is not None and seen.roles("cyril") == held,
            "the role on the screen",
        )
        await press(pilot, "r")
        await shown(pilot, Form)
        fill(pilot.app, role="auditor")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"cyril", "enter")
        await until(
            pilot,
            lambda: rows_of(sample, ActorRow, actor="cyril")[0].role_list == held[1:],
            "the role taken",
        )


async def test_somebody_is_enrolled_from_a_request_file(sample: Sample, tmp_path: Path) -> None:
    """Enrolling would need the command line, or lose the roles that were chosen."""
    request = new_key(
        Seat(tmp_path / "seat"),
        "per",
        kind="person",
        name="Per",
        passphrase=PASSPHRASE,
        rounds=ROUNDS,
    )
    file = tmp_path / "per.request"
    file.write_bytes(request.encode())
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "n")
        await shown(pilot, Form)
        fill(pilot.app, path=str(file))
        pilot.app.screen.query_one(SelectionList).select("engineer")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(rows_of(sample, ActorRow, actor="per")), "the actor")
        row = rows_of(sample, ActorRow, actor="per")[0]
        assert row.role_list == ["engineer"]
        assert row.certificate, "the founder's seat certifies at once"


async def test_a_report_is_built_and_found_valid(sample: Sample) -> None:
    """A report could not be issued from the screen, or a good one would not be called valid."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "6", "b")
        await shown(pilot, Form)
        fill(pilot.app, model="credit-scorer")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(rows_of(sample, ReportRow)), "the report")
        await shown(pilot, ReportsPage)
        await until(
            pilot,
            lambda: bool((seen := console(pilot).picture) and seen.rows.where(ReportRow)),
            "the report on the screen",
        )
        await settled(pilot)
        await pilot.press("enter")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "valid" in str(notice.message)
        assert "the checkpoint in it is in this ledger" in str(notice.message)


async def test_a_report_is_signed_with_an_organisations_own_certificate(
    sample: Sample, tmp_path: Path
) -> None:
    """An organisation with its own signing certificate would need the command line."""
    own, file = make_signer(actor="ada"), tmp_path / "own.p12"
    write_pkcs12(file, own)
    sample.clock.now = own.certificate.not_valid_before_utc + timedelta(days=1)
    async with sample.console("ada").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "6", "b")
        await shown(pilot, Form)
        fill(pilot.app, model="fraud-screen", pkcs12=str(file), opens="wrong horse")
        await pilot.press("ctrl+s")
        await shown(pilot, Notice)
        assert not rows_of(sample, ReportRow)
        await pilot.press("escape")
        await shown(pilot, Form)
        fill(pilot.app, opens="correct horse")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(rows_of(sample, ReportRow)), "the report")
    (row,) = rows_of(sample, ReportRow)
    pdf = (sample.book.home.reports / f"{row.report}.pdf").read_bytes()
    found = await asyncio.to_thread(check_report, pdf, trust=fingerprint(own.authority))
    assert (found.verdict, found.problems) == ("valid", ())


async def test_entries_are_paged_filtered_and_shown_byte_for_byte(sample: Sample) -> None:
    """An auditor could not reach an entry, or would see other bytes than those signed."""
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7", "slash")
        await shown(pilot, Form)
        before = console(pilot).picture
        assert before is not None
        sample.enter("cyril", "incident.noted", "incident/inc-1", note="While the form is open.")
        await until(
            pilot,
            lambda: bool((seen := console(pilot).picture) and seen.head.size > before.head.size),
            "the entry that came meanwhile",
        )
        await settled(pilot)
        fill(pilot.app, kind="switch.*", subject="")
        await press(pilot, "ctrl+s")
        await shown(pilot, RecordPage)
        await until(
            pilot,
            lambda: "switch.*" in str(pilot.app.screen.query_one("#where", Static).render()),
            "the filter",
        )
        await press(pilot, "enter")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        with sample.book.read() as snapshot:
            stored = snapshot.find(kind="switch.killed")[-1]
        assert stored.data.decode() in str(notice.message)


async def test_verification_says_verified_and_notices_what_came_later(sample: Sample) -> None:
    """The light would stay green over entries that nobody verified."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        assert "not verified" in str(pilot.app.screen.query_one("#integrity", Static).render())
        await pilot.press("v")
        await until(pilot, lambda: console(pilot).integrity.found is not None, "a verdict")
        found = console(pilot).integrity.found
        assert found is not None
        assert found.verdict == "verified", found.problems
        start = found.size
        sample.enter("ada", "incident.noted", "incident/inc-1", note="Later.")
        light = f"verified to {start}, 1 newer"
        await until(
            pilot,
            lambda: light in str(pilot.app.screen.query_one("#integrity", Static).render()),
            "the light to say so",
        )
