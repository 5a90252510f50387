"""Asking a person, where there is one; elsewhere the flag that says it is named and required."""

from __future__ import annotations

import typer

from console.session import Session
from ledger.errors import InvalidInput


def ask(session: Session, given: str | None, question: str, flag: str, default: str = "") -> str:
    """What was given, else what a person types. InvalidInput where nobody can be asked."""
    if given:
        return given
    session.require_person(question, flag)
    suggestion = f" [{default}]" if default else ""
    typed = session.voice.ask(f"{question}{suggestion}: ") or default
    if not typed:
        raise InvalidInput(f"{question}: nothing was typed.", f"Give it: {flag}")
    return typed


def confirm_name(session: Session, given: str | None, name: str, what: str) -> None:
    """Let a person type the name of what cannot be undone. InvalidInput unless it is that name."""
    session.voice.note(what)
    typed = ask(session, given, f"Type {name} to confirm", f"--confirm {name}")
    if typed != name:
        raise InvalidInput(
            f"{typed!r} is not {name!r}; nothing was done.", f"To confirm: --confirm {name}"
        )


def confirm_key(session: Session, given: str | None, name: str, key: str, what: str) -> None:
    """Let a person press one key. InvalidInput unless it is that key, or the name was given."""
    session.voice.note(what)
    if given is None:
        session.require_person("Confirmation", f"--confirm {name}")
        session.voice.note(f"Press {key} to go on; any other key leaves everything as it is.")
        if typer.getchar() != key:
            raise InvalidInput("Not confirmed; nothing was done.", f"Press {key} next time.")
    elif given != name:
        raise InvalidInput(
            f"{given!r} is not {name!r}; nothing was done.", f"To confirm: --confirm {name}"
        )
