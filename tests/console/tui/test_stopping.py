"""Stopping a model and bringing it back, from the keyboard."""

from __future__ import annotations

from textual.widgets import Button

from console.tui.dialogs import Notice, TypedName
from console.tui.form import Form
from console.tui.record.deciding import Request
from console.tui.switches.kill import KillDialog
from console.tui.switches.page import SwitchesPage
from ledger.registers.approvals import ApprovalRow
from ledger.registers.switches import SwitchEventRow, SwitchRow
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import Sample, ask_resume


def mode_of(sample: Sample, model: str) -> str:
    """The switch as the ledger has it."""
    with sample.book.read() as snapshot:
        row = snapshot.rows.get(SwitchRow, model)
    assert row is not None
    return row.mode


def reason_of(sample: Sample, model: str) -> str:
    """The reason of a model's latest change."""
    with sample.book.read() as snapshot:
        last = snapshot.rows.where(SwitchEventRow, model=model)[-1]
    return sample.book.reveal(f"model/{model}", "reason", last.reason)


async def test_a_kill_takes_one_confirming_key_and_then_the_reason(sample: Sample) -> None:
    """A commander could not stop a model and say why in five keys, or one slip would stop it."""
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "5", "down", "k")
        await shown(pilot, KillDialog)
        await pilot.press("k", "enter")
        assert isinstance(pilot.app.screen, KillDialog), "neither k again nor Enter confirms"
        assert mode_of(sample, "fraud-screen") == "on"
        await pilot.press("y")
        await shown(pilot, Form)
        assert mode_of(sample, "fraud-screen") == "off", "stopped before the reason is asked"
        fill(pilot.app, reason="Every payment from one country was declined.")
        await press(pilot, "ctrl+s")
        await until(
            pilot, lambda: bool(reason_of(sample, "fraud-screen")), "the reason in the record"
        )
        assert reason_of(sample, "fraud-screen").startswith("Every payment")


async def test_the_reason_may_be_skipped_and_said_later(sample: Sample) -> None:
    """A stop would hang on its paperwork, or what was skipped could not be made up for."""
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "5", "down", "k")
        await pilot.press("y")
        await shown(pilot, Form)
        await press(pilot, "escape")
        assert mode_of(sample, "fraud-screen") == "off"
        assert reason_of(sample, "fraud-screen") == ""
        await shown(pilot, SwitchesPage)
        await press(pilot, "y")
        await shown(pilot, Form)
        fill(pilot.app, reason="Said afterwards.")
        await press(pilot, "ctrl+s")
        await until(
            pilot, lambda: reason_of(sample, "fraud-screen") == "Said afterwards.", "the reason"
        )


async def test_who_may_not_stop_a_model_is_told_why(sample: Sample) -> None:
    """A refused action would do nothing, or take the console down."""
    async with sample.console("mira").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "5", "down", "k")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "mira (model-owner) may not enter switch.killed" in str(notice.message)
        assert "incident-commander" in notice.hint
        await press(pilot, "escape")
        assert mode_of(sample, "fraud-screen") == "on"


async def test_approving_wants_the_typed_name_and_has_cancel_in_hand(sample: Sample) -> None:
    """A model could be brought back by one careless Enter."""
    ask_resume(sample)
    async with sample.console("noor").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        await shown(pilot, Request)
        await pilot.press("a")
        await shown(pilot, TypedName)
        focused = pilot.app.focused
        assert focused is not None
        assert focused.id == "cancel"
        await press(pilot, "enter")
        assert mode_of(sample, "credit-scorer") == "fallback"
        await press(pilot, "enter")
        await shown(pilot, Request)
        await pilot.press("a")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"credit-score")
        assert pilot.app.screen.query_one("#go", Button).disabled
        await pilot.press("r")
        assert not pilot.app.screen.query_one("#go", Button).disabled
        await press(pilot, "enter")
        await until(pilot, lambda: mode_of(sample, "credit-scorer") == "on", "the model back on")


async def test_a_request_cannot_be_approved_by_who_made_it(sample: Sample) -> None:
    """One person could be both of the two."""
    approval = ask_resume(sample)
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "5", "a")
        await shown(pilot, Request)
        await pilot.press("a")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "cannot approve it too" in str(notice.message)
        await press(pilot, "escape")
        with sample.book.read() as snapshot:
            row = snapshot.rows.get(ApprovalRow, approval)
        assert row is not None
        assert row.state == "pending"


async def test_a_resume_is_requested_not_done(sample: Sample) -> None:
    """One person alone could bring a stopped model back."""
    async with sample.console("cyril").run_test() as pilot:
        await settled(pilot)
        await press(pilot, "5", "r")
        await shown(pilot, Form)
        fill(pilot.app, reason="The old version serves again.")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        assert mode_of(sample, "credit-scorer") == "fallback"
        picture = console(pilot).picture
        assert picture is not None
        await until(
            pilot,
            lambda: bool(
                (seen := console(pilot).picture) and seen.rows.where(ApprovalRow, state="pending")
            ),
            "the request on the screen",
        )
