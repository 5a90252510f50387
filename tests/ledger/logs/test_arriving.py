"""What is named on the way in: files, patterns, folders, pipes."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path
from threading import Thread

import pytest

from ledger.errors import InvalidInput
from ledger.logs.arriving import PassedOver, arriving
from ledger.logs.reading import examine

LINE = b'{"a": 1}\n'


def arrived(
    folder: Path, *named: str, stdin: bytes = b""
) -> tuple[list[str], tuple[PassedOver, ...]]:
    """Names of the logs that come of what was named, and what was passed over."""
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    with arriving(named, spool, lambda: io.BytesIO(stdin)) as found:
        for log in found.logs:
            assert examine(log).source.size
        names = [log.name for log in found.logs]
    assert list(spool.iterdir()) == []
    return names, found.passed_over


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder as an export job leaves it."""
    folder = tmp_path / "exports"
    for name, data in {
        "b.jsonl": LINE,
        "a.csv": b"x\n1\n",
        "deep/er/c.json.gz": gzip.compress(b"[" + LINE + b"]"),
        "deep/named-oddly": LINE,
        "README.md": b"what this is\n",
        "empty.jsonl": b"",
        "picture.png": b"\x89PNG\r\n\x1a\n",
        ".hidden.jsonl": LINE,
        ".git/x.jsonl": LINE,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_folders_are_searched_in_order(tmp_path: Path, exports: Path) -> None:
    """If it fails, an import depends on the order of a disk, or drops files without a word."""
    os.mkfifo(exports / "pipe.jsonl")
    names, passed = arrived(tmp_path, str(exports))
    assert names == ["a.csv", "b.jsonl", "deep/named-oddly", "deep/er/c.json.gz"]
    assert {other.name for other in passed} == {
        "README.md",
        "empty.jsonl",
        "picture.png",
        "pipe.jsonl",
    }
    assert all(other.because for other in passed)


def test_patterns_and_names_of_the_same_file(tmp_path: Path, exports: Path) -> None:
    """If it fails, a file that is named twice is counted twice."""
    names, _ = arrived(tmp_path, str(exports / "b.jsonl"), str(exports / "[ab].*"))
    assert names == ["b.jsonl", "a.csv"]
    (exports / "odd[1].jsonl").write_bytes(LINE)
    assert arrived(tmp_path, str(exports / "odd[1].jsonl"))[0] == ["odd[1].jsonl"]
    assert arrived(tmp_path, str(exports / "**/*.gz"))[0] == ["c.json.gz"]


def test_a_stream_is_kept_while_it_is_read(tmp_path: Path) -> None:
    """If it fails, what is piped in cannot be imported, or stays behind in clear."""
    assert arrived(tmp_path, "-", stdin=LINE * 3)[0] == ["stdin"]


def test_pipes(tmp_path: Path) -> None:
    """If it fails, `<(zcat x)` cannot be imported, or a pipe without a writer waits for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    spool = tmp_path / "spool"
    spool.mkdir()
    with (
        arriving([str(pipe)], spool, io.BytesIO) as found,
        pytest.raises(InvalidInput, match="empty"),
    ):
        examine(found.logs[0])
    inner, outer = os.pipe()
    writer = Thread(target=lambda: (os.write(outer, LINE), os.close(outer)))
    writer.start()
    assert arrived(tmp_path, f"/dev/fd/{inner}")[0] == [str(inner)]
    writer.join()
    os.close(inner)


def test_what_leads_nowhere(tmp_path: Path, exports: Path) -> None:
    """If it fails, an import of nothing looks like one of something."""
    for name, message in [
        (str(exports / "*.parquet"), "Nothing matches"),
        ("nul\0byte*", "Nothing matches"),
        ("nul\0byte", "is missing"),
    ]:
        with pytest.raises(InvalidInput, match=message) as error:
            arrived(tmp_path, name)
        assert error.value.hint
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("nothing\n")
    with pytest.raises(InvalidInput, match="No decision log was found"):
        arrived(tmp_path, str(tmp_path / "none"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission(tmp_path: Path, exports: Path) -> None:
    """If it fails, a folder that may not be read is passed over as if it were empty."""
    (exports / "deep").chmod(0)
    try:
        with pytest.raises(InvalidInput, match="cannot be searched"):
            arrived(tmp_path, str(exports))
    finally:
        (exports / "deep").chmod(0o700)
