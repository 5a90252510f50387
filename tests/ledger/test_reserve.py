"""Stops on a disk that is really full: a small tmpfs in a mount namespace of its own."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.reserve import BOARDS, ORDERS, keep_reserve, missing_spares, write_reserved
from ledger.switchboard import NAME, publish

MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'


def on_small_disk(folder: Path, *command: str) -> list[str]:
    """Return a command line that runs `command` with a file system of 1 MiB on `folder`.

    The mount is private to that process and goes with it. Root is not needed where user
    namespaces are allowed.
    """
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(folder), *command]


def fill(folder: Path) -> None:
    """Take every free byte of a file system, down to the last one."""
    with (folder / "ballast").open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def is_full(folder: Path) -> bool:
    """Whether an ordinary small file cannot be written any more."""
    probe = folder / "probe"
    try:
        probe.write_bytes(b"x")
    except OSError as error:
        return error.errno == errno.ENOSPC
    finally:
        probe.unlink(missing_ok=True)
    return False


def stop_on_a_full_disk(home: Path) -> dict[str, object]:
    """Spool and publish eight stops, filling the disk again before each; use up; make room."""
    (home / "spool").mkdir()
    board = b"first board\n" * 4000
    publish(home, board)
    laid_in = missing_spares(home) == 0
    stops = []
    for number in range(ORDERS.count):
        fill(home)
        full = is_full(home)
        order = home / "spool" / f"{number}.json"
        data = b"order %d" % number
        spooled = write_reserved(order, data, home, ORDERS)
        fill(home)
        board = b"board %d\n" % number * 5000
        publication = publish(home, board)
        stops.append(
            full
            and spooled
            and order.read_bytes() == data
            and publication.published
            and publication.from_reserve
            and (home / NAME).read_bytes() == board
        )
    beyond = None
    for _ in range(BOARDS.count + 1):
        fill(home)
        try:
            write_reserved(home / NAME, board, home, BOARDS)
        except OSError as error:
            beyond = error.errno
    kept = (home / NAME).read_bytes() == board
    (home / "ballast").unlink()
    return {
        "laid_in": laid_in,
        "stops": stops,
        "beyond": beyond,
        "kept": kept,
        "replenished": keep_reserve(home) and missing_spares(home) == 0,
        "left_over": sorted(p.name for p in home.rglob(".*")),
    }


def test_stops_are_written_on_a_full_disk(tmp_path: Path) -> None:
    """If this fails, a full disk keeps a model running, or a reserve used once is never back."""
    trial = subprocess.run(
        on_small_disk(tmp_path, "true"), capture_output=True, text=True, check=False
    )
    if trial.returncode:
        pytest.skip(f"no small file system can be mounted here: {trial.stderr.strip()}")
    run = subprocess.run(
        on_small_disk(tmp_path, sys.executable, "-m", __name__, str(tmp_path)),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {
        "laid_in": True,
        "stops": [True] * 8,
        "beyond": errno.ENOSPC,
        "kept": True,
        "replenished": True,
        "left_over": [],
    }


def test_spares_hold_real_blocks(tmp_path: Path) -> None:
    """If this fails, the reserve is made of holes and reserves nothing."""
    assert keep_reserve(tmp_path)
    for spares in (ORDERS, BOARDS):
        for slot in spares.slots(tmp_path):
            assert slot.stat().st_blocks * 512 >= spares.size
            assert slot.stat().st_mode & 0o777 == spares.mode


def test_the_reserve_is_open_to_those_the_home_is_open_to(tmp_path: Path) -> None:
    """If this fails, one member's spares are of no use to another who throws the switch."""
    tmp_path.chmod(0o2770)
    before = os.umask(0o077)
    try:
        assert keep_reserve(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "reserve").stat().st_mode & 0o7777 == 0o2770
    assert {slot.stat().st_mode & 0o777 for slot in ORDERS.slots(tmp_path)} == {0o660}


def test_spares_grow_with_the_switchboard(tmp_path: Path) -> None:
    """If this fails, a home with many models has spares its switchboard does not fit into."""
    assert keep_reserve(tmp_path, board=100_000)
    assert {slot.stat().st_size for slot in BOARDS.slots(tmp_path)} == {200_000}
    assert keep_reserve(tmp_path)
    assert {slot.stat().st_size for slot in BOARDS.slots(tmp_path)} == {200_000}


def test_a_reserve_that_cannot_be_laid_in_is_no_error(tmp_path: Path) -> None:
    """If this fails, reading a ledger on a medium without room or right to write ends in an error.

    A file stands where the folder should be, since root may write anywhere.
    """
    (tmp_path / "reserve").write_bytes(b"")
    assert not keep_reserve(tmp_path)
    assert missing_spares(tmp_path) == ORDERS.count + BOARDS.count


def test_the_reserve_is_not_touched_while_there_is_room(tmp_path: Path) -> None:
    """If this fails, ordinary work eats the room kept for a full disk."""
    keep_reserve(tmp_path)
    assert not write_reserved(tmp_path / "order", b"{}", tmp_path, ORDERS)
    assert missing_spares(tmp_path) == 0


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    """If this fails, a missing folder spends the reserve and hides what is wrong."""
    keep_reserve(tmp_path)
    with pytest.raises(FileNotFoundError):
        write_reserved(tmp_path / "absent" / "order", b"{}", tmp_path, ORDERS)
    assert missing_spares(tmp_path) == 0


if __name__ == "__main__":
    os.umask(0o007)
    sys.stdout.write(json.dumps(stop_on_a_full_disk(Path(sys.argv[1]))))
