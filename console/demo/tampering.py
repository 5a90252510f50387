"""What somebody who can write a home's files might try, done to a copy of it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from shutil import copytree, ignore_patterns

from ledger.book import Book
from ledger.home import Home
from ledger.journal import Journal

# The database is left out: DuckDB's own lock would not survive its being opened here.
_DERIVED = ignore_patterns("ledger.duckdb*", "head.json")


def cut_back(home: Path, copy: Path, seq: int) -> None:
    """Copy a home without entry `seq` and all after it, leaving nothing that contradicts itself.

    The journal is cut where a part ends and the database built anew from what is left, so every
    signature, hash and register in the copy is sound. `seq` must be the first entry of its part.
    """
    copytree(home, copy, ignore=_DERIVED)

    journal = Journal(copy / "journal")
    journal.cut(sum(map(len, islice(journal.lines_from(0), seq))))
    Book(Home(copy)).recover()
