"""The folder of a ledger: where everything in it lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from ledger.errors import Altered, InvalidInput, Refused, StoreUnavailable
from ledger.evidence import Evidence
from ledger.files import fsync_folder, write_durably, write_whole
from ledger.journal import Journal
from ledger.reserve import keep_reserve
from ledger.store.base import Head
from ledger.switchboard import NAME as SWITCHBOARD

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_FOLDERS = ("journal", "spool", "vault", "evidence", "reports", "locks")
_SHARED = 0o2770


@dataclass(frozen=True)
class Home:
    """One ledger's folder, shared by one group (2770).

    `store` is the URL of a PostgreSQL database that holds the entries instead of the folder
    (`duckdb:`: the folder itself); a home remembers it, without its password, in the file `store`.
    """

    folder: Path
    store: str = ""

    @property
    def store_url(self) -> str:
        """The database's URL, as given or as the home remembers it; empty for DuckDB."""
        if self.store:
            return "" if self.store.startswith("duckdb:") else self.store
        try:
            return (self.folder / "store").read_text().strip()
        except OSError:
            return ""

    @property
    def database(self) -> Path:
        """The DuckDB file. Never to be opened except by DuckDB."""
        return self.folder / "ledger.duckdb"

    @cached_property
    def head_file(self) -> Path:
        """The cached head, by which screens learn of changes."""
        return self.folder / "head.json"

    @cached_property
    def switchboard(self) -> Path:
        """The file from which applications read all switches."""
        return self.folder / SWITCHBOARD

    @cached_property
    def spool(self) -> Path:
        """Signed orders that are not recorded yet."""
        return self.folder / "spool"

    @property
    def reports(self) -> Path:
        """Issued PDFs."""
        return self.folder / "reports"

    @cached_property
    def vault(self) -> Path:
        """Keys of erasable texts."""
        return self.folder / "vault"

    @cached_property
    def locks(self) -> Path:
        """Lock files."""
        return self.folder / "locks"

    @property
    def journal(self) -> Journal | None:
        """The journal; None in PostgreSQL, where the transaction is the commit point."""
        return None if self.store_url else Journal(self.folder / "journal")

    @property
    def evidence(self) -> Evidence:
        """Content named by its digest."""
        return Evidence(self.folder / "evidence")

    def create(self) -> None:
        """Make the folders of a new home. Refused when a ledger is there already."""
        if self.exists():
            raise Refused(f"{self.folder} holds a ledger already.", "Choose another folder.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, *(self.folder / name for name in _FOLDERS)):
                folder.mkdir(exist_ok=True)
                folder.chmod(_SHARED)
        except OSError as error:
            raise StoreUnavailable(
                f"{self.folder} cannot be made: {error.strerror}.", "Choose another folder."
            ) from error
        keep_reserve(self.folder)

    def remember_store(self) -> None:
        """Keep the database's URL, without its password; none for DuckDB. Raises OSError."""
        if self.store_url:
            url = without_password(self.store_url)
            write_durably(self.folder / "store", f"{url}\n".encode())
        else:
            (self.folder / "store").unlink(missing_ok=True)
            fsync_folder(self.folder)

    def exists(self) -> bool:
        """Whether a ledger was founded here, even if its journal was lost since."""
        try:
            kept = (self.folder / "store").exists() or self.switchboard.exists()
            return kept or self._has_journal()
        except OSError as error:
            raise StoreUnavailable(
                f"{self.folder} cannot be looked into: {error.strerror}.",
                "Check the disk, and that you are in the group that owns it.",
            ) from error

    def half_moved(self) -> bool:
        """Whether a move died at its last step: a home that names a store has no journal."""
        try:
            return self._has_journal() and (self.folder / "store").exists()
        except OSError:
            return False  # `exists` says why it cannot be told

    def _has_journal(self) -> bool:
        return bool(Journal(self.folder / "journal").files())

    def require(self) -> None:
        """InvalidInput unless a ledger was founded here, in the store that was named.

        Altered if the record of one that was founded here is gone.
        """
        if self.half_moved():
            url = without_password(self.store_url)
            raise InvalidInput(
                f"A move of the ledger in {self.folder} was interrupted at its end. It is kept in "
                f"{url}; the journal that lies here is not in use.",
                f"Finish it: quaestor ledger move '{url}' keeps it "
                "there, quaestor ledger move duckdb: brings it into the folder.",
            )
        if self.store_url and self._has_journal():
            raise InvalidInput(
                f"The ledger in {self.folder} is kept in DuckDB, not in PostgreSQL.",
                "Unset QUAESTOR_STORE, or choose another home.",
            )
        if not self.exists():
            raise InvalidInput(
                f"There is no ledger in {self.folder}.",
                "Choose one with --home or QUAESTOR_HOME, make one with `quaestor init`, "
                "or look around with `quaestor demo`.",
            )
        if not self.store_url and not self._has_journal():
            raise Altered(
                f"A ledger was founded in {self.folder}, but its journal is gone.",
                "Restore the folder `journal` from a backup, by `quaestor ledger backup` or of "
                "your own. A ledger that is kept in PostgreSQL: name its URL in QUAESTOR_STORE.",
            )

    def read_head(self) -> Head | None:
        """The cached head; None when it is missing or unreadable (it is no evidence)."""
        try:
            fields = orjson.loads(self.head_file.read_bytes())
            return Head(
                int(fields["size"]),
                bytes.fromhex(fields["root"]),
                str(fields["last"]),
                int(fields["journal"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write_head(self, head: Head) -> None:
        """Replace the cached head, so that screens learn of the change."""
        fields = {
            "size": head.size,
            "root": head.root.hex(),
            "last": head.last,
            "journal": head.journal,
        }
        write_whole(self.head_file, orjson.dumps(fields))


def without_password(url: str) -> str:
    """A database URL that may be written down: libpq finds the password elsewhere (PGPASSFILE).

    Raises InvalidInput for what is no URL.
    """
    bare = read_url(url)._replace(password=None).difference_update_query(["password"])
    return bare.render_as_string(hide_password=False)


def read_url(url: str) -> URL:
    """A database URL in its parts. InvalidInput, which does not repeat it, for what is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            "The store's URL cannot be read.",
            "Give postgresql+psycopg://USER@HOST/DATABASE; what is special in it, as %XX.",
        ) from None
