"""Before there is a ledger: founding one, opening another, the demo."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from console.tui.app import QuaestorApp
from console.tui.dialogs import Choice, Notice
from console.tui.form import Form
from console.tui.leaving import Elsewhere, Story
from console.tui.overview.beginning import saw_ledger
from console.tui.overview.waiting import waiting
from console.tui.picture import read_picture
from console.tui.times import LocalTime
from ledger import seat as seats
from ledger.book import Book
from ledger.home import Home
from ledger.keys import lock_key
from ledger.seat import Seat
from tests.console.tui.driving import fill, shown, until
from tests.console.tui.sample import ROUNDS, Sample, Turned


def newcomer(folder: Path) -> QuaestorApp:
    """A console at which somebody sits who has no ledger and no key."""
    return QuaestorApp(folder / "home", folder / "seat", None, lambda: None, Turned(), zone=UTC)


async def choose(pilot: Pilot[None], place: int) -> None:
    """Take one of the ways in."""
    await shown(pilot, Choice)
    await pilot.press(*["down"] * place, "enter")
    await shown(pilot, Form)


async def answer(pilot: Pilot[None], screen: type[Form | Notice], **values: str) -> None:
    """Fill the form in front, hand it over, and wait for what comes."""
    fill(pilot.app, **values)
    await pilot.press("ctrl+s")
    await shown(pilot, screen)


async def test_a_newcomer_founds_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, somebody new meets a blank screen, or needs the command line to begin."""
    monkeypatch.setattr(
        seats, "lock_key", lambda key, phrase, **_: lock_key(key, phrase, rounds=ROUNDS)
    )
    app = newcomer(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, Choice)
        assert not saw_ledger(app)
        told = str(app.screen_stack[0].query_one("#trouble", Static).render())
        assert "There is no ledger" in told
        await pilot.press("escape", "2", "5", "k", "1", "enter")
        await choose(pilot, 0)
        await answer(
            pilot, Notice, actor="pia", name="Pia", organisation="Bank", origin="a bank",
            passphrase="one", again="two",
        )  # fmt: skip
        for wrong in ({"again": "one"}, {"origin": "bank.example/ai", "store": "mysql://x"}):
            await pilot.press("escape")
            await shown(pilot, Form)
            assert not Home(tmp_path / "home").exists()
            await answer(pilot, Notice, **wrong)
        await pilot.press("escape")
        await shown(pilot, Form)
        await answer(pilot, Notice, store="")
        notice = app.screen
        assert isinstance(notice, Notice)
        book = Book(Home(tmp_path / "home"), Seat(tmp_path / "seat"))
        assert book.facts.ca_fingerprint in str(notice.message)
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None, "the way to the new ledger")
    assert app.return_value == Elsewhere(tmp_path / "home", actor="pia")
    assert book.seat is not None
    assert book.seat.signer("pia", b"one")
    now = Turned()()
    assert saw_ledger(newcomer(tmp_path)), "where it is away, none is to be founded"
    found = [(one.todo, one.room) for one in waiting(read_picture(book), "pia", now, LocalTime())]
    assert found == [("enrol a second one", "people"), ("register the first model", "models")]


async def test_a_newcomer_opens_a_ledger_or_the_demo(morning: Sample, tmp_path: Path) -> None:
    """If it fails, somebody sent to a ledger, or to the demo, does not get there."""
    app = newcomer(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        await choose(pilot, 1)
        await answer(pilot, Notice, folder=str(tmp_path))
        await pilot.press("escape")
        await shown(pilot, Form)
        fill(app, folder=str(morning.book.home.folder))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.return_value is not None, "the way there")
    assert app.return_value == Elsewhere(morning.book.home.folder)
    app = newcomer(tmp_path)
    (tmp_path / "mine").touch()
    async with app.run_test(size=(120, 36)) as pilot:
        await choose(pilot, 3)
        await answer(pilot, Notice, folder=str(tmp_path))
        await pilot.press("escape")
        await shown(pilot, Form)
        fill(app, folder=str(tmp_path / "demo"))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.return_value is not None, "the way there")
    assert app.return_value == Story(tmp_path / "demo")
