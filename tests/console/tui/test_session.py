"""Who sits at the console: unlocking, locking, and what others do meanwhile."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from console.tui.app import QuaestorApp
from console.tui.dialogs import Notice, Passphrase
from console.tui.form import Form
from ledger.registers.incidents import NoteRow
from ledger.registers.models import ModelRow
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import PASSPHRASE, Sample


def notes(sample: Sample) -> int:
    """How many notes the ledger holds."""
    with sample.book.read() as snapshot:
        return len(snapshot.rows.where(NoteRow))


async def write_note(pilot: Pilot[Any], text: str) -> None:
    """Write a note into the first incident, up to its signing."""
    await press(pilot, "4", "enter", "n")
    await shown(pilot, Form)
    fill(pilot.app, note=text)
    await pilot.press("ctrl+s")


async def test_the_passphrase_is_asked_once_and_again_after_idleness(sample: Sample) -> None:
    """An unlocked key would lie open on an empty chair, or every act would ask again."""
    async with sample.console("cyril", passphrase=None).run_test() as pilot:
        await settled(pilot)
        app = console(pilot)
        await write_note(pilot, "One.")
        await shown(pilot, Passphrase)
        await pilot.press(*"wrong", "enter")
        await until(
            pilot, lambda: bool(app.screen.query(".complaint")), "a word about the wrong passphrase"
        )
        assert notes(sample) == 0
        app.screen.query_one(Input).value = PASSPHRASE.decode()
        await pilot.press("enter")
        await until(pilot, lambda: notes(sample) == 1, "the first note")
        await settled(pilot)
        await write_note(pilot, "Two.")
        await until(pilot, lambda: notes(sample) == 2, "the second note, without asking")
        sample.clock.turn(minutes=16)
        app._lock_if_idle()
        assert app.session.unlocked is None
        await settled(pilot)
        await write_note(pilot, "Three.")
        await shown(pilot, Passphrase)


async def test_what_others_enter_appears_by_itself(sample: Sample) -> None:
    """An open console would show yesterday's ledger until somebody pressed a key."""
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        sample.enter("ada", "model.versioned", "model/fraud-screen", version="5.4.0", notes="")
        await until(
            pilot,
            lambda: bool(
                (seen := console(pilot).picture)
                and (row := seen.rows.get(ModelRow, "fraud-screen"))
                and row.version == "5.4.0"
            ),
            "the new version",
        )


async def test_without_a_key_one_can_look_but_not_act(sample: Sample, tmp_path: Path) -> None:
    """A visitor would be let into a form that can only fail, or fill it and see nothing happen."""
    app = QuaestorApp(
        sample.book.home.folder, tmp_path / "none", None, lambda: None, sample.clock, zone=UTC
    )
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        for room, act in (("2", "n"), ("7", "c")):
            await press(pilot, room, act)
            await shown(pilot, Notice)
            notice = app.screen
            assert isinstance(notice, Notice)
            assert "you can look but not act" in str(notice.message)
            await press(pilot, "escape")


async def test_a_session_locks_after_the_time_it_was_given(sample: Sample) -> None:
    """The idle time would not be what was configured."""
    app = sample.console("ada")
    app.session.idle = timedelta(minutes=2)
    app.session.open(PASSPHRASE)
    sample.clock.turn(minutes=1)
    assert not app.session.lock_if_idle()
    sample.clock.turn(minutes=1)
    assert app.session.lock_if_idle()
    assert app.session.unlocked is None
