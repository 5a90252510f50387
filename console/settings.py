"""Settings of one run: what the command line says, else the environment, else a default.

The one place that reads the environment.

| variable | says | default |
|---|---|---|
| `QUAESTOR_HOME` | the folder of the ledger | `home` in the user's data folder |
| `QUAESTOR_STORE` | the ledger's database, by URL | the home's |
| `QUAESTOR_SEAT` | your own folder with keys and anchors | `seat` in the user's config folder |
| `QUAESTOR_ACTOR` | as whom to act | the seat's only key |
| `QUAESTOR_PASSPHRASE_FILE` | file with the passphrase, or `fd:N` | it is asked for |
| `NO_COLOR`, `TERM` | how screens look | |
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ledger.errors import InvalidInput, Refused

DATABASE = "ledger.duckdb"
_DUCKDB = "duckdb:///"
_POSTGRES = "postgresql+psycopg://"
_LOOKS = ("TERM", "NO_COLOR", "COLORTERM")
_DUMB = frozenset({"", "dumb"})


@dataclass(frozen=True)
class Settings:
    """Which ledger, whose seat, as whom, and how to talk. Nothing here need exist yet."""

    home: Path
    seat: Path
    actor: str | None = None
    store: str = ""
    """The URL of a PostgreSQL database, where one was named; it may hold a password."""
    passphrase_file: str | None = None
    no_input: bool = False
    verbose: bool = False
    looks: Mapping[str, str] = field(default_factory=dict)
    """`TERM`, `NO_COLOR` and `COLORTERM`, where they are set."""

    @property
    def colour(self) -> bool:
        """Whether a terminal may be coloured."""
        return coloured(self.looks)

    @property
    def dumb(self) -> bool:
        """Whether the terminal cannot place text."""
        return self.looks.get("TERM", "") in _DUMB

    def passphrase(self) -> bytes | None:
        """The passphrase out of `passphrase_file`, or None where there is none.

        A descriptor can be read once. Raises InvalidInput or Refused as `read_passphrase`.
        """
        return read_passphrase(self.passphrase_file) if self.passphrase_file else None


def read_settings(
    environ: Mapping[str, str] | None = None,
    *,
    home: Path | None = None,
    seat: Path | None = None,
    actor: str | None = None,
    no_input: bool = False,
    verbose: bool = False,
) -> Settings:
    """Put settings together; what is given here goes before the environment.

    Raises InvalidInput for a `QUAESTOR_STORE` that cannot be used, or another home's.
    """
    env = os.environ if environ is None else environ
    named = home or _path(env, "QUAESTOR_HOME")
    stored, store = read_store(env.get("QUAESTOR_STORE", ""), named)
    return Settings(
        home=stored or default_home(),
        store=store,
        seat=seat or _path(env, "QUAESTOR_SEAT") or default_seat(),
        actor=actor or env.get("QUAESTOR_ACTOR") or None,
        passphrase_file=env.get("QUAESTOR_PASSPHRASE_FILE") or None,
        no_input=no_input,
        verbose=verbose,
        looks=read_looks(env),
    )


def read_looks(environ: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """What the environment says of how screens should look."""
    env = os.environ if environ is None else environ
    return {name: env[name] for name in _LOOKS if name in env}


def coloured(looks: Mapping[str, str]) -> bool:
    """Whether a terminal may be coloured (https://no-color.org)."""
    return not looks.get("NO_COLOR") and looks.get("TERM", "") not in _DUMB


def default_home() -> Path:
    """`home` in the user's data folder (Linux: `~/.local/share/quaestor/home`)."""
    from platformdirs import user_data_path

    return user_data_path("quaestor", appauthor=False) / "home"


def default_seat() -> Path:
    """`seat` in the user's config folder (Linux: `~/.config/quaestor/seat`)."""
    from platformdirs import user_config_path

    return user_config_path("quaestor", appauthor=False) / "seat"


def read_passphrase(source: str) -> bytes:
    """Read a passphrase from a file, or from an open descriptor `fd:N`; one line end is dropped.

    Raises InvalidInput if there is nothing to read, Refused if others can read the file.
    """
    descriptor = source.removeprefix("fd:") if source.startswith("fd:") else None
    hint = "Give a file of mode 0600 that holds the passphrase, or fd:N."
    try:
        with open(int(descriptor) if descriptor else source, "rb") as file:  # noqa: PTH123 - or a number
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISREG(mode) and mode & 0o077 and descriptor is None:
                raise Refused(
                    f"The passphrase file {source} can be read by others.",
                    f"Run: chmod 600 {source}; consider a new passphrase.",
                )
            passphrase = file.read().removesuffix(b"\n").removesuffix(b"\r")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a number"
        raise InvalidInput(f"No passphrase can be read from {source}: {reason}.", hint) from error
    if not passphrase:
        raise InvalidInput(f"The passphrase in {source} is empty.", hint)
    return passphrase


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).expanduser() if env.get(name) else None


def _scheme(url: str) -> str:
    """What a URL begins with; what comes after it may be a password."""
    scheme, found, _ = url.partition("//")
    return f"{scheme}//..." if found else "What was given"


def read_store(url: str, home: Path | None) -> tuple[Path | None, str]:
    """The home that a store's URL means, and the URL where it is PostgreSQL's.

    A DuckDB file lies in its home; raises InvalidInput if that is not the home that was named.
    """
    if not url or url.startswith(_POSTGRES):
        return home, url
    database = Path(url.removeprefix(_DUCKDB))
    if not url.startswith(_DUCKDB) or database.name != DATABASE:
        raise InvalidInput(
            f"{_scheme(url)} names no store that can be used.",
            f"Give {_POSTGRES}USER@HOST/DATABASE, or {_DUCKDB}/FOLDER/{DATABASE} (four slashes "
            "before an absolute path).",
        )
    if home is not None and home.resolve() != database.parent.resolve():
        raise InvalidInput(
            f"The store {url} is not the database of the home {home}.", "Give one of the two."
        )
    return database.parent, ""
