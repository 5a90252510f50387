"""How tests of tampering look at a home: what is found first, and by which checks."""

from __future__ import annotations

from ledger.book import Book
from ledger.keys import Signer
from ledger.verification import verify
from tests.forging import sql
from tests.people import FOUNDER, ROLES, World

Found = tuple[str, str, int | None]


def keys(world: World, *actors: str) -> dict[str, Signer]:
    """The keys of everybody, or of those named only."""
    return {actor: world.person(actor).signer for actor in actors or (FOUNDER, *ROLES)}


def seq_of(world: World, name: str) -> int:
    """The entry that brought a version."""
    ((seq,),) = sql(world.home, "SELECT seq FROM version WHERE version = ?", name)
    return int(seq)


def first(world: World, book: Book | None = None) -> Found:
    """Verdict, and the first problem's check and seq, as the auditor finds them."""
    found = verify(book or world.person("ann").book)
    if not found.problems:
        return found.verdict, "", None
    return found.verdict, found.problems[0].check, found.problems[0].seq


def checks(world: World) -> set[str]:
    """Which checks failed."""
    return {problem.check for problem in verify(world.person("ann").book).problems}
