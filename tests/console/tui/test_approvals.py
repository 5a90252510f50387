"""What takes several approvals, on the screens."""

from __future__ import annotations

from datetime import UTC

from textual.widgets import DataTable, Input, Static

from console.tui.dialogs import Notice, TypedName
from console.tui.overview.waiting import waiting
from console.tui.picture import read_picture
from console.tui.record.deciding import Request
from console.tui.times import LocalTime
from ledger import approving
from ledger.registers.restorations import RestorationRow, draft_restoration
from tests.console.tui.driving import press, settled, shown, until
from tests.console.tui.sample import Sample


def declared(sample: Sample) -> str:
    """Let ada declare a loss where two others may approve it, and noor do so; its id."""
    sample.enter("ada", "actor.granted", "actor/cyril", role="risk-officer")
    with sample.book.read() as snapshot:
        size = snapshot.head.size
    draft = draft_restoration(sample.book.facts.ledger_id, size, size + 3, "A disk failed.")
    approval = approving.request(sample.book, sample.signers["ada"], lambda _rows: draft).approval
    assert approval
    approving.approve(sample.book, sample.signers["noor"], approval)
    return approval


def restorations(sample: Sample) -> list[RestorationRow]:
    """What was declared lost."""
    with sample.book.read() as snapshot:
        return snapshot.rows.where(RestorationRow)


async def test_one_of_two_approvals_is_shown_as_that(sample: Sample) -> None:
    """An approver would think that a loss is declared, or that nobody has approved it yet."""
    approval = declared(sample)
    assert restorations(sample) == []
    name = sample.book.facts.organisation
    async with sample.console("cyril").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7", "right_square_bracket")
        table = pilot.app.screen.query_one("#approval-list DataTable", DataTable)
        assert "1 of 2" in str(table.get_cell_at(table.cursor_coordinate))
        await press(pilot, "enter")
        await shown(pilot, Request)
        said = "\n".join(str(each.render()) for each in pilot.app.screen.query(Static))
        assert "Approved by noor: 1 of 2" in said
        await pilot.press("a")
        await shown(pilot, TypedName)
        pilot.app.screen.query_one(Input).value = name
        await pilot.press("tab", "enter")
        await until(pilot, lambda: bool(restorations(sample)), "the restoration")
    assert restorations(sample)[0].people == ["ada", "noor", "cyril"]
    assert approval


async def test_who_has_approved_waits_for_the_other(sample: Sample) -> None:
    """Somebody would be asked again for what they gave, and be refused."""
    approval = declared(sample)
    picture = read_picture(sample.book)
    todo = {
        who: {one.key: one.todo for one in waiting(picture, who, sample.clock(), LocalTime(UTC))}
        for who in ("ada", "noor", "cyril", "mira")
    }
    assert todo["ada"][approval] == todo["noor"][approval] == "waits for another person"
    assert todo["cyril"][approval] == "approve or reject it"
    assert approval not in todo["mira"]
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7", "right_square_bracket", "enter")
        await shown(pilot, Request)
        await pilot.press("a")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "has approved" in str(notice.message)
