"""Anchors: checkpoints kept outside a ledger's folder, as texts or as signed notes.

A text says when it was kept and by whom in an extension line; a note has its signatures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.checkpoint import Checkpoint, parse_checkpoint, read_signed
from ledger.clock import write_time
from ledger.errors import InvalidInput

DAMAGED = "It was damaged. Put it right from a copy, or move it away: it then counts no more."


@dataclass(frozen=True)
class Anchor:
    """A checkpoint kept outside the ledger's folder, by whom and when (RFC 3339).

    `note` is the signed note it was read from, if it came from somebody else.
    """

    checkpoint: Checkpoint
    by: str
    time: str
    where: str
    note: str = ""


@dataclass(frozen=True)
class Unread:
    """A checkpoint that lies where one was kept, and is none any more: where, and why."""

    where: str
    why: str


def write_anchor(checkpoint: Checkpoint, by: str, time: str) -> bytes:
    """A checkpoint's text with one extension line: when it was kept, and by whom."""
    kept = Checkpoint(checkpoint.origin, checkpoint.size, checkpoint.root, (f"kept {time} {by}",))
    return kept.text().encode()


def read_anchor(path: Path) -> Anchor:
    """Read an anchor file, a bare checkpoint or a signed note; InvalidInput when it is neither."""
    try:
        if path.exists() and not path.is_file():  # a pipe would never end
            raise InvalidInput(f"{path} is not a file.", DAMAGED)
        content = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not a checkpoint.", DAMAGED) from error
    except PermissionError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", "May you?") from error
    try:
        if "\n\n" in content:
            return anchor_from_note(content, str(path))
        checkpoint = parse_checkpoint(content)
    except InvalidInput as error:
        message = error.message.removeprefix(f"{path}: ")
        raise InvalidInput(f"{path}: {message}", DAMAGED) from error
    by, time = "", ""
    for line in checkpoint.extensions:
        word, _, rest = line.partition(" ")
        if word == "kept":
            time, _, by = rest.partition(" ")
    return Anchor(checkpoint, by, time, str(path))


def read_or_why(path: Path) -> Anchor | Unread:
    """The same, or why it cannot be read."""
    try:
        return read_anchor(path)
    except InvalidInput as error:
        return Unread(str(path), error.message.removeprefix(f"{path}: "))
    except OSError as error:
        return Unread(str(path), f"It cannot be read: {error.strerror}.")


def anchor_from_note(note: str, where: str) -> Anchor:
    """Read a signed checkpoint as an anchor; who signed it is checked against the ledger's keys."""
    checkpoint, _, signatures = read_signed(note, where)
    by = ", ".join(dict.fromkeys(each.name.rpartition("/")[2] for each in signatures))
    times = [each.time for each in signatures if each.time is not None]
    time = write_time(datetime.fromtimestamp(max(times), UTC)) if times else ""
    return Anchor(checkpoint, by, time, where, note)
