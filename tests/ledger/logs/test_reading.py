"""Reading: every row of a file is a record, byte for byte what was said, or a bad row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from ledger.logs import batches
from ledger.logs.batches import BadRow
from ledger.logs.reading import read

Rows = list[tuple[int, bytes]]


def read_all(path: Path, form: str | None = None) -> tuple[Rows, list[BadRow]]:
    """Read records with their lines, and bad rows, from all batches."""
    got = list(read(path, form))
    good = [row for b in got for row in zip(b.lines, b.each(), strict=True)]
    return good, [bad for b in got for bad in b.bad]


def written(folder: Path, name: str, data: bytes) -> Path:
    """Write a file to read."""
    path = folder / name
    path.write_bytes(data)
    return path


def test_csv_bad_rows_and_their_lines(tmp_path: Path) -> None:
    """A bad row is dropped, reported on the wrong line, or takes its neighbours with it."""
    lines = [
        b"\xef\xbb\xbfid,text\r\n",
        b'1,"two\r\nlines, and ""quotes"""\r\n',  # 2 and 3
        b"2\r\n",  # 4: ragged
        b"\r\n",  # 5: blank
        b"3,caf\xe9\r\n",  # 6: Latin-1
        b"4,a\0b\r\n",  # 7: NUL
        b'5,"x"y\r\n',  # 8: text after a quote
        b"6,a,b\r\n",  # 9: ragged
        b'"7\n7",\xc3\xa9\r\n',  # 10 and 11
        b"8,plain\n",  # 12
        b'9,"never closed\n10,x\n',  # 13 and 14
    ]
    good, bad = read_all(written(tmp_path, "log.csv", b"".join(lines)))
    assert [(line, orjson.loads(record)) for line, record in good] == [
        (2, {"id": "1", "text": 'two\r\nlines, and "quotes"'}),
        (10, {"id": "7\n7", "text": "é"}),
        (12, {"id": "8", "text": "plain"}),
    ]
    assert [(row.line, row.reason) for row in bad] == [
        (4, "has 1 fields, the header 2"),
        (6, "not valid UTF-8 at byte 6"),
        (7, "holds a NUL byte"),
        (8, "not valid CSV: ',' expected after '\"'"),
        (9, "has 3 fields, the header 2"),
        (13, "not valid CSV: unexpected end of data"),
    ]
    assert bad[1].text == b"3,caf\xe9\r"
    assert bad[1].digest == sha256(bad[1].text).hexdigest()


def test_jsonl_bad_rows_and_their_lines(tmp_path: Path) -> None:
    """A line that strict JSON rejects is sealed, or a bad one hides the good."""
    data = (
        b'\xef\xbb\xbf{"a": 1 }\r\n\r\n{"a":NaN}\n[1]\n{"a":"\xff"}\n{"a":"\0"}\n{"a":1,}\n'
        b' {"a":9223372036854775807, "b":0.10, "c":"\\u00e9\\/"}\t\n{"a":"\\ud800"}\n{"a":2}'
    )
    good, bad = read_all(written(tmp_path, "log.ndjson", data))
    assert good == [
        (1, b'{"a": 1 }'),
        (8, b'{"a":9223372036854775807, "b":0.10, "c":"\\u00e9\\/"}'),
        (10, b'{"a":2}'),
    ]
    assert [(row.line, row.reason.split(":")[0]) for row in bad] == [
        (3, "not valid JSON"),
        (4, "not a JSON object"),
        (5, "not valid UTF-8 at byte 7"),
        (6, "holds a NUL byte"),
        (7, "not valid JSON"),
        (9, "not valid JSON"),
    ]


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        ([b"{} {}", b'{"a":', b"{}}"], [1, 2, 3]),
        ([b"{}{}", b'{"a":{}', b'{"b":1}}'], [1, 2, 3]),
        ([b"{}, {}", b"{}"], [1]),
        ([b'{"a":1}\r', b'{"a":"}\\n{"}\r'], []),
        ([b'{"a":"}', b'{"}'], [1, 2]),
        ([b"{", b"}", b"{}"], [1, 2]),
    ],
)
def test_a_line_is_a_record(tmp_path: Path, lines: list[bytes], bad: list[int]) -> None:
    """If it fails, several records on one line make up for one over several, and are sealed."""
    found, rejected = read_all(written(tmp_path, "log.jsonl", b"\n".join(lines)))
    assert [row.line for row in rejected] == bad
    kept = [(n, line.rstrip(b"\r")) for n, line in enumerate(lines, start=1) if n not in bad]
    assert found == kept


@pytest.mark.parametrize(
    ("name", "start", "long"),
    [("log.jsonl", b'{"a":1}\n', b'{"a":"%s"}'), ("log.csv", b"a\n1\n", b'"%s"')],
)
def test_rows_longer_than_16_mib(tmp_path: Path, name: str, start: bytes, long: bytes) -> None:
    """One endless line fills the memory, or is cut and sealed as if it were whole."""
    row = long % (b"x" * (2 * batches.LONGEST))
    good, bad = read_all(written(tmp_path, name, start + row + b"\n" + start.splitlines()[-1]))
    assert len(good) == 2
    assert [(b.reason, b.digest) for b in bad] == [("longer than 16 MiB", sha256(row).hexdigest())]
    assert bad[0].line == good[1][0] - 1
    assert row.startswith(bad[0].text)
    assert len(bad[0].text) == batches.KEPT


def test_batches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch grows with the file, or rows are lost between two."""
    monkeypatch.setattr(batches, "BATCH_ROWS", 3)
    path = written(tmp_path, "log.jsonl", b'{"a":1}\n' * 10)
    got = list(read(path))
    assert [len(b.records) for b in got] == [3, 3, 3, 1]
    assert [line for b in got for line in b.lines] == list(range(1, 11))
    assert {b.position for b in got} == {80}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("log.csv", b"", "is empty"),
        ("log.csv", b"\xef\xbb\xbf", "no header"),
        ("log.csv", b"\na,b\n", "no header"),
        ("log.csv", b"a,b,a\n1,2,3\n", "'a' twice"),
        ("log.csv", b"\xff\xfea\0\n\0", "UTF-16"),
        ("log.csv", b'"a\n1\n', "no readable header"),
        ("log.parquet", b"PAR1 this is not one PAR1", "as Parquet"),
        ("log.csv.gz", b"\x1f\x8b", "cannot be unpacked"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    """A file that is not a log ends in a traceback, or in an empty seal."""
    with pytest.raises(InvalidInput, match=message) as error:
        read_all(written(tmp_path, name, data))
    assert error.value.hint


def test_missing_file_unknown_container_and_stated_container(tmp_path: Path) -> None:
    """The stated container does not outweigh the content, or a wrong one is not explained."""
    with pytest.raises(InvalidInput, match="is missing"):
        read_all(tmp_path / "none.csv")
    path = written(tmp_path, "log.txt", b"a;b\n1;2\n")
    with pytest.raises(InvalidInput, match="'xml' is not known"):
        read_all(path, "xml")
    assert read_all(path, "csv") == ([(2, b'{"a":"1","b":"2"}')], [])
    assert len(read_all(path, "jsonl")[1]) == 2


def test_header_only(tmp_path: Path) -> None:
    """A log without decisions is an error to read, though it is well formed."""
    assert read_all(written(tmp_path, "log.csv", b"a,b\n")) == ([], [])


def test_parquet_values(tmp_path: Path) -> None:
    """A 64-bit integer or a nanosecond passes through a float, or a name loses its case."""
    zoned = pa.timestamp("ns", "Europe/Berlin")
    table = pa.table(
        {
            "big": pa.array([2**63 - 1], pa.int64()),
            "BIG": pa.array([2**64 - 1], pa.uint64()),
            "ns": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
            "zoned": pa.array([1_700_000_000_123_456_789], zoned),
            "day": pa.array([dt.date(2026, 2, 28)]),
            "money": pa.array([Decimal("12345678901234567890.10")], pa.decimal128(30, 2)),
            "float": pa.array([0.1]),
            "nan": pa.array([float("nan")]),
            "none": pa.array([None], pa.float64()),
            "word": pa.array(["é"]).dictionary_encode(),
            "deep": pa.array(
                [[{"at": 1, "n": 2**63 - 1}]],
                pa.list_(pa.struct([("at", zoned), ("n", pa.int64())])),
            ),
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    good, bad = read_all(tmp_path / "log.parquet")
    assert not bad
    expected = (
        b'{"big":9223372036854775807,"BIG":18446744073709551615,'
        b'"ns":"2023-11-14 22:13:20.123456789","zoned":"2023-11-14 22:13:20.123456789+0000",'
        b'"day":"2026-02-28","money":"12345678901234567890.10","float":0.1,"nan":"nan",'
        b'"none":null,"word":"\xc3\xa9",'
        b'"deep":[{"at":"1970-01-01 00:00:00.000000001+0000","n":9223372036854775807}]}'
    )
    assert good == [(1, expected)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=4))
def test_jsonl_keeps_every_byte(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    """What is sealed is not what the application wrote."""
    lines = [orjson.dumps(record) for record in records]
    path = written(tmp_path_factory.mktemp("logs"), "log.jsonl", b"\n".join(lines))
    assert read_all(path) == ([(i + 1, line) for i, line in enumerate(lines)], [])


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_csv_keeps_every_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    """A cell with quotes, separators, line ends or foreign letters is not what it was."""
    quoted = [",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    data = "\n".join(["a,b", *quoted, ""]).encode()
    good, bad = read_all(written(tmp_path_factory.mktemp("logs"), "log.csv", data))
    assert not bad
    assert [tuple(orjson.loads(record).values()) for _, record in good] == rows
    starts = [2 + sum(q.count("\n") + 1 for q in quoted[:i]) for i in range(len(quoted))]
    assert [line for line, _ in good] == starts


def test_a_parquet_footer_that_lies_about_rows_is_refused(tmp_path: Path) -> None:
    """If it fails, a row is lost, or counted twice, because a footer says another number."""
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"id": list(range(1000)), "note": ["x"] * 1000}), path)
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    thousand = b"\xd0\x0f"  # as Thrift writes 1,000: 2,000 in sevens of bits
    places = [at for at in range(footer, len(whole)) if whole[at : at + 2] == thousand]
    for changed in [*([place] for place in places), places]:
        for other in (b"\xce\x0f", b"\xd2\x0f", b"\xd0\x7f"):
            data = bytearray(whole)
            for at in changed:
                data[at : at + 2] = other
            path.write_bytes(data)
            try:
                good, bad = read_all(path)
            except InvalidInput as error:
                assert "contradicts" in error.message  # noqa: PT017 - or it was read whole
            else:  # a size that nobody relies on; or all counts agree on one row less
                assert (len(good), bad) == (999 if changed == places else 1000, [])


def test_a_parquet_bomb_is_refused(tmp_path: Path) -> None:
    """If it fails, a file of a few kilobytes takes all memory: 1,000 times the same long text."""
    path = tmp_path / "log.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["z" * 10_000_000])
    pq.write_table(pa.table({"note": texts}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    with pytest.raises(InvalidInput, match="note unpacks to more than 200 times its size"):
        read_all(path)
