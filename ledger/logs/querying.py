"""Questions to the record: read-only SQL over one view of every imported decision record.

What holds once `every_decision` yields:
- each sealed log was held against its digest: statistics in a Parquet file can be forged;
- the engine can open those files and no other, writes and spills nothing, loads no extension, sees
  no Python variable, and no SQL can undo any of it;
- what a person writes is run only if `ledger.logs.permitted` lets it pass, and in a process of its
  own (`ledger.logs.asking`) that holds little memory and is killed when its time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ledger.book import Book
from ledger.errors import CheckFailed, InvalidInput
from ledger.evidence import digest_file
from ledger.logs.asking import PATIENCE, Question, asked_apart
from ledger.logs.engine import locked_engine
from ledger.logs.mapping import RECORD
from ledger.logs.permitted import VIEW
from ledger.registers.logs import LogRow
from ledger.registers.retention import DroppedRow

_ADDED = {"log": "VARCHAR", "row": "BIGINT", "model": "VARCHAR", "kind": "VARCHAR"}
_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}
_NUMBERS = {"BIGINT", "DOUBLE"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Answer:
    """What a query gives: its columns, each name once, and the rows in batches, to be read once."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.schema.names)

    def first(self, rows: int | None) -> Answer:
        """The same, of which no more than so many rows are read; all of them for None."""
        return self if rows is None else Answer(self.schema, _first(self.batches, rows))


def _first(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.slice(0, rows)
        rows -= batch.num_rows
        if rows <= 0:
            return


class Decisions:
    """The view `decisions` in an engine of its own; `columns` are its columns by name and type."""

    def __init__(
        self,
        engine: duckdb.DuckDBPyConnection,
        logs: Sequence[LogRow],
        columns: Mapping[str, str],
        question: Question,
    ) -> None:
        self.logs = tuple(logs)
        self.columns = columns
        self._engine = engine
        self._question = question  # of which the query is still to come

    @contextmanager
    def ask(self, query: str, *, patience: float = PATIENCE) -> Iterator[Answer]:
        """Run what a person wrote; the answer is to be read inside the block.

        Raises as `ledger.logs.asking.asked_apart`.
        """
        question = replace(self._question, query=query)
        with asked_apart(question, patience) as (schema, batches):
            yield Answer(schema, batches)

    def documents(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """The rows, by column, of SQL of our own with bound values."""
        found: list[dict[str, Any]] = (
            self._engine.execute(sql, list(values)).to_arrow_table().to_pylist()
        )
        return found


@contextmanager
def every_decision(
    book: Book,
    *,
    choose: Callable[[LogRow], bool] = lambda _row: True,
    progress: Progress = lambda _done, _total: None,
) -> Iterator[Decisions]:
    """Open the sealed logs that are chosen, less those that were dropped, as the view `decisions`.

    `progress` is told bytes checked and in all. Raises InvalidInput if none is left, CheckFailed
    if one is not what was sealed.
    """
    with book.read() as snapshot:
        dropped = {row.log for row in snapshot.rows.where(DroppedRow)}
        chosen = [row for row in snapshot.rows.where(LogRow) if choose(row)]
    logs = sorted((row for row in chosen if row.log not in dropped), key=lambda row: row.seq)
    if not logs:
        kept = "; what there was is dropped" if chosen else ""
        raise InvalidInput(f"There is no sealed log to read{kept}.", "See: quaestor logs list")
    paths = checked_files(book, logs, progress)
    with locked_engine(paths) as engine:
        view, columns = _view(list(zip(logs, paths, strict=True)))
        engine.execute(view)
        question = Question(tuple(map(str, paths)), view, query="")
        yield Decisions(engine, logs, columns, question)


def checked_files(
    book: Book, logs: Sequence[LogRow], progress: Progress = lambda _done, _total: None
) -> list[Path]:
    """The files of sealed logs. CheckFailed if the bytes of one are not those that were sealed."""
    paths = [book.home.evidence.path(row.file, "parquet").resolve() for row in logs]
    total = sum(path.stat().st_size for path in paths if path.is_file())
    done = 0
    for row, path in zip(logs, paths, strict=True):
        if not path.is_file() or digest_file(path) != row.file:
            raise CheckFailed(
                f"The sealed log {row.log} is not what was sealed.",
                "Run `quaestor ledger verify` and restore the file from a backup.",
            )
        done += path.stat().st_size
        progress(done, total)
    return paths


def _view(logs: Sequence[tuple[LogRow, Path]]) -> tuple[str, dict[str, str]]:
    """Write the view over some logs, and tell its columns with their types.

    A column that a log lacks is null there; one whose types differ between logs is text. A mapped
    column named like one that is added here is called `logged_...`.
    """
    found: dict[str, set[str]] = {}
    fields = []
    for _, path in logs:
        schema = pq.read_schema(path)
        mapped = {field.name: _TYPES.get(str(field.type), "VARCHAR") for field in schema}
        del mapped[RECORD]
        fields.append(mapped)
        for name, kind in mapped.items():
            found.setdefault(name, set()).add(kind)
    kinds = {name: _common(found[name]) for name in sorted(found)}
    shown = _shown(list(kinds))
    parts = []
    for (row, path), mapped in zip(logs, fields, strict=True):
        values = [
            f"{_quoted(name) if name in mapped else 'NULL'}::{kind} AS {_quoted(shown[name])}"
            for name, kind in kinds.items()
        ]
        parts.append(
            f"SELECT {_text(row.log)} AS log, file_row_number AS row, {_text(row.model)} AS model, "  # noqa: S608 - all quoted
            f"{_text(row.kind)} AS kind, {''.join(value + ', ' for value in values)}{RECORD} "
            f"FROM read_parquet({_text(str(path))}, file_row_number = true)"
        )
    columns = {**_ADDED, **{shown[name]: kind for name, kind in kinds.items()}, RECORD: "VARCHAR"}
    return f"CREATE VIEW {VIEW} AS {' UNION ALL '.join(parts)}", columns


def _shown(names: Sequence[str]) -> dict[str, str]:
    """Names of mapped columns in the view."""
    shown: dict[str, str] = {}
    for name in names:
        free = name
        while free in _ADDED or (free != name and free in names):
            free = f"logged_{free}"
        shown[name] = free
    return shown


def _common(kinds: set[str]) -> str:
    if len(kinds) == 1:
        return next(iter(kinds))
    return "DOUBLE" if kinds <= _NUMBERS else "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
