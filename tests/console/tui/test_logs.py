"""Logs from the console: looked at, imported, measured, and one decision proved."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Static

from console.tui.app import QuaestorApp
from console.tui.dialogs import Notice
from console.tui.form import Form
from console.tui.listing import Listing
from console.tui.models.metrics import MetricsPage
from console.tui.reading import Reading
from ledger.logs.bundling import seal_bundle
from ledger.logs.proposing import propose
from ledger.registers.logs import LogRow
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import Sample
from tests.console.tui.test_jobs import rows_of

LARGE = (120, 36)


def read(app: QuaestorApp) -> str:
    """The text of the reading in front, as it is drawn."""
    assert isinstance(app.screen, Reading)
    return app.screen.text(100).plain


def write_calls(folder: Path) -> list[Path]:
    """Two days of calls in two files, of two versions; the second day is slower and fails."""
    paths = []
    for day, version, slow, failed in ((1, "2.0.4", 100, 0), (2, "2.1.0", 900, 25)):
        lines = [
            f"2026-03-0{day}T10:{i:02}:00Z,r-{day}-{i},{version},{slow + i},"
            f"{'error' if i < failed else 'ok'}"
            for i in range(50)
        ]
        path = folder / f"day{day}.csv"
        path.write_text("time,request_id,model_version,duration_ms,status\n" + "\n".join(lines))
        paths.append(path)
    return paths


async def imported(pilot: Pilot[None], sample: Sample, **values: str) -> LogRow:
    """Import by the form that is in front; the sealed log."""
    fill(pilot.app, **values)
    await press(pilot, "ctrl+s")
    await shown(pilot, Reading)
    await press(pilot, "enter")
    await until(
        pilot, lambda: bool(rows_of(sample, LogRow, model="fraud-screen")), "the sealed log"
    )
    return rows_of(sample, LogRow, model="fraud-screen")[0]


async def test_several_files_are_looked_at_first_and_what_came_of_them_is_said(
    sample: Sample, tmp_path: Path
) -> None:
    """A second file would be lost, or a person not see what is missing before and after."""
    log, other = tmp_path / "a.csv", tmp_path / "b.csv"
    head = "time,request_id,mail\n"
    log.write_text(f"{head}2026-03-01T10:00:00Z,r-1,ann@example.org\n")
    other.write_text(f"{head}2026-03-02T10:00:00Z,r-2,\n2026-03-03T10:00:00Z,r-3,\n")
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        fill(app, path=str(log), more=str(other), kind="feedback")
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        looked = read(app)
        assert "a.csv" in looked
        assert "b.csv" in looked
        assert "wanted, and not in the map: rating" in looked
        await press(pilot, "escape")
        await shown(pilot, Form)
        row = await imported(pilot, sample, kind="feedback")
        assert (row.kind, row.rows) == ("feedback", 3)
        await shown(pilot, Reading)
        told = read(app)
        assert "3 rows sealed, 0 bad rows" in told
        assert "Redacted: 1 email" in told
        missing = next(line for line in told.splitlines() if line.startswith("rating"))
        assert missing.endswith("100.0%")


async def test_files_of_different_formats_are_refused_and_the_form_keeps_its_values(
    sample: Sample, tmp_path: Path
) -> None:
    """What was typed would be gone after a refusal, or two formats be sealed under one map."""
    table, traces = tmp_path / "a.csv", tmp_path / "b.jsonl"
    table.write_text("a,b\n1,2\n")
    traces.write_text('{"resourceSpans": []}\n{"resourceSpans": []}\n')
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        fill(pilot.app, path=str(table), more=str(traces), timezone="Europe/Berlin")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        form = pilot.app.screen
        assert isinstance(form, Form)
        assert form.values["timezone"] == "Europe/Berlin"
        assert form.values["more"] == str(traces)
        assert not rows_of(sample, LogRow, model="fraud-screen")


async def test_bad_rows_beyond_what_was_allowed_are_said_before_anything_else(
    sample: Sample, tmp_path: Path
) -> None:
    """A person would believe that every record of a damaged log is sealed."""
    log = tmp_path / "damaged.csv"
    log.write_text("id,approved\n1,1\n2\n3,0,0,0\n4,1\n")
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        row = await imported(pilot, sample, path=str(log))
        assert (row.rows, row.quarantined) == (2, 2)
        await shown(pilot, Reading)
        assert read(app).startswith("! More bad rows than the 0 that were allowed")
        await press(pilot, "escape", *["right_square_bracket"] * 2, "enter")
        await shown(pilot, Reading)
        assert "✗ damaged.csv, line 3:" in read(app)


async def test_a_bundle_is_entered_as_it_was_sealed(sample: Sample, tmp_path: Path) -> None:
    """A log that a program sealed elsewhere would need the command line to come in."""
    log, bundle = tmp_path / "night.csv", tmp_path / "night.bundle"
    log.write_text("id,approved\n1,1\n2,0\n")
    seal_bundle(sample.signers["ada"], [log], propose(log), bundle, clock=sample.clock)
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        fill(pilot.app, path=str(bundle))
        await press(pilot, "ctrl+s")
        await until(
            pilot, lambda: bool(rows_of(sample, LogRow, model="fraud-screen")), "the sealed log"
        )
        row = rows_of(sample, LogRow, model="fraud-screen")[0]
        assert (row.rows, row.sealed_by) == (2, "ada")


async def test_a_sealed_log_says_what_is_missing_and_how_it_was_mapped(sample: Sample) -> None:
    """Redactions, gaps and the column map of a log could only be read on the command line."""
    async with sample.console("noor").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "2", "enter", *["right_square_bracket"] * 2, "enter")
        await shown(pilot, Reading)
        told = read(app)
        row = rows_of(sample, LogRow, log="log-1")[0]
        for said in ("500 rows sealed", "20 email", "duration_ms", row.file, row.root):
            assert said in told


async def test_metrics_are_measured_by_window_and_version(sample: Sample, tmp_path: Path) -> None:
    """A version that answers slower and fails more would look like the others."""
    day1, day2 = write_calls(tmp_path)
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "2", "down", "enter", "i")
        await shown(pilot, Form)
        await imported(pilot, sample, path=str(day1), more=str(day2))
        await shown(pilot, Reading)
        await press(pilot, "escape", "m")
        await shown(pilot, MetricsPage)
        lines = app.screen.query_one("#metric-lines", Static)
        await until(pilot, lambda: "100 decisions" in str(lines.render()), "the metrics")
        await press(pilot, "w")
        await shown(pilot, Form)
        fill(app, window="1d", by="version")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "windows of 1d" in str(lines.render()), "windows of a day")
        said = str(lines.render())
        assert next(line for line in said.splitlines() if "errors" in line).endswith("▁█")
        windows = app.screen.query_one("#metric-windows", Listing).table
        assert [str(cell) for cell in windows.get_row_at(0)[:2]] == ["2026-03-02 00:00", "50"]
        groups = app.screen.query_one("#metric-groups", Listing).table
        by_version = {
            str(row[0]): str(row[5]) for row in map(groups.get_row_at, range(groups.row_count))
        }
        assert by_version == {"model_version 2.0.4": "0.0%", "model_version 2.1.0": "50.0%"}
        await press(pilot, "w")
        await shown(pilot, Form)
        fill(app, window="soon")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        assert "windows of 1d" in str(lines.render())


async def test_one_decision_is_shown_with_its_context_and_proved(
    sample: Sample, tmp_path: Path
) -> None:
    """A decision that somebody asks about could not be found, or not be proved to them."""
    proof = tmp_path / "decision.proof"
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "2", "enter", "d")
        await shown(pilot, Form)
        fill(app, which="log-1:500")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, which="log-1:17")
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        told = read(app)
        assert "cs-00006801" in told
        assert "2.0.4" in told
        assert "Row 17 of 500 in log-1" in told
        await press(pilot, "enter")
        await shown(pilot, Form)
        fill(app, path=str(proof))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        assert "cs-00006801" in proof.read_text()
