from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from ledger.anchors import anchor_from_note
from ledger.checkpoint import parse_checkpoint, parse_note
from ledger.errors import Altered, InvalidInput, StoreUnavailable
from ledger.keys import Signer
from ledger.proof_text import check_json, check_note
from ledger.proving import prove_consistency, prove_entry
from ledger.verification import verify
from ledger.witnessing import (
    actor_keys,
    add_witness,
    cosign,
    signed_checkpoint,
    vouching,
    witness,
    witness_folders,
)
from reports.enrolling import new_key, rotate
from tests.people import (
    FOUNDER,
    ORIGIN,
    PASSPHRASE,
    ROUNDS,
    Person,
    World,
    copy,
    raising,
    size_of,
)


def signed(person: Person) -> str:
    """Let somebody sign a checkpoint."""
    with vouching(person.book, person.signer) as snapshot:
        return signed_checkpoint(snapshot, person.signer)


def exchange(person: Person, path: Path) -> tuple[str, ...]:
    """Let somebody take part in an exchange; return who has signed by now."""
    return witness(person.book, person.signer, path).signers


def roll_back(world: World, person: Person) -> None:
    """Let somebody work, then put the home back to what it was before."""
    kept = world.folder / "yesterday"
    copytree(world.home.folder, kept)
    person.note("1.1")
    person.note("1.2")
    verify(person.book)
    rmtree(world.home.folder)
    copytree(kept, world.home.folder)


def test_a_witness_keeps_what_was_seen_and_takes_no_cosignature_twice(
    world: World, tmp_path: Path
) -> None:
    """If it failed, a witness would hold an old tree, or its file grow with every visit."""
    emil, rosa = world.person("emil"), world.person("rosa")
    path = tmp_path / "shared.checkpoint"
    first = witness(emil.book, emil.signer, path)
    assert (first.before, first.size, first.signers) == (0, size_of(emil.book), ("emil",))
    note = path.read_bytes()
    assert exchange(emil, path) == ("emil",)
    assert path.read_bytes() == note
    assert exchange(rosa, path) == ("emil", "rosa")
    assert exchange(rosa, path) == exchange(emil, path) == ("emil", "rosa")
    _, signatures = parse_note(path.read_text())
    assert [(each.name, each.time is not None) for each in signatures] == [
        (f"{ORIGIN}/emil", False),
        (f"{ORIGIN}/emil", True),
        (f"{ORIGIN}/rosa", True),
    ]
    emil.note("1.1")
    later = witness(rosa.book, rosa.signer, path)
    assert (later.before, later.size, later.signers) == (first.size, first.size + 1, ("rosa",))


def test_two_histories_show_as_soon_as_a_checkpoint_passes(world: World, tmp_path: Path) -> None:
    """If it failed, two people could be shown two histories and never find out."""
    fork = copy(world, tmp_path / "fork")
    here, there = world.person("emil"), fork.person("rosa")
    path = tmp_path / "to-and-fro.checkpoint"
    exchange(here, path)
    exchange(there, path)
    here.note("1.1")
    there.note("2.1")
    exchange(here, path)
    said = raising(Altered, lambda: exchange(there, path))
    assert "are not those that" in said
    there.note("2.2")  # nor does it help to be ahead
    assert "are not those that" in raising(Altered, lambda: exchange(there, path))
    assert parse_checkpoint(parse_note(path.read_text())[0]).size == size_of(here.book)
    note = signed(there)
    assert "has seen" in raising(Altered, lambda: cosign(here.book, here.signer, note, "it"))
    raising(Altered, lambda: prove_consistency(here.book, here.signer, note, "it"))


def test_a_rollback_is_caught_by_a_witness_folder(world: World, tmp_path: Path) -> None:
    """If it failed, yesterday's backup could be put in place unnoticed by who has witnesses."""
    emil, ann = world.person("emil"), world.person("ann")
    stick = tmp_path / "stick"
    stick.mkdir()
    kept = world.folder / "yesterday"
    copytree(world.home.folder, kept)
    emil.note("1.1")
    add_witness(ann.book, ann.signer, stick)
    (listed,) = witness_folders(ann.book)
    assert (listed.says, listed.size, listed.by) == ("agrees", size_of(ann.book), "ann")
    ledgers = ann.seat.folder / "ledgers"
    rmtree(ledgers)  # the witness alone is to catch it
    rmtree(world.home.folder)
    copytree(kept, world.home.folder)
    found = verify(world.person("ann").book)
    assert found.verdict == "altered"
    assert [problem.check for problem in found.problems] == ["anchor"]
    assert str(stick) in found.problems[0].message
    assert [each.says for each in witness_folders(ann.book)] == ["contradicts"]
    raising(Altered, lambda: add_witness(ann.book, ann.signer, stick))
    rmtree(stick)
    assert [each.says for each in witness_folders(ann.book)] == ["missing"]


def test_a_rollback_is_caught_by_a_colleagues_seat(world: World) -> None:
    """If it failed, yesterday's backup could be put in place unnoticed by those who saw today."""
    emil = world.person("emil")
    roll_back(world, emil)
    assert verify(world.person("emil").book).verdict == "altered"
    assert verify(world.person("rosa").book).verdict == "unconfirmed"  # she saw nothing


Signing = Callable[[Person, Path], object]


@pytest.mark.parametrize(
    "sign",
    [
        lambda person, _: signed(person),
        lambda person, _: prove_entry(person.book, person.signer, 3),
        exchange,
        lambda person, path: add_witness(person.book, person.signer, path.parent),
    ],
)
def test_nobody_signs_what_their_seat_contradicts(
    world: World, tmp_path: Path, sign: Signing
) -> None:
    """If it failed, somebody would vouch for a history that they know to be cut."""
    emil = world.person("emil")
    roll_back(world, emil)
    assert "Your seat has seen" in raising(Altered, lambda: sign(emil, tmp_path / "checkpoint"))
    assert not (tmp_path / "checkpoint").exists()


def test_what_somebody_signs_their_seat_keeps(world: World) -> None:
    """If it failed, somebody could sign a checkpoint and not notice when it is contradicted."""
    world.person("emil").note("1.1")
    ann = world.person("ann")
    signed(ann)
    anchor = ann.seat.anchor(ann.book.facts.ledger_id)
    assert anchor is not None
    assert anchor.checkpoint.size == size_of(ann.book)


def test_a_colleagues_checkpoint_is_cosigned_once(world: World) -> None:
    """If it failed, `ledger checkpoint --cosign` would vouch for what it did not look at."""
    emil, rosa = world.person("emil"), world.person("rosa")
    note = signed(emil)
    rosa.note("1.1")  # it need not be the latest
    cosigned = cosign(rosa.book, rosa.signer, note, "it")
    assert cosign(rosa.book, rosa.signer, cosigned, "it") == cosigned
    with rosa.book.read() as snapshot:
        keys = actor_keys(snapshot)
    assert check_note(cosigned, keys).signers == (f"{ORIGIN}/emil", f"{ORIGIN}/rosa")
    proof = prove_consistency(rosa.book, rosa.signer, cosigned, "it")
    assert check_json(proof, keys).checkpoint.size == size_of(rosa.book)


def test_a_checkpoint_without_a_time_vouches_without_one(world: World) -> None:
    """If it failed, a verdict would end in an empty time."""
    note = signed(world.person("emil"))
    anchor = anchor_from_note(note, "it")
    found = verify(world.stranger(), against=[anchor])
    assert found.sentence.endswith("entries, vouched for by emil.")


def test_checkpoints_signed_before_a_key_was_replaced_still_count(world: World) -> None:
    """If it failed, changing a key would make every witness say that the ledger is another."""
    emil, founder = world.person("emil"), world.person(FOUNDER)
    note = signed(emil)
    request = new_key(
        emil.seat, "emil", kind="person", name="Emil", passphrase=PASSPHRASE, rounds=ROUNDS,
        replace=True,
    )  # fmt: skip
    rotate(founder.book, founder.signer, request)
    rosa = world.person("rosa")
    assert cosign(rosa.book, rosa.signer, note, "it").startswith(note)


@dataclass(frozen=True)
class Tiring(Signer):
    """Somebody whose key signs once and is taken away then."""

    def sign(self, data: bytes) -> bytes:
        """Sign, unless it is a cosignature."""
        if data.startswith(b"cosignature/"):
            raise KeyboardInterrupt
        return super().sign(data)


def test_a_checkpoint_is_kept_before_it_is_cosigned(world: World, tmp_path: Path) -> None:
    """If it failed, somebody could have cosigned a tree that their witness never heard of."""
    emil = world.person("emil")
    path = tmp_path / "checkpoint"
    tiring = Tiring("emil", emil.signer.key)
    raising(KeyboardInterrupt, lambda: witness(emil.book, tiring, path))
    _, signatures = parse_note(path.read_text())
    assert [each.time for each in signatures] == [None]
    assert exchange(emil, path) == ("emil",)
    assert len(parse_note(path.read_text())[1]) == 2


def test_what_cannot_be_a_witness_is_sent_back(world: World, tmp_path: Path) -> None:
    """If it failed, a witness could lie where those it watches can write, or nowhere."""
    emil = world.person("emil")

    def add(folder: Path) -> Callable[[], object]:
        return lambda: add_witness(emil.book, emil.signer, folder)

    assert "inside the ledger's home" in raising(InvalidInput, add(world.home.evidence.folder))
    raising(InvalidInput, add(tmp_path / "missing"))
    assert emil.seat.witness_folders() == []
    raising(StoreUnavailable, lambda: exchange(emil, tmp_path / "missing" / "checkpoint"))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"nothing", b"origin\n5\nAAAA\n\n- x AAAA\n"])
def test_what_is_no_checkpoint_is_not_replaced(
    world: World, tmp_path: Path, content: bytes
) -> None:
    """If it failed, a wrong file name would cost somebody their file."""
    emil = world.person("emil")
    path = tmp_path / "letter"
    path.write_bytes(content)
    raising(InvalidInput, lambda: exchange(emil, path))
    assert path.read_bytes() == content


def test_a_checkpoint_that_no_actor_signed_counts_for_nothing(world: World, tmp_path: Path) -> None:
    """If it failed, a stranger could make everybody believe in a fork."""
    emil = world.person("emil")
    note = signed(emil)
    path = tmp_path / "checkpoint"
    forged = note.replace(f"\n{size_of(emil.book)}\n", "\n99\n")
    path.write_text(forged)
    assert "not signed by an actor" in raising(InvalidInput, lambda: exchange(emil, path))
    path.write_text(note.replace(ORIGIN, "shop.example"))
    assert "of another ledger" in raising(InvalidInput, lambda: exchange(emil, path))
