"""Random damage: single bytes changed anywhere in a home, one at a time.

Each change must be detected (a problem, or an error that says what to do), harmless to everything
that is read, or repaired from the journal and reported. Changes are tried in processes of their
own, so that even a crash of the database engine is seen for what it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from random import Random
from shutil import copyfile, copytree, rmtree
from tempfile import TemporaryFile, mkdtemp
from time import perf_counter
from typing import Self

import duckdb

from ledger.book import Book
from ledger.errors import QuaestorError, StoreDamaged
from ledger.rebuilding import recover
from ledger.verification import verify
from tests.lab.reading import read_all
from tests.lab.scene import DATABASE, Lab, Scene, load_lab, make_scene

SOUND = ("detected", "harmless", "repaired")
PROCESSES = 2
_TOLD = 250
_SHARED = ("evidence", "reports", "vault", "reserve")
"""Folders whose files are replaced, never written in place: a link will do for a copy."""


@dataclass(frozen=True)
class Flip:
    """One changed byte, and what came of it: one of `SOUND`, `unnoticed` or `crash`."""

    number: int
    file: str
    offset: int
    mask: int
    outcome: str
    said: str


@dataclass(frozen=True)
class Originals:
    """The home as a killed process left it, and the same one with its database's log folded in.

    Where neither of the two is changed the log is of no account, and opening without it is faster.
    """

    crashed: Path
    closed: Path

    @classmethod
    def of(cls, scene: Scene, place: Path) -> Self:
        """Take the scene's home for both."""
        scene.crash()
        crashed = Path(copytree(scene.home.folder, place / "crashed"))
        with duckdb.connect(str(scene.database)) as database:
            database.execute("CHECKPOINT")
        return cls(crashed, scene.home.folder.rename(place / "closed"))


def rain(
    lab: Lab,
    seed: int,
    count: int,
    *,
    processes: int = PROCESSES,
    told: Callable[[Flip], None] = lambda _flip: None,
) -> Iterator[Flip]:
    """Change `count` bytes, one at a time, each in a fresh copy of the home.

    `told` hears of each as it is done, from a thread of its own.
    """
    shares = [range(first, count, processes) for first in range(processes)]
    with ThreadPoolExecutor(processes) as pool:
        for flips in pool.map(partial(_share, lab, seed, told), shares):
            yield from flips


def report(lab: Lab, seed: int, count: int) -> int:
    """Let it rain, and print what came of it by file; 0 if nothing went unnoticed."""
    started = perf_counter()
    done = Counter[str]()

    def told(flip: Flip) -> None:
        done[flip.outcome] += 1
        if not done.total() % _TOLD:
            so_far = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(done.items()))
            print(f"{done.total():,} of {count:,}: {so_far}", file=sys.stderr, flush=True)  # noqa: T201

    flips = list(rain(lab, seed, count, told=told))
    by_file = Counter((_sort_of(Path(flip.file)), flip.outcome) for flip in flips)
    for (sort, outcome), number in sorted(by_file.items()):
        print(f"{sort:24} {outcome:10} {number:6,}")  # noqa: T201 - the lab's table
    bad = [flip for flip in flips if flip.outcome not in SOUND]
    for flip in bad:
        print(flip)  # noqa: T201
    seconds = perf_counter() - started
    print(f"{len(flips):,} bytes changed in {seconds:.0f} s: {len(bad)} unnoticed or crashed.")  # noqa: T201
    return 1 if bad or len(flips) != count else 0


def _share(lab: Lab, seed: int, told: Callable[[Flip], None], numbers: range) -> list[Flip]:
    """One process's share of the changes; its own end is one of them if it did not end well."""
    what = [str(lab.folder), str(seed), str(numbers.start), str(numbers.stop), str(numbers.step)]
    flips = []
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, "-m", __name__, *what],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as child,
    ):
        for line in child.stdout or ():
            flips.append(Flip(**json.loads(line)))
            told(flips[-1])
        if child.wait():
            errors.seek(0)
            flips.append(Flip(-1, "", 0, 0, "crash", errors.read()[-2_000:]))
    return flips


def _sort_of(file: Path) -> str:
    return file.parts[0] if len(file.parts) == 1 else f"{file.parts[0]}/"


def _try(scene: Scene, originals: Originals, seed: int, number: int) -> Flip:
    """Lay out a fresh home, change one byte of it, and see what comes of it."""
    chance = Random(f"{seed}/{number}")  # noqa: S311 - to be repeated, not to be secret
    file = _choose(chance, originals.crashed, by_byte=number % 10 == 0)
    original = originals.crashed if file.name in DATABASE else originals.closed
    _lay_out(original, scene.home.folder, file)
    path = scene.home.folder / file
    offset, mask = chance.randrange(path.stat().st_size), chance.randrange(1, 256)
    with path.open("r+b") as changed:
        changed.seek(offset)
        (byte,) = changed.read(1)
        changed.seek(offset)
        changed.write(bytes([byte ^ mask]))
    try:
        outcome, said = _look(scene)
    except Exception as error:  # noqa: BLE001 - a traceback is what must never be
        outcome, said = "crash", repr(error)
    return Flip(number, str(file), offset, mask, outcome, said)


def _choose(chance: Random, home: Path, *, by_byte: bool) -> Path:
    """A file that is not empty: of any sort with equal chance, or by the number of its bytes."""
    sizes = {
        path.relative_to(home): path.stat().st_size
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.stat().st_size
    }
    if by_byte:
        return chance.choices(list(sizes), list(sizes.values()))[0]
    sort = chance.choice(sorted({_sort_of(file) for file in sizes}))
    return chance.choice([file for file in sizes if _sort_of(file) == sort])


def _lay_out(original: Path, home: Path, damaged: Path) -> None:
    """Copy the home anew, linking what nobody writes to in place."""
    rmtree(home, ignore_errors=True)
    for path in sorted(original.rglob("*")):
        name = path.relative_to(original)
        if path.is_dir():
            (home / name).mkdir(parents=True, mode=0o770)
        elif name.parts[0] in _SHARED and name != damaged:
            (home / name).hardlink_to(path)
        else:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, home / name)


def _look(scene: Scene) -> tuple[str, str]:
    """What a changed byte comes to: its outcome, and what was said of it."""
    repaired = ""
    book = Book(scene.home, scene.world.seat("ann"), clock=scene.world.clock)
    try:
        found = verify(book)
    except StoreDamaged as error:
        repaired = error.message
        recover(book)
        found = verify(book)
    except QuaestorError as error:
        return "detected", f"{type(error).__name__}: {error.message}"
    if found.problems:
        return "unnoticed" if repaired else "detected", found.problems[0].check
    differs = read_all(scene.world.stranger()).differs(scene.lab.reading)
    if found.verdict != "verified" or differs:
        return "unnoticed", f"{found.sentence} Not as before: {differs}"
    return ("repaired", repaired) if repaired else ("harmless", "")


def _main(folder: str, seed: str, *numbers: str) -> None:
    lab = load_lab(Path(folder))
    place = Path(mkdtemp(dir=lab.folder))
    scene = make_scene(lab, place)
    originals = Originals.of(scene, place)
    for number in range(*map(int, numbers)):
        flip = _try(scene, originals, int(seed), number)
        sys.stdout.write(json.dumps(asdict(flip)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
