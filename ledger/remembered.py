"""What a seat remembers of a verification that found nothing wrong, so that the next can go on.

One file: a line that names the format, 32 bytes of SHA-256 over all that follows, the length of the
facts in 8 bytes (big-endian), the facts as JSON, then each register as an Arrow stream, compressed.
It lies in the seat: nothing in a home says what may be skipped. What was written by another program
than this one is not gone on from, for it may have judged otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import pyarrow as pa

from ledger.errors import InvalidInput
from ledger.kinds import TABLES
from ledger.parting import Trace
from ledger.registers.rows import Row

_FORMAT = b"quaestor/remembered/v1\n"
_DIGEST = 32
_LENGTH = 8
_HINT = "Verify everything: quaestor ledger verify"


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was verified: hashes in lower-case hex, `journal` in bytes, `time` when it was.

    `vault_keys` says where each key is first used, `signed` which entry each key signed last,
    `trace` by which hashes another history is told apart.
    """

    program: str
    ledger_id: str
    time: str
    size: int
    root: str
    last: str
    entry_zero: str
    journal: int
    vault_keys: dict[str, int]
    signed: dict[str, int]
    trace: Trace


@dataclass(frozen=True)
class Remembered:
    """Facts, and every register as it then stood."""

    facts: Facts
    registers: Mapping[type[Row], pa.Table]

    def encode(self) -> bytes:
        """The bytes of the file."""
        facts = msgspec.json.encode(self.facts)
        streams = [_stream(self.registers[table]) for table in TABLES]
        rest = [len(facts).to_bytes(_LENGTH, "big"), facts, *streams]
        digest = sha256()
        for piece in rest:
            digest.update(piece)
        return b"".join([_FORMAT, digest.digest(), *rest])


def decode_remembered(data: bytes) -> Remembered:
    """Read a file. InvalidInput when it is damaged, or of another program."""
    start = len(_FORMAT) + _DIGEST
    rest = memoryview(data)[start:]
    if not data.startswith(_FORMAT) or sha256(rest).digest() != data[len(_FORMAT) : start]:
        raise InvalidInput("what your seat remembers is damaged", _HINT)
    length = int.from_bytes(rest[:_LENGTH], "big")
    try:
        facts = msgspec.json.decode(rest[_LENGTH : _LENGTH + length], type=Facts)
        if facts.program != program():
            raise InvalidInput("another version of Quaestor did the last verification", _HINT)
        streams = pa.BufferReader(pa.py_buffer(rest[_LENGTH + length :]))
        registers = {table: pa.ipc.open_stream(streams).read_all() for table in TABLES}
    except (msgspec.MsgspecError, pa.ArrowException, OSError) as error:
        raise InvalidInput("what your seat remembers cannot be read", _HINT) from error
    return Remembered(facts, registers)


@cache
def program() -> str:
    """Which program this is: its version, and a digest over the code that judges a record."""
    folder = Path(__file__).parent
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    with suppress(PackageNotFoundError):  # run from its sources: they say enough
        return f"{version('quaestor')} {digest.hexdigest()}"
    return digest.hexdigest()


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()
