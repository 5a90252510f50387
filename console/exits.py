"""Exit codes: what a script learns from how the program ended."""

from __future__ import annotations

from enum import IntEnum

from ledger.errors import (
    CheckFailed,
    InvalidInput,
    QuaestorError,
    Refused,
    StoreUnavailable,
)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    """It was done. For a verification: verified."""

    CHECK_FAILED = 1
    """A check failed (altered, an audit failed, something missing, bad rows past `--max-bad`),
    or the program did."""

    WRONG_USAGE = 2
    """Wrong usage or invalid input: correct it and try again."""

    REFUSED = 3
    """Refused: a role, a precondition or a second person is missing."""

    STORE_UNAVAILABLE = 4
    """The store cannot be used; try again. For a kill: stopped, not yet recorded."""

    UNCONFIRMED = 5
    """Sound in itself, but held against nothing from outside."""

    INTERRUPTED = 130
    """Interrupted from the keyboard."""


# The first class that fits decides.
_CODES: tuple[tuple[type[QuaestorError], ExitCode], ...] = (
    (InvalidInput, ExitCode.WRONG_USAGE),
    (Refused, ExitCode.REFUSED),
    (StoreUnavailable, ExitCode.STORE_UNAVAILABLE),
    (CheckFailed, ExitCode.CHECK_FAILED),
    (QuaestorError, ExitCode.CHECK_FAILED),
)


def exit_code_of(error: QuaestorError) -> ExitCode:
    """The exit code that an error ends the program with."""
    return next(code for kind, code in _CODES if isinstance(error, kind))
