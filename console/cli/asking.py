"""Asking a person, where there is one; elsewhere the flag that says it is named and required."""

from __future__ import annotations

import os
import sys
import termios
import tty
from shlex import quote

from console.session import Session
from ledger.errors import InvalidInput


def ask(session: Session, given: str | None, question: str, flag: str) -> str:
    """What was given, else what a person types. InvalidInput where nobody can be asked."""
    if given:
        return given
    session.require_person(question, flag)
    typed = session.voice.ask(f"{question}: ")
    if not typed:
        raise InvalidInput(f"{question}: nothing was typed.", f"Give it: {flag}")
    return typed


def confirm_name(session: Session, given: str | None, name: str, what: str) -> None:
    """Let a person type the name of what cannot be undone. InvalidInput unless it is that name."""
    if given is None:
        session.require_person("Confirmation", _flag(name))
        given = session.voice.ask(f"{what}\nType {name} to confirm: ")
    _require_name(given, name)


def confirm_key(session: Session, given: str | None, name: str, key: str, what: str) -> None:
    """Let a person press one key. InvalidInput unless it is that key, or the name was given."""
    if given is not None:
        session.voice.note(what)
        _require_name(given, name)
        return
    session.require_person("Confirmation", _flag(name))
    question = f"{what}\nPress {key} to go on; any other key leaves all as it is.\n"
    if _pressed(session, question) != key:
        raise InvalidInput("Not confirmed; nothing was done.", f"To confirm: press {key}")


def _require_name(typed: str, name: str) -> None:
    if typed != name:
        raise InvalidInput(
            f"{typed!r} is not {name!r}; nothing was done.", f"To confirm: {_flag(name)}"
        )


def _flag(name: str) -> str:
    """The flag that confirms, as a shell takes it."""
    return f"--confirm {quote(name)}"


def _pressed(session: Session, question: str) -> str:
    """The next key. What was typed before the question is thrown away: it cannot be an answer."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSAFLUSH)
    try:
        session.voice.question(question)
        return os.read(terminal, 1).decode(errors="replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
