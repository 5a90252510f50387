"""Founding: entry 0 holds what everything else rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.entry import decode
from ledger.errors import InvalidInput, Refused
from ledger.home import Home
from ledger.keys import read_request
from ledger.registers.actors import active
from ledger.registers.house import RoleMatrix, matrix_in_force
from ledger.reserve import missing_spares
from ledger.seat import Seat
from ledger.verification import verify
from policies import shipped
from policies.adopting import playbook_in_force, policy_in_force, shipped_policies
from reports.founding import found_ledger
from tests.people import FOUNDER, ORIGIN, World, raising, ticking


def test_entry_zero_holds_what_is_needed_to_check_the_rest(world: World) -> None:
    """If it fails, a reader cannot tell which ledger this is, or whose keys to trust."""
    with world.stranger().read() as snapshot:
        entry = decode(snapshot.entries(0, 1)[0].data)
        matrix = matrix_in_force(snapshot.rows)
        founder = active(snapshot.rows, FOUNDER)
    facts = world.stranger().facts
    assert (entry.kind, entry.actor, entry.subject) == (
        "ledger.founded",
        FOUNDER,
        f"ledger/{facts.ledger_id}",
    )
    assert (entry.body["origin"], entry.body["format"], entry.body["demo"]) == (ORIGIN, 1, False)
    assert len(facts.ledger_id) == 64
    assert facts.ca_fingerprint.startswith("SHA256:")
    assert entry.body["matrix"] == matrix.model_dump()
    assert matrix == RoleMatrix.model_validate(shipped.role_matrix())
    assert (founder.role_list, founder.enrollers) == (["admin"], [FOUNDER])
    assert world.stranger().reveal(f"actor/{FOUNDER}", "name", founder.name) == "Ada Lind"


def test_policies_are_in_force_because_entries_say_so(world: World) -> None:
    """If it fails, editing a file that ships with the program changes what was decided."""
    book = world.stranger()
    for policy, content in shipped_policies().items():
        digest, kept = policy_in_force(book, policy)
        assert kept == content
        assert (world.home.evidence.folder / f"{digest}.json").exists()
    assert playbook_in_force(book)[1] == shipped.playbook()


def test_home_and_seat_are_closed_to_others(world: World) -> None:
    """If it fails, other users of the machine read the vault, or the founder's keys."""
    for folder in (world.home.folder, *(path for path in world.home.folder.iterdir())):
        if folder.is_dir():
            assert folder.stat().st_mode & 0o7777 == 0o2770, folder
    assert missing_spares(world.home.folder) == 0
    seat = world.seat(FOUNDER)
    assert seat.folder.stat().st_mode & 0o777 == 0o700
    keys = sorted((seat.folder / "keys").iterdir())
    assert [path.name for path in keys] == ["ada", "ada.report", "ada.request", "authority.ca"]
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}


def test_a_second_ledger_needs_another_folder(world: World) -> None:
    """If it fails, founding twice destroys the first ledger or its keys."""
    before = world.home.journal.files()[0].read_bytes()
    keys = {path: path.read_bytes() for path in (world.seat(FOUNDER).folder / "keys").iterdir()}
    said = raising(Refused, lambda: found(world.home, world.seat(FOUNDER)))
    assert "holds a ledger already" in said
    raising(Refused, lambda: found(Home(world.folder / "second"), world.seat(FOUNDER)))
    assert world.home.journal.files()[0].read_bytes() == before
    assert all(path.read_bytes() == data for path, data in keys.items())


@pytest.mark.parametrize("origin", ["", "with space", "a+b", "tab\there"])
def test_an_origin_that_cannot_name_a_key_is_sent_back(tmp_path: Path, origin: str) -> None:
    """If it fails, checkpoints of this ledger are no C2SP notes."""
    raising(InvalidInput, lambda: found(Home(tmp_path / "h"), Seat(tmp_path / "s"), origin))
    assert not (tmp_path / "h" / "journal").exists()


@pytest.mark.parametrize(("actor", "origin"), [("Mira", ORIGIN), (FOUNDER, "with space")])
def test_a_founding_that_is_sent_back_leaves_nothing(
    tmp_path: Path, actor: str, origin: str
) -> None:
    """If it fails, a slip in the first command leaves keys that stand in the way of the second."""
    home, seat = Home(tmp_path / "h"), Seat(tmp_path / "s")
    raising(InvalidInput, lambda: found(home, seat, origin, actor))
    assert not list(tmp_path.iterdir())


def test_the_founders_request_is_kept(world: World) -> None:
    """If it fails, `key show` cannot tell the founder's fingerprint."""
    request = read_request(world.seat(FOUNDER).request(FOUNDER))
    assert request.public_key == world.person(FOUNDER).signer.public_key


def test_two_ledgers_of_one_name_are_two(tmp_path: Path) -> None:
    """If it fails, a ledger founded again under the same name passes for the first."""
    first, _ = found(Home(tmp_path / "h1"), Seat(tmp_path / "s1"))
    second, _ = found(Home(tmp_path / "h2"), Seat(tmp_path / "s2"))
    assert first.facts.ledger_id != second.facts.ledger_id
    assert verify(first).verdict == verify(second).verdict == "verified"


def found(home: Home, seat: Seat, origin: str = ORIGIN, actor: str = FOUNDER):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Found a ledger."""
    return found_ledger(
        home,
        seat,
        actor=actor,
        name="Ada",
        organisation="Bank",
        origin=origin,
        passphrase=b"open",
        clock=ticking(),
        rounds=1,
    )
