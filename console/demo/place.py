"""Where the demo lives: one folder that holds everything of it, and its `env.sh`."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from console.settings import Settings
from ledger.errors import InvalidInput, Refused, StoreUnavailable

_ENV = """\
# Source this file to act in the demo's ledger as {actor}, its admin; to act as somebody else:
#   as theo quaestor ledger verify
unset QUAESTOR_STORE
{exports}
command -v quaestor >/dev/null || PATH="$PATH":{programs}

as() (
    if [ $# -lt 2 ] || [ ! -d {seats}/"$1" ]; then
        echo "usage: as PERSON COMMAND...; the people are:" $(ls {seats}) >&2
        exit 2
    fi
    QUAESTOR_SEAT={seats}/"$1"
    QUAESTOR_ACTOR=$1
    QUAESTOR_PASSPHRASE_FILE={seats}/"$1"/passphrase
    shift
    "$@"
)
"""


@dataclass(frozen=True)
class Place:
    """The demo's folder, as it was named and absolute, and what stands where in it."""

    name: Path
    folder: Path

    @property
    def home(self) -> Path:
        """The ledger's home."""
        return self.folder / "home"

    @property
    def seats(self) -> Path:
        """Everybody's seats, which outside a demo lie on as many machines."""
        return self.folder / "seats"

    @property
    def decisions(self) -> Path:
        """The decision log that is imported."""
        return self.folder / "credit_decisions.csv"

    @property
    def copy(self) -> Path:
        """A copy of the home that is tampered with."""
        return self.folder / "tampered-copy"

    @property
    def env(self) -> Path:
        """What to source; also what tells a demo from any other folder."""
        return self.folder / "env.sh"

    def settings(self, actor: str) -> Settings:
        """The settings by which this person acts, whatever the environment says."""
        seat = self.seats / actor
        return Settings(self.home, seat, actor, passphrase_file=str(seat / "passphrase"))

    def within(self, path: Path) -> Path:
        """A path in the folder, by the folder's name as it was given."""
        return self.name / path.relative_to(self.folder)

    def keep_passphrase(self, actor: str) -> None:
        """Make a person's seat, with a random passphrase in it (0600) for the keys to come."""
        seat = self.seats / actor
        seat.mkdir(mode=0o700, parents=True)
        file = seat / "passphrase"
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(18) + "\n")

    def write_env(self, actor: str) -> None:
        """Write `env.sh`, which POSIX shells understand, for one person and a way to be others."""
        settings = self.settings(actor)
        variables = {
            "QUAESTOR_HOME": settings.home,
            "QUAESTOR_SEAT": settings.seat,
            "QUAESTOR_ACTOR": actor,
            "QUAESTOR_PASSPHRASE_FILE": settings.passphrase_file,
        }
        exports = "\n".join(f"export {name}={quote(str(v))}" for name, v in variables.items())
        programs = quote(str(Path(sys.executable).parent))
        self.env.write_text(
            _ENV.format(
                actor=actor, exports=exports, programs=programs, seats=quote(str(self.seats))
            )
        )


def prepare(folder: Path) -> Place:
    """Make the demo's folder. Refused unless it is new or empty; nothing in it is touched."""
    place = Place(folder, folder.resolve())
    if place.env.exists() and (place.home.exists() or place.seats.exists()):
        raise Refused(
            f"{folder} holds a demo already.",
            f"Go on with it: . {quote(str(place.env))}; or tell the story anew: "
            f"rm -r {quote(str(place.folder))}, or quaestor demo ANOTHER-DIR",
        )
    if place.folder.exists() and not place.folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder.", "Choose another: quaestor demo DIR")
    try:
        if place.folder.exists() and any(place.folder.iterdir()):
            raise Refused(
                f"{folder} holds something that is not a demo; it stays as it is.",
                "Choose a new or an empty folder: quaestor demo DIR",
            )
        place.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"{folder} cannot be used: {error.strerror}.", "Choose another: quaestor demo DIR"
        ) from error
    return place
