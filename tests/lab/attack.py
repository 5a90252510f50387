"""Performing an attack: what must come of it, what does, and whether that is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from ledger import rebuilding
from ledger.anchors import Anchor
from ledger.errors import StoreDamaged
from ledger.verification import Verification, verify
from ledger.verify import Problem
from tests.lab.reading import read_all
from tests.lab.scene import Lab, Scene, make_scene


@dataclass(frozen=True)
class Caught:
    """Verification in `by`'s seat must first complain of this check, entry and subject."""

    check: str
    seq: int | None
    subject: str = ""
    by: str = "ann"
    against: Sequence[Anchor] = ()

    def __str__(self) -> str:
        return place(self.check, self.seq, self.subject)


@dataclass(frozen=True)
class Unmoved:
    """The attack must come to nothing: all is verified, and reads as before. `how` says why."""

    how: str

    def __str__(self) -> str:
        return self.how


Expected = Caught | Unmoved
Attack = Callable[[Scene], Expected]


@dataclass(frozen=True)
class Outcome:
    """What came of an attack; `seconds` is what verification took, `wrong` is empty if all is well.

    `first` is the first problem that was found, if any.
    """

    name: str
    expected: str
    verdict: str
    first: Problem | None
    seconds: float
    wrong: str


def name_of(attack: Attack) -> str:
    """An attack's name: `edit a body`."""
    return str(attack.__name__).replace("_", " ")


def place(check: str, seq: int | None, subject: str) -> str:
    """Where something is wrong, in a few words."""
    at = "" if seq is None else f" at {seq}"
    return f"{check}{at}{f' ({subject})' if subject else ''}"


def perform(attack: Attack, lab: Lab, folder: Path) -> Outcome:
    """Attack a copy of the lab's ledger, verify it, and judge what verification says."""
    scene = make_scene(lab, folder)
    expected: Expected = Unmoved("performed")
    try:
        expected = attack(scene)
        started = perf_counter()
        found = _verified(scene, expected)
        seconds = perf_counter() - started
        wrong = _wrong(scene, expected, found)
    except Exception as error:  # noqa: BLE001 - whatever it is, the lab has found something
        return Outcome(name_of(attack), str(expected), "none", None, 0.0, repr(error))
    first = found.problems[0] if found.problems else None
    return Outcome(name_of(attack), str(expected), found.verdict, first, seconds, wrong)


def _verified(scene: Scene, expected: Expected) -> Verification:
    """What verification says, once a damaged database is rebuilt as its error says."""
    by, against = (expected.by, expected.against) if isinstance(expected, Caught) else ("ann", ())
    book = scene.person(by).book
    try:
        return verify(book, against=against)
    except StoreDamaged:
        rebuilding.recover(book)
        return verify(book, against=against)


def _wrong(scene: Scene, expected: Expected, found: Verification) -> str:
    if isinstance(expected, Caught):
        if found.verdict != "altered":
            return f"the verdict is {found.verdict}"
        first = found.problems[0]
        right = (first.check, first.seq, first.subject) == (
            expected.check,
            expected.seq,
            expected.subject,
        )
        return "" if right else f"found: {place(first.check, first.seq, first.subject)}"
    if found.verdict != "verified":
        return f"the verdict is {found.verdict}: {found.sentence}"
    differs = read_all(scene.world.stranger()).differs(scene.lab.reading)
    return f"not as before: {', '.join(differs)}" if differs else ""
