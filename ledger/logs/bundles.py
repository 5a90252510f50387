"""Bundles: a log sealed where there is no ledger, as one file that a program signs.

A bundle is a tar (`docs/record-format.md`, Bundles). Rules kept here:
- its first member is the signed statement, which fixes every byte that comes after it: the names,
  sizes and digests of the other members, their headers and their padding. What differs anywhere is
  no bundle, so that nothing in it can be changed, hidden or added;
- a bundle is written whole or not at all, and the same files, statement and key make the same one;
- the text of bad rows is not in it: there is no vault whose key it could be kept under.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson
from pydantic import ValidationError

from ledger.entry import canonical
from ledger.errors import CheckFailed, InvalidInput, StoreUnavailable
from ledger.evidence import digest_file
from ledger.files import fsync_folder
from ledger.keys import Signer
from ledger.registers.body import ActorId, BodyModel, Count, Digest, Line, Time
from ledger.registers.logs import ClassCount, LogKind, Source
from ledger.seat import require_actor

FORMAT = "quaestor/bundle/v1"
CONTEXT = b"quaestor/bundle/v1\0"
STATEMENT, LOG, MAP, QUARANTINE = (
    "bundle.json",
    "log.parquet",
    "column_map.json",
    "quarantine.jsonl",
)
LARGEST_STATEMENT = 2**20
_BLOCK = 512
_PIECE = 2**20
_END = bytes(2 * _BLOCK)

Progress = Callable[[int, int], None]


class Member(BodyModel):
    """A file in the bundle: its size in bytes and its SHA-256."""

    name: Literal["log.parquet", "column_map.json", "quarantine.jsonl"]
    size: Count
    sha256: Digest


class Statement(BodyModel):
    """What the program says that it sealed; `model` is None where that is left to the import."""

    actor: ActorId
    time: Time
    model: Line | None
    kind: LogKind
    format: Line
    rows: Count
    root: Digest
    sources: list[Source]
    redactions: list[ClassCount]
    missing: list[ClassCount]
    guardrails: list[ClassCount]
    quarantined: Count
    first_time: Time | None
    last_time: Time | None
    files: list[Member]

    def member(self, name: str) -> Member | None:
        """A file of the bundle, or None."""
        return next((file for file in self.files if file.name == name), None)


@dataclass(frozen=True)
class Envelope:
    """A statement with its signature. `data` are the canonical bytes that hold both."""

    statement: Statement
    sig: bytes
    data: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, hex: what an entry names the bundle by."""
        return sha256(self.data).hexdigest()

    @property
    def signed(self) -> bytes:
        """The bytes that the signature covers."""
        return CONTEXT + canonical(self.statement.model_dump())


def sign_statement(signer: Signer, statement: Statement) -> Envelope:
    """Sign a statement. InvalidInput if it is larger than a bundle may state."""
    require_actor(signer.actor)
    sig = signer.sign(CONTEXT + canonical(statement.model_dump()))
    data = canonical(_document(statement, sig))
    if len(data) > LARGEST_STATEMENT:
        raise InvalidInput("These are too many files for one bundle.", "Seal them in several.")
    return Envelope(statement, sig, data)


def read_envelope(data: bytes) -> Envelope:
    """Read a signed statement; whose signature it is stands to be checked.

    Raises InvalidInput for what is none, or of a newer format.
    """
    try:
        document = orjson.loads(data)
        form = document["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _no_bundle("its statement cannot be read") from error
    if form != FORMAT:
        raise InvalidInput(
            f"This bundle is of the format {str(form)[:60]!r}; {FORMAT} is known here.",
            "It was sealed by a newer version: update Quaestor here.",
        )
    try:
        statement = Statement.model_validate(document["statement"])
        sig = base64.b64decode(document["sig"], validate=True)
    except (ValidationError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _no_bundle("its statement is not of its form") from error
    names = [file.name for file in statement.files]
    wanted = [LOG, MAP, *([QUARANTINE] if statement.quarantined else [])]
    if data != canonical(_document(statement, sig)) or names != wanted:
        raise _no_bundle("its statement is not of its form")
    return Envelope(statement, sig, data)


def is_bundle(path: Path) -> bool:
    """Whether a file says that it is a bundle."""
    try:
        if not path.is_file():  # a pipe would wait for somebody to write into it
            return False
        with path.open("rb") as file:
            return file.read(100).rstrip(b"\0") == STATEMENT.encode()
    except (OSError, ValueError):
        return False


def member_of(name: str, path: Path) -> Member:
    """State a file that is to be in a bundle."""
    return Member.model_validate(
        {"name": name, "size": path.stat().st_size, "sha256": digest_file(path)}
    )


def write_bundle(path: Path, envelope: Envelope, files: Sequence[Path]) -> None:
    """Write a bundle of the stated files, in the statement's order, over what is at `path`.

    Raises StoreUnavailable if the disk refuses; what was there still stands then.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with unfinished.open("xb") as bundle:
                bundle.write(_header(STATEMENT, len(envelope.data)))
                bundle.write(envelope.data + _padding(len(envelope.data)))
                for member, file in zip(envelope.statement.files, files, strict=True):
                    bundle.write(_header(member.name, member.size))
                    with file.open("rb") as content:
                        shutil.copyfileobj(content, bundle, _PIECE)
                    bundle.write(_padding(member.size))
                bundle.write(_END)
            unfinished.replace(path)
            fsync_folder(path.absolute().parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place."
        ) from error


@contextmanager
def opened_bundle(path: Path) -> Iterator[tuple[Envelope, BinaryIO]]:
    """Read a bundle's statement; the file stands behind it, for `unpack`.

    Raises InvalidInput for what is no bundle.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_BLOCK)
            try:
                size = tarfile.TarInfo.frombuf(start, "utf-8", "strict").size
            except tarfile.HeaderError as error:
                raise _no_bundle("it does not begin with a statement") from error
            if not 0 < size <= LARGEST_STATEMENT or start != _header(STATEMENT, size):
                raise _no_bundle("it does not begin with a statement")
            data = file.read(size)
            if len(data) != size or file.read(-size % _BLOCK) != _padding(size):
                raise _no_bundle("its statement is cut off")
            yield read_envelope(data), file
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror or error}.", "Check the path."
        ) from error


def unpack(
    envelope: Envelope,
    bundle: BinaryIO,
    into: Callable[[str], BinaryIO],
    progress: Progress = lambda _done, _total: None,
) -> None:
    """Copy the stated files out of a bundle, each into the file that `into` gives for its name.

    Raises CheckFailed unless the bundle is, to its last byte, what the statement says.
    """
    total = sum(member.size for member in envelope.statement.files)
    done = 0
    for member in envelope.statement.files:
        if bundle.read(_BLOCK) != _header(member.name, member.size):
            raise _altered(f"{member.name} does not stand where it should")
        digest, left, out = sha256(), member.size, into(member.name)
        while left and (piece := bundle.read(min(left, _PIECE))):
            digest.update(piece)
            out.write(piece)
            left -= len(piece)
            done += len(piece)
            progress(done, total)
        out.flush()
        if left or bundle.read(-member.size % _BLOCK) != _padding(member.size):
            raise _altered(f"{member.name} is cut off")
        if digest.hexdigest() != member.sha256:
            raise _altered(f"{member.name} is not what was sealed")
    if bundle.read(len(_END) + 1) != _END:
        raise _altered("it does not end where it should")


def _document(statement: Statement, sig: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(sig).decode()
    return {"format": FORMAT, "statement": statement.model_dump(), "sig": encoded}


def _header(name: str, size: int) -> bytes:
    """The one tar header (GNU, for more than 8 GiB) that a member of this name and size has."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _no_bundle(why: str) -> InvalidInput:
    return InvalidInput(
        f"This is not a bundle: {why}.", "Give the file that `quaestor logs seal` wrote."
    )


def _altered(why: str) -> CheckFailed:
    return CheckFailed(
        f"This bundle was altered or damaged: {why}.", "Fetch it again, or seal the log again."
    )
