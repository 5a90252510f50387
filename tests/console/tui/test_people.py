"""Keys, certificates and leaving, from the screen of people."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from textual.widgets import Input

from console.tui.app import QuaestorApp
from console.tui.dialogs import Notice, TypedName
from console.tui.form import Form
from console.tui.people.page import PeoplePage
from ledger.keys import read_request
from ledger.registers.actors import NEVER, ActorRow, KeyRow
from ledger.registers.approvals import ApprovalRow
from ledger.seat import Seat
from reports.enrolling import new_key
from tests.console.tui.driving import fill, press, settled, shown, until
from tests.console.tui.sample import PASSPHRASE, ROUNDS, Sample


def actor(sample: Sample, name: str) -> ActorRow:
    """Somebody as the ledger has them now."""
    with sample.book.read() as snapshot:
        row = snapshot.rows.get(ActorRow, name)
    assert row is not None
    return row


def key_of(sample: Sample, row: ActorRow) -> KeyRow:
    """A key as the ledger has it now."""
    with sample.book.read() as snapshot:
        found = snapshot.rows.get(KeyRow, row.public_key)
    assert found is not None
    return found


async def test_new_keys_are_put_in_place_of_old_ones(sample: Sample, tmp_path: Path) -> None:
    """Somebody with a new laptop could sign nothing until an admin found the command line."""
    before = actor(sample, "noor")
    request = new_key(
        Seat(tmp_path / "laptop"), "noor", kind="person", name="Noor",
        passphrase=PASSPHRASE, rounds=ROUNDS,
    )  # fmt: skip
    (tmp_path / "noor.request").write_bytes(request.encode())
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "k")
        await shown(pilot, Form)
        fill(pilot.app, path=str(tmp_path / "absent.request"))
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, path=str(tmp_path / "noor.request"))
        await press(pilot, "ctrl+s")
        await until(
            pilot, lambda: actor(sample, "noor").public_key != before.public_key, "the new key"
        )
    after = actor(sample, "noor")
    assert after.report_key == request.report_key
    assert after.certificate, "the founder's seat certifies at once"
    assert key_of(sample, before).until_seq != NEVER


async def test_a_key_is_revoked_from_an_entry_on_by_the_typed_name(sample: Sample) -> None:
    """A stolen key could not be stopped from the console, or would be by a slip."""
    row = actor(sample, "mira")
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "down", "down", "x")
        await shown(pilot, Form)
        fill(pilot.app, since="soon", reason="The laptop was stolen.")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"mira", "enter")
        await shown(pilot, Notice)
        assert key_of(sample, row).untrusted_since == NEVER
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, since="7")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"mira", "enter")
        await until(pilot, lambda: key_of(sample, row).untrusted_since == 7, "the revocation")


async def test_retiring_takes_the_typed_name_and_with_two_admins_two(sample: Sample) -> None:
    """One admin could be rid of the other, or somebody would be gone for good by a slip."""
    sample.enter("ada", "actor.granted", "actor/noor", role="admin")
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "down", "down", "t")
        await shown(pilot, Form)
        fill(pilot.app, reason="Left the bank.")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await press(pilot, "enter")
        await shown(pilot, PeoplePage)
        await press(pilot, "t")
        await shown(pilot, Form)
        fill(pilot.app, reason="Left the bank.")
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"mira", "enter")
        await shown(pilot, Notice)
    assert actor(sample, "mira").status == "active"
    with sample.book.read() as snapshot:
        (request,) = snapshot.rows.where(ApprovalRow, state="pending")
    assert (request.kind, request.subject) == ("actor.retired", "actor/mira")


async def test_only_the_founders_seat_certifies(sample: Sample) -> None:
    """Who was enrolled elsewhere could never sign a report, or a slip would let somebody sign."""
    assert not actor(sample, "cyril").certificate
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "down", "c")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert "report CA" in str(notice.message)
    async with sample.console("ada").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "down", "c")
        await shown(pilot, TypedName)
        await pilot.press("tab", *"cyril", "enter")
        await until(pilot, lambda: bool(actor(sample, "cyril").certificate), "the certificate")


async def test_somebody_new_makes_keys_that_an_admin_enrols(sample: Sample, tmp_path: Path) -> None:
    """A newcomer would need the command line, or a passphrase would stand on the screen."""
    file, seat = tmp_path / "per.request", Seat(tmp_path / "seat")
    app = QuaestorApp(
        sample.book.home.folder, seat.folder, None, lambda: None, sample.clock, zone=UTC
    )
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "y", "enter")
        await shown(pilot, Form)
        fill(pilot.app, actor="per", name="Per", passphrase=" a b ", again="a b", path=str(file))
        assert pilot.app.screen.query_one("#passphrase", Input).password
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        assert not file.exists()
        assert seat.actors() == []
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, again=" a b ", actor="../per")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        assert not file.exists()
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, actor="per")
        await press(pilot, "ctrl+s")
        await until(pilot, lambda: app.session.actor == "per", "the keys")
    request = read_request(file.read_bytes())
    assert seat.signer("per", b" a b ").public_key == request.public_key
    assert (request.actor, request.name) == ("per", "Per")


async def test_keys_are_replaced_only_by_the_typed_name(sample: Sample, tmp_path: Path) -> None:
    """A slip would overwrite the key that somebody signs with."""
    seat = Seat(sample.seat("noor"))
    before = seat.signer("noor", PASSPHRASE).public_key
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "y", "enter")
        await shown(pilot, Form)
        fill(pilot.app, passphrase="new", again="new", path=str(tmp_path / "noor.request"))
        await press(pilot, "ctrl+s")
        await shown(pilot, TypedName)
        await press(pilot, "enter")
        await shown(pilot, PeoplePage)
    assert seat.signer("noor", PASSPHRASE).public_key == before


async def test_the_passphrase_of_ones_keys_is_changed(sample: Sample) -> None:
    """Whoever was watched as they typed would need the command line, or keep the old one."""
    seat = Seat(sample.seat("noor"))
    async with sample.console("noor").run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "y", "down", "enter")
        await shown(pilot, Form)
        fill(pilot.app, passphrase="another one", again="another two")
        await press(pilot, "ctrl+s")
        await shown(pilot, Notice)
        seat.signer("noor", PASSPHRASE)
        await press(pilot, "escape")
        await shown(pilot, Form)
        fill(pilot.app, again="another one")
        await press(pilot, "ctrl+s")
        await shown(pilot, PeoplePage)
        await settled(pilot)
    seat.signer("noor", b"another one")


async def test_one_actor_is_read_in_full(sample: Sample) -> None:
    """In a narrow terminal nobody could see who enrolled somebody, or whether they may sign."""
    async with sample.console("noor").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "8", "enter")
        await shown(pilot, Notice)
        notice = pilot.app.screen
        assert isinstance(notice, Notice)
        assert actor(sample, "ada").key_fingerprint in str(notice.message)
        assert "Enrolled 2026-04-07 09:00 by ada" in str(notice.message)
