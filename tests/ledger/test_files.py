from __future__ import annotations

import os
from pathlib import Path
from stat import S_IMODE

import pytest

from ledger.files import write_durably


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    """If it failed, a reader could see a mixture, or the group could not write what it shares."""
    path = tmp_path / "file"
    before = os.umask(0o077)
    try:
        write_durably(path, b"old")
        write_durably(path, b"new")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert S_IMODE(path.stat().st_mode) == 0o660
    write_durably(path, b"secret", mode=0o600)
    assert S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("step", ["fsync", "fchmod", "replace"])
def test_a_failure_at_any_step_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """If it failed, a full disk would destroy the content that was there."""
    path = tmp_path / "file"
    write_durably(path, b"old")

    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fails)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_content_and_name_are_synced_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a power cut could take back what was acknowledged."""
    synced: list[bytes] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name.encode())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_durably(tmp_path / "file", b"data")
    assert len(synced) == 2
    assert synced[0].startswith(b".file.")
    assert synced[1] == tmp_path.name.encode()
