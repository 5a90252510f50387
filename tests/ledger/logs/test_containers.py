"""What files are, told by content: compression, containers, and what is refused."""

from __future__ import annotations

import gzip
import os
import zlib
from hashlib import sha256
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from ledger.logs import batches, containers, documents, jsonl
from ledger.logs.batches import BadRow
from ledger.logs.containers import opened
from ledger.logs.reading import read, unfolded

RECORDS = [
    {"id": number, "text": 'é, {[ \\" ]}', "deep": {"a": [1, {"b": 2}]}} for number in range(7)
]
LINES = b"".join(orjson.dumps(record) + b"\n" for record in RECORDS)
PRETTY = orjson.dumps(RECORDS, option=orjson.OPT_INDENT_2)
CSV = b"id,text\n1,a\n2,b\n"


def packed(data: bytes, how: str) -> bytes:
    """Compress, or not."""
    if how == "gzip":
        return gzip.compress(data)
    return bytes(pa.compress(data, "zstd", asbytes=True)) if how == "zstd" else data


def rows_of(path: Path, container: str | None = None) -> tuple[list[bytes], list[BadRow]]:
    """Read all records and bad rows of a file."""
    got = list(read(path, container))
    return [record for b in got for record in b.each()], [bad for b in got for bad in b.bad]


@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
@pytest.mark.parametrize(
    ("data", "container", "rows"),
    [
        (LINES, "jsonl", 7),
        (PRETTY, "json", 7),
        (orjson.dumps(RECORDS), "json", 7),
        (orjson.dumps(RECORDS[0], option=orjson.OPT_INDENT_2), "json", 1),
        (orjson.dumps(RECORDS[0]), "jsonl", 1),
        (b"\xef\xbb\xbf" + LINES, "jsonl", 7),
        (b"\n\n  " + PRETTY, "json", 7),
        (CSV, "csv", 2),
        (b'{"id": 1\n{"id": 2}\n', "jsonl", 1),
    ],
)
def test_content_decides(tmp_path: Path, data: bytes, container: str, rows: int, how: str) -> None:
    """If it fails, a log is told by its name: without the right ending it cannot be imported."""
    path = tmp_path / "export"
    path.write_bytes(packed(data, how))
    with opened(path, path.name) as found:
        assert (found.container, found.compression) == (container, how)
    assert len(rows_of(path)[0]) == rows


@pytest.mark.parametrize("block", [1, 7, 64, 2**20])
def test_documents_keep_every_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """If it fails, a record of a JSON document is cut where a block ends, or re-encoded."""
    monkeypatch.setattr(documents, "BLOCK", block)
    path = tmp_path / "log.json"
    path.write_bytes(PRETTY)
    good, bad = rows_of(path, "json")
    assert not bad
    assert [orjson.loads(record) for record in good] == RECORDS
    assert all(record in PRETTY for record in good)
    (first, *_) = read(path, "json")
    written = PRETTY.splitlines()
    assert [written[line - 1].strip() for line in first.lines] == [b"{"] * 7


JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text('{}[],"\\ é', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(JSON, max_size=5), st.booleans(), st.integers(1, 40), st.integers(0, 60))
def test_documents_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[object],
    indented: bool,
    block: int,
    cut: int,
) -> None:
    """If it fails, an element of an array vanishes: neither sealed nor in quarantine."""
    data = orjson.dumps(values, option=orjson.OPT_INDENT_2 if indented else None)
    path = tmp_path_factory.mktemp("logs") / "log.json"
    path.write_bytes(data)
    objects = [value for value in values if isinstance(value, dict)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        good, bad = rows_of(path, "json")
        assert [orjson.loads(record) for record in good] == objects
        assert len(bad) == len(values) - len(objects)
        if cut and cut < len(data):
            path.write_bytes(data[:-cut])
            assert rows_of(path, "json")[1][-1].reason.startswith("the document breaks off")


def test_a_block_of_lines_is_judged_as_its_lines_are(tmp_path: Path) -> None:
    """If it fails, two records on a line make up for one over two lines: both are sealed."""
    for odd, whole in [
        (b'{"a":1} {"b":2}\n{"c":\n3}\n', 0),
        (b'{"a":"x\ny"}\n{"b":1},{"c":2}\n', 0),
        (b'{"x":[{"c":1}\n{"d":2}]}\n{"b":1},{"c":2}\n', 0),
        (b'{"a":1}\n7\n{"b":1},{"c":2}\n', 1),
        (b'{"a":1}\r\n\r\n {"b":2} \n', 2),
        (b'{"a":1e999}\n{"a":1}\n', 2),
    ]:
        path = tmp_path / "log.jsonl"
        path.write_bytes(odd)
        good, bad = rows_of(path)
        assert len(good) == whole
        assert len(good) + len(bad) == len([line for line in odd.splitlines() if line.strip()])


@pytest.mark.parametrize("block", [3, 10, 64])
def test_lines_longer_than_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """If it fails, a line that spans blocks is cut in two."""
    monkeypatch.setattr(jsonl, "BLOCK", block)
    path = tmp_path / "log.jsonl"
    path.write_bytes(LINES)
    good, bad = rows_of(path)
    assert (b"\n".join(good) + b"\n", bad) == (LINES, [])


def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    """If it fails, one endless line fills the memory, or takes the other lines with it."""
    long = b'{"a":"%s"}' % (b"x" * 50_000_000)
    path = tmp_path / "log.jsonl"
    path.write_bytes(LINES + long + b"\n" + LINES)
    good, bad = rows_of(path)
    assert len(good) == 14
    assert [(row.line, row.reason, row.digest) for row in bad] == [
        (8, "longer than 16 MiB", sha256(long).hexdigest())
    ]
    assert len(bad[0].text) == batches.KEPT
    document = tmp_path / "log.json"
    document.write_bytes(b"[" + long + b"]")
    with pytest.raises(InvalidInput, match="more than 16 MiB at line 1"):
        rows_of(document, "json")


def test_a_hundred_thousand_levels(tmp_path: Path) -> None:
    """If it fails, one deep record ends the program."""
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for name, data in [
        ("log.jsonl", deep + b"\n" + LINES),
        ("log.json", b"[" + deep + b',{"a":1}]'),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        good, bad = rows_of(path)
        assert good
        assert len(bad) == 1
        assert "Recursion" in bad[0].reason or "deep" in bad[0].reason


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("cut.gz", gzip.compress(LINES * 99)[:-20], "cannot be unpacked"),
        ("flipped.gz", gzip.compress(LINES)[:-6] + b"xxxxxx", "cannot be unpacked"),
        ("cut.zst", packed(LINES * 99, "zstd")[:-20], "cannot be unpacked"),
        ("head.zst", b"\x28\xb5\x2f\xfd", "cannot be unpacked"),
        ("twice.gz", gzip.compress(gzip.compress(LINES)), "compressed twice"),
        ("zipped", b"PK\x03\x04 rest", "a ZIP archive"),
        ("lying.parquet", b"PAR1" + bytes(40) + b"\xff\xff\xff\x7fPAR1", "as Parquet"),
        ("empty.parquet", b"PAR1PAR1", "as Parquet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # gzip states when it was made
)
def test_what_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    """If it fails, a damaged or foreign file ends in a traceback, or in half a log."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=message) as error:
        rows_of(path)
    assert error.value.hint


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_bombs(tmp_path: Path, how: str) -> None:
    """If it fails, a small file unpacks until disk or memory is full."""
    line = b'{"a":"%s"}\n' % (b" " * 1_000_000)
    path = tmp_path / "bomb"
    path.write_bytes(packed(line * 120, how))
    assert path.stat().st_size < containers.SPARED // containers.RATIO
    with pytest.raises(InvalidInput, match="unpacks to more than 200 times its size"):
        rows_of(path)
    wide = tmp_path / "wide"
    wide.write_bytes(packed(os.urandom(2**20) + b"\n" + line, how))
    assert rows_of(wide, "jsonl")[1]


def test_several_gzip_members(tmp_path: Path) -> None:
    """If it fails, of rotated logs that were joined only the first is imported."""
    path = tmp_path / "joined"
    path.write_bytes(gzip.compress(LINES) + gzip.compress(LINES) + bytes(100))
    assert len(rows_of(path)[0]) == 14


def test_a_parquet_file_whose_footer_was_damaged(tmp_path: Path) -> None:
    """If it fails, a footer that lies about its rows ends in a traceback."""
    table = pa.table({"a": list(range(1000)), "b": ["x"] * 1000})
    path = tmp_path / "log.parquet"
    pq.write_table(table, path)
    whole = path.read_bytes()
    for place in range(len(whole) - 200, len(whole), 3):
        data = bytearray(whole)
        data[place] ^= 0x5A
        path.write_bytes(data)
        try:
            good, bad = rows_of(path)
        except InvalidInput:
            continue
        assert len(good) + len(bad) <= 1000
    pq.write_table(table.rename_columns(["name", "b"]), path)
    path.write_bytes(path.read_bytes().replace(b"name", b"\xe6ame"))
    with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
        rows_of(path)


def test_records_that_cannot_be_unfolded(tmp_path: Path) -> None:
    """If it fails, what a format cannot read is lost, or ends the import."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(LINES)

    def unfold(record: bytes) -> list[bytes]:
        number = orjson.loads(record)["id"]
        if number == 2:
            raise ValueError("has no spans")
        return [record] * number

    got = list(unfolded(read(path), unfold))
    assert sum(len(batch.records) for batch in got) == 0 + 1 + 3 + 4 + 5 + 6
    assert [(bad.line, bad.reason) for batch in got for bad in batch.bad] == [(3, "has no spans")]
    assert {line for batch in got for line in batch.lines} == {2, 4, 5, 6, 7}
    assert zlib.crc32(got[0].raw(0)) == zlib.crc32(LINES.splitlines()[1])
