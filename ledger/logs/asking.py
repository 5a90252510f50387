"""A person's query, run in a process of its own that can be stopped whatever it is doing.

DuckDB looks at the clock and at its memory limit between tasks only: one call of one function can
take hours or all memory, and JSON that is nested deeply enough ends the process. So what a person
writes runs where none of that matters:
- the process holds no more than so much memory and writes no file;
- it is killed when the time is over, and ends when whoever started it does;
- what comes back is data: Arrow batches, or a sentence that says why there are none.
"""

from __future__ import annotations

import os
import resource
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread, Timer
from typing import BinaryIO, Self

import duckdb
import orjson
import pyarrow as pa

from ledger.apart import serving
from ledger.errors import InvalidInput, QuaestorError, StoreUnavailable
from ledger.logs.engine import LOCKED_MEMORY, locked_engine
from ledger.logs.permitted import first_line, refused, require_permitted

PATIENCE = 300.0  # seconds that a query may take
MOST = 5 * 2**29
"""Bytes of memory that its process may hold: what it needs itself, DuckDB's, and what DuckDB does
not count."""

_PER_CORE = 2**25  # the stack and the heap of one more thread
_BATCH = 2_048  # rows; a record may be long
_HEAD = struct.Struct("!cQ")
_READY, _ROWS, _WRONG, _DONE = b"!", b"r", b"w", b"d"

Found = tuple[pa.Schema, Iterator[pa.RecordBatch]]
"""What a query finds: its columns, each name once, and the rows in batches, to be read once."""


@dataclass(frozen=True)
class Question:
    """A query, the SQL that makes the view which it asks, and the files that the view is over."""

    files: tuple[str, ...]
    view: str
    query: str


@contextmanager
def asked_apart(question: Question, patience: float = PATIENCE) -> Iterator[Found]:
    """Run a query in another process; the answer is to be read inside the block.

    Raises InvalidInput for what is not one permitted SELECT, fails, needs too much memory or takes
    longer than `patience` seconds, StoreUnavailable if there is no process to be had.
    """
    with _Apart(question, patience) as apart:
        heading = apart.next()
        schema = heading.schema if heading is not None else pa.schema([])
        yield schema, iter(apart.next, None)


@contextmanager
def asked_here(engine: duckdb.DuckDBPyConnection, query: str) -> Iterator[Found]:
    """Run a query in this process, where nothing stops it.

    Raises InvalidInput for what is not one permitted SELECT, fails or needs too much memory.
    """
    require_permitted(engine, query)
    try:
        reader = engine.execute(query).to_arrow_reader(_BATCH)
        names = list(_distinct(reader.schema.names))
        schema = pa.schema([f.with_name(n) for f, n in zip(reader.schema, names, strict=True)])
        yield schema, (batch.rename_columns(names) for batch in reader)
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise _too_much() from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:  # OSError: no Arrow type for it
        raise refused(first_line(error)) from error


def serve() -> None:
    """Answer the question on stdin, on stdout; the end of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is interrupted, and ends us
    out = sys.stdout.buffer
    out.write(_READY)
    out.flush()
    question = Question(**orjson.loads(sys.stdin.buffer.readline()))
    Thread(target=_end_with_asker, daemon=True).start()
    _bound()
    try:
        with locked_engine([Path(file) for file in question.files]) as engine:
            engine.execute(question.view)
            with asked_here(engine, question.query) as (schema, batches):
                _send(out, _ROWS, _packed(schema, []))
                for batch in batches:
                    _send(out, _ROWS, _packed(schema, [batch]))
                _send(out, _DONE, b"")
    except QuaestorError as error:
        _send(out, _WRONG, orjson.dumps({"message": error.message, "hint": error.hint}))
    os._exit(0)  # whatever DuckDB's threads are doing


class _Apart:
    """The process that answers, as whoever asks sees it."""

    def __init__(self, question: Question, patience: float) -> None:
        self._patience = patience
        self._late = False
        try:
            self._process = subprocess.Popen(
                serving("ledger.logs.asking"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise StoreUnavailable(
                f"No process can be started for the query: {error.strerror}.", "Try again later."
            ) from error
        self._timer = Timer(patience, self._stop)
        self._timer.daemon = True
        self._question = orjson.dumps(asdict(question)) + b"\n"

    def __enter__(self) -> Self:
        try:
            self._received(len(_READY))
            self._timer.start()
            with suppress(OSError):  # that it is gone shows when it is listened to
                if self._process.stdin is not None:
                    self._process.stdin.write(self._question)
                    self._process.stdin.flush()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        self._timer.cancel()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()

    def next(self) -> pa.RecordBatch | None:
        """Wait for the next batch; the first has no rows. None after the last."""
        kind, length = _HEAD.unpack(self._received(_HEAD.size))
        data = self._received(length)
        if kind == _WRONG:
            raise InvalidInput(**orjson.loads(data))
        if kind == _DONE:
            return None
        with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
            rows = stream.read_all()
            return (rows.to_batches() or [pa.RecordBatch.from_pylist([], stream.schema)])[0]

    def _received(self, length: int) -> bytes:
        source = self._process.stdout
        data = source.read(length) if source is not None else b""
        if len(data) == length:
            return data
        self._process.wait()
        if self._late:
            raise InvalidInput(
                f"The query took longer than {self._patience:g} seconds and was stopped.",
                "Ask for less, or allow more: --timeout SECONDS",
            )
        raise _too_much(", or nests something too deeply")

    def _stop(self) -> None:
        self._late = True
        self._process.kill()


def _too_much(what_else: str = "") -> InvalidInput:
    return InvalidInput(
        f"The query needs more than {LOCKED_MEMORY} of memory{what_else}.",
        "Group or filter more, or select fewer columns.",
    )


def _bound() -> None:
    """Let this process hold so much memory, write no file, and leave no core behind."""
    pa.set_memory_pool(pa.system_memory_pool())  # others claim a gigabyte before it is needed
    for limit, most in (
        (resource.RLIMIT_DATA, MOST + _PER_CORE * (os.cpu_count() or 1)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(limit)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))


def _end_with_asker() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _send(out: BinaryIO, kind: bytes, data: bytes | pa.Buffer) -> None:
    out.write(_HEAD.pack(kind, len(data)))
    out.write(data)
    out.flush()


def _packed(schema: pa.Schema, batches: Sequence[pa.RecordBatch]) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)
    return sink.getvalue()


def _distinct(names: Sequence[str]) -> Iterator[str]:
    """The same names, a repeated one with a number: `n`, `n_2`."""
    seen: set[str] = set()
    for name in names:
        free, number = name, 1
        while free in seen or (number > 1 and free in names):
            number += 1
            free = f"{name}_{number}"
        seen.add(free)
        yield free
