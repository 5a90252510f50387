from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ledger.checkpoint import parse_checkpoint, parse_note
from ledger.entry import entry_hash
from ledger.errors import Altered, InvalidInput, QuaestorError
from ledger.merkle import root
from ledger.tile_export import Exported, bundle, export_tiles, read_bundle, tile_path
from ledger.tiles import Tile
from tests.people import Person, World, copy, raising, size_of, version_draft

CHECKER = Path(__file__).parents[2] / "verify_record.py"


@pytest.fixture
def emil(world: World) -> Person:
    """Give an engineer whose ledger has more entries than fit into one tile."""
    person = world.person("emil")
    person.append(*(version_draft(f"2.{number}") for number in range(260)))
    return person


def export(person: Person, folder: Path) -> Exported:
    """Export the ledger."""
    return export_tiles(person.book, person.signer, folder)


def checked(folder: Path) -> str:
    """Let the checker that shares no code with us look at an export; return its verdict."""
    done = subprocess.run([sys.executable, CHECKER, folder], capture_output=True, check=False)
    return {0: "verified", 1: "altered", 5: "unconfirmed"}[done.returncode]


def test_an_export_is_the_whole_ledger_for_others_to_check(emil: Person, tmp_path: Path) -> None:
    """If it failed, what a web server publishes could not be checked without us."""
    done = export(emil, tmp_path / "public")
    size = size_of(emil.book)
    checkpoint = parse_checkpoint(parse_note((done.folder / "checkpoint").read_text())[0])
    entries = done.folder / "tile" / "entries"
    data = (entries / "000").read_bytes() + (entries / f"001.p/{size - 256}").read_bytes()
    assert (checkpoint.size, checkpoint.root.hex()) == (size, done.root)
    assert root(entry_hash(entry) for entry in read_bundle(data)) == checkpoint.root
    assert checked(done.folder) == "unconfirmed"
    for file in done.folder.rglob("*"):
        assert file.is_dir() or file.stat().st_mode & 0o777 == 0o644


def test_an_export_grows_and_never_changes(emil: Person, tmp_path: Path) -> None:
    """If it failed, a cache in front of the web server would serve a mixture of two exports."""
    folder = tmp_path / "public"
    export(emil, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert export(emil, folder).files == 0
    emil.note("3.0")
    assert export(emil, folder).files == 2  # one tile and one bundle, with one entry more
    del before[folder / "checkpoint"]
    assert all(path.read_bytes() == data for path, data in before.items())
    assert checked(folder) == "unconfirmed"
    emil.append(*(version_draft(f"4.{number}") for number in range(260)))
    export(emil, folder)
    assert checked(folder) == "unconfirmed"


def test_an_export_of_another_history_is_not_continued(
    world: World, emil: Person, tmp_path: Path
) -> None:
    """If it failed, two histories would be mixed in one folder under the newest checkpoint."""
    fork = copy(world, tmp_path / "fork").person("emil")
    folder = tmp_path / "public"
    emil.note("here")
    fork.note("there")
    export(emil, folder)
    raising(Altered, lambda: export(fork, folder))
    (folder / "checkpoint").unlink()  # as if it had been interrupted
    raising(Altered, lambda: export(fork, folder))
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter").touch()
    raising(InvalidInput, lambda: export(emil, other))
    (folder / "checkpoint").write_bytes(b"\xff\xfe")
    assert "checkpoint" in raising(InvalidInput, lambda: export(emil, folder))


def test_entries_that_were_edited_are_not_published(emil: Person, tmp_path: Path) -> None:
    """If it failed, a checkpoint would be signed over entries that are not those of its tree."""
    with duckdb.connect(str(emil.book.home.database)) as database:
        database.execute(
            "UPDATE entry SET data = encode(replace(decode(data), '2.200', '2.999')) "
            "WHERE contains(decode(data), '2.200')"
        )
    said = raising(QuaestorError, lambda: export(emil, tmp_path / "public"))
    assert "are not those of the tree" in said
    assert not (tmp_path / "public" / "checkpoint").exists()


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (1, 5, 3, "tile/1/005.p/3"),
        (2, 1_000, 255, "tile/2/x001/000.p/255"),
    ],
)
def test_tiles_lie_where_c2sp_says(level: int, index: int, width: int, path: str) -> None:
    """If it failed, no other software would find a tile."""
    assert tile_path(Tile(level, index, bytes(32 * width))) == Path(path)


def test_a_bundle_is_read_as_it_was_written(emil: Person) -> None:
    """If it failed, entries would be lost between two programs."""
    with emil.book.read() as snapshot:
        entries = snapshot.entries(0, 5)
    data = bundle(entries)
    assert list(read_bundle(data)) == [entry.data for entry in entries]
    with pytest.raises(Altered):
        list(read_bundle(data[:-1]))
