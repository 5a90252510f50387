"""How messages look: the one place. Messages go to stderr; stdout is for data.

An error is one line that says what and why, and one that says what to do next. With `--json` it
is `{"error": {"code", "message", "hint"}}`. A traceback appears with `--verbose` only.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass

from ledger.errors import QuaestorError
from reports.legible import legible_except

_RED = "31;1"
_YELLOW = "33;1"
_DIM = "2"

legible = legible_except(())
"""Text that cannot steer a terminal: what is unseen shows as its code, `[U+001B]`."""


@dataclass(frozen=True)
class Voice:
    """How to speak on stderr in this run."""

    as_json: bool = False
    verbose: bool = False
    colour: bool = True

    def error(self, error: QuaestorError) -> None:
        """Say what went wrong and why, and what to do next."""
        if self.verbose:
            traceback.print_exception(error)
        self._say(error.code, error.message, error.hint)

    def defect(self, error: BaseException) -> None:
        """Apologise for an error that nobody expected, and say how to see where it came from."""
        if self.verbose:
            traceback.print_exception(error)
        self._say(
            "defect",
            f"Sorry, this is a defect of Quaestor: {type(error).__name__}: {error}",
            "Please report it with what you see here."
            if self.verbose
            else "Run it again with `quaestor --verbose ...` to see where, and please report it.",
        )

    def note(self, text: str) -> None:
        """Say something that is neither data nor an error. Silent with `--json`."""
        if not self.as_json:
            _write(legible(text))

    def warn(self, text: str) -> None:
        """Say something that should not be overlooked. Silent with `--json`."""
        if not self.as_json:
            _write(f"{self._paint('warning:', _YELLOW)} {legible(text)}")

    def question(self, text: str) -> None:
        """Put a question; what is typed stands behind it."""
        _write(legible(text), end="")

    def ask(self, text: str) -> str:
        """Put a question, and read one line of what is typed, without the spaces around it."""
        self.question(text)
        return sys.stdin.readline().strip()

    def _say(self, code: str, message: str, hint: str) -> None:
        if self.as_json:
            import orjson

            fields = {"code": code, "message": message, "hint": hint}
            _write(orjson.dumps({"error": fields}).decode())
            return
        _write(f"{self._paint('error:', _RED)} {legible(message)}")
        if hint:
            _write(f"{self._paint('hint:', _DIM)} {legible(hint)}")

    def _paint(self, text: str, style: str) -> str:
        return f"\033[{style}m{text}\033[0m" if self.colour and sys.stderr.isatty() else text


def _write(text: str, end: str = "\n") -> None:
    sys.stderr.write(text + end)
    sys.stderr.flush()
