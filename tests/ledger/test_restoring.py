"""An honest restore from a backup: declared by two, accepted seat by seat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree

from ledger import restoring
from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import Altered, InvalidInput, Refused
from ledger.registers.actors import active
from ledger.registers.approvals import ApprovalRow
from ledger.registers.restorations import RestorationRow
from ledger.verification import verify
from ledger.witnessing import add_witness
from reports.enrolling import new_key, rotate
from tests.people import FOUNDER, PASSPHRASE, ROUNDS, Person, World, raising


def rolled_back(
    world: World,
    folder: Path,
    lost: int = 3,
    meanwhile: Callable[[], object] = lambda: None,
) -> int:
    """Put yesterday's copy of the home back, after everybody has seen more; return its size."""
    ada = world.person(FOUNDER)
    copytree(world.home.folder, folder / "yesterday")
    with ada.book.read() as snapshot:
        size = snapshot.head.size
    for number in range(lost):
        ada.note(f"lost-{number}")
    for actor in ("rosa", "cora"):
        assert verify(world.person(actor).book).problems == ()
    meanwhile()
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
    approved = rosa.approve(outcome.approval or "").entries[0]
    assert approved.body == {"given": 1, "needed": 1}, "there is nobody else who could approve"
    with ada.book.read() as snapshot:
        (row,) = snapshot.rows.where(RestorationRow)
    assert row.people == [FOUNDER, "rosa"]
    assert verify(rosa.book).verdict == "verified"
    assert verify(cora.book).verdict == "altered"
    restoring.accept(cora.book)
    assert [verify(cora.book).verdict for _ in range(2)] == ["unconfirmed", "verified"]


def waiting_for_two(world: World, folder: Path) -> str:
    """Let a loss be declared where two others could approve, and one of them do so; its id."""
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    ada.append(Draft("actor.granted", "actor/mona", {"role": "risk-officer"}))
    rolled_back(world, folder)
    approval = restoring.declare(ada.book, ada.signer, "The disk failed.").approval
    assert approval
    restoring.accept(rosa.book)
    (first,) = rosa.approve(approval).entries
    assert first.body == {"given": 1, "needed": 2}
    return approval


def test_a_restore_takes_two_approvals_where_two_can_give_them(
    world: World, tmp_path: Path
) -> None:
    """If it fails, two people declare a loss although a third was there to object."""
    approval = waiting_for_two(world, tmp_path)
    ada, rosa, mona = (world.person(name) for name in (FOUNDER, "rosa", "mona"))
    with ada.book.read() as snapshot:
        assert snapshot.rows.where(RestorationRow) == []
        row = snapshot.rows.get(ApprovalRow, approval)
    assert row is not None
    assert (row.state, list(row.approvers)) == ("pending", ["rosa"])
    assert "approved ap-" in raising(Refused, lambda: rosa.approve(approval))
    raising(Refused, lambda: ada.approve(approval))
    done = mona.approve(approval)
    assert [entry.kind for entry in done.entries] == ["approval.approved", "ledger.restored"]
    assert done.entries[0].body == {"given": 2, "needed": 2}
    with ada.book.read() as snapshot:
        (restored,) = snapshot.rows.where(RestorationRow)
    assert restored.people == [FOUNDER, "rosa", "mona"]
    assert verify(world.person("ann").book).problems == ()


def test_an_approval_under_a_key_that_was_revoked_since_counts_for_nothing(
    world: World, tmp_path: Path
) -> None:
    """If it fails, a thief's approval is half of what declares a loss.

    Nor does revoking somebody's key, which takes one person, make do with one approval fewer.
    """
    approval = waiting_for_two(world, tmp_path)
    ada, mona = world.person(FOUNDER), world.person("mona")
    with ada.book.read() as snapshot:
        key = active(snapshot.rows, "rosa").public_key
    body = {"public_key": key, "since_seq": 0, "reason": "Stolen."}
    ada.append(Draft("actor.key_revoked", "actor/rosa", body))
    (entry,) = mona.approve(approval).entries
    assert entry.body == {"given": 1, "needed": 2}
    fresh = new_key(
        world.seat("rosa"), "rosa", kind="person", name="Rosa",
        passphrase=PASSPHRASE, rounds=ROUNDS, replace=True,
    )  # fmt: skip
    rotate(ada.book, ada.signer, fresh)
    world.person("rosa").approve(approval)
    with ada.book.read() as snapshot:
        (restored,) = snapshot.rows.where(RestorationRow)
    assert restored.people == [FOUNDER, "mona", "rosa"]


def test_one_approval_cannot_pass_for_two(world: World, tmp_path: Path) -> None:
    """If it fails, an approver enters a loss by calling their own approval the last one."""
    ada, mona = world.person(FOUNDER), world.person("mona")
    approval = waiting_for_two(world, tmp_path)
    with ada.book.read() as snapshot:
        row = snapshot.rows.get(ApprovalRow, approval)
    assert row is not None
    said = Draft("approval.approved", f"approval/{approval}", {"given": 1, "needed": 1})
    raising(Refused, lambda: mona.append(said, row.effect))
    raising(Refused, lambda: mona.append(row.effect))
    short = Draft("approval.approved", f"approval/{approval}", {"given": 2, "needed": 2})
    raising(Refused, lambda: mona.append(short))
    mona.append(short, row.effect)


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
    for number in range(2):
        ada.note(f"after-{number}")
    assert verify(rosa.book).verdict == "verified"
    rmtree(world.home.folder)
    copytree(tmp_path / "today", world.home.folder)
    raising(Refused, lambda: restoring.accept(rosa.book))
    assert verify(rosa.book).verdict == "altered"


def test_an_acceptance_forgets_nothing_that_still_stands(world: World, tmp_path: Path) -> None:
    """If it fails, accepting a loss again makes a seat forget what was entered since."""
    size = rolled_back(world, tmp_path)
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    declared(ada, rosa)
    assert verify(rosa.book).size == size + 3, "its checkpoint lies in the range that was lost"
    for person in (ada, rosa):
        assert "No declared" in raising(Refused, lambda by=person: restoring.accept(by.book))
    assert verify(rosa.book).verdict == "verified"


def test_a_declaration_covers_nothing_that_was_seen_after_it(world: World, tmp_path: Path) -> None:
    """If it fails, what is entered after a declared restore can be rolled back under its name."""
    rolled_back(world, tmp_path, lost=5)
    ada, rosa = world.person(FOUNDER), world.person("rosa")
    declared(ada, rosa)
    copytree(world.home.folder, tmp_path / "today")
    ada.note("after")
    assert verify(rosa.book).verdict == "verified"
    rmtree(world.home.folder)
    copytree(tmp_path / "today", world.home.folder)
    assert "another one" in raising(Refused, lambda: restoring.accept(rosa.book))
    assert verify(rosa.book).verdict == "altered"


def test_a_seat_forgets_nothing_that_could_not_be_declared(world: World, tmp_path: Path) -> None:
    """If it fails, a refused declaration blinds the seat of whoever tried."""
    rolled_back(world, tmp_path)
    emil = world.person("emil")
    copied = world.person(FOUNDER).seat
    ledger_id = emil.book.facts.ledger_id
    anchor = copied.anchor(ledger_id)
    assert anchor is not None
    emil.seat.advance(ledger_id, anchor.checkpoint, by="emil", time=anchor.time)
    raising(Refused, lambda: restoring.declare(emil.book, emil.signer, "I may not."))
    assert emil.seat.anchor(ledger_id) is not None
    assert verify(emil.book).verdict == "altered"


def test_others_may_have_gone_on_before_a_loss_is_declared(world: World, tmp_path: Path) -> None:
    """If it fails, a program that works on after a restore makes the ledger altered for ever."""
    size = rolled_back(world, tmp_path)
    emil, ada, rosa = (world.person(name) for name in ("emil", FOUNDER, "rosa"))
    for number in range(4):
        emil.note(f"at night {number}")
    told = raising(InvalidInput, lambda: restoring.declare(ada.book, ada.signer, "A disk."))
    assert f" to {size + 2}." in told
    raising(InvalidInput, lambda: restoring.declare(ada.book, ada.signer, "A disk.", size + 3))
    raising(InvalidInput, lambda: restoring.declare(ada.book, ada.signer, "A disk.", 0))
    outcome = restoring.declare(ada.book, ada.signer, "A disk.", size)
    accepted = restoring.accept(rosa.book)
    assert (accepted.lost_from, accepted.lost_to) == (size, size + 3)
    rosa.approve(outcome.approval or "")
    assert verify(ada.book).verdict == "verified"
    assert verify(rosa.book).problems == ()


def test_a_witness_folder_keeps_what_else_lies_in_it(world: World, tmp_path: Path) -> None:
    """If it fails, accepting a loss deletes a file of the same name on somebody's stick."""
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "remembered").write_text("mine")
    rosa = world.person("rosa")
    rolled_back(world, tmp_path, meanwhile=lambda: add_witness(rosa.book, rosa.signer, stick))
    restoring.declare(rosa.book, rosa.signer, "The disk failed.")
    assert (stick / "remembered").read_text() == "mine"
    assert [path.suffix for path in stick.glob("*.checkpoint.*")]


def test_nothing_lost_is_nothing_to_declare(world: World) -> None:
    """If it fails, two people can blind a seat to what it has seen without any loss."""
    ada = world.person(FOUNDER)
    raising(Refused, lambda: restoring.declare(ada.book, ada.signer, "No reason."))
    raising(Refused, lambda: restoring.accept(Book(world.home, ada.seat)))
