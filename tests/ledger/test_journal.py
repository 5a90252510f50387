"""The journal: lines that are on disk, in files named after their first entry."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from ledger import journal as module
from ledger.errors import StoreUnavailable
from ledger.journal import Journal
from tests.people import raising


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Give an empty journal."""
    return Journal(tmp_path)


def test_lines_come_back_as_they_were_written(journal: Journal) -> None:
    """If it fails, recovery posts something other than what was signed."""
    assert journal.append(0, [b"one", b"two"]) == 8
    journal.append(2, [b"three"])
    assert [path.name for path in journal.files()] == ["000000000000.jsonl"]
    assert list(journal.lines_from(0)) == [b"one\n", b"two\n", b"three\n"]
    assert list(journal.lines_from(8)) == [b"three\n"]
    assert list(journal.lines_from(journal.size())) == []


def test_a_full_file_is_followed_by_another(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, positions do not count over all files, and recovery starts in the wrong one."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)
    for seq, line in enumerate([b"first", b"second", b"third", b"4"]):
        journal.append(seq, [line])
    assert [path.name for path in journal.files()] == [
        "000000000000.jsonl",
        "000000000001.jsonl",
        "000000000002.jsonl",
    ]
    assert journal.size() == 6 + 7 + 6 + 2
    assert list(journal.lines_from(6)) == [b"second\n", b"third\n", b"4\n"]
    assert list(journal.lines_from(13 + 3)) == [b"rd\n", b"4\n"]


def test_cutting_drops_files_that_are_past_the_end(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it fails, a cut leaves lines that nobody was told of in a later file."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)
    for seq, line in enumerate([b"first", b"second", b"third"]):
        journal.append(seq, [line])
    journal.cut(8)
    assert list(journal.lines_from(0)) == [b"first\n", b"se"]
    journal.cut(6)
    assert [path.name for path in journal.files()] == ["000000000000.jsonl"]
    journal.cut(6)
    assert journal.size() == 6


def test_a_write_that_fails_leaves_the_journal_as_it_was(journal: Journal) -> None:
    """If it fails, a full disk leaves half a part in the journal of a process that goes on.

    The kernel itself refuses, at a limit in the middle of the line.
    """
    journal.append(0, [b"x" * 1_000])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500, hard))
        said = raising(StoreUnavailable, lambda: journal.append(1, [b"y" * 1_000]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "cannot be written" in said
    assert list(journal.lines_from(0)) == [b"x" * 1_000 + b"\n"]
    journal.append(1, [b"z"])
    assert journal.size() == 1_003


def test_the_group_may_write_whatever_the_umask(journal: Journal) -> None:
    """If it fails, the first to write under a narrow umask locks the home's group out."""
    before = os.umask(0o077)
    try:
        journal.append(0, [b"one"])
    finally:
        os.umask(before)
    assert journal.files()[0].stat().st_mode & 0o777 == 0o660
