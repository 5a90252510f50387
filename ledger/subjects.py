"""Keys of the persons whom decision records are about: many in few files, each destroyed alone.

`vault/subjects/<bucket>.keys` is a row of 64-byte slots: 16 bytes that stand for a person (an HMAC,
see `ledger.logs.people`), the key's id (the first 16 bytes of its SHA-256), the key. The bucket is
that of the key's id, modulo 64. A person may have several keys, if two imports met them at once.

What is true at each moment:
- slots are added at the end and fsynced before an entry refers to them; a torn last slot is no key,
  and the next addition takes its place;
- a key is destroyed by writing zeros over it where it stands; the slot stays and says so.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.files import disk_explained, fsync_folder, open_in_place, write_durably

SLOT, ID, KEY = 64, 16, 32
BUCKETS = 64
FOLDER = "subjects"
_NONE = b"\0" * KEY


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A key, its id, and the 16 bytes that stand for whom it belongs to."""

    subject: bytes
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The first 16 bytes of its SHA-256."""
        return sha256(self.key).digest()[:ID]


class SubjectKeys:
    """The folder `subjects` of a vault."""

    def __init__(self, vault: Path) -> None:
        self.folder = vault / FOLDER

    def all(self) -> Iterator[SubjectKey]:
        """Every key that is whole."""
        for path in sorted(self.folder.glob("*.keys")):
            for subject, key_id, key in _slots(path):
                found = SubjectKey(subject, key)
                if key != _NONE and found.key_id == key_id:
                    yield found

    def of(self, subject: bytes) -> list[str]:
        """Ids, in hex, of the whole keys of a person."""
        return [found.key_id.hex() for found in self.all() if found.subject == subject]

    def key(self, key_id: str) -> bytes | None:
        """A key by its id in hex; None if it is destroyed, damaged or was never here."""
        wanted = bytes.fromhex(key_id)
        for _, found, key in _slots(self._path(wanted)):
            if found == wanted and sha256(key).digest()[:ID] == wanted:
                return key
        return None

    def add(self, keys: Iterable[SubjectKey]) -> None:
        """Add keys, durably. Raises StoreUnavailable if the disk refuses."""
        by_path: dict[Path, bytearray] = {}
        for key in keys:
            slot = key.subject + key.key_id + key.key
            by_path.setdefault(self._path(key.key_id), bytearray()).extend(slot)
        if not by_path:
            return
        with disk_explained(str(self.folder)), self.locked():
            for path, slots in by_path.items():
                _append(path, bytes(slots))
            fsync_folder(self.folder)

    def destroy(self, key_ids: Iterable[str]) -> None:
        """Write zeros over keys, durably; those that are not here are passed over."""
        by_path: dict[Path, set[bytes]] = {}
        for key_id in map(bytes.fromhex, key_ids):
            by_path.setdefault(self._path(key_id), set()).add(key_id)
        for path, wanted in by_path.items():
            places = _places(path, wanted)
            if places:
                with self.locked():
                    _overwrite(path, places)

    def copy_to(self, vault: Path) -> None:
        """Copy everything as it is now to another vault, durably."""
        if not self.folder.exists():
            return
        other = SubjectKeys(vault)
        with self.locked(), other.locked():
            for path in self.folder.iterdir():
                if path.is_file() and not path.name.startswith("."):
                    write_durably(other.folder / path.name, path.read_bytes(), at_once=False)
            fsync_folder(other.folder)

    def _path(self, key_id: bytes) -> Path:
        return self.folder / f"{key_id[0] % BUCKETS:02x}.keys"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time write."""
        if not self.folder.exists():
            self.folder.mkdir(exist_ok=True)
            self.folder.chmod(self.folder.parent.stat().st_mode & 0o7777)
            fsync_folder(self.folder.parent)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _slots(path: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Person, key id and key of each whole slot of a bucket."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for at in range(0, len(data) - SLOT + 1, SLOT):
        slot = data[at : at + SLOT]
        yield slot[:ID], slot[ID : 2 * ID], slot[2 * ID :]


def _places(path: Path, wanted: set[bytes]) -> list[int]:
    """Where the keys begin, of these ids, that are not destroyed yet."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    places = []
    for key_id in wanted:
        at = data.find(key_id)
        while at >= 0:
            key = data[at + ID : at + ID + KEY]
            if at % SLOT == ID and len(key) == KEY and key != _NONE:
                places.append(at + ID)
            at = data.find(key_id, at + 1)
    return places


def _append(path: Path, slots: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o660)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o660)
        file.seek(os.fstat(file.fileno()).st_size // SLOT * SLOT)
        file.write(slots)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _overwrite(path: Path, places: list[int]) -> None:
    with open_in_place(path) as file:
        for place in places:
            file.seek(place)
            file.write(_NONE)
        file.flush()
        os.fsync(file.fileno())
