from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from shutil import copytree, rmtree

import duckdb
import orjson
import pytest

from ledger import approving
from ledger.alone import alone_in
from ledger.book import Book
from ledger.errors import Altered, InvalidInput, Refused, StoreUnavailable
from ledger.home import Home
from ledger.moving import backup, finish_move, move, rebuild
from ledger.registers.actors import active
from ledger.registers.erasures import draft_erasure
from ledger.switchboard import read
from ledger.switching import kill
from ledger.verification import verify
from tests.people import (
    FOUNDER,
    MODEL,
    Person,
    World,
    raising,
    seqs_of,
    size_of,
    version_draft,
)
from tests.postgres import Server
from tests.workers import SOURCE, Workers

DYING = """
import os, signal, sys
from pathlib import Path
from ledger import carrying, moving
from tests.people import World

def progress(done, total):
    if done >= {after}:
        os.kill(os.getpid(), signal.SIGKILL)

carrying._BATCH = 5
book = World(Path(sys.argv[1])).person("emil").book
moving.{job}(book, {to}, progress=progress)
"""


def die(world: World, job: str, to: object, after: int) -> None:
    """Let a process begin a move or a backup, and die as in a power cut when so much is done."""
    where = f"Path({str(to)!r})" if isinstance(to, Path) else repr(to)
    done = subprocess.run(
        [sys.executable, "-c", DYING.format(job=job, to=where, after=after), world.folder],
        cwd=SOURCE,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


def root_of(book: Book) -> str:
    """Give the root."""
    with book.read() as snapshot:
        return snapshot.head.root.hex()


def opened(folder: Path) -> Book:
    """Open a copy without a seat."""
    return Book(Home(folder))


def sound(book: Book) -> bool:
    """Verify a copy, against nothing from outside."""
    found = verify(book)
    assert not found.problems, found.problems
    return found.verdict in {"verified", "unconfirmed"}


@pytest.fixture
def emil(world: World) -> Person:
    """Give an engineer in a ledger of some more entries, in parts of several sizes."""
    person = world.person("emil")
    for length in (1, 3, 12):
        person.append(*(version_draft(f"{length}.{number}-x") for number in range(length)))
    return person


# Backups


def test_a_backup_while_others_write_is_a_home_that_opens(
    world: World, emil: Person, workers: Workers, tmp_path: Path
) -> None:
    """If it failed, a backup taken in working hours could not be restored."""
    job = workers.start("append_for_ever", world, "rosa", "during")
    try:
        workers.wait(job, until=lambda job: bool(job.lines))
        done = backup(emil.book, tmp_path / "copy")
        again = backup(emil.book, tmp_path / "copy")
    finally:
        job.kill()
    copy = opened(tmp_path / "copy")
    assert (size_of(copy), root_of(copy)) == (again.size, again.root)
    assert again.size == done.size + again.entries
    assert sound(copy)
    assert seqs_of(copy) == list(range(again.size))
    with emil.book.read() as ours, copy.read() as theirs:
        assert ours.entries(0, again.size) == theirs.entries(0, again.size)


def test_a_backup_goes_on_where_the_last_one_stopped(emil: Person, tmp_path: Path) -> None:
    """If it failed, every backup of a large ledger would take as long as the first."""
    folder = tmp_path / "copy"
    first = backup(emil.book, folder)
    assert first.entries == first.size
    times = {path: path.stat().st_mtime_ns for path in (folder / "evidence").iterdir()}
    emil.note("later")
    second = backup(emil.book, folder)
    assert (second.entries, second.size) == (1, first.size + 1)
    assert {path: path.stat().st_mtime_ns for path in (folder / "evidence").iterdir()} == times
    assert backup(emil.book, folder).entries == 0
    assert sound(opened(folder))


def test_a_restored_backup_goes_on(world: World, emil: Person, tmp_path: Path) -> None:
    """If it failed, the copy would be a museum piece: nobody could work in it."""
    backup(emil.book, tmp_path / "copy")
    rmtree(world.home.folder)
    copytree(tmp_path / "copy", world.home.folder)
    back = world.person("emil")
    back.note("after the fire")
    found = verify(back.book)
    assert (found.verdict, found.anchored and found.anchored.size) == ("verified", found.size)


def test_a_backup_that_died_is_finished(world: World, emil: Person, tmp_path: Path) -> None:
    """If it failed, a power cut in a backup would cost the backups before it."""
    folder = tmp_path / "copy"
    die(world, "backup", folder, after=12)
    assert 0 < size_of(opened(folder)) < size_of(emil.book)
    with (folder / "journal" / "000000000000.jsonl").open("ab") as journal:
        journal.write(b'{"half a line')
    done = backup(emil.book, folder)
    assert (done.size, done.root) == (size_of(emil.book), root_of(emil.book))
    assert sound(opened(folder))


def test_what_is_erased_is_erased_in_the_next_backup(world: World, tmp_path: Path) -> None:
    """If it failed, a person's data would live on in every backup that is kept up to date."""
    rosa, ada = world.person("rosa"), world.person(FOUNDER)
    with rosa.book.read() as snapshot:
        key_id = orjson.loads(active(snapshot.rows, "emil").name)["vault"]
    backup(rosa.book, tmp_path / "copy")
    kept = tmp_path / "copy" / "vault" / f"{key_id}.key"
    assert kept.exists()
    asked = approving.request(
        rosa.book, rosa.signer, lambda _rows: draft_erasure("actor/emil", [key_id], "He asked.")
    )
    ada.approve(str(asked.approval))
    backup(rosa.book, tmp_path / "copy")
    assert not kept.exists()
    assert sound(opened(tmp_path / "copy"))


def test_a_backup_never_overwrites_something_else(
    world: World, emil: Person, tmp_path: Path
) -> None:
    """If it failed, a slip in a path would destroy letters, or the backup of another ledger."""
    letters = tmp_path / "letters"
    letters.mkdir()
    (letters / "letter").touch()
    raising(InvalidInput, lambda: backup(emil.book, letters))
    raising(InvalidInput, lambda: backup(emil.book, world.home.folder / "evidence"))
    raising(InvalidInput, lambda: backup(emil.book, world.home.folder))
    folder = tmp_path / "copy"
    backup(emil.book, folder)
    opened(folder).append(emil.signer, [version_draft("fork")])
    emil.note("1.9")
    assert "not the beginning" in raising(Altered, lambda: backup(emil.book, folder))


def test_a_backup_carries_nothing_that_was_not_signed(emil: Person, tmp_path: Path) -> None:
    """If it failed, an alteration would be laundered into a backup that looks sound."""
    with duckdb.connect(str(emil.book.home.database)) as database:
        database.execute(
            "UPDATE entry SET data = encode(replace(decode(data), '12.5-x', '12.6-x')) "
            "WHERE contains(decode(data), '12.5-x')"
        )
    raising(Altered, lambda: backup(emil.book, tmp_path / "copy"))


# Registers


def test_registers_are_made_anew_from_the_entries(emil: Person) -> None:
    """If it failed, an edited register would stay edited, though the record says otherwise."""
    with duckdb.connect(str(emil.book.home.database)) as database:
        database.execute("UPDATE model SET owner = 'mallory' WHERE model = ?", [MODEL])
        database.execute("DELETE FROM version WHERE version = '12.5-x'")
    assert verify(emil.book).verdict == "altered"
    assert rebuild(emil.book) > 0
    assert verify(emil.book).verdict == "verified"


def test_registers_are_not_made_from_altered_entries(emil: Person) -> None:
    """If it failed, a rebuild would turn an alteration into the state that everybody sees."""
    with duckdb.connect(str(emil.book.home.database)) as database:
        database.execute(
            "UPDATE entry SET data = encode(replace(decode(data), '12.5-x', '12.6-x')) "
            "WHERE contains(decode(data), '12.5-x')"
        )
    assert "not sound" in raising(Altered, lambda: rebuild(emil.book))


# Moves


def test_a_ledger_moves_there_and_back(world: World, emil: Person, server: Server) -> None:
    """If it failed, an organisation that outgrows one machine would lose its record."""
    url = server.new().url
    before, root = size_of(emil.book), root_of(emil.book)
    waiting = world.person("rosa")
    there = move(emil.book, url)
    assert (there.size, there.root, there.entries) == (before, root, before)
    for stale in (emil, waiting):
        said = raising(StoreUnavailable, lambda: stale.note("lost"))  # noqa: B023
        assert "moved" in said
    moved = world.person("emil")
    assert moved.book.journal is None
    assert verify(moved.book).verdict == "verified"
    moved.note("in PostgreSQL")
    root = root_of(moved.book)
    alias = url.replace("postgres@", "postgres:secret@") + "&application_name=alias"
    for name in (url, alias):
        raising(Refused, lambda: move(moved.book, name))  # noqa: B023
    assert verify(moved.book).verdict == "verified"
    back = move(moved.book, "duckdb:")
    assert (back.size, back.root) == (before + 1, root)
    home = world.person("emil")
    assert home.book.journal is not None
    home.note("at home again")
    found = verify(home.book)
    assert (found.verdict, found.size) == ("verified", before + 2)
    again = move(home.book, url)  # to where it has been
    assert (again.entries, again.size) == (1, before + 2)
    assert verify(world.person("emil").book).verdict == "verified"


def test_nobody_appends_to_a_database_that_was_left(
    world: World, emil: Person, server: Server
) -> None:
    """If it failed, who still names the old database would fork the ledger by working on."""
    first, second = server.new().url, server.new().url
    move(emil.book, first)
    old = Book(Home(world.home.folder, first), emil.seat)
    size, root = size_of(old), root_of(old)
    done = move(world.person("emil").book, second)
    assert (done.entries, done.root) == (size, root)
    said = raising(Refused, lambda: old.append(emil.signer, [version_draft("lost")]))
    assert f"moved to {second}" in said
    assert f"moved to {second}" in raising(Refused, lambda: old.facts)
    world.person("emil").note("kept")
    assert verify(world.person("emil").book).verdict == "verified"


@pytest.mark.parametrize("to", ["postgres", "duckdb"])
def test_a_move_that_died_is_finished(world: World, emil: Person, server: Server, to: str) -> None:
    """If it failed, a power cut in a move would leave two ledgers, or none."""
    url = server.new().url
    if to == "duckdb":
        move(emil.book, url)
        url = "duckdb:"
    die(world, "move", url, after=12)
    before = world.person("emil")
    before.note("work goes on")
    size, root = size_of(before.book), root_of(before.book)
    done = move(before.book, url)
    assert (done.size, done.root) == (size, root)
    assert 0 < done.entries < size
    after = world.person("emil")
    assert (after.book.journal is None) == (to == "postgres")
    after.note("and on")
    assert verify(after.book).verdict == "verified"


def test_a_move_that_died_at_its_last_step_is_finished(
    world: World, emil: Person, server: Server
) -> None:
    """If it failed, a home whose journal was not yet set aside could be used by nobody again."""
    url = server.new().url
    kept = world.folder / "kept"
    copytree(world.home.folder / "journal", kept)
    move(emil.book, url)
    (world.home.folder / "journal").rmdir()
    kept.rename(world.home.folder / "journal")
    secret = url.replace("postgres@", "postgres:s3cret@")
    said = raising(InvalidInput, Home(world.home.folder, secret).require)
    assert f"kept in {url}" in said
    with alone_in(world.home.folder):  # whoever moves passes through this step
        assert "is running" in raising(StoreUnavailable, lambda: finish_move(world.home))
        book = world.person("emil").book
        assert "is running" in raising(StoreUnavailable, lambda: move(book, url))
    cora = world.person("cora")
    assert "interrupted" in kill(cora.book, cora.signer, MODEL).why_not_recorded
    assert read(world.home.switchboard).switches[MODEL] == "off"
    assert move(world.person("emil").book, url).entries == 0
    raising(Refused, lambda: move(world.person("emil").book, url))  # nothing is left to finish
    assert not finish_move(world.home)
    world.person("emil").note("yes")


def test_a_move_never_mixes_two_ledgers(world: World, emil: Person, server: Server) -> None:
    """If it failed, a slip in a URL would overwrite another ledger's database."""
    other = server.build(world.folder / "other")
    size = size_of(emil.book)
    raising(Altered, lambda: move(emil.book, other.database.url))
    emil.note("still here")
    assert size_of(emil.book) == size + 1
    assert verify(other.world.person(FOUNDER).book).verdict == "verified"
