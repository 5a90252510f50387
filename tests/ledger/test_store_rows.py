"""Registers in a transaction hold exactly what registers in memory hold, whatever is done."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.registers.models import VersionRow
from ledger.registers.rows import DictRows, Rows
from ledger.store.duck import DuckStore
from ledger.store.locks import Locks

NAMES = st.sampled_from(["a", "b", "é'\"{},\\NULL", ""])
PUT = st.tuples(st.just("put"), NAMES, NAMES, NAMES)
ASK = st.tuples(st.sampled_from(["get", "where", "where two", "all", "count"]), NAMES, NAMES, NAMES)
FORESEE = st.tuples(st.just("foresee"), NAMES, NAMES, NAMES)
TURN = st.lists(st.one_of(PUT, ASK, FORESEE), max_size=12)


def row(model: str, version: str, notes: str) -> VersionRow:
    """Make a version whose other columns do not matter."""
    return VersionRow(model=model, version=version, seq=7, notes=notes, time="", actor="")


def answers(rows: Rows, turn: list[tuple[str, str, str, str]]) -> list[object]:
    """What registers answer to a turn of questions and changes."""
    found: list[object] = []
    for what, model, version, notes in turn:
        if what == "put":
            known = rows.get(VersionRow, model, version) if notes == "a" else None
            if known is None:
                rows.put(row(model, version, notes))
            else:
                known.notes = notes
                rows.put(known)
        elif what == "foresee":
            rows.foresee(VersionRow, [(model, version), (version, model), (model, version)])
        elif what == "get":
            found.append(rows.get(VersionRow, model, version))
        elif what == "where":
            found.append(rows.where(VersionRow, notes=notes))
        elif what == "where two":
            found.append(rows.where(VersionRow, model=model, notes=notes))
        elif what == "all":
            found.append(rows.where(VersionRow))
        else:
            found.append(rows.count(VersionRow))
    return [value.model_dump() if isinstance(value, VersionRow) else value for value in found]


@settings(max_examples=40, deadline=None)
@given(turns=st.lists(TURN, min_size=1, max_size=4))
def test_a_store_answers_as_memory_does(turns: list[list[tuple[str, str, str, str]]]) -> None:
    """If it failed, appending would judge by other registers than verification replays."""
    memory = DictRows()
    with TemporaryDirectory() as folder:
        store = DuckStore(Path(folder) / "ledger.duckdb", Locks(Path(folder)))
        store.create()
        for turn in turns:
            with store.write() as transaction:
                assert answers(transaction.rows, turn) == answers(memory, turn)
                transaction.rows.flush()  # type: ignore[attr-defined]
        with store.read() as snapshot:
            kept = [kept.model_dump() for kept in snapshot.register(VersionRow)]
    assert kept == [held.model_dump() for held in memory.where(VersionRow)]
