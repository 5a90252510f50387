"""Performing an attack: what must come of it, what does, and whether that is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from ledger import rebuilding
from ledger.errors import QuaestorError, StoreDamaged
from ledger.seat import Anchor
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
    return str(attack.__name__).replace("_", " ")  # type: ignore[attr-defined]


def place(check: str, seq: int | None, subject: str) -> str:
    """Where something is wrong, in a few words."""
    at = "" if seq is None else f" at {seq}"
    return f"{check}{at}{f' ({subject})' if subject else ''}"


def perform(attack: Attack, lab: Lab, folder: Path) -> Outcome:
    """Attack a copy of the lab's ledger, verify it, and judge what verification says."""
    scene = make_scene(lab, folder)
    expected = attack(scene)
    by, against = (expected.by, expected.against) if isinstance(expected, Caught) else ("ann", ())
    book = scene.person(by).book
    started = perf_counter()
    try:
        found = verify(book, against=against)
    except StoreDamaged:
        rebuilding.recover(book)
        found = verify(book, against=against)
    seconds = perf_counter() - started
    first = found.problems[0] if found.problems else None
    wrong = _wrong(scene, expected, found)
    return Outcome(name_of(attack), str(expected), found.verdict, first, seconds, wrong)


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
    try:
        differs = read_all(scene.world.stranger()).differs(scene.lab.reading)
    except QuaestorError as error:
        return error.message
    return f"not as before: {', '.join(differs)}" if differs else ""
