"""What is vouched for from outside, by whom, and what a verdict may be based on."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest

from ledger.anchors import Anchor
from ledger.book import Book
from ledger.checkpoint import Checkpoint, sign_note
from ledger.entry import Draft
from ledger.errors import InvalidInput, StoreUnavailable
from ledger.home import Home
from ledger.keys import Signer
from ledger.seat import Seat
from ledger.tiles import root_at
from ledger.verification import anchor_from_note, verify
from ledger.witnessing import add_witness
from reports.enrolling import new_key, rotate
from tests.forging import Sheet, rebuild, sheets_of, sql
from tests.people import FOUNDER, MODEL, ORIGIN, ROLES, World, copy, raising, size_of
from tests.workers import Workers


def note_of(book: Book, signer: Signer, *, size: int | None = None) -> str:
    """A signed checkpoint of a ledger's first entries."""
    with book.read() as snapshot:
        size = snapshot.head.size if size is None else size
        checkpoint = Checkpoint(ORIGIN, size, root_at(snapshot.tile, size))
    name = f"{ORIGIN}/{signer.actor}"
    return sign_note(checkpoint.text(), name, signer.public_key, signer.sign)


def test_nothing_from_outside_is_unconfirmed(world: World) -> None:
    """If it fails, a ledger vouches for itself."""
    found = verify(world.stranger())
    assert (found.verdict, found.anchored, found.problems) == ("unconfirmed", None, ())
    assert "held against nothing" in found.sentence


def test_the_first_visit_pins_and_the_second_is_vouched_for(world: World) -> None:
    """If it fails, an auditor's own visits never come to count."""
    ann = world.person("ann")
    first = verify(ann.book)
    assert (first.verdict, first.anchored) == ("unconfirmed", None)
    pin = ann.seat.pin(ann.book.facts.ledger_id)
    assert pin is not None
    assert (pin.home, pin.ca_fingerprint) == (ann.book.place, ann.book.facts.ca_fingerprint)
    world.person("emil").note("1.1")
    second = verify(ann.book)
    assert second.anchored is not None
    assert (second.verdict, second.size, second.anchored.size) == ("verified", 11, 10)
    assert second.sentence.startswith("Verified: 10 of 11 entries, vouched for by the seat ann at ")
    assert verify(ann.book).anchored == replace(
        second.anchored, size=11, time=verify(ann.book).anchors[0].time
    )


def test_where_entries_lie_in_the_database_is_no_matter(world: World) -> None:
    """If it fails, a database that was copied in another order is called altered."""
    sql(world.home, "CREATE TABLE elsewhere AS SELECT * FROM entry")
    sql(world.home, "DELETE FROM entry")
    sql(world.home, "INSERT INTO entry SELECT * FROM elsewhere ORDER BY seq DESC")
    sql(world.home, "DROP TABLE elsewhere")
    assert sql(world.home, "SELECT seq FROM entry")[0] == (9,)
    assert verify(world.person("ann").book).problems == ()


def test_strict_wants_every_entry_vouched_for(world: World) -> None:
    """If it fails, `--strict` confirms entries that nobody outside has seen."""
    ann = world.person("ann")
    verify(ann.book)
    world.person("emil").note("1.1")
    found = verify(ann.book, strict=True)
    assert (found.verdict, found.problems) == ("unconfirmed", ())
    assert verify(ann.book, strict=True).verdict == "verified"


def test_who_appends_sees_what_they_appended(world: World) -> None:
    """If it fails, an entry can be taken away from under its own author."""
    emil = world.person("emil")
    emil.note("1.1")
    found = verify(emil.book)
    assert found.anchored is not None
    assert (found.verdict, found.anchored.size, found.anchored.by) == ("verified", 11, "emil")


def test_an_altered_ledger_moves_no_anchor(world: World) -> None:
    """If it fails, verifying a forged ledger makes it the truth of one's seat."""
    ann = world.person("ann")
    verify(ann.book)
    world.person("emil").note("1.1")
    sql(world.home, "UPDATE model SET owner = 'mallory'")
    before = ann.seat.anchors(ann.book.facts.ledger_id)
    assert verify(ann.book).verdict == "altered"
    assert ann.seat.anchors(ann.book.facts.ledger_id) == before


def test_a_checkpoint_handed_over_vouches(world: World) -> None:
    """If it fails, what somebody else has seen cannot confirm a ledger, or expose it."""
    rosa = world.person("rosa")
    note = note_of(rosa.book, rosa.signer)
    found = verify(world.stranger(), against=[anchor_from_note(note, "note.txt")])
    assert found.anchored is not None
    assert (found.verdict, found.anchored.by, found.anchored.size) == ("verified", "rosa", 10)
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    rebuild(world.home, sheets_of(world.home)[:-1], every)
    found = verify(world.stranger(), against=[anchor_from_note(note, "note.txt")])
    assert (found.verdict, found.problems[0].check, found.problems[0].seq) == (
        "altered",
        "anchor",
        8,
    )
    assert "rosa" in found.problems[0].message


def test_an_early_checkpoint_exposes_a_rewritten_beginning(world: World) -> None:
    """If it fails, only the newest entries are held against what others have seen."""
    rosa = world.person("rosa")
    note = note_of(rosa.book, rosa.signer, size=5)
    sheets = sheets_of(world.home)
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    rebuild(world.home, [*sheets[:1], replace(sheets[1], time=sheets[0].time), *sheets[2:]], every)
    found = verify(world.stranger(), against=[anchor_from_note(note, "note.txt")])
    assert found.verdict == "altered"
    assert [problem.check for problem in found.problems] == ["anchor"]


def test_a_forged_note_vouches_for_nothing(world: World) -> None:
    """If it fails, anyone can write a checkpoint that confirms a forged ledger."""
    world.newcomer("mallory")
    mallory = world.person("mallory").signer
    posing = replace(mallory, actor="rosa")
    rosa = world.person("rosa")
    real = note_of(rosa.book, rosa.signer)
    for note in (note_of(rosa.book, mallory), note_of(rosa.book, posing), edited(real)):
        anchor = anchor_from_note(note, "note.txt")
        assert "not signed by an actor" in raising(
            InvalidInput, lambda anchor=anchor: verify(world.stranger(), against=[anchor])
        )


def edited(note: str) -> str:
    """A note whose text somebody changed."""
    return note.replace("\n10\n", "\n9\n")


def test_only_proved_signers_are_named(world: World) -> None:
    """If it fails, a note is said to be vouched for by people who never signed it."""
    rosa, cora = world.person("rosa"), world.person("cora")
    note = note_of(rosa.book, rosa.signer)
    borrowed = note_of(cora.book, cora.signer, size=5).splitlines()[-1]
    found = verify(world.stranger(), against=[anchor_from_note(f"{note}{borrowed}\n", "note.txt")])
    assert found.anchored is not None
    assert found.anchored.by == "rosa"


def test_a_note_by_a_revoked_key_vouches_for_nothing(world: World) -> None:
    """If it fails, a stolen key can confirm what its thief made of the ledger."""
    emil, ada = world.person("emil"), world.person(FOUNDER)
    note = note_of(emil.book, emil.signer)
    with ada.book.read() as snapshot:
        size = snapshot.head.size
    public_key = base64.b64encode(emil.signer.public_key).decode()
    body = {"public_key": public_key, "since_seq": size, "reason": "Stolen."}
    ada.append(Draft("actor.key_revoked", "actor/emil", body))
    anchor = anchor_from_note(note, "note.txt")
    raising(InvalidInput, lambda: verify(world.stranger(), against=[anchor]))


def test_a_note_by_a_key_since_replaced_still_vouches(world: World) -> None:
    """If it fails, rotating keys makes every earlier checkpoint worthless."""
    emil, ada = world.person("emil"), world.person(FOUNDER)
    note = note_of(emil.book, emil.signer)
    request = new_key(
        emil.seat, "emil", kind="person", name="Emil", passphrase=b"open", rounds=1, replace=True
    )
    rotate(ada.book, ada.signer, request)
    found = verify(world.stranger(), against=[anchor_from_note(note, "note.txt")])
    assert (found.verdict, found.anchors[0].by) == ("verified", "emil")


def test_a_witness_folder_vouches_and_exposes(world: World, tmp_path: Path) -> None:
    """If it fails, a copy on a stick or share does not count, or an unknown signer hides a cut."""
    witness = tmp_path / "stick"
    witness.mkdir()
    ann, mona = world.person("ann"), world.person("mona")
    world.enrol("zoe", "model-owner")
    zoe = world.person("zoe")
    zoe.note("1.1")
    add_witness(Book(world.home, mona.seat), zoe.signer, witness)
    found = verify(mona.book)
    assert (found.verdict, found.anchored and found.anchored.by) == ("verified", "zoe")
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    rebuild(world.home, sheets_of(world.home)[:-2], every)
    assert verify(ann.book).verdict == "unconfirmed"
    found = verify(mona.book)
    assert (found.verdict, found.problems[0].check, found.problems[0].seq) == (
        "altered",
        "anchor",
        10,
    )


def test_another_ledgers_anchor_is_not_this_ones(world: World) -> None:
    """If it fails, any checkpoint of any ledger confirms this one."""
    with world.stranger().read() as snapshot:
        root = snapshot.head.root
    anchor = Anchor(Checkpoint("other.example/ledger", 10, root), "somebody", "", "note.txt")
    found = verify(world.stranger(), against=[anchor])
    assert (found.verdict, found.problems[0].check) == ("altered", "anchor")


def test_a_relative_path_is_the_same_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it fails, an exchanged ledger goes unnoticed by whoever spells its path otherwise."""
    verify(world.person("ann").book)
    monkeypatch.chdir(world.folder)
    book = Book(Home(Path("home")), Seat(Path("seats/ann")))
    assert book.seat is not None
    assert book.seat.ledger_at(book.place) == book.facts.ledger_id


def test_a_kind_of_a_newer_version_is_no_alteration(world: World) -> None:
    """If it fails, an older installation calls a newer colleague's work forged.

    Nor may it be called verified: what such entries do is not known here.
    """
    ann = world.person("ann")
    verify(ann.book)
    sheets = sheets_of(world.home)
    newer = Sheet("rosa", sheets[-1].time, (Draft("model.dreamt", f"model/{MODEL}", {}),))
    every = {name: world.person(name).signer for name in (FOUNDER, *ROLES)}
    version = Draft("model.versioned", f"model/{MODEL}", {"version": "2.0", "notes": ""})
    after = Sheet("rosa", sheets[-1].time, (version,))
    rebuild(world.home, [*sheets, newer, after], every)
    found = verify(ann.book)
    assert [(problem.check, problem.seq) for problem in found.problems] == [("newer", 10)]
    assert found.verdict == "unconfirmed"
    assert "newer format" in found.sentence
    assert ann.seat.anchors(ann.book.facts.ledger_id)[0].checkpoint.size == 10


@pytest.mark.parametrize("since_last", [False, True])
def test_an_issued_report_must_vouch_for_this_tree(world: World, *, since_last: bool) -> None:
    """If it fails, the record states a checkpoint that its own tree never had, and nobody sees."""
    ann, rosa = world.person("ann"), world.person("rosa")
    verify(ann.book)
    with rosa.book.read() as snapshot:
        roots = {size: root_at(snapshot.tile, size).hex() for size in (0, 5, 10)}
    for number, (size, root) in enumerate(roots.items()):
        rosa.append(issued(f"rep-{number}", size, root))
    assert verify(ann.book, since_last=since_last).problems == ()
    rosa.append(issued("rep-9", 5, roots[10]))
    found = verify(ann.book, since_last=since_last)
    assert found.verdict == "altered"
    assert [(p.check, p.seq, p.subject) for p in found.problems] == [("issued", 13, "report/rep-9")]


def issued(report: str, size: int, root: str) -> Draft:
    """A report that vouches for a size and root."""
    time = "2026-11-20T09:00:00.000000Z"
    body = {
        "report_kind": "model-report",
        "about": f"model/{MODEL}",
        "sha256": "06" * 32,
        "pages": 4,
        "size": size,
        "root": root,
        "period_from": time,
        "period_to": time,
        "signed_with": "SHA256:AA",
    }
    return Draft("report.issued", f"report/{report}", body)


def test_progress_and_json_are_as_documented(world: World) -> None:
    """If it fails, scripts that read `ledger verify --json` break."""
    told: list[tuple[int, int]] = []
    document = verify(
        world.person(FOUNDER).book, progress=lambda done, total: told.append((done, total))
    ).as_json()
    done, total = zip(*told, strict=True)
    assert done[0] == 10  # entries, then rows of registers
    assert list(done) == sorted(done)
    assert {total[0]} == {*total, done[-1]}
    assert list(document) == [
        "verdict",
        "size",
        "root",
        "anchored",
        "problems",
        "anchors",
        "checked",
        "notes",
        "since",
    ]
    assert document["anchored"] == {
        "size": 10,
        "by": FOUNDER,
        "time": document["anchors"][0]["time"],
    }
    assert document["checked"]["entries"] == 10
    assert orjson.loads(orjson.dumps(document)) == document


# Readers who may not write


READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def read_only(world: World) -> subprocess.CompletedProcess[str]:
    """Verify with the home on a read-only file system."""
    program = [sys.executable, "-m", __name__, str(world.folder)]
    mounting = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY]
    run = subprocess.run(
        [*mounting, str(world.home.folder), *program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in run.stderr or "unshare" in run.stderr:
        pytest.skip(f"no file system can be mounted here: {run.stderr.strip()}")
    return run


def test_a_read_only_home_can_be_read_and_verified(world: World) -> None:
    """If it fails, an auditor needs the right to write to what he audits."""
    verify(world.person("ann").book)
    run = read_only(world)
    assert run.returncode == 0, run.stderr
    assert orjson.loads(run.stdout) == ["verified", [], 10]


def test_a_lagging_read_only_home_says_so(world: World, tmp_path: Path) -> None:
    """If it fails, an auditor is told that a ledger is altered which only needs to be caught up."""
    ahead = copy(world, tmp_path / "ahead")
    before = world.home.journal.size()
    ahead.person("emil").note("1.1")
    with world.home.journal.files()[-1].open("ab") as file:
        file.writelines(ahead.home.journal.lines_from(before))
    run = read_only(world)
    assert run.returncode == 4, run.stdout
    assert "may not write to the database" in run.stderr
    assert verify(world.person("ann").book).problems == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other people")
def test_a_colleague_of_the_group_can_work_on(world: World, workers: Workers) -> None:
    """If it fails, whoever founds a home or writes first under a narrow umask locks the rest out.

    Two users of one group, neither of them root, take turns; the last one finds a crash's leavings.
    """
    with TemporaryDirectory() as folder:  # pytest's own lie in a folder that is closed to others
        shared = copy(world, Path(folder) / "world")
        for path in (Path(folder), *Path(folder).rglob("*")):
            os.chown(path, 4001, 4000)
            path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0))
        for path in shared.home.locks.iterdir():
            path.unlink()
        for user, actor, stage in (
            (4001, "emil", ""),
            (4002, "rosa", "close"),
            (4001, "cora", ""),
        ):
            job = workers.wait(workers.start("work_as", shared, actor, str(user), stage))
            assert job.lines == ([] if stage else ["done"])
        assert size_of(shared.stranger()) == 13
        files = [path for path in shared.home.folder.rglob("*") if path.is_file()]
        assert {oct(path.stat().st_mode & 0o660) for path in files} == {oct(0o660)}
        assert {path.stat().st_gid for path in files} == {4000}
        assert verify(shared.person("ann").book).problems == ()


def _main(folder: str) -> int:
    try:
        found = verify(World(Path(folder)).person("ann").book)
        told = [found.verdict, [problem.message for problem in found.problems], found.size]
        sys.stdout.write(orjson.dumps(told).decode())
    except StoreUnavailable as error:
        sys.stderr.write(error.message)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
