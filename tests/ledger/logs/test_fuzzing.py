"""Every importer on damaged logs: a result or an explained refusal, and no row lost on the way."""

from __future__ import annotations

import gzip
import re
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sample_data
from ledger.errors import QuaestorError
from ledger.evidence import Evidence
from ledger.logs.checking import check_sealed
from ledger.logs.formats import FORMATS, completed, recognise
from ledger.logs.formats.table import TABLE
from ledger.logs.mapping import ColumnMap
from ledger.logs.proposing import propose
from ledger.logs.reading import arrival, read, unfolded, unfolding
from ledger.logs.sealing import SealedLog, seal

SAMPLES = Path(sample_data.__file__).parent
MOST = 12  # lines of a sample
QUIETLY = settings(
    max_examples=11, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCALAR = re.compile(
    rb'(?<=[:\[,])\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null)(?=[,}\]])'
)
INSTEAD = (
    b"null",
    b"7",
    b'""',
    b'"x"',
    b"[]",
    b"{}",
    b"1e999",
    b"-0.0",
    b"true",
    b'"\\ud83d\\ude00"',
)


def samples() -> dict[str, list[bytes]]:
    """Some lines of each format of which there is a sample."""
    found: dict[str, list[bytes]] = {}
    for path in sorted((SAMPLES / "logs").glob("*.json*")):
        records = [record for batch in read(path) for record in batch.each()]
        name = recognise([orjson.loads(record) for record in records[:5]]).name
        lines = (orjson.dumps(orjson.loads(record)) for record in islice(records, MOST))
        found.setdefault(name, []).extend(lines)
    table = SAMPLES / "credit_decisions_sample.csv"
    found["table"] = list(islice((record for b in read(table) for record in b.each()), MOST))
    return found


LINES = samples()
EVERYTHING = [line for lines in LINES.values() for line in lines[:2]]


@st.composite
def damaged(draw: st.DrawFn, lines: list[bytes]) -> bytes:
    """A log of these lines with a few things done to it."""
    data = b"\n".join(draw(st.lists(st.sampled_from(lines), min_size=1, max_size=MOST))) + b"\n"
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.integers(0, 5)):
            case 0:
                data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
            case 1:
                data = data[:at]
            case 2:
                data = data[:at] + draw(st.binary(max_size=5)) + data[at:]
            case 3:
                data += data[data.rfind(b"\n", 0, at) + 1 : at]
            case 4:
                data = (
                    data[:at]
                    + draw(st.sampled_from([b"\n", b"\r\n", b"\n\n", b"[" * 2000]))
                    + data[at:]
                )
            case _:
                spots = list(SCALAR.finditer(data))
                if spots:
                    spot = draw(st.sampled_from(spots))
                    other = draw(st.sampled_from(INSTEAD))
                    data = data[: spot.start(1)] + other + data[spot.end(1) :]
    return data


def explained(error: QuaestorError) -> None:
    """A refusal says what is wrong, and what to do."""
    assert error.message
    assert error.hint


def sealed(folder: Path, path: Path, mapping: ColumnMap, container: str | None) -> SealedLog:
    """Seal, and hold what was sealed against itself."""
    evidence = Evidence(folder / "evidence")
    evidence.folder.mkdir(exist_ok=True)
    log = seal([path], mapping, evidence, bytes.hex, lambda _done, _all: None, container=container)
    kept = evidence.path(log.file_digest, "parquet")
    assert check_sealed(kept, log, mapping) == []
    return log


def map_for(name: str) -> ColumnMap:
    """The map that an import would use; of a table one that wants types."""
    if name != TABLE.name:
        return completed(FORMATS[name], {"timezone": "UTC"})
    columns: dict[str, Any] = {
        "score": {"source": "score", "type": "number"},
        "time": {"source": "decided_at", "type": "timestamp", "required": True},
    }
    return completed(TABLE, {"columns": columns, "timezone": "UTC"})


@pytest.mark.parametrize("name", list(FORMATS))
@QUIETLY
@given(data=st.data())
def test_nothing_is_lost_and_nothing_escapes(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """If it fails, a damaged log ends in a traceback, or one of its lines is nowhere afterwards."""
    text = data.draw(damaged(LINES.get(name, EVERYTHING)))
    container = data.draw(st.sampled_from(["jsonl", "json"]))
    if container == "json":  # an array, as far as it is still whole
        text = b"[" + text.replace(b"\n", b",\n").removesuffix(b",\n") + b"]"
    path = tmp_path / f"log.{container}"
    path.write_bytes(text)
    mapping = map_for(name)
    try:
        rows = list(read(path, container))
        if container == "jsonl":
            lines = [line for line in text.split(b"\n") if line.strip(b" \t\r\n")]
            assert sum(len(batch.records) + len(batch.bad) for batch in rows) == len(lines)
        unfold = unfolding(FORMATS[name], [arrival(path)], container)
        records = list(unfolded(read(path, container), unfold))
        log = sealed(tmp_path, path, mapping, container)
    except QuaestorError as error:
        explained(error)
        return
    assert log.rows + log.quarantined == sum(len(b.records) + len(b.bad) for b in records)


@pytest.mark.parametrize("name", list(LINES))
def test_a_sound_sample_is_sealed_whole(tmp_path: Path, name: str) -> None:
    """If it fails, what is fuzzed here is refused at once, so that nothing is tried at all."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(LINES[name]))
    log = sealed(tmp_path, path, map_for(name), "jsonl")
    assert log.rows > log.quarantined


@QUIETLY
@given(
    text=damaged(EVERYTHING),
    packed=st.booleans(),
    wrap=st.sampled_from([b"", b"[", b"a,b\n", b"PAR1"]),
)
def test_whatever_it_is_it_is_recognised_or_refused(
    tmp_path: Path, text: bytes, packed: bool, wrap: bytes
) -> None:
    """If it fails, a file that only looks like a log ends the program."""
    path = tmp_path / "something"
    path.write_bytes(gzip.compress(wrap + text) if packed else wrap + text)
    try:
        sealed(tmp_path, path, propose(path), None)
    except QuaestorError as error:
        explained(error)


@QUIETLY
@given(data=st.data())
def test_damaged_csv(tmp_path: Path, data: st.DataObject) -> None:
    """If it fails, a broken export of a spreadsheet ends in a traceback, or in half a log."""
    lines = (SAMPLES / "credit_decisions_bad.csv").read_bytes().splitlines()
    path = tmp_path / "log.csv"
    path.write_bytes(lines[0] + b"\n" + data.draw(damaged(lines[1:])))
    try:
        rows = list(read(path, "csv"))
        log = sealed(tmp_path, path, propose(path, "csv"), "csv")
    except QuaestorError as error:
        explained(error)
        return
    assert log.rows + log.quarantined == sum(len(b.records) + len(b.bad) for b in rows)


@QUIETLY
@given(data=st.data())
def test_damaged_parquet(tmp_path: Path, data: st.DataObject) -> None:
    """If it fails, a Parquet file that was damaged on its way ends in a traceback."""
    path = tmp_path / "log.parquet"
    table = pa.table({"id": list(range(50)), "note": ["some text"] * 50, "deep": [[{"a": 1}]] * 50})
    pq.write_table(table, path)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.sampled_from([len(whole), len(whole) // 2]))])
    try:
        log = sealed(tmp_path, path, propose(path), None)
    except QuaestorError as error:
        explained(error)
        return
    assert log.rows + log.quarantined <= 50
