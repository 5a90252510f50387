"""`logs query`: SQL over everything that was imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.display import NOTHING, Cell, print_json, progress, screen_of
from console.cli.options import Json, OneModel, session_of
from console.messages import legible
from console.session import Session
from ledger.errors import InvalidInput

if TYPE_CHECKING:
    from ledger.logs.querying import Answer, Decisions

SHOWN = 100  # rows of a table, unless more are asked for


def query_decisions(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; - reads it from stdin.")],
    *,
    model: OneModel = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", dir_okay=False,
            help="Write all rows there: .parquet, .csv or .json.",
        ),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help=f"Rows at most; of a table {SHOWN} unless stated."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Stop a query that takes longer.")
    ] = 300,
    json: Json = False,
) -> None:  # fmt: skip
    """Ask the imported decisions by SQL (DuckDB's); nothing can be changed by it.

    There is one view, `decisions`, with a row for each record of every sealed log: `log`, `row`
    (from 0), `model` and `kind`; the mapped columns by name (one called like these is
    `logged_...`); and `record`, the record as JSON. `DESCRIBE decisions` lists them. Files are
    held against their digests first. Queries read no other file, no setting and no network.
    """
    from ledger.logs.answering import require_written_as

    if [output is not None, csv].count(True) + (json and output is None) > 1:
        raise InvalidInput("The answer has one form.", "Give one of: --output, --csv, --json")
    if output is not None:
        require_written_as(output)
    session = session_of(context)
    asked = sys.stdin.read() if query == "-" else query
    with _decisions(session, model) as decisions, decisions.ask(asked, patience=timeout) as answer:
        if output is not None:
            _write(session, answer, output, limit, as_json=json)
        elif csv or json:
            _print(answer, limit, as_json=json)
        else:
            _table(session, answer, limit or SHOWN)


@contextmanager
def _decisions(session: Session, model: str | None) -> Iterator[Decisions]:
    """The sealed logs, checked, with a bar while they are."""
    from ledger.logs.querying import every_decision

    with ExitStack() as stack:
        with progress(session, "checking", of_bytes=True) as told:
            opened = every_decision(
                session.book, choose=lambda row: model in {None, row.model}, progress=told
            )
            decisions = stack.enter_context(opened)
        yield decisions


def _write(
    session: Session, answer: Answer, output: Path, limit: int | None, *, as_json: bool
) -> None:
    from ledger.logs.answering import write_file

    rows = write_file(answer.first(limit), output)
    if as_json:
        print_json({"path": str(output), "columns": list(answer.columns), "rows": rows})
    else:
        session.voice.note(f"{rows:,} rows are in {output}")


def _print(answer: Answer, limit: int | None, *, as_json: bool) -> None:
    from ledger.logs.answering import write_csv, write_json

    sys.stdout.flush()
    (write_json if as_json else write_csv)(answer.first(limit), sys.stdout.buffer)
    sys.stdout.buffer.flush()


def _table(session: Session, answer: Answer, limit: int) -> None:
    from ledger.logs.answering import documents

    rows = list(documents(answer.first(limit + 1)))
    cells = [[_cell(value) for value in row.values()] for row in rows[:limit]]
    if answer.columns and cells:
        screen_of(session).table(answer.columns, cells)
    else:
        session.voice.note("No row answers this.")
    if len(rows) > limit:
        session.voice.note(f"There are more than these {limit:,} rows: --limit N, or -o FILE")


def _cell(value: Any) -> Cell:
    """A value as it is: no number is rounded or grouped here."""
    if value is None:
        return Cell(NOTHING)
    if isinstance(value, str):
        return Cell(legible(value))
    import orjson

    return Cell(legible(orjson.dumps(value).decode()))
