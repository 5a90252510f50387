"""What is done with the record now and then: witnesses, copies, restores; and keys that fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.keys import format_key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from console.tui.app import QuaestorApp
from console.tui.audits.detail import AuditPage
from console.tui.audits.evaluation import EvaluationPage
from console.tui.data.detail import DatasetPage
from console.tui.dialogs import Choice, Notice, TypedName
from console.tui.form import Form
from console.tui.incidents.detail import IncidentPage
from console.tui.incidents.finding import FindingPage
from console.tui.models.detail import ModelPage
from console.tui.models.metrics import MetricsPage
from console.tui.models.querying import QueryPage
from console.tui.people.page import PeoplePage
from console.tui.reading import Reading
from console.tui.record.jobs import JOBS
from ledger.book import Book
from ledger.checkpoint import parse_checkpoint, parse_note
from ledger.home import Home
from ledger.registers.approvals import ApprovalRow
from ledger.seat import Seat
from ledger.verification import verify
from ledger.witnessing import witness
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import Sample
from tests.postgres import Server

DETAILS = (
    AuditPage, EvaluationPage, DatasetPage, IncidentPage, FindingPage, ModelPage, MetricsPage,
    QueryPage,
)  # fmt: skip
HELP = len("? Help")


async def choose(pilot: Pilot[Any], job: str) -> None:
    """Choose one of the jobs that are done now and then."""
    await press(pilot, "m")
    await shown(pilot, Choice)
    options = pilot.app.screen.query_one(OptionList)
    options.highlighted = [each.name for each in JOBS].index(job)
    await pilot.press("enter")


async def type_name(pilot: Pilot[Any], name: str) -> None:
    """Type the name that is asked for, at once, and go on."""
    field = pilot.app.screen.query_one(Input)
    field.focus()
    field.value = name
    await pilot.press("enter")


def said(pilot: Pilot[Any]) -> str:
    """What the notice in front says."""
    notice = pilot.app.screen
    assert isinstance(notice, Notice)
    return str(notice.message)


@pytest.mark.parametrize("page", [*QuaestorApp.MODES.values(), *DETAILS], ids=lambda p: p.__name__)
def test_the_keys_of_a_screen_fit_into_80_columns(page: Any) -> None:
    """If it fails, the last keys of a screen, help among them, are cut off in a small terminal."""
    shown_keys = [each for each in page.BINDINGS if isinstance(each, Binding) and each.show]
    width = sum(
        len(each.key_display or format_key(each.key)) + 1 + len(each.description) + 1
        for each in shown_keys
    )
    assert width + HELP <= 80


async def test_a_checkpoint_goes_to_and_fro(sample: Sample, tmp_path: Path) -> None:
    """If it fails, a split view cannot be found from the console, or a fork passes unseen."""
    file, stick = tmp_path / "to-and-fro", tmp_path / "stick"
    async with sample.console("noor").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "7")
        await choose(pilot, "Exchange checkpoints")
        await shown(pilot, Form)
        fill(pilot.app, path=str(file))
        await press(pilot, "ctrl+s")
        await until(pilot, file.exists, "the checkpoint")
        await settled(pilot)
        witness(Book(sample.book.home, Seat(sample.seat("ada"))), sample.signers["ada"], file)
        await choose(pilot, "Check files")
        await shown(pilot, Form)
        fill(pilot.app, files=str(file))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        assert "it holds" in said(pilot)
        assert "nordhaven.example/ai/ada" in said(pilot)
        await press(pilot, "escape")
        await choose(pilot, "Your witnesses")
        await shown(pilot, Notice)
        assert "You have no witness" in said(pilot)
        await press(pilot, "escape")
        await choose(pilot, "Cosign")
        await shown(pilot, Form)
        fill(pilot.app, checkpoint=str(file), path=str(stick))
        await press(pilot, "ctrl+s")
        await until(pilot, stick.exists, "the cosigned checkpoint")
    with sample.book.read() as snapshot:
        size = snapshot.head.size
    assert parse_checkpoint(parse_note(stick.read_text())[0]).size == size


async def test_a_home_is_copied_and_its_registers_are_made_anew(
    sample: Sample, tmp_path: Path
) -> None:
    """If it fails, whoever has the console alone has no backup, or publishes over a folder."""
    copy, public = tmp_path / "copy", tmp_path / "public"
    async with sample.console("noor").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "7")
        await choose(pilot, "Back up")
        await shown(pilot, Form)
        fill(pilot.app, folder=str(sample.book.home.folder))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, folder=str(copy))
        await press(pilot, "ctrl+s")
        await until(pilot, (copy / "head.json").exists, "the copy")
        await settled(pilot)
        await choose(pilot, "Publish")
        await shown(pilot, Form)
        (tmp_path / "mine").touch()
        fill(pilot.app, folder=str(tmp_path / "mine"))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, folder=str(public))
        await press(pilot, "ctrl+s")
        await until(pilot, (public / "checkpoint").exists, "the tiles")
        await settled(pilot)
        await choose(pilot, "Rebuild registers")
        await settled(pilot)
        await choose(pilot, "Recover")
        await shown(pilot, Notice)
        assert said(pilot).startswith("0 entries were posted")
    found = verify(Book(Home(copy), Seat(sample.seat("ada"))))
    assert found.verdict == "verified"
    published = parse_checkpoint(parse_note((public / "checkpoint").read_text())[0])
    assert (published.size, published.root.hex()) == (found.size, found.root)


async def test_a_restore_is_declared_and_accepted(sample: Sample, tmp_path: Path) -> None:
    """If it fails, an honest restore stays an attack, or a seat forgets without its person."""
    home = sample.book.home.folder
    shutil.copytree(home, tmp_path / "yesterday")
    with sample.book.read() as snapshot:
        size = snapshot.head.size
    sample.enter("ada", "incident.noted", "incident/inc-1", note="Lost.")
    verify(Book(sample.book.home, Seat(sample.seat("noor")), clock=sample.clock))
    shutil.rmtree(home)
    shutil.copytree(tmp_path / "yesterday", home)
    sample.clock.turn(minutes=1)
    async with sample.console("ada").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "7")
        await choose(pilot, "Declare a restore")
        await shown(pilot, Form)
        fill(pilot.app, reason="The disk failed.", **{"from": str(size)})
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await type_name(pilot, "Nordhaven Bank")
        await shown(pilot, Notice)
    with sample.book.read() as snapshot:
        (asked,) = snapshot.rows.where(ApprovalRow, state="pending")
    assert (asked.kind, asked.effect.body["lost_from"]) == ("ledger.restored", size)
    async with sample.console("noor").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "7")
        await choose(pilot, "Accept a restore")
        await shown(pilot, TypedName)
        await type_name(pilot, "Nordhaven Bank")
        await shown(pilot, Notice)
        assert "The disk failed." in said(pilot)


async def test_a_ledger_is_moved_by_its_typed_origin(sample: Sample) -> None:
    """If it fails, a ledger moves by a slip, or whoever moves it needs the command line."""
    origin = "nordhaven.example/ai"
    with Server() as server:
        url = server.new().url
        async with sample.console("ada").run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            await press(pilot, "7")
            await choose(pilot, "Move")
            await shown(pilot, Form)
            fill(pilot.app, url="mysql://x")
            await press(pilot, "ctrl+s")
            await shown(pilot, TypedName)
            await type_name(pilot, origin)
            await shown(pilot, Notice)
            await press(pilot, "escape")
            await shown(pilot, Form)
            fill(pilot.app, url=url)
            await press(pilot, "ctrl+s")
            await shown(pilot, TypedName)
            await press(pilot, "enter")
            assert not sample.book.home.store_url, "Cancel has the focus"
            await choose(pilot, "Move")
            await shown(pilot, Form)
            fill(pilot.app, url=url)
            await press(pilot, "ctrl+s")
            await shown(pilot, TypedName)
            await type_name(pilot, origin)
            await shown(pilot, Notice)
            assert "with the same root" in said(pilot)
        found = verify(Book(sample.book.home, Seat(sample.seat("ada"))))
        assert (found.verdict, sample.book.home.store_url) == ("verified", url)


async def test_decisions_are_asked_by_sql(sample: Sample, tmp_path: Path) -> None:
    """If it fails, a risk officer cannot look into the decisions, or could read the machine."""
    file = tmp_path / "answer.csv"
    async with sample.console("noor").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "2", "enter", "q")
        await shown(pilot, Form)
        fill(pilot.app, query="SELECT * FROM read_csv('/etc/passwd')")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, query="SELECT sex, count(*) AS n FROM decisions GROUP BY ALL ORDER BY sex")
        await press(pilot, "ctrl+s")
        await shown(pilot, QueryPage)
        await until(
            pilot,
            lambda: "Rows: 2" in str(pilot.app.screen.query_one("#query", Static).render()),
            "the answer",
        )
        await press(pilot, "enter")
        await shown(pilot, Reading)
        await press(pilot, "escape", "w")
        await shown(pilot, Form)
        fill(pilot.app, path=str(file))
        await press(pilot, "ctrl+s")
        await until(pilot, file.exists, "the file")
    assert file.read_text().splitlines()[0] == "sex,n"


async def test_every_command_is_found_by_name(sample: Sample) -> None:
    """If it fails, a person who does not know a room cannot find what is done there."""
    async with sample.console("ada").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        app = console(pilot)
        found = {each.title: each.callback for each in app.get_system_commands(app.screen)}
        assert {job.name for job in JOBS} <= set(found)
        assert {"Verify", "Kill (Models)", "Erase a person (Data)"} <= set(found)
        app.call_later(found["Your keys (People)"])
        await shown(pilot, Choice)
        await pilot.press("escape")
        await shown(pilot, PeoplePage)
        app.call_later(found["Doctor"])
        await shown(pilot, Reading)
