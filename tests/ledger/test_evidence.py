from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import CheckFailed
from ledger.evidence import Evidence, digest_file


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Give an empty evidence folder."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    return Evidence(folder)


def test_content_is_kept_under_its_digest(evidence: Evidence) -> None:
    """If it failed, an entry's digest would not lead to the content that it names."""
    digest = evidence.keep(b"content", "json")
    assert digest == sha256(b"content").hexdigest()
    assert evidence.path(digest, "json").name == f"{digest}.json"
    assert evidence.read(digest, "json") == b"content"
    assert evidence.keep(b"content", "json") == digest
    assert [path.name for path in evidence.files()] == [f"{digest}.json"]


def test_changed_or_missing_content_is_never_returned(evidence: Evidence) -> None:
    """If it failed, an audit or a policy could be exchanged after it was entered."""
    digest = evidence.keep(b"content", "json")
    evidence.path(digest, "json").write_bytes(b"Content")
    with pytest.raises(CheckFailed, match="not what was recorded"):
        evidence.read(digest, "json")
    evidence.path(digest, "json").unlink()
    with pytest.raises(CheckFailed, match="missing"):
        evidence.read(digest, "json")


def test_a_finished_file_is_taken_over_whole(evidence: Evidence) -> None:
    """If it failed, a sealed log would be copied, or stand under another name than its digest."""
    file = evidence.folder / ".writing"
    file.write_bytes(b"rows")
    digest = evidence.adopt(file, "parquet")
    assert not file.exists()
    assert digest == digest_file(evidence.path(digest, "parquet")) == sha256(b"rows").hexdigest()


def test_unfinished_files_are_not_evidence(evidence: Evidence) -> None:
    """If it failed, what a crash left would be listed as evidence."""
    (evidence.folder / ".sealing.0").write_bytes(b"half")
    assert list(evidence.files()) == []
