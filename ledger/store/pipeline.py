"""Statements sent to PostgreSQL together, prepared once a connection, in one round trip.

libpq's pipeline mode (PostgreSQL documentation, 34.5) through psycopg's binding to it: cursors take
longer on this side than the database does on its own, while others wait for the writers' lock.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import compress
from typing import Any

import psycopg
from psycopg.abc import Transformer as Adapting
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from ledger.store.hand import Answer, Statement, WaitingHand


class CursorHand(WaitingHand):
    """A reader's statements for PostgreSQL, who keeps nobody waiting: one after another."""

    keeps_keys = True

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__()
        self._postgres = connection

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        return [self._answer(sql, values) for sql, values in statements]

    def _answer(self, sql: str, values: Sequence[Any]) -> Answer:
        with psycopg.RawCursor(self._postgres) as cursor:
            cursor.execute(sql.encode(), values or None, binary=True)
            return cursor.fetchall() if cursor.description else []


class PipelineHand(WaitingHand):
    """A writer's statements. A connection on which anything failed is closed.

    `prepared` are the names of what was prepared on this connection; it is added to.
    """

    keeps_keys = True

    def __init__(self, connection: psycopg.Connection[Any], prepared: dict[str, bytes]) -> None:
        super().__init__()
        self._postgres = connection
        self._prepared = prepared

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        libpq, adapting = self._postgres.pgconn, Transformer(self._postgres)
        answering: list[bool] = []
        try:
            libpq.enter_pipeline_mode()
            for sql, values in statements:
                name = self._prepared.get(sql)
                if name is None:
                    name = self._prepared[sql] = b"quaestor_%d" % len(self._prepared)
                    libpq.send_prepare(name, sql.encode())
                    answering.append(False)
                bound, formats = _bound(adapting, values)
                libpq.send_query_prepared(name, bound, formats, Format.BINARY)
                answering.append(True)
            libpq.pipeline_sync()
            results = self._postgres.wait(_exchange(libpq))
            libpq.exit_pipeline_mode()
        except BaseException:
            self._postgres.close()
            raise
        return [_rows(adapting, result) for result in compress(results, answering)]


def _exchange(libpq: PGconn) -> Generator[Any, Any, list[PGresult]]:
    """Flush what was sent, and read one result for each; the first error is raised."""
    yield from send(libpq)
    results: list[PGresult] = []
    while True:
        for result in (yield from fetch_many(libpq)):
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result)
            results.append(result)


def _bound(adapting: Adapting, values: Sequence[Any]) -> tuple[list[Any], list[Format]]:
    """Values as libpq takes them: text, but for bytes; their types are the statement's."""
    bound: list[Any] = []
    formats: list[Format] = []
    for value in values:
        if isinstance(value, bytes):
            bound.append(value)
            formats.append(Format.BINARY)
            continue
        if isinstance(value, str):
            bound.append(value.encode())
        elif type(value) is int:
            bound.append(b"%d" % value)
        else:
            bound.extend(adapting.dump_sequence([value], [PyFormat.TEXT]))
        formats.append(Format.TEXT)
    return bound, formats


def _rows(adapting: Adapting, result: PGresult) -> Answer:
    if result.status != ExecStatus.TUPLES_OK:
        return []
    adapting.set_pgresult(result)
    return adapting.load_rows(0, result.ntuples, tuple)
