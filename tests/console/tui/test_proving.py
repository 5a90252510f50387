"""Proofs, checkpoints, witnesses and stricter verifications, from the screen of the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from console.tui.dialogs import Notice
from console.tui.form import Form
from console.tui.record.page import RecordPage
from ledger.checkpoint import parse_checkpoint, parse_note
from ledger.proof_files import GivenFile, check_files
from ledger.witnessing import actor_keys, signed_checkpoint, witness_folders
from reports.authority import dump_certificate
from tests.console.tui.driving import console, fill, press, settled, shown, until
from tests.console.tui.sample import Sample
from tests.reports.authority_server import new_authority, serving


def checked(sample: Sample, *files: Path) -> list[str]:
    """What offline checking finds that files prove, with the keys of the ledger's actors."""
    with sample.book.read() as snapshot:
        keys = actor_keys(snapshot)
    given = [GivenFile(file.name, file.read_bytes()) for file in files]
    return [proved.kind for _, proved in check_files(given, keys)]


async def test_an_entry_is_proved_into_a_file_that_checks(sample: Sample, tmp_path: Path) -> None:
    """A proof from the console would prove nothing, or overwrite what lies there."""
    file = tmp_path / "entry.tlog-proof"
    file.write_text("mine")
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7", "o")
        await shown(pilot, Form)
        fill(pilot.app, which="3", path=str(file))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        assert file.read_text() == "mine"
        await press(pilot, "escape")
        await shown(pilot, Form)
        file = tmp_path / "another.tlog-proof"
        fill(pilot.app, path=str(file))
        await press(pilot, "ctrl+s")
        await until(pilot, file.exists, "the proof")
        await shown(pilot, Notice)
    assert "entry" in checked(sample, file, tmp_path / "another.tlog-proof.entry")


async def test_decisions_and_continuations_are_proved_too(sample: Sample, tmp_path: Path) -> None:
    """What the command line proves could not be proved from the console."""
    with sample.book.read() as snapshot:
        old = signed_checkpoint(snapshot, sample.signers["noor"])
    (tmp_path / "old.checkpoint").write_text(old)
    sample.enter("ada", "incident.noted", "incident/inc-1", note="Later.")
    asked = {"row": "log-1 499", "consistency": str(tmp_path / "old.checkpoint")}
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7")
        for what, which in asked.items():
            await press(pilot, "o")
            await shown(pilot, Form)
            fill(pilot.app, what=what, which="nothing", path=str(tmp_path / what))
            await press(pilot, "ctrl+s")
            await shown(pilot, Notice)
            await press(pilot, "escape")
            await shown(pilot, Form)
            fill(pilot.app, which=which)
            await press(pilot, "ctrl+s")
            await until(pilot, (tmp_path / what).exists, "the proof")
            await shown(pilot, Notice)
            await press(pilot, "escape")
            await shown(pilot, RecordPage)
    assert checked(sample, *(tmp_path / what for what in asked)) == list(asked)


async def test_a_checkpoint_is_signed_for_somebody_else(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An auditor at the console could take nothing home, and no authority's word for the time."""
    monkeypatch.setenv("no_proxy", "*")
    file, ca = tmp_path / "noor.checkpoint", tmp_path / "ca.pem"
    authority = new_authority()
    ca.write_bytes(dump_certificate(authority.ca))
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "7", "c")
        await shown(pilot, Form)
        fill(pilot.app, path=str(file))
        await press(pilot, "ctrl+s")
        await until(pilot, file.exists, "the checkpoint")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "nordhaven.example/ai/noor+" in str(notice.message), "the verifier key is shown"
        for named, came_to in ((None, "Not timestamped"), (ca, "by Public Notary")):
            await press(pilot, "escape", "c")
            await shown(pilot, Form)
            with serving(authority.grant) as url:
                fill(pilot.app, path=f"{file}-{came_to}", tsa=url, tsa_ca=str(named or ""))
                await press(pilot, "ctrl+s")
                await shown(pilot, Notice)
            notice = pilot.app.screen
            assert isinstance(notice, Notice)
            assert came_to in str(notice.message)
    with sample.book.read() as snapshot:
        size = snapshot.head.size
    assert parse_checkpoint(parse_note(file.read_text())[0]).size == size
    assert checked(sample, file) == ["checkpoint"]


async def test_a_witness_is_added_and_brought_up_to_date(sample: Sample, tmp_path: Path) -> None:
    """Witnesses would be for those who know the command line."""
    folder = tmp_path / "stick"
    folder.mkdir()
    app = sample.console("noor")
    for _ in range(2):
        async with app.run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            await press(pilot, "7", "w")
            await shown(pilot, Form)
            fill(pilot.app, folder=str(folder))
            with sample.book.read() as snapshot:
                size = snapshot.head.size
            await press(pilot, "ctrl+s")
            await until(
                pilot,
                lambda: [w.size for w in witness_folders(app.book)] == [size],  # noqa: B023
                "the witness",
            )
        sample.enter("ada", "incident.noted", "incident/inc-1", note="Later.")
        app = sample.console("noor")


async def test_a_record_is_held_to_what_others_kept(sample: Sample, tmp_path: Path) -> None:
    """A console would call verified what somebody's checkpoint contradicts."""
    other = tmp_path / "theirs.checkpoint"
    with sample.book.read() as snapshot:
        note = signed_checkpoint(snapshot, sample.signers["ada"])
    other.write_text(note)
    (tmp_path / "nothing").write_bytes(b"\xff")
    sample.enter("ada", "incident.noted", "incident/inc-1", note="Later.")
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        app = console(pilot)

        async def verified(*, how: str, path: Path) -> str:
            app.integrity = type(app.integrity)()
            await press(pilot, "V")
            await shown(pilot, Form)
            fill(pilot.app, how=how, path=str(path))
            await press(pilot, "ctrl+s")
            await until(pilot, lambda: app.integrity.found is not None, "a verdict")
            assert app.integrity.found is not None
            return app.integrity.found.verdict

        await settled(pilot)
        await press(pilot, "7", "V")
        await shown(pilot, Form)
        fill(pilot.app, path=str(tmp_path / "nothing"))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        await press(pilot, "escape")
        assert await verified(how="strict", path=other) == "unconfirmed"
        assert await verified(how="all", path=other) == "verified"

        def verdict() -> str:
            return str(pilot.app.screen.query_one("#verdict", Static).render())

        text = verdict()
        assert "theirs.checkpoint" in text
        size = app.integrity.found.size if app.integrity.found else 0
        sample.enter("ada", "incident.noted", "incident/inc-1", note="Later still.")
        await press(pilot, "V")
        await shown(pilot, Form)
        fill(pilot.app, how="since")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: "Only what is new" in verdict(), "what is new")
        assert f"from {size} entries on" in verdict()
