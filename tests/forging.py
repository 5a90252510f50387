"""What somebody who can write all files of a home can do to them, with or without others' keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb

from ledger.entry import Draft, Entry, NewerFormat, decode, make_part
from ledger.errors import Refused
from ledger.home import Home
from ledger.keys import Signer
from ledger.kinds import read_body, spec_of
from ledger.posting import Posting
from ledger.projection import project
from ledger.publishing import publish_switches
from ledger.registers.rows import Rows
from ledger.store.duck import DuckStore
from ledger.store.locks import Locks
from tests.people import START


@dataclass(frozen=True)
class Sheet:
    """One part of the record, taken out of it: who entered what, when."""

    actor: str
    time: str
    drafts: tuple[Draft, ...]


def sheets_of(home: Home) -> list[Sheet]:
    """Take the record apart."""
    sheets: list[Sheet] = []
    drafts: list[Draft] = []
    for line in home.journal.lines_from(0):
        entry = decode(line[:-1])
        drafts.append(Draft(entry.kind, entry.subject, entry.body))
        if entry.last_of_part:
            sheets.append(Sheet(entry.actor, entry.time, tuple(drafts)))
            drafts = []
    return sheets


def rebuild(
    home: Home,
    sheets: Sequence[Sheet],
    keys: Mapping[str, Signer],
    *,
    last_by: Signer | None = None,
) -> None:
    """Put a record together anew: journal, database, head and switchboard, all in harmony.

    Authority is not asked. Whoever is missing in `keys` is signed for with the last key in it, and
    the last part with the key of `last_by`.
    Entries that are as they were, signed by their own actor's key, come out byte for byte.
    """
    for path in (*home.journal.files(), home.database, home.head_file):
        path.unlink(missing_ok=True)
    locks = Locks(home.locks)
    store = DuckStore(home.database, locks)
    store.create()
    any_key = list(keys.values())[-1]
    with store.write() as txn:
        for number, sheet in enumerate(sheets, 1):
            signer = keys.get(sheet.actor, any_key)
            if last_by is not None and number == len(sheets):
                signer = last_by
            part = make_part(
                sheet.drafts,
                seq=txn.head.size,
                prev=txn.head.last,
                time=sheet.time,
                actor=sheet.actor,
                sign=signer.sign,
            )
            _project_anyhow(txn.rows, [entry for entry, _ in part])
            posting = Posting.of(txn, part)
            home.journal.append(txn.head.size, [entry.data for entry in posting.stored])
            txn.post(posting.stored, posting.tiles, posting.head)
        home.write_head(txn.head)
        publish_switches(home, locks, txn.rows, txn.head.size, START)


def sql(home: Home, statement: str, *values: Any) -> list[Any]:
    """Write into the database behind everybody's back."""
    with duckdb.connect(str(home.database)) as connection:
        return connection.execute(statement, values).fetchall()


def _project_anyhow(rows: Rows, part: Sequence[Entry]) -> None:
    before = None
    for entry in part:
        try:
            project(rows, entry, before)
        except (Refused, NewerFormat):
            with suppress(Refused, NewerFormat):
                spec_of(entry.kind).project(rows, entry, read_body(entry), [entry.actor])
        before = entry
