"""Options that several commands share, and the way to give a command its example."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer

from console.session import Session

# The words that the registers accept, here so that help and completion need not load them.
Category = Literal["prohibited", "high-risk", "limited", "minimal", "not-classified"]
DataSeverity = Literal["low", "medium", "high"]
DataUse = Literal["training", "validation", "testing"]
Level = Literal["low", "medium", "high"]
LegalRole = Literal["provider", "deployer"]
Mode = Literal["on", "fallback", "rollback", "off"]
PersonalData = Literal["none", "personal", "special-category", "not-stated"]
PolicyKind = Literal["thresholds", "playbook", "redaction", "retention"]
Role = Literal["admin", "risk-officer", "model-owner", "engineer", "incident-commander", "auditor"]
Severity = Literal["critical", "high", "medium", "low"]
Status = Literal["proposed", "development", "validation", "production", "retired"]
StoppedMode = Literal["fallback", "rollback", "off"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Confirm = Annotated[
    str | None,
    typer.Option("--confirm", metavar="NAME", help="Its name, instead of being asked to type it."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]
OneModel = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="Only this model's.")
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id.")]
Last = Annotated[int, typer.Option("--last", min=1, help="How many, counted from the end.")]


def existing_file(help_text: str, *names: str) -> typer.models.OptionInfo:
    """An option that names a file which must be there."""
    option: typer.models.OptionInfo = typer.Option(
        *names, metavar="FILE", exists=True, dir_okay=False, help=help_text
    )
    return option


def group(help_text: str = "") -> typer.Typer:
    """A noun: its verbs are added to it."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)


def one_of(words: Any) -> str:
    """The words of a Literal, for a help text."""
    return f"One of {', '.join(get_args(words))}."


def example(*lines: str) -> str:
    """Examples as the end of a command's help, each line kept as it is."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def session_of(context: typer.Context) -> Session:
    """The session that the options before the command made."""
    found: Session = context.find_root().obj
    return found


def moment(text: str | None) -> datetime | None:
    """Read a time that was given. InvalidInput if it is none or states no zone."""
    from ledger.clock import read_time

    return read_time(text) if text else None


def read_file(path: Path) -> bytes:
    """The bytes of a file that a person named. InvalidInput if it cannot be read."""
    from ledger.errors import InvalidInput

    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
