"""A seat: a person's own folder on their own machine, with their keys and their anchors.

Nothing in a ledger's home is believed when a home is verified; a seat is what it is held against.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.anchors import DAMAGED, Anchor, Unread, read_anchor, read_or_why, write_anchor
from ledger.checkpoint import Checkpoint
from ledger.errors import InvalidInput, Refused
from ledger.files import fsync_folder, names_in, stamp, write_durably
from ledger.keys import KDF_ROUNDS, PrivateKey, Signer, lock_key, unlock_key

_ACTOR = re.compile(r"[a-z][a-z0-9-]{0,62}")
_KEY_FILE = re.compile(rf"{_ACTOR.pattern}(\.report|\.request)?|authority\.ca")
_PRIVATE = 0o600
_REMEMBERED = "remembered"
STAMP_SUFFIX = ".tsr"
"""Of a timestamp token, which lies beside its checkpoint."""


@dataclass(frozen=True)
class Pin:
    """What the first visit fixed: entry 0's hash, the report CA's fingerprint, the home's path."""

    entry_zero: str
    ca_fingerprint: str
    home: str


class Seat:
    """One person's folder (0700), holding keys (0600), pins and anchors of each ledger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ledgers = folder / "ledgers"

    def create(self) -> None:
        """Make the folders; an existing seat stays as it is."""
        for folder in (self.folder, self.folder / "keys", self._ledgers):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)

    # Keys

    def actors(self) -> list[str]:
        """The actors whose signing keys lie here."""
        folder = self.folder / "keys"
        if not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if _ACTOR.fullmatch(p.name))

    def keep_key(
        self, name: str, key: PrivateKey, passphrase: bytes, *, rounds: int = KDF_ROUNDS
    ) -> None:
        """Write a new key, refusing to overwrite one."""
        path = self._key_path(name)
        if path.exists():
            raise Refused(
                f"This seat already has a key named {name}.",
                f"Choose another name, or move {path} away first.",
            )
        self.replace_key(name, key, passphrase, rounds=rounds)

    def replace_key(
        self, name: str, key: PrivateKey, passphrase: bytes, *, rounds: int = KDF_ROUNDS
    ) -> None:
        """Write a key over the one of the same name."""
        self.create()
        write_durably(self._key_path(name), lock_key(key, passphrase, rounds=rounds), mode=_PRIVATE)

    def keep_request(self, actor: str, request: bytes) -> None:
        """Keep the enrolment request of a key, so that it can be handed over again."""
        write_durably(self._key_path(f"{actor}.request"), request, mode=_PRIVATE)

    def request(self, actor: str) -> bytes:
        """The enrolment request of a key. InvalidInput without one."""
        return self._read_key(f"{actor}.request")

    def signer(self, actor: str, passphrase: bytes | None) -> Signer:
        """Unlock an actor's signing key. InvalidInput without one, Refused if it does not open."""
        key = unlock_key(self._read_key(actor), passphrase)
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidInput(f"The key of {actor} is not an Ed25519 key.", "Use `key new`.")
        return Signer(actor, key)

    def report_key(self, actor: str, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
        """Unlock an actor's key for signing reports."""
        return self._elliptic(f"{actor}.report", passphrase)

    def authority_key(self, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
        """Unlock the report CA's key, which only the founder's seat has."""
        return self._elliptic("authority.ca", passphrase)

    @property
    def has_authority(self) -> bool:
        """Whether this seat holds the report CA's key."""
        return self._key_path("authority.ca").exists()

    def _elliptic(self, name: str, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
        key = unlock_key(self._read_key(name), passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise InvalidInput(f"The key {name} is not a P-256 key.", "Use `key new`.")
        return key

    def _key_path(self, name: str) -> Path:
        if not _KEY_FILE.fullmatch(name):
            require_actor(name)
        return self.folder / "keys" / name

    def _read_key(self, name: str) -> bytes:
        path = self._key_path(name)
        try:
            if os.stat(path).st_mode & 0o077:  # noqa: PTH116 - one call for the mode
                raise Refused(
                    f"{path} can be read by others.", f"Run: chmod 600 {path}; consider a new key."
                )
            return path.read_bytes()
        except FileNotFoundError:
            raise InvalidInput(
                f"This seat ({self.folder}) has no key named {name}.",
                "Choose an actor with --as, a seat with QUAESTOR_SEAT, or make a key: "
                "quaestor key new ACTOR",
            ) from None

    # Pins and anchors

    def pin(self, ledger_id: str) -> Pin | None:
        """What the first visit to this ledger fixed, or None."""
        path = _within(self._ledgers, ledger_id, "pin.json")
        if not path.exists():
            return None
        try:
            fields = orjson.loads(path.read_bytes())
            return Pin(fields["entry_zero"], fields["ca_fingerprint"], fields["home"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{path} is not what this seat kept.", DAMAGED) from error

    def keep_pin(self, ledger_id: str, pin: Pin) -> None:
        """Fix entry 0 and the CA at the first visit."""
        self._make_ledger(ledger_id)
        data = orjson.dumps(asdict(pin))
        write_durably(self._ledger(ledger_id) / "pin.json", data, mode=_PRIVATE)

    def ledger_at(self, home: str) -> str:
        """The id of the ledger that this seat has seen in a home; empty if none."""
        return self.pin_at(home)[0]

    def pin_at(self, home: str) -> tuple[str, Pin | None]:
        """The same with what the first visit fixed."""
        for ledger_id in names_in(self._ledgers):
            pin = self.pin(ledger_id)
            if pin is not None and pin.home == home:
                return ledger_id, pin
        return "", None

    def trusted_authorities(self) -> list[str]:
        """Fingerprints of the report CAs of every ledger that this seat has seen."""
        names = [path.parent.name for path in self._ledgers.glob("*/pin.json")]
        pins = [self.pin(name) for name in sorted(names)]
        return [pin.ca_fingerprint for pin in pins if pin is not None]

    @property
    def label(self) -> str:
        """Whose seat this is, as far as its keys tell."""
        return " and ".join(self.actors()) or str(self.folder)

    def anchor(self, ledger_id: str) -> Anchor | None:
        """The latest checkpoint kept here, or None."""
        path = self._checkpoint(ledger_id)
        return read_anchor(path) if path.exists() else None

    def anchor_stamp(self, ledger_id: str) -> object:
        """What tells the latest checkpoint kept here from the next one; None without any."""
        return stamp(self._checkpoint(ledger_id))

    def advance(self, ledger_id: str, checkpoint: Checkpoint, *, by: str, time: str) -> None:
        """Keep a newer checkpoint. The caller has shown that it extends the one kept before.

        After a power cut the one kept before may stand again: the seat vouches for less.
        """
        path = self._checkpoint(ledger_id)
        new = not path.exists()
        if new:
            self._make_ledger(ledger_id)
        write_durably(path, write_anchor(checkpoint, by, time), mode=_PRIVATE, at_once=new)

    def keep_remembered(self, ledger_id: str, data: bytes) -> None:
        """Keep what a verification found, for the next to go on from. Raises OSError."""
        self._make_ledger(ledger_id)
        write_durably(self._ledger(ledger_id) / _REMEMBERED, data, mode=_PRIVATE)

    def remembered(self, ledger_id: str) -> bytes | None:
        """What the last verification kept, or None."""
        path = self._ledger(ledger_id) / _REMEMBERED
        return path.read_bytes() if path.exists() else None

    def keep_checked(self, ledger_id: str, data: bytes) -> None:
        """Keep which sealed logs were found to be what was sealed. Raises OSError."""
        self._make_ledger(ledger_id)
        write_durably(self._ledger(ledger_id) / "checked-logs.json", data, mode=_PRIVATE)

    def checked(self, ledger_id: str) -> bytes | None:
        """What was kept of sealed logs that were checked, or None."""
        path = self._ledger(ledger_id) / "checked-logs.json"
        return path.read_bytes() if path.exists() else None

    def witness_folders(self) -> list[Path]:
        """Folders listed in `witnesses`, one a line, that hold other people's checkpoints."""
        path = self.folder / "witnesses"
        if not path.exists():
            return []
        try:
            return [Path(line) for line in path.read_text().splitlines() if line.strip()]
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is not what this seat kept.", DAMAGED) from error

    def add_witness_folder(self, folder: Path) -> None:
        """List a folder as a witness; listing it again does nothing."""
        self.create()
        folders = [*self.witness_folders(), folder.resolve()]
        text = "".join(f"{each}\n" for each in dict.fromkeys(folders))
        write_durably(self.folder / "witnesses", text.encode(), mode=_PRIVATE)

    def set_aside(self, ledger_id: str, anchor: Anchor) -> Path:
        """Keep an anchor where it no longer counts; returns where. Raises OSError."""
        path = Path(anchor.where)
        aside = path.with_name(f"{path.name}.lost-{anchor.checkpoint.size}")
        path.replace(aside)
        self._ledger(ledger_id).joinpath(_REMEMBERED).unlink(missing_ok=True)  # rests on the same
        token = path.with_suffix(STAMP_SUFFIX)
        if token.exists():
            token.replace(aside.with_suffix(f"{aside.suffix}{STAMP_SUFFIX}"))
        fsync_folder(path.parent)
        return aside

    def anchors(self, ledger_id: str) -> list[Anchor]:
        """Every anchor this seat knows for a ledger: its own and its witness folders'.

        Timestamped checkpoints are among them, by their notes; tokens are not looked at here.
        InvalidInput names one that cannot be read.
        """
        return [read_anchor(path) for path in self._kept(ledger_id)]

    def anchors_or_why(self, ledger_id: str) -> list[Anchor | Unread]:
        """The same, with what cannot be read among them."""
        return [read_or_why(path) for path in self._kept(ledger_id)]

    def silent_witnesses(self, ledger_id: str) -> list[Path]:
        """Witness folders that are not there, or keep nothing of this ledger."""
        folders = self.witness_folders()
        return [each for each in folders if not os.path.lexists(_witness(each, ledger_id))]

    def _kept(self, ledger_id: str) -> list[Path]:
        """Every file that holds a checkpoint of a ledger."""
        witnesses = [_witness(folder, ledger_id) for folder in self.witness_folders()]
        paths = [self._checkpoint(ledger_id), *self.timestamps(ledger_id), *witnesses]
        return [path for path in paths if os.path.lexists(path)]

    # Timestamps

    def keep_timestamp(self, ledger_id: str, size: int, note: str, token: bytes) -> None:
        """Keep a signed checkpoint of `size` entries with its token (DER). Raises OSError."""
        self._make_timestamps(ledger_id)
        path = self.timestamp(ledger_id, size)
        write_durably(path.with_suffix(STAMP_SUFFIX), token, mode=_PRIVATE)
        write_durably(path, note.encode(), mode=_PRIVATE)  # last: it is by the note that it counts

    def pin_timestamp_authority(self, ledger_id: str, fingerprint: str, pem: bytes) -> None:
        """Keep the CA certificate (PEM, SHA-256 in hex) under which tokens count."""
        self._make_timestamps(ledger_id)
        path = self._timestamps(ledger_id) / f"tsa-{fingerprint}.pem"
        write_durably(path, pem, mode=_PRIVATE)

    def timestamp(self, ledger_id: str, size: int) -> Path:
        """Where the timestamped checkpoint of `size` entries lies, if there is one."""
        return self._timestamps(ledger_id) / f"{size}.checkpoint"

    def timestamps(self, ledger_id: str) -> list[Path]:
        """The timestamped checkpoints kept here, the smallest first."""
        found = self._timestamps(ledger_id).glob("*.checkpoint")
        return sorted(found, key=lambda path: (len(path.name), path.name))

    def timestamp_authorities(self, ledger_id: str) -> list[Path]:
        """The CA certificates (PEM) pinned for this ledger's timestamps."""
        return sorted(self._timestamps(ledger_id).glob("tsa-*.pem"))

    def _timestamps(self, ledger_id: str) -> Path:
        return self._ledger(ledger_id) / "timestamps"

    def _make_timestamps(self, ledger_id: str) -> None:
        self._make_ledger(ledger_id)
        self._timestamps(ledger_id).mkdir(mode=0o700, exist_ok=True)

    def _ledger(self, ledger_id: str) -> Path:
        return self._ledgers / ledger_id

    def _checkpoint(self, ledger_id: str) -> Path:
        return _within(self._ledgers, ledger_id, "checkpoint")

    def _make_ledger(self, ledger_id: str) -> None:
        self.create()
        self._ledger(ledger_id).mkdir(mode=0o700, exist_ok=True)


@cache
def _within(folder: Path, *names: str) -> Path:
    """Paths are slow to make, and every append asks for a few of them many times."""
    return folder.joinpath(*names)


def require_actor(name: str) -> None:
    """InvalidInput unless an actor may have this id, which also names the file of the key."""
    if not _ACTOR.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot be an actor.",
            "Use lower-case letters, digits and dashes, 63 at most, a letter first: mira",
        )


def _witness(folder: Path, ledger_id: str) -> Path:
    """Where a witness keeps its checkpoint of a ledger."""
    return folder / f"{ledger_id}.checkpoint"
