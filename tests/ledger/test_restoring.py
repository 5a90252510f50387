"""An honest restore from a backup: declared by two, accepted seat by seat."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree, rmtree

from ledger import restoring
from ledger.book import Book
from ledger.errors import Altered, Refused
from ledger.registers.restorations import RestorationRow
from ledger.verification import verify
from tests.people import FOUNDER, Person, World, raising


def rolled_back(world: World, folder: Path, lost: int = 3) -> int:
    """Put yesterday's copy of the home back, after everybody has seen more; return its size."""
    ada = world.person(FOUNDER)
    copytree(world.home.folder, folder / "yesterday")
    with ada.book.read() as snapshot:
        size = snapshot.head.size
    for number in range(lost):
        ada.note(f"lost-{number}")
    for actor in ("rosa", "cora"):
        assert verify(world.person(actor).book).problems == ()
    rmtree(world.home.folder)
    copytree(folder / "yesterday", world.home.folder)
    return size


def declared(by: Person, approver: Person) -> None:
    """Declare what is lost, and have it approved."""
    outcome = restoring.declare(by.book, by.signer, "The disk failed; Sunday's backup is back.")
    restoring.accept(approver.book)
    approver.approve(outcome.approval or "")


def test_a_rollback_that_nobody_declares_stays_altered(world: World, tmp_path: Path) -> None:
    """If it fails, putting back an old copy is a way to make entries disappear."""
    rolled_back(world, tmp_path)
    for actor in (FOUNDER, "rosa", "cora"):
        assert verify(world.person(actor).book).verdict == "altered"
    raising(Altered, lambda: world.person(FOUNDER).note("go on"))
    raising(Refused, lambda: restoring.accept(world.person("cora").book))


def test_a_restore_takes_two_and_every_seat_for_itself(world: World, tmp_path: Path) -> None:
    """If it fails, an honest restore bricks the ledger, or one person can declare it."""
    size = rolled_back(world, tmp_path)
    ada, rosa, cora = (world.person(name) for name in (FOUNDER, "rosa", "cora"))
    outcome = restoring.declare(ada.book, ada.signer, "The disk failed.")
    raising(Refused, lambda: ada.approve(outcome.approval or ""))
    raising(Altered, lambda: rosa.approve(outcome.approval or ""))
    accepted = restoring.accept(rosa.book)
    assert (accepted.lost_from, accepted.lost_to) == (size, size + 3)
    rosa.approve(outcome.approval or "")
    with ada.book.read() as snapshot:
        (row,) = snapshot.rows.where(RestorationRow)
    assert (row.requested_by, row.approved_by) == (FOUNDER, "rosa")
    assert verify(rosa.book).verdict == "verified"
    assert verify(cora.book).verdict == "altered"
    restoring.accept(cora.book)
    assert [verify(cora.book).verdict for _ in range(2)] == ["unconfirmed", "verified"]


def test_what_a_seat_set_aside_is_kept(world: World, tmp_path: Path) -> None:
    """If it fails, the proof that there once was more is destroyed by accepting its loss."""
    size = rolled_back(world, tmp_path)
    declared(world.person(FOUNDER), world.person("rosa"))
    kept = list(world.seat("rosa").folder.glob("ledgers/*/checkpoint.lost-*"))
    assert [path.name for path in kept] == [f"checkpoint.lost-{size + 3}"]


def test_a_declaration_covers_no_later_rollback(world: World, tmp_path: Path) -> None:
    """If it fails, one declared restore hides every later disappearance."""
    rolled_back(world, tmp_path)
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    declared(ada, rosa)
    copytree(world.home.folder, tmp_path / "today")
    for number in range(9):
        ada.note(f"after-{number}")
    assert verify(rosa.book).verdict == "verified"
    rmtree(world.home.folder)
    copytree(tmp_path / "today", world.home.folder)
    raising(Refused, lambda: restoring.accept(rosa.book))
    assert verify(rosa.book).verdict == "altered"


def test_nothing_lost_is_nothing_to_declare(world: World) -> None:
    """If it fails, two people can blind a seat to what it has seen without any loss."""
    ada = world.person(FOUNDER)
    raising(Refused, lambda: restoring.declare(ada.book, ada.signer, "No reason."))
    raising(Refused, lambda: restoring.accept(Book(world.home, ada.seat)))
