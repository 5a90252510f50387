"""Data sets from the console: registered, renewed, looked at, tied to models; and logs dropped."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Static

from console.tui.data.detail import DatasetPage
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Form
from console.tui.listing import Listing
from console.tui.reading import Reading
from ledger import approving
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.logs.showing import read_decision
from ledger.registers.approvals import ApprovalRow
from ledger.registers.datasets import ContentsRow, DatasetRow, LineageRow
from ledger.registers.logs import LogRow
from policies.adopting import adopt
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import SAMPLE, Sample
from tests.console.tui.test_jobs import rows_of

LARGE = (120, 36)
CSV = str(SAMPLE / "credit_decisions_sample.csv")


async def test_a_data_set_lives_from_its_first_bytes_to_its_end(
    sample: Sample, tmp_path: Path
) -> None:
    """Which bytes a model was made with could not be entered, or be read, without a command."""
    newer = tmp_path / "newer.csv"
    newer.write_text("sex,repaid\nfemale,1\nmale,0\n")
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "9", "n")
        await shown(pilot, Form)
        fill(app, id="Applications", owner="mira", source="Core", licence="internal", path=CSV)
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, id="applications", label="repaid", note="Extract of January.")
        await press(pilot, "ctrl+s")
        await shown(pilot, DatasetPage)
        await settled(pilot)
        row = rows_of(sample, DatasetRow)[0]
        assert (row.owner, row.source, row.version, row.personal_data) == (
            "mira", "Core", "1", "not-stated",
        )  # fmt: skip
        await press(pilot, "enter")
        await shown(pilot, Reading)
        assert isinstance(app.screen, Reading)
        told = app.screen.text(100).plain
        assert "Note: Extract of January." in told
        assert "500 rows, 14 columns; concerns: 1 high" in told
        await press(pilot, "escape", "m")
        await shown(pilot, Form)
        fill(app, model="credit-scorer 2.1.0", of="1")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: bool(rows_of(sample, LineageRow)), "the lineage")
        made = rows_of(sample, LineageRow)[0]
        assert (made.model_version, made.use, made.digest) == ("2.1.0", "training", row.digest)
        await shown(pilot, DatasetPage)
        await press(pilot, "v")
        await shown(pilot, Form)
        fill(app, version="2", path=str(newer))
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: len(rows_of(sample, ContentsRow)) == 2, "new contents")
        await shown(pilot, DatasetPage)
        await press(pilot, "x")
        await shown(pilot, Form)
        fill(app, reason="Superseded")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"applications", "enter")
        await until(pilot, lambda: rows_of(sample, DatasetRow)[0].status == "retired", "its end")


async def test_files_are_profiled_and_compared_without_any_entry(
    sample: Sample, tmp_path: Path
) -> None:
    """Looking at data would need the command line, or leave traces in the record."""
    moved = tmp_path / "moved.csv"
    moved.write_text("channel\n" + "web\n" * 300 + "shop\n" * 300)
    was = tmp_path / "was.csv"
    was.write_text("channel\n" + "web\n" * 550 + "shop\n" * 50)
    with sample.book.read() as snapshot:
        before = snapshot.head.size
    async with sample.console("mira").run_test(size=LARGE) as pilot:
        app = console(pilot)
        await settled(pilot)
        await press(pilot, "9", "p")
        await shown(pilot, Form)
        fill(app, path=CSV, label="repaid")
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        assert isinstance(app.screen, Reading)
        assert "Label repaid" in app.screen.text(80).plain
        await press(pilot, "escape", "c")
        await shown(pilot, Form)
        fill(app, first=str(was))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(app, second=str(moved))
        await press(pilot, "ctrl+s")
        await shown(pilot, Reading)
        assert isinstance(app.screen, Reading)
        told = app.screen.text(80).plain
        assert "fail" in told
        assert "+41.7 %" in told
    with sample.book.read() as snapshot:
        assert snapshot.head.size == before


async def test_a_log_that_is_due_waits_for_a_second_person_and_no_other_is_dropped(
    sample: Sample,
) -> None:
    """A log would be deleted before its time, or by one person alone."""
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "9", "right_square_bracket")
        where = pilot.app.screen.query_one("#where", Static)
        await until(pilot, lambda: "No retention" in str(where.render()), "why there is no list")
        adopt(sample.book, sample.signers["noor"], "retention", None, "The shipped periods")
        await until(pilot, lambda: "1 logs, 0 due" in str(where.render()), "the list")
        await press(pilot, "r")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"log-1", "enter")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "log-1 is not due to be dropped" in str(notice.message)
        await press(pilot, "escape")
        sample.clock.turn(days=365 * 12)
        sample.enter("ada", "incident.noted", "incident/inc-1", note="Years later.")
        await until(pilot, lambda: "1 logs, 1 due" in str(where.render()), "the log due")
        state = pilot.app.screen.query_one("#retention", Listing).table.get_row_at(0)[0]
        assert str(state) == "! due"
        await press(pilot, "r")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"log-1", "enter")
        await until(pilot, lambda: bool(rows_of(sample, ApprovalRow)), "the request")
        request = rows_of(sample, ApprovalRow)[0]
        assert (request.kind, request.subject, request.state) == (
            "log.dropped", "log/log-1", "pending",
        )  # fmt: skip
        assert sample.book.home.evidence.path(rows_of(sample, LogRow)[0].file, "parquet").exists()


async def test_erasing_a_person_waits_for_a_second_one_and_names_nobody(
    sample: Sample, tmp_path: Path
) -> None:
    """A person's data would be destroyed by one hand, or their name stand in the record."""
    log = tmp_path / "calls.csv"
    log.write_text("user,note\nann-17,She asked about her loan\nben-3,He complained\n")
    mapping = ColumnMap.model_validate(
        {
            "subject": "user",
            "personal": ["note"],
            "columns": {"note": {"source": "note", "type": "string"}},
        }
    )
    import_logs(sample.book, sample.signers["ada"], "fraud-screen", [log], mapping)
    async with sample.console("ada").run_test(size=LARGE) as pilot:
        await settled(pilot)
        await press(pilot, "9", "e")
        await shown(pilot, Form)
        fill(pilot.app, subject="nobody", ground="Request of 2 April")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"nobody", "enter")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, subject="ann-17")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"ann-17", "enter")
        await until(pilot, lambda: bool(rows_of(sample, ApprovalRow)), "the request")
        request = rows_of(sample, ApprovalRow)[0]
        assert (request.kind, request.state) == ("vault.erased", "pending")
        assert request.subject.startswith("person/")
        assert "ann" not in request.subject + request.body
        assert "She asked" in read_decision(sample.book, "log-2", 0)[1]
        approving.approve(sample.book, sample.signers["noor"], request.approval)
        assert "She asked" not in read_decision(sample.book, "log-2", 0)[1]
        assert "He complained" in read_decision(sample.book, "log-2", 1)[1]
