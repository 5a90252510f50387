"""The switchboard: the one file in a home from which applications read all switches.

It is a flagd flag definition (https://flagd.dev/reference/flag-definitions/), so that the stock
OpenFeature providers read it and no client of ours is needed. Each model M has two flags:

| switch   | M.serve | M.mode     | what an application does                        |
|----------|---------|------------|-------------------------------------------------|
| on       | true    | "on"       | serves with the model                           |
| fallback | false   | "fallback" | answers by its other means (rules, a person)    |
| rollback | false   | "rollback" | serves with the version before                  |
| off      | false   | "off"      | does not answer                                 |

Rules kept here:
- `M.serve` is true for `on` alone: who asks only "may it serve?" stops for every kind of stop;
- every flag is ENABLED and its default variant is the answer: a disabled flag would hand the
  question back to the caller's default;
- the file's mtime strictly increases, by a step that survives its reading as a double: the stock
  provider reloads only what is newer, and clocks can go back;
- `parse` accepts nothing but the bytes `render` writes, so that a flag added or bent by hand is
  noticed; whether the board is the ledger's state is for verification to say.

A client that starts while the file is being replaced can read the old file and note the time of
the new one, and would then keep the old answer until the file changes again. Publishing a kill
before *and* after it is recorded closes that window.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from ledger.clock import read_time, write_time
from ledger.errors import CheckFailed, InvalidInput, QuaestorError, StoreUnavailable
from ledger.reserve import BOARDS, keep_reserve, write_reserved

NAME = "switchboard.flagd.json"

_SCHEMA = "https://flagd.dev/schema/v0/flags.json"
_MODEL = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
_STEP = 1_000  # nanoseconds; a double tells mtimes apart from 240 ns


class Mode(StrEnum):
    """Whether and how a model may serve."""

    ON = "on"
    FALLBACK = "fallback"
    ROLLBACK = "rollback"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Board:
    """What the switchboard says: the mode of each model by id, and as of when."""

    switches: Mapping[str, Mode]
    ledger: str
    published_at: datetime
    size: int
    """Entries in the ledger whose state this is; a stop not yet recorded is not among them."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is known of an attempt to publish. Whether a client has seen it is not."""

    published: bool
    """The file was read back: it holds these bytes, under a newer mtime than the last."""
    path: Path
    time: datetime
    """The file's mtime, by the clock of its file system, UTC."""
    from_reserve: bool
    """The disk was full, and room kept back was used."""


def render(board: Board) -> bytes:
    """Flagd flag definitions of a board. InvalidInput for a model id or mode that cannot be."""
    flags: dict[str, Any] = {}
    for model, mode in board.switches.items():
        if not _MODEL.fullmatch(model):
            raise InvalidInput(
                f"{model!r} is not a model id.",
                "Use a-z, 0-9 and '-', at most 63 characters, not '-' first.",
            )
        flags[f"{model}.serve"] = _flag(
            {"on": True, "off": False}, "on" if mode == Mode.ON else "off"
        )
        flags[f"{model}.mode"] = _flag({each.value: each.value for each in Mode}, _mode(mode).value)
    metadata = {
        "ledger": board.ledger,
        "published_at": write_time(board.published_at),
        "size": board.size,
    }
    return orjson.dumps({"$schema": _SCHEMA, "metadata": metadata, "flags": flags}, option=_OPTIONS)


def parse(data: bytes) -> Board:
    """Read a board from its file's bytes. CheckFailed unless `render` would write the same."""
    try:
        document = orjson.loads(data)
        metadata = document["metadata"]
        board = Board(
            switches={
                name.removesuffix(".mode"): Mode(flag["defaultVariant"])
                for name, flag in document["flags"].items()
                if name.endswith(".mode")
            },
            ledger=str(metadata["ledger"]),
            published_at=read_time(metadata["published_at"]),
            size=int(metadata["size"]),
        )
        sound = render(board) == data
    except (ValueError, TypeError, LookupError, AttributeError, QuaestorError):
        sound = False
    if not sound:
        raise CheckFailed(
            "The switchboard is not as it was published.",
            "Find out who wrote to it. Whatever publishes next replaces it by the ledger's state.",
        )
    return board


def read(path: Path) -> Board:
    """Read the switchboard file. CheckFailed if absent or altered, StoreUnavailable if unreadable.

    An absent file is an answer too: to the applications it means no.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CheckFailed(
            f"There is no switchboard at {path}: no model may serve.",
            "It is published when a switch moves. Check the home.",
        ) from None
    except OSError as error:
        raise StoreUnavailable(
            f"The switchboard {path} cannot be read: {error.strerror}.",
            "Check its permissions and its disk.",
        ) from error
    return parse(data)


def publish(home: Path, data: bytes) -> Publication:
    """Put `data` in place as the home's switchboard, then read it back.

    Readable by everyone who can reach it (0664): the home's own mode decides who that is.
    Afterwards the reserve is laid in again as far as there is room. StoreUnavailable if the file
    could not be written at all: applications then go on with what they last read.
    """
    path = home / NAME
    before = _mtime(path)
    try:
        from_reserve = write_reserved(path, data, home, BOARDS)
        if _mtime(path) < before + _STEP:
            # Only its owner may date a file; a spare laid in by somebody else keeps its own time.
            with suppress(PermissionError):
                os.utime(path, ns=(before + _STEP, before + _STEP))
        after = _mtime(path)
        published = path.read_bytes() == data and after > before
    except OSError as error:
        raise StoreUnavailable(
            f"The switchboard {path} cannot be written: {error.strerror}.",
            "Stop the model where it runs, then check disk and permissions with `quaestor doctor`.",
        ) from error
    keep_reserve(home, board=len(data))
    return Publication(published, path, datetime.fromtimestamp(after / 1e9, UTC), from_reserve)


def _flag(variants: Mapping[str, bool | str], answer: str) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": dict(variants), "defaultVariant": answer}


def _mode(mode: str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        raise InvalidInput(
            f"{mode!r} is not a state of a switch.", f"Use one of {', '.join(Mode)}."
        ) from None


def _mtime(path: Path) -> int:
    """Nanoseconds since 1970; 0 where there is no file."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
