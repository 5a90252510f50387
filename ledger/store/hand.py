"""How statements reach a database, many at once where it can take them so.

What is told or foreseen waits, in its order, for the next question or for the end. PostgreSQL then
takes all of it from a writer in one round trip (pipeline.py); DuckDB, which is in this process, one
statement after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import duckdb

Statement = tuple[str, Sequence[Any]]
"""SQL with `$1`, `$2`, ... and the values for them."""
Answer = list[tuple[Any, ...]]


class Hand(Protocol):
    """One open transaction, as statements are handed to it.

    `keeps_keys` says whether tables have their keys, so that an insertion can replace a row.
    """

    keeps_keys: bool

    def tell(self, *statements: Statement) -> None:
        """Have something written, before anything that is asked later is read."""
        ...

    def foresee(self, question: Statement, then: Callable[[Answer], None]) -> None:
        """Have something read with the next question, and `then` called with the answer."""
        ...

    def ask(self, *questions: Statement) -> list[Answer]:
        """Read at once; without questions, what waits is sent, if anything does."""
        ...


class WaitingHand:
    """What both hands do: keep statements until they are wanted."""

    keeps_keys = False

    def __init__(self) -> None:
        self._waiting: list[tuple[Statement, Callable[[Answer], None] | None]] = []

    def tell(self, *statements: Statement) -> None:
        """Have something written, before anything that is asked later is read."""
        self._waiting.extend((statement, None) for statement in statements)

    def foresee(self, question: Statement, then: Callable[[Answer], None]) -> None:
        """Have something read with the next question, and `then` called with the answer."""
        self._waiting.append((question, then))

    def ask(self, *questions: Statement) -> list[Answer]:
        """Read at once; without questions, what waits is sent, if anything does."""
        if not self._waiting and not questions:
            return []
        waiting, self._waiting = self._waiting, []
        answers = self._send([*(statement for statement, _ in waiting), *questions])
        for (_, then), answer in zip(waiting, answers, strict=False):
            if then is not None:
                then(answer)
        return answers[len(waiting) :]

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        raise NotImplementedError


class DuckHand(WaitingHand):
    """Statements for DuckDB, in this process: there is no round trip to be saved."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__()
        self._duck = connection

    def _send(self, statements: Sequence[Statement]) -> list[Answer]:
        return [self._duck.execute(sql, values).fetchall() for sql, values in statements]
