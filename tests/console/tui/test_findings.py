"""Findings from the console: opened, pressed, handed on, closed."""

from __future__ import annotations

from datetime import UTC

from textual.widgets import Static

from console.tui.dialogs import Notice
from console.tui.form import Form
from console.tui.incidents.finding import FindingPage
from console.tui.incidents.findings import pressing
from console.tui.listing import Listing
from console.tui.overview.waiting import waiting
from console.tui.picture import read_picture
from console.tui.times import LocalTime
from ledger.clock import read_time, write_time
from ledger.registers.findings import FindingNoteRow, FindingRow
from policies.remedying import open_finding
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import Sample
from tests.console.tui.test_jobs import rows_of

LARGE = (120, 36)


def found(sample: Sample, title: str, due: str, owner: str = "mira") -> None:
    """Let somebody have opened a finding."""
    open_finding(
        sample.book,
        sample.signers["noor"],
        title=title,
        severity="medium",
        model="credit-scorer",
        source="audit/aud-1",
        owner=owner,
        due=read_time(due),
    )


async def test_a_finding_goes_from_its_opening_to_its_end(sample: Sample) -> None:
    """What must be remedied could not be entered, handed on or closed without a command."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "4", "f")
        await shown(pilot, Form)
        fill(app, title="The fallback was never drilled", severity="high", model="credit-scorer")
        fill(app, due="soon")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, due="")
        await press(pilot, "ctrl+s")
        await shown(pilot, FindingPage)
        row = rows_of(sample, FindingRow)[0]
        assert (row.owner, row.source, row.severity) == ("mira", "a person", "high")
        assert read_time(row.due) > sample.clock()
        await press(pilot, "g")
        await shown(pilot, Form)
        fill(app, owner="cyril", reason="Cyril can drill it.")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: rows_of(sample, FindingRow)[0].owner == "cyril", "the owner")
        assert rows_of(sample, FindingRow)[0].due == row.due, "an unchanged day stays exact"
        await shown(pilot, FindingPage)
        await press(pilot, "n")
        await shown(pilot, Form)
        fill(app, note="Drill is planned.")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: len(rows_of(sample, FindingNoteRow)) == 2, "the note")
        await shown(pilot, FindingPage)
        await press(pilot, "x")
        await shown(pilot, Form)
        fill(app, outcome="remedied", resolution="Drilled twice.")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: rows_of(sample, FindingRow)[0].status == "closed", "its end")
        said = app.screen.query_one("#notes-text", Static)
        await until(pilot, lambda: "Drilled twice." in str(said.render()), "its end on the screen")
        for text in ("Cyril can drill it.", "Drill is planned.", "given to cyril"):
            assert text in str(said.render())


async def test_who_may_not_close_is_told_who_may(sample: Sample) -> None:
    """Whoever owns a defect could call it remedied, or would not learn whom to ask."""
    found(sample, "Gaps in the log", "2026-05-01T12:00:00Z")
    async with sample.console("mira").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "4", "right_square_bracket", "enter")
        await shown(pilot, FindingPage)
        await press(pilot, "x")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "may not enter finding.closed" in str(notice.message)
        assert "risk-officer" in notice.hint


def test_what_is_overdue_comes_first_and_waits_for_everybody(sample: Sample) -> None:
    """A remedy that nobody made in time would be out of sight of those who could press for it."""
    found(sample, "Later", "2026-06-01T12:00:00Z")
    found(sample, "Sooner", "2026-05-01T12:00:00Z")
    found(sample, "Over", "2026-04-01T12:00:00Z")
    found(sample, "Another's", "2026-05-01T12:00:00Z", owner="cyril")
    picture, now = read_picture(sample.book), sample.clock()
    ordered = [row.title for row in pressing(picture.rows.where(FindingRow), now)]
    assert ordered == ["Over", "Sooner", "Another's", "Later"]

    def waits(actor: str) -> dict[str, str]:
        every = waiting(picture, actor, now, LocalTime(UTC))
        return {one.key: one.mark.word for one in every if one.room == "findings"}

    assert waits("mira") == {"fi-3": "overdue", "fi-2": "open", "fi-1": "open"}
    assert waits("cyril") == {"fi-3": "overdue", "fi-4": "open"}
    assert waits("noor") == {"fi-3": "overdue"}


async def test_an_overdue_finding_is_reached_from_the_overview(sample: Sample) -> None:
    """The first screen would say that something waits, and not lead to it."""
    sample.clock.turn(days=1)
    found(sample, "Over", write_time(sample.clock()))
    sample.clock.turn(hours=3)
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        await settled(pilot)
        listing = pilot.app.screen.query_one("#waiting", Listing)
        await until(
            pilot,
            lambda: "findings/fi-1" in [str(key.value) for key in listing.table.rows],
            "the finding in the list",
        )
        console(pilot).open_at("findings", "fi-1")
        await shown(pilot, FindingPage)
        facts = pilot.app.screen.query_one("#finding-facts", Static)
        await until(pilot, lambda: "3 h 00 min over" in str(facts.render()), "how long it is over")
        await press(pilot, "escape")
        tabs = pilot.app.screen.query("Tab#--content-tab-findings-tab")
        assert "1 overdue" in str(tabs.first().render())
