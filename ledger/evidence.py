"""Content too large for an entry, kept as files named by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest, sha256
from pathlib import Path

from ledger.errors import CheckFailed, StoreUnavailable
from ledger.files import fsync_folder, write_durably


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, lower-case hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


class Evidence:
    """The `evidence/` folder of a home: `<sha256>.<ext>`, written once, never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes, ext: str) -> str:
        """Store `data`; return its SHA-256 in hex. Storing the same bytes again does nothing.

        Raises StoreUnavailable when the disk refuses.
        """
        digest = sha256(data).hexdigest()
        path = self.path(digest, ext)
        try:
            if not path.exists():
                write_durably(path, data)
        except OSError as error:
            raise StoreUnavailable(
                f"Evidence cannot be kept in {self.folder}: {error.strerror}.",
                "Make room, or check its permissions, and try again.",
            ) from error
        return digest

    def adopt(self, file: Path, ext: str) -> str:
        """Take over a finished, fsynced file from the same file system; return its SHA-256."""
        digest = digest_file(file)
        file.replace(self.path(digest, ext))
        fsync_folder(self.folder)
        return digest

    def path(self, digest: str, ext: str) -> Path:
        """Where content with this digest lies, whether or not it is there."""
        return self.folder / f"{digest}.{ext}"

    def read(self, digest: str, ext: str) -> bytes:
        """Return content checked against its digest; CheckFailed if missing or changed."""
        path = self.path(digest, ext)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise CheckFailed(
                f"Evidence {path.name} is missing.", "Restore it from a backup of the home."
            ) from None
        if sha256(data).hexdigest() != digest:
            raise CheckFailed(
                f"Evidence {path.name} is not what was recorded.",
                "Restore it from a backup of the home.",
            )
        return data

    def files(self) -> Iterator[Path]:
        """Every file kept, in order of name."""
        return iter(sorted(p for p in self.folder.iterdir() if not p.name.startswith(".")))
