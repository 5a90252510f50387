"""Nothing acknowledged is lost, and nothing is altered, wherever a process dies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copyfile, copytree
from time import sleep

import duckdb
import pytest

from ledger.book import Book
from ledger.entry import Draft
from ledger.errors import Altered, InvalidInput, Refused, StoreUnavailable
from ledger.home import Home
from ledger.registers.models import VersionRow
from ledger.registers.rows import Rows
from ledger.registers.switches import SwitchRow
from ledger.switchboard import read
from ledger.switching import kill
from ledger.verification import verify
from ledger.verify import Problem
from tests.forging import sheets_of
from tests.people import (
    FOUNDER,
    MODEL,
    OTHER_MODEL,
    World,
    copy,
    raising,
    seqs_of,
    size_of,
    version_draft,
)
from tests.workers import Job, Workers

KILLS = 44


def versions(book: Book) -> dict[str, int]:
    """Every version that the register holds, with the entry that wrote it."""
    with book.read() as snapshot:
        return {row.version: row.seq for row in snapshot.rows.where(VersionRow, model=MODEL)}


def sound(world: World, actor: str = "ann") -> list[Problem]:
    """Verify; list what is wrong."""
    return list(verify(world.person(actor).book).problems)


def test_no_acknowledged_entry_is_lost_to_kill_9(world: World, workers: Workers) -> None:
    """If it fails, an entry that somebody was told is recorded is gone, or the record is damaged.

    Two processes append all the time; each is killed at a random moment and another takes over.
    """
    random = Random(20261120)  # noqa: S311 - when to kill is no secret
    acknowledged: dict[str, int] = {}
    running: list[Job] = []
    for number in range(KILLS):
        actor = ("emil", "rosa")[number % 2]
        running.append(workers.start("append_for_ever", world, actor, f"kill-{number}"))
        if len(running) < 2:
            continue
        victim = workers.wait(running.pop(0), until=lambda job: bool(job.lines))
        sleep(random.uniform(0, 0.1))
        assert not victim.ended, victim.lines
        victim.kill()
        workers.wait(victim)
        acknowledged |= told(victim)
        if number % 11 == 0:
            assert sound(world) == []
    for job in running:
        job.kill()
        workers.wait(job)
        acknowledged |= told(job)
    assert len(acknowledged) > KILLS
    recorded = versions(world.stranger())
    assert acknowledged.items() <= recorded.items()
    assert seqs_of(world.stranger()) == list(range(size_of(world.stranger())))
    assert sound(world) == []
    assert sound(world, "emil") == []


def told(job: Job) -> dict[str, int]:
    """What a child was told is recorded: version and seq. Anything else it said is a failure."""
    said = [line.split(" ") for line in job.lines]
    assert all(len(words) == 2 and words[1].isdigit() for words in said), job.lines
    return {version: int(seq) for version, seq in said}


@pytest.mark.parametrize("stage", ["journal", "post", "close", "vouch"])
def test_what_is_journalled_is_recorded(world: World, workers: Workers, stage: str) -> None:
    """If it fails, an entry that reached the disk is lost when its writer dies then."""
    workers.wait(workers.start("die_at", world, "emil", stage))
    assert f"died at {stage}" in versions(world.stranger())
    assert sound(world, "emil") == []


def future(world: World, folder: Path, *, notes: int = 1, together: bool = False) -> bytes:
    """The journal's next lines, taken from a copy of the world that went on."""
    ahead = copy(world, folder)
    before = ahead.home.journal.size()
    drafts = [version_draft(f"next {number}") for number in range(notes)]
    emil = ahead.person("emil")
    for part in [drafts] if together else [[draft] for draft in drafts]:
        emil.append(*part)
    return b"".join(ahead.home.journal.lines_from(before))


def write_journal(world: World, data: bytes) -> None:
    """Let the journal end as a dying process left it."""
    with world.home.journal.files()[-1].open("ab") as file:
        file.write(data)


@pytest.mark.parametrize("kept", [1, 200, -1])
def test_half_a_line_is_cut(world: World, tmp_path: Path, kept: int) -> None:
    """If it fails, a crash while writing the journal leaves a ledger that takes no more entries."""
    before, journal = size_of(world.stranger()), world.home.journal.size()
    write_journal(world, future(world, tmp_path / "ahead")[:kept])
    assert size_of(world.stranger()) == before
    assert world.home.journal.size() == journal
    assert world.person("emil").note("after").entries[0].seq == before
    assert sound(world, "emil") == []


def test_half_a_part_is_cut(world: World, tmp_path: Path) -> None:
    """If it fails, part of what was to be entered together is recorded without the rest."""
    before = size_of(world.stranger())
    whole, *_rest = future(world, tmp_path / "ahead", notes=3, together=True).splitlines(True)
    write_journal(world, whole)
    assert size_of(world.stranger()) == before
    assert sound(world, "emil") == []


def test_whole_parts_before_a_half_line_are_posted(world: World, tmp_path: Path) -> None:
    """If it fails, cutting a broken tail also cuts what was recorded before it."""
    before = size_of(world.stranger())
    write_journal(world, future(world, tmp_path / "ahead", notes=3)[:-5])
    assert world.stranger().recover() == 2
    assert size_of(world.stranger()) == before + 2
    assert {"next 0", "next 1"} <= versions(world.stranger()).keys()
    assert sound(world) == []


def test_a_tail_that_the_head_has_seen_is_not_cut(world: World, tmp_path: Path) -> None:
    """If it fails, damage to an acknowledged entry is taken for a crash and cleaned away."""
    before = size_of(world.stranger())
    lines = future(world, tmp_path / "ahead")
    ahead = World(tmp_path / "ahead")
    write_journal(world, lines[:-1])
    copyfile(ahead.home.head_file, world.home.head_file)
    journal = world.home.journal.size()
    assert "acknowledged" in raising(Altered, lambda: size_of(world.stranger()))
    found = verify(world.person("ann").book)
    assert found.verdict == "altered"
    places = {(problem.check, problem.seq) for problem in found.problems}
    assert places == {("journal", before), ("head", before)}
    assert world.home.journal.size() == journal


def test_a_tail_that_the_seat_has_seen_is_not_cut(world: World, tmp_path: Path) -> None:
    """If it fails, the writer's own anchor does not protect what he was told is recorded."""
    lines = future(world, tmp_path / "ahead")
    ledgers = World(tmp_path / "ahead").seat("emil").folder / "ledgers"
    copytree(ledgers, world.seat("emil").folder / "ledgers", dirs_exist_ok=True)
    write_journal(world, lines[:-1])
    journal = world.home.journal.size()
    emil = world.person("emil")
    assert "acknowledged" in raising(Altered, lambda: emil.note("over it"))
    assert world.home.journal.size() == journal
    found = verify(emil.book)
    assert found.verdict == "altered"
    assert {"journal", "anchor"} <= {problem.check for problem in found.problems}


def test_a_shorter_journal_is_not_repaired(world: World) -> None:
    """If it fails, a journal that lost what was posted from it is taken as the truth."""
    journal = world.home.journal
    last = list(journal.lines_from(0))[-1]
    journal.cut(journal.size() - len(last))
    cut = journal.size()
    emil = world.person("emil")
    assert "were posted" in raising(Altered, lambda: emil.note("over it"))
    found = verify(world.person("ann").book)
    checks = [(problem.check, problem.seq) for problem in found.problems]
    assert found.verdict == "altered"
    assert checks[0] == ("journal", found.size - 1)
    assert journal.size() == cut


def test_an_older_database_catches_up(world: World, tmp_path: Path) -> None:
    """If it fails, a database put back from a backup loses entries, or gets another root."""
    emil = world.person("emil")
    emil.note("1.1")
    older = copy(world, tmp_path / "older")
    for number in range(4):
        emil.note(f"2.{number}")
    head = emil.append(version_draft("3.0"), version_draft("3.1")).head
    copyfile(older.home.database, world.home.database)
    with world.stranger().read() as snapshot:
        assert snapshot.head == head
    assert sound(world, "emil") == []


def test_a_lost_database_is_rebuilt(world: World) -> None:
    """If it fails, losing the database loses the ledger, though the journal has all of it."""
    head = world.person("emil").note("2.0").head
    world.home.database.unlink()
    assert "missing" in raising(StoreUnavailable, lambda: size_of(world.stranger()))
    assert world.stranger().recover() == head.size
    with world.stranger().read() as snapshot:
        assert snapshot.head == head
    assert sound(world, "emil") == []


def test_a_database_that_was_only_begun_is_finished(world: World) -> None:
    """If it fails, dying while the tables are made leaves a home that nothing opens any more."""
    head = world.person("emil").note("2.0").head
    world.home.database.unlink()
    duckdb.connect(str(world.home.database)).close()
    assert world.stranger().recover() == head.size
    assert sound(world, "emil") == []


def test_founding_can_be_repeated_after_a_crash(template: World, tmp_path: Path) -> None:
    """If it fails, a crash of `init` before entry 0 leaves a folder that no ledger fits into."""
    home = Home(tmp_path / "home")
    home.create()
    Book(home).store.create()
    with pytest.raises(InvalidInput):
        size_of(Book(home))
    (draft,) = sheets_of(template.home)[0].drafts
    nameless = {**draft.body["founder"], "name": None}
    draft = replace(draft, body={**draft.body, "founder": nameless})
    signer = template.person(FOUNDER).signer
    assert Book(home).found(signer, draft, draft.body["ledger_id"]).head.size == 1
    assert verify(Book(home)).verdict == "unconfirmed"


def test_a_database_without_a_journal_is_not_founded_over(world: World) -> None:
    """If it fails, deleting the journal lets a second ledger begin inside the first."""
    for path in world.home.journal.files():
        path.unlink()
    sheet = sheets_of(world.home)
    assert sheet == []
    founder = world.person(FOUNDER)
    draft = Draft("ledger.founded", "ledger/" + "0" * 64, {})
    book = world.stranger()
    assert "without its journal" in raising(
        Altered, lambda: book.found(founder.signer, draft, "0" * 64)
    )
    assert "journal is gone" in raising(Altered, lambda: size_of(book))
    assert "holds a ledger" in raising(Refused, world.home.create)
    cora = world.person("cora")
    assert "journal is gone" in kill(cora.book, cora.signer, MODEL).why_not_recorded
    assert read(world.home.switchboard).switches[MODEL] == "off"


def test_a_database_of_another_ledger_is_told_from_a_broken_journal(world: World) -> None:
    """If it fails, a swapped file sends people to restore a journal in which nothing is wrong."""
    with duckdb.connect(str(world.home.database)) as database:
        database.execute("UPDATE entry SET data = encode('another') WHERE seq = 0")
        database.execute("UPDATE head SET journal = journal - 9")
    assert "not of one ledger" in raising(Altered, lambda: size_of(world.stranger()))
    world.home.database.unlink()
    world.stranger().recover()
    assert sound(world) == []


@pytest.mark.parametrize("break_at", ["commit", "post"])
def test_a_failing_database_loses_nothing(world: World, break_at: str) -> None:
    """If it fails, what is in the journal is reported as not recorded, and entered twice.

    The database fails in earnest: its write-ahead log cannot be made, or a table is gone.
    """
    emil = world.person("emil")
    wal = world.home.database.with_name("ledger.duckdb.wal")

    def breaking(rows: Rows) -> list[Draft]:
        if break_at == "commit":
            wal.unlink()
            wal.mkdir()
        else:
            rows._hand.ask(("DROP TABLE entry", []))  # type: ignore[attr-defined]
        return [version_draft("2.0")]

    appended = emil.book.append(emil.signer, breaking)
    assert not appended.posted
    if break_at == "commit":
        wal.rmdir()
    assert versions(world.stranger())["2.0"] == appended.entries[0].seq
    found = verify(emil.book)
    assert (found.verdict, found.anchored and found.anchored.size) == ("verified", found.size)


def test_a_resumption_reaches_the_switchboard_after_a_crash(world: World, tmp_path: Path) -> None:
    """If it fails, a model stays off for the applications though the record has it on again.

    The process died after the journal and before the switchboard.
    """
    cora, rosa = world.person("cora"), world.person("rosa")
    kill(cora.book, cora.signer, MODEL)
    approval = rosa.request_resumption().approval
    assert approval
    ahead = copy(world, tmp_path / "ahead")
    before = world.home.journal.size()
    ahead.person("cora").approve(approval)
    write_journal(world, b"".join(ahead.home.journal.lines_from(before)))
    assert read(world.home.switchboard).switches[MODEL] == "off"
    with world.stranger().read() as snapshot:
        assert snapshot.rows.get(SwitchRow, MODEL).mode == "on"  # type: ignore[union-attr]
    assert read(world.home.switchboard).switches[MODEL] == "on"
    assert sound(world) == []


@pytest.mark.parametrize("stage", ["write_order", "publish_board"])
def test_a_stop_is_carried_out_after_a_crash(world: World, workers: Workers, stage: str) -> None:
    """If it fails, a kill whose process died on the way stops nothing, or is never recorded."""
    workers.wait(workers.start("die_killing", world, "cora", stage))
    ordered = len(list(world.home.spool.glob("*.json")))
    size_of(world.stranger())
    board = read(world.home.switchboard).switches
    assert (ordered, board[MODEL], board[OTHER_MODEL]) == (1, "off", "on")
    assert sound(world) == []
    world.person("emil").note("next")
    with world.stranger().read() as snapshot:
        row = snapshot.rows.get(SwitchRow, MODEL)
    assert row is not None
    assert (row.mode, row.actor) == ("off", "cora")
    assert list(world.home.spool.glob("*.json")) == []
    assert sound(world) == []
