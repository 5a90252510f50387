"""The rich ledger that is attacked, and the copy of it on which one attack happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile, copytree
from tempfile import TemporaryDirectory

import orjson
import yaml

import sample_data
from ledger import approving
from ledger.home import Home
from ledger.keys import Signer
from ledger.logs.importing import import_logs
from ledger.logs.mapping import ColumnMap
from ledger.registers.actors import active
from ledger.registers.erasures import draft_erasure
from ledger.registers.logs import LogRow
from ledger.switching import kill
from ledger.verification import verify
from tests.forging import sql
from tests.lab.reading import Reading, read_all
from tests.people import (
    FOUNDER,
    OTHER_MODEL,
    ROLES,
    START,
    Person,
    World,
    build,
    copy,
    ticking,
    version_draft,
)
from tests.reports.work import issue, work
from tests.workers import Workers

SAMPLES = Path(sample_data.__file__).parent
LATER = START + timedelta(hours=2)
DATABASE = ("ledger.duckdb", "ledger.duckdb.wal")


@dataclass(frozen=True)
class Lab:
    """What the lab made itself; nothing in it is written to.

    `reading` is what its ledger says, `erased` a vault key that was destroyed, as it was. A
    `thorough` lab leaves nothing out of an attack that is many.
    """

    folder: Path
    reading: Reading
    erased: tuple[str, bytes]
    thorough: bool = False

    @property
    def world(self) -> World:
        """The organisation and its ledger."""
        return World(self.folder / "world")

    @property
    def other(self) -> World:
        """Another organisation of the same name and people."""
        return World(self.folder / "other")

    @property
    def yesterday(self) -> Path:
        """The home as it was before the last entries."""
        return self.folder / "yesterday"

    @property
    def crashed(self) -> Path:
        """Database and write-ahead log, with two entries in it, as a killed process left them."""
        return self.folder / "crashed"


@dataclass(frozen=True)
class Scene:
    """A copy of the ledger, its people and their seats, for one attack."""

    lab: Lab
    folder: Path

    @property
    def world(self) -> World:
        """The copied organisation."""
        return World(self.folder / "world", ticking(LATER))

    @property
    def home(self) -> Home:
        """The home that is attacked."""
        return self.world.home

    @property
    def size(self) -> int:
        """How many entries the ledger has."""
        return self.lab.reading.size

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.home.database

    @property
    def log(self) -> Path:
        """The database's write-ahead log."""
        return self.home.folder / DATABASE[1]

    def person(self, actor: str) -> Person:
        """Somebody at work in the attacked home."""
        return self.world.person(actor)

    def keys(self) -> dict[str, Signer]:
        """Everybody's key: the strongest forger has them all."""
        return {actor: self.person(actor).signer for actor in (FOUNDER, *ROLES)}

    def seq(self, kind: str, last: bool = False) -> int:
        """The first or last entry of a kind."""
        order = "max" if last else "min"
        ((seq,),) = sql(self.home, f"SELECT {order}(seq) FROM entry WHERE kind = ?", kind)  # noqa: S608 - two words
        return int(seq)

    def version(self, name: str) -> int:
        """The entry that brought a version of the model."""
        ((seq,),) = sql(self.home, "SELECT seq FROM version WHERE version = ?", name)
        return int(seq)

    def sealed(self, log: str) -> LogRow:
        """A sealed log as the register has it."""
        with self.world.stranger().read() as snapshot:
            row = snapshot.rows.get(LogRow, log)
        assert row is not None
        return row

    def crash(self) -> None:
        """Put database and write-ahead log back as a killed process left them."""
        for name in DATABASE:
            copyfile(self.lab.crashed / name, self.home.folder / name)


def build_lab(folder: Path) -> Lab:
    """Let an organisation work, and its auditor see all of it."""
    world = build(folder / "world")
    emil, rosa, cora = (world.person(actor) for actor in ("emil", "rosa", "cora"))
    work(world)
    emil.note("1.1")
    text = (SAMPLES / "credit_decisions.map.yaml").read_text(encoding="utf-8")
    column_map = ColumnMap.model_validate(yaml.safe_load(text))
    bad = SAMPLES / "credit_decisions_bad.csv"
    import_logs(emil.book, emil.signer, OTHER_MODEL, [bad], column_map, max_bad=20)
    kill(cora.book, cora.signer, OTHER_MODEL, reason="It answers nonsense.")
    erased = _erase(world)
    issue(world)
    rosa.append(version_draft("1.2"), version_draft("1.3"), version_draft("1.4"))
    copytree(world.home.folder, folder / "yesterday")
    sql(world.home, "CHECKPOINT")
    emil.note("1.5")
    _die_after_an_entry(world, folder / "crashed")
    verify(world.person("ann").book)
    build(folder / "other")
    return Lab(folder, read_all(world.stranger()), erased)


def load_lab(folder: Path) -> Lab:
    """A lab that another process built, and keeps."""
    return Lab(folder, read_all(World(folder / "world").stranger()), ("", b""))


@contextmanager
def opened_lab(*, thorough: bool = False) -> Iterator[Lab]:
    """A lab in a folder of its own, gone afterwards."""
    with TemporaryDirectory(prefix="lab-") as folder:
        yield replace(build_lab(Path(folder)), thorough=thorough)


def make_scene(lab: Lab, folder: Path) -> Scene:
    """Copy the ledger and its people for one attack."""
    copy(lab.world, folder / "world")
    return Scene(lab, folder)


def _erase(world: World) -> tuple[str, bytes]:
    """Erase a name, as two people may; return the key that was destroyed."""
    rosa = world.person("rosa")
    with rosa.book.read() as snapshot:
        key_id = str(orjson.loads(active(snapshot.rows, "mona").name)["vault"])
    key = rosa.book.vault.path(key_id).read_bytes()
    asked = approving.request(
        rosa.book, rosa.signer, lambda _rows: draft_erasure("actor/mona", [key_id], "She asked.")
    )
    world.person(FOUNDER).approve(asked.approval or "")
    return key_id, key


def _die_after_an_entry(world: World, kept: Path) -> None:
    """Let a process die between commit and close, and keep what it leaves of the database."""
    with Workers() as workers:
        workers.wait(workers.start("die_at", world, "emil", "close"))
    kept.mkdir()
    for name in DATABASE:
        copyfile(world.home.folder / name, kept / name)
    assert (kept / DATABASE[1]).stat().st_size, "no write-ahead log was left"
