"""The one family of errors, divided by what the caller can do about it.

Every error says what happened and why (`message`) and what to do next (`hint`).
`console/exits.py` maps each class to an exit code.
"""

from __future__ import annotations


class QuaestorError(Exception):
    """Something the program can explain: what and why, and the next step."""

    code = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(QuaestorError):
    """What was given is malformed or unknown; correct it and try again."""

    code = "invalid_input"


class Refused(QuaestorError):
    """The actor may not do this now: a role, a precondition or an approval is missing."""

    code = "refused"


class StoreUnavailable(QuaestorError):
    """The store cannot be used at the moment (lock, disk, permission); try again."""

    code = "store_unavailable"


class StoreDamaged(StoreUnavailable):
    """The database cannot be read any more; it is to be rebuilt from the journal."""


class CheckFailed(QuaestorError):
    """A check was made and failed: evidence, a digest, a bound."""

    code = "check_failed"


class Altered(CheckFailed):
    """What is recorded is not what was signed; nothing may be appended until it is explained.

    `seq` is the first entry that is wrong, where that is known.
    """

    code = "altered"

    def __init__(self, message: str, hint: str = "", seq: int | None = None) -> None:
        super().__init__(message, hint)
        self.seq = seq
