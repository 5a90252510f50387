"""Room kept back, so that a stop can still be written when the disk is full.

Rules kept here:
- a spare is a file of blank bytes in the home's `reserve/`, written and fsynced while there was
  room, on the file system of what it will stand in for;
- it is claimed by renaming it, so that two processes never fill the same one;
- it is filled in place (which takes no new blocks), cut to length, fsynced and renamed over its
  target: as with `write_durably`, the target is the old file or the new one, never a part of it.

File systems that copy on write (btrfs, ZFS) need new blocks even to fill a file in place; there
a spare that cannot take the bytes is deleted, and the room it held is used instead.
"""

from __future__ import annotations

import errno
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

from ledger.files import fsync_folder, open_in_place, write_durably

FOLDER = "reserve"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Spares:
    """Spare files of one kind: how many, of how many bytes, readable by whom."""

    name: str
    size: int
    count: int
    mode: int

    def slots(self, home: Path) -> list[Path]:
        """Where the spares of a home lie, whether or not they are there."""
        return [home / FOLDER / f"{self.name}.{number}" for number in range(self.count)]


BOARDS = Spares("switchboard", size=64 * 1024, count=8, mode=0o664)
ORDERS = Spares("order", size=8 * 1024, count=8, mode=0o660)


def keep_reserve(home: Path, *, board: int = 0) -> bool:
    """Lay in what is missing of the reserve; True when all of it is there.

    `board` is the size in bytes of the switchboard as it is now: its spares are kept twice as
    large, so that models can be added. Where there is no room or no right to write, False: a
    reserve is provision for a bad day and must not spoil a good one.
    """
    try:
        _share_folder(home)
        for spares, size in ((ORDERS, ORDERS.size), (BOARDS, max(BOARDS.size, 2 * board))):
            for slot in spares.slots(home):
                if _size(slot) < size:
                    write_durably(slot, bytes(size), mode=spares.mode)
    except OSError:
        return False
    return True


def missing_spares(home: Path) -> int:
    """How many spares are not there, without laying in any."""
    return sum(
        _size(slot) < spares.size for spares in (ORDERS, BOARDS) for slot in spares.slots(home)
    )


def write_reserved(path: Path, data: bytes, home: Path, spares: Spares) -> bool:
    """Replace `path` by `data` atomically, out of the reserve if the disk is full.

    `path` and `home` must lie on one file system. Returns whether the reserve was needed.
    Raises OSError: the old content then still stands.
    """
    try:
        write_durably(path, data, mode=spares.mode)
    except OSError as error:
        if error.errno not in _FULL:
            raise
    else:
        return False
    if not any(_fill(slot, path, data) for slot in spares.slots(home)):
        write_durably(path, data, mode=spares.mode)
    return True


def _fill(slot: Path, path: Path, data: bytes) -> bool:
    """Turn one spare into the file; False if it is gone, too small, or could not be filled."""
    claimed = slot.with_name(f"{slot.name}.{secrets.token_hex(4)}")
    if _size(slot) < len(data):
        return False
    try:
        slot.rename(claimed)
    except FileNotFoundError:
        return False
    try:
        with open_in_place(claimed) as file:
            file.write(data)
            file.truncate()
            os.fsync(file.fileno())
        claimed.replace(path)
    except OSError as error:
        claimed.unlink(missing_ok=True)
        if error.errno in _FULL:
            return False
        raise
    fsync_folder(path.parent)
    return True


def _share_folder(home: Path) -> None:
    """Make `reserve/`, open to those the home is open to, whatever the umask."""
    folder = home / FOLDER
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(S_IMODE(home.stat().st_mode))


def _size(slot: Path) -> int:
    """Bytes in a spare; -1 where there is none, or none that one may look at."""
    try:
        return slot.stat().st_size
    except OSError:
        return -1
