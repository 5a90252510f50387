"""Sealing: what was read is what is kept, and what is kept can be checked."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ledger.errors import CheckFailed, InvalidInput, StoreUnavailable
from ledger.evidence import Evidence, digest_file
from ledger.logs.checking import SealFacts, check_sealed
from ledger.logs.mapping import ColumnMap
from ledger.logs.sealing import SealedLog, seal
from ledger.merkle import leaf_hash, root

MAP = ColumnMap.model_validate(
    {
        "columns": {
            "time": {"source": "at", "type": "timestamp", "required": True},
            "score": {"source": "score", "type": "number"},
            "note": {"source": "note", "type": "string"},
        }
    }
)
CSV = (
    "at,score,note\n"
    "2026-01-01T00:00:01Z,0.25,plain\n"
    '2026-01-01T00:00:03Z,0.50,"two\nlines from bob@example.org"\n'
    "2026-01-01T00:00:02Z,high,carol@example.org\n"
    "ragged\n"
    ",0.75,4111111111111111\n"
    "2026-01-01T00:00:02Z,,4111111111111111\n"
)


def backwards(raw: bytes) -> str:
    """Stand in for the vault: reversible, and unlike the text."""
    return raw[::-1].hex()


def sealed(folder: Path, *logs: tuple[str, str | bytes], mapping: ColumnMap = MAP) -> SealedLog:
    """Write log files and seal them into `folder/evidence`."""
    (folder / "evidence").mkdir(exist_ok=True)
    paths = [folder / name for name, _ in logs]
    for path, (_, data) in zip(paths, logs, strict=True):
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return seal(paths, mapping, Evidence(folder / "evidence"), backwards, lambda _done, _all: None)


def file_of(folder: Path, log: SealFacts) -> Path:
    """Path of a sealed log."""
    return folder / "evidence" / f"{log.file_digest}.parquet"


def test_what_is_kept(tmp_path: Path) -> None:
    """A row is lost, a secret is kept, or the facts in the entry are not those of the file."""
    log = sealed(tmp_path, ("log.csv", CSV))
    table = pq.read_table(file_of(tmp_path, log))
    records = table.column("record").to_pylist()
    assert [orjson.loads(record) for record in records] == [
        {"at": "2026-01-01T00:00:01Z", "score": "0.25", "note": "plain"},
        {
            "at": "2026-01-01T00:00:03Z",
            "score": "0.50",
            "note": "two\nlines from [redacted:email]",
        },
        {"at": "2026-01-01T00:00:02Z", "score": "", "note": "[redacted:card]"},
    ]
    assert table.schema.names == ["record", "note", "score", "time"]
    assert table.schema.field("time").type == pa.timestamp("us", "UTC")
    assert table.column("score").to_pylist() == [0.25, 0.5, None]
    assert log.root == root(leaf_hash(record.encode()) for record in records).hex()
    assert log.map_digest == MAP.digest()
    assert (log.rows, log.redactions) == (3, {"card": 1, "email": 1})
    assert (log.first_time, log.last_time) == (
        dt.datetime(2026, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, 0, 0, 3, tzinfo=dt.UTC),
    )
    (source,) = log.sources
    assert (source.name, source.size) == ("log.csv", len(CSV))
    assert source.sha256 == sha256(CSV.encode()).hexdigest()
    assert log.size == file_of(tmp_path, log).stat().st_size
    assert check_sealed(file_of(tmp_path, log), log, MAP) == []


def test_quarantine(tmp_path: Path) -> None:
    """A bad row is dropped, stands in clear, or cannot be found again in its file."""
    log = sealed(tmp_path, ("log.csv", CSV), ("more.jsonl", '{"at": "2026-01-01 10:00:00"}\n{"at'))
    assert log.quarantined == 5
    assert log.rows == 3
    data = Evidence(tmp_path / "evidence").read(log.quarantine_digest or "", "jsonl")
    raw = [
        b"2026-01-01T00:00:02Z,high,carol@example.org",
        b"ragged",
        b",0.75,4111111111111111",
        b'{"at": "2026-01-01 10:00:00"}',
        b'{"at',
    ]
    reasons = [
        ("log.csv", 5, "score: not a number"),
        ("log.csv", 6, "has 1 fields, the header 3"),
        ("log.csv", 7, "time: required, but missing"),
        ("more.jsonl", 1, "time: a time without a zone, and the column map states none"),
        ("more.jsonl", 2, "not valid JSON: unexpected end of data at character 5"),
    ]
    assert [orjson.loads(line) for line in data.splitlines()] == [
        {
            "file": name,
            "line": line,
            "reason": reason,
            "digest": sha256(text).hexdigest(),
            "text": backwards(text),
        }
        for (name, line, reason), text in zip(reasons, raw, strict=True)
    ]


def test_the_tree_is_over_the_rows_and_nothing_else(tmp_path: Path) -> None:
    """The same decisions from another format, or sealed again, have another root."""
    rows = [
        {"at": f"2026-01-01T00:00:0{i}Z", "score": f"0.{i}", "note": f"é {i}"} for i in range(5)
    ]
    csv = "at,score,note\n" + "".join(",".join(row.values()) + "\n" for row in rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "made.parquet")
    logs = [
        sealed(tmp_path, ("log.csv", csv)),
        sealed(tmp_path, ("log.csv", csv)),
        sealed(tmp_path, ("log.jsonl", b"\n".join(map(orjson.dumps, rows)))),
        sealed(tmp_path, ("log.parquet", (tmp_path / "made.parquet").read_bytes())),
    ]
    assert len({log.root for log in logs}) == 1
    assert len({log.file_digest for log in logs}) == 1


def rewritten(folder: Path, log: SealedLog, table: pa.Table) -> SealFacts:
    """Write another table as a sealed log whose entry states the digest of its own file."""
    path = folder / "evidence" / "forged"
    pq.write_table(table, path)
    digest = digest_file(path)
    path.rename(path.with_name(f"{digest}.parquet"))
    return replace(log, file_digest=digest)


def test_tampering_is_found(tmp_path: Path) -> None:
    """A changed byte, record, mapped value, row or map passes verification."""
    log = sealed(tmp_path, ("log.csv", CSV))
    path = file_of(tmp_path, log)
    table = pq.read_table(path)

    def problems(changed: pa.Table) -> list[str]:
        facts = rewritten(tmp_path, log, changed)
        found = check_sealed(file_of(tmp_path, facts), facts, MAP)
        return [problem.split(": ", 1)[1] for problem in found]

    def with_column(name: str, values: list[object]) -> pa.Table:
        place = table.schema.get_field_index(name)
        field = table.schema.field(name)
        return table.set_column(place, field, pa.array(values, field.type))

    assert problems(with_column("score", [0.25, 0.99, None])) == [
        "column score is not what the record says: 1 rows, the first is row 2"
    ]
    assert problems(with_column("note", ["plain", None, "x"]))[0].endswith(
        "2 rows, the first is row 2"
    )
    records = table.column("record").to_pylist()
    changed = [*records[:2], records[2].replace("01-01", "01-09")]
    assert problems(with_column("record", changed)) == [
        "the tree over its rows has another root",
        "column time is not what the record says: 1 rows, the first is row 3",
    ]
    assert problems(with_column("record", [*records[:2], "{}"]))[1].startswith(
        "the record cannot be mapped: 1 rows"
    )
    assert problems(table.slice(0, 2)) == ["it holds 2 rows, not 3"]
    assert problems(table.drop_columns("score"))[-1].startswith("its columns are not")

    other = ColumnMap.model_validate({"columns": {"note": MAP.columns["note"].model_dump()}})
    assert "not the one it was sealed with" in check_sealed(path, log, other)[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "not those that were sealed" in check_sealed(path, log, MAP)[0]
    path.unlink()
    assert "is missing" in check_sealed(path, log, MAP)[0]


def test_nothing_to_seal(tmp_path: Path) -> None:
    """An empty log is entered as if it vouched for something, or leaves files behind."""
    with pytest.raises(InvalidInput, match=r"a\.csv.*no decision record"):
        sealed(tmp_path, ("a.csv", "at\n"))
    assert list((tmp_path / "evidence").iterdir()) == []


def test_only_bad_rows(tmp_path: Path) -> None:
    """A log of bad rows alone is an error without evidence of what was bad."""
    log = sealed(tmp_path, ("a.jsonl", "[]\n[]\n"))
    assert (log.rows, log.quarantined, log.first_time) == (0, 2, None)
    assert check_sealed(file_of(tmp_path, log), log, MAP) == []


def test_a_file_that_grows_meanwhile(tmp_path: Path) -> None:
    """Half of a log that is still written to is sealed under the digest of another half."""
    (tmp_path / "evidence").mkdir()
    path = tmp_path / "log.csv"
    path.write_text(CSV)

    def grow(_done: int, _all: int) -> None:
        with path.open("a") as file:
            file.write("x\n")

    with pytest.raises(CheckFailed, match="changed"):
        seal([path], MAP, Evidence(tmp_path / "evidence"), backwards, grow)
    assert list((tmp_path / "evidence").iterdir()) == []


def test_progress(tmp_path: Path) -> None:
    """The progress bar stands still, or ends before or after the end."""
    (tmp_path / "evidence").mkdir()
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path in paths:
        path.write_text(CSV)
    told: list[tuple[int, int]] = []
    evidence = Evidence(tmp_path / "evidence")
    seal(paths, MAP, evidence, backwards, lambda done, total: told.append((done, total)))
    assert told == [(len(CSV), 2 * len(CSV)), (2 * len(CSV), 2 * len(CSV))]


ALONE = """
import os, resource, signal, sys
from pathlib import Path
from ledger.errors import StoreUnavailable
from ledger.evidence import Evidence
from ledger.logs.proposing import propose
from ledger.logs.sealing import seal

log, folder, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def progress(_done, _all):
    if limit < 0:
        os.kill(os.getpid(), signal.SIGKILL)

if limit > 0:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    done = seal([log], propose(log), Evidence(folder), bytes.hex, progress)
    # Not ru_maxrss: a process inherits that of whoever started it.
    status = Path("/proc/self/status").read_text()
    print(done.rows, int(status.partition("VmHWM:")[2].split()[0]) // 1024)
except StoreUnavailable as error:
    print("full:", error.message)
"""


def in_a_process(log: Path, folder: Path, limit: int = 0) -> str:
    """Seal in a process of its own; return what it printed.

    A positive limit is the largest file it may write, in bytes; a negative one kills it midway.
    """
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(log), str(folder), str(limit)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=limit >= 0,
        timeout=100,
    )
    return done.stdout


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    """An import of a long log takes the machine down."""
    path, folder = tmp_path / f"log.{suffix}", tmp_path / "evidence"
    folder.mkdir()
    text = "The applicant asks for a loan over sixty months. " * 5
    lines = {
        "csv": f'7,0.25,2026-01-01T00:00:00Z,"{text}"\n',
        "jsonl": f'{{"id":7,"score":0.25,"at":"2026-01-01T00:00:00Z","text":"{text}"}}\n',
    }
    block = lines[suffix].encode() * 10_000
    with path.open("wb") as file:
        file.write(b"id,score,at,text\n" if suffix == "csv" else b"")
        for _ in range(55):
            file.write(block)
    assert path.stat().st_size > 140_000_000
    rows, peak = in_a_process(path, folder).split()
    assert int(rows) == 550_000
    assert int(peak) < 600, "MB"


def test_no_room(tmp_path: Path) -> None:
    """A full disk leaves half a log under a good name, or a traceback."""
    path, folder = tmp_path / "log.jsonl", tmp_path / "evidence"
    folder.mkdir()
    path.write_bytes(b"".join(b'{"a":"%s"}\n' % os.urandom(50).hex().encode() for _ in range(2000)))
    assert in_a_process(path, folder, limit=20_000).startswith("full: The log could not be sealed")
    assert list(folder.iterdir()) == []


def test_a_killed_import(tmp_path: Path) -> None:
    """A crash leaves something that looks like a sealed log."""
    path, folder = tmp_path / "log.csv", tmp_path / "evidence"
    folder.mkdir()
    path.write_text(CSV)
    assert in_a_process(path, folder, limit=-1) == ""
    assert list(folder.iterdir())
    assert list(Evidence(folder).files()) == []


def test_no_folder(tmp_path: Path) -> None:
    """A home that cannot be written to is blamed on the log."""
    path = tmp_path / "log.csv"
    path.write_text(CSV)
    with pytest.raises(StoreUnavailable, match="could not be sealed"):
        seal([path], MAP, Evidence(tmp_path / "none"), backwards, lambda _done, _all: None)
